//! k-means++ on sorted values.

use std::ops::Range;

use super::sorted::Sorted;
use crate::network::cluster::draws::Draws;
use crate::network::cluster::sum_tree::SumTree;

/// The values between two neighbouring seeds, or between a seed and an end.
#[derive(Clone, Copy)]
struct Gap {
    /// Index of the seed on the left.
    left: Option<usize>,
    /// Index of the seed on the right.
    right: Option<usize>,
}

/// Draws `clusters` seeds (Arthur and Vassilvitskii 2007): the first uniformly, each further one with probability
/// proportional to the squared distance to the nearest seed so far. Ascending indices of distinct grid values; fewer if
/// there are no more.
///
/// A new seed changes only the distances in the gap that it falls into, and the sums of a gap are differences of prefix
/// sums. So a seed costs O(log n) rather than a pass over the values.
pub(super) fn seeds(sorted: &Sorted, clusters: usize, draws: &mut Draws) -> Vec<usize> {
    let mut seeds = vec![sorted.ranked(draws.index(sorted.count()))];
    let mut gaps: Vec<Gap> = vec![Gap { left: None, right: Some(seeds[0]) }, Gap { left: Some(seeds[0]), right: None }];
    let mut weights = SumTree::new(clusters + 1);
    for (index, gap) in gaps.iter().enumerate() {
        weights.set(index, gap.weight(sorted));
    }
    while seeds.len() < clusters && weights.total() > 0.0 {
        let (index, rest) = weights.find(draws.below(weights.total()));
        let gap = gaps[index];
        let seed = gap.draw(sorted, rest);
        seeds.push(seed);
        gaps[index] = Gap { right: Some(seed), ..gap };
        gaps.push(Gap { left: Some(seed), ..gap });
        for index in [index, gaps.len() - 1] {
            weights.set(index, gaps[index].weight(sorted));
        }
    }
    seeds.sort_unstable();
    seeds
}

impl Gap {
    /// The values that are no seeds.
    fn inside(self, sorted: &Sorted) -> Range<usize> {
        let end = self.right.unwrap_or(sorted.grid().len());
        self.left.map_or(0, |left| left + 1).min(end)..end
    }

    /// The sum of squared distances of the first values of the gap, up to `end`, to the nearest seed.
    fn weight_until(self, sorted: &Sorted, end: usize) -> f64 {
        let grid = sorted.grid();
        let inside = self.inside(sorted);
        let middle = match (self.left, self.right) {
            (Some(left), Some(right)) => {
                let nearer = |value: &f64| value - grid[left] < grid[right] - value;
                inside.start + grid[inside.clone()].partition_point(nearer)
            }
            (Some(_), None) => inside.end,
            (None, _) => inside.start,
        };
        let around = |seed: Option<usize>, from, to| seed.map_or(0.0, |at| sorted.inertia_around(grid[at], from, to));
        around(self.left, inside.start, end.min(middle)) + around(self.right, middle, end.max(middle))
    }

    fn weight(self, sorted: &Sorted) -> f64 {
        self.weight_until(sorted, self.inside(sorted).end)
    }

    /// The value at which the sum of squared distances passes `target`.
    fn draw(self, sorted: &Sorted, target: f64) -> usize {
        let Range { start: mut low, end: mut high } = self.inside(sorted);
        // The last one whose predecessors stay at or below the target; not past the end, whatever is rounded.
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let below = self.weight_until(sorted, middle) <= target;
            (low, high) = if below { (middle, high) } else { (low, middle) };
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds_of(values: &[f64], clusters: usize, seed: u64) -> Vec<usize> {
        seeds(&Sorted::new(values.to_vec()), clusters, &mut Draws::new(seed, 0, 0))
    }

    #[test]
    fn seeds_are_distinct_and_no_more_than_there_are_values() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i * i % 37)).collect();
        let distinct = Sorted::new(values.clone()).grid().len();
        for clusters in [2, 3, 10, distinct, distinct + 5] {
            for seed in 0..20 {
                let found = seeds_of(&values, clusters, seed);
                assert_eq!(found.len(), clusters.min(distinct));
                assert!(found.windows(2).all(|pair| pair[0] < pair[1]) && *found.last().unwrap() < distinct);
            }
        }
    }

    #[test]
    fn seeds_are_drawn_with_the_probabilities_of_the_definition() {
        // Values 0, 1, 3, 3, 7; two seeds.
        let values = [0.0, 1.0, 3.0, 3.0, 7.0];
        let distinct: [f64; 4] = [0.0, 1.0, 3.0, 7.0];
        let mut expected = [[0.0; 4]; 4];
        for (first, share) in [0.2, 0.2, 0.4, 0.2].into_iter().enumerate() {
            let squares: Vec<f64> =
                (0..4).map(|i| [1.0, 1.0, 2.0, 1.0][i] * (distinct[i] - distinct[first]).powi(2)).collect();
            for second in 0..4 {
                expected[first.min(second)][first.max(second)] += share * squares[second] / squares.iter().sum::<f64>();
            }
        }
        let (draws, mut found) = (20_000, [[0.0; 4]; 4]);
        for seed in 0..draws {
            let pair = seeds_of(&values, 2, seed);
            found[pair[0]][pair[1]] += 1.0 / draws as f64;
        }
        for (i, j) in (0..16).map(|at| (at / 4, at % 4)) {
            // Five standard errors.
            let tolerance = 5.0 * (expected[i][j] / draws as f64).sqrt();
            assert!((found[i][j] - expected[i][j]).abs() <= tolerance, "{i} {j}: {found:?} {expected:?}");
        }
    }
}
