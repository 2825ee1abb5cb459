//! k-means++ on vectors.

use super::point::{Point, squared_distance};
use crate::network::cluster::draws::Draws;
use crate::network::cluster::sum_tree::SumTree;

/// Seeds, and which points are nearest to each.
pub(super) struct Seeds<const D: usize> {
    pub(super) seeds: Vec<Point<D>>,
    /// For each seed, the indices of its points.
    pub(super) members: Vec<Vec<u32>>,
}

/// A point of a seed.
struct Near {
    index: u32,
    /// Squared distance to the seed.
    squared: f64,
}

/// The points of a seed, and the largest squared distance among them.
#[derive(Default)]
struct Cell {
    near: Vec<Near>,
    largest: f64,
}

/// Draws `clusters` seeds (Arthur and Vassilvitskii 2007): the first uniformly, each further one with probability
/// proportional to the squared distance to the nearest seed so far. Fewer if there are no more distinct points.
///
/// A new seed takes points only from seeds that are less than twice as far from it as from their farthest point, so few
/// are looked at.
pub(super) fn seeds<const D: usize>(points: &[Point<D>], clusters: usize, draws: &mut Draws) -> Seeds<D> {
    let first = points[draws.index(points.len() as u64) as usize];
    let mut seeds = vec![first];
    let mut weights = SumTree::new(clusters);
    let near = (0..).zip(points).map(|(index, point)| Near { index, squared: squared_distance(point, &first) });
    let mut cells = vec![Cell { near: near.collect(), largest: 0.0 }];
    weights.set(0, cells[0].weigh());
    while seeds.len() < clusters && weights.total() > 0.0 {
        let (cell, rest) = weights.find(draws.below(weights.total()));
        let seed = points[cells[cell].draw(rest) as usize];
        let mut own = Cell::default();
        for (index, (cell, other)) in cells.iter_mut().zip(&seeds).enumerate() {
            let apart = squared_distance(&seed, other);
            if apart < 4.0 * cell.largest && cell.give(points, &seed, apart, &mut own) {
                weights.set(index, cell.weigh());
            }
        }
        weights.set(seeds.len(), own.weigh());
        cells.push(own);
        seeds.push(seed);
    }
    let indices = |cell: Cell| cell.near.iter().map(|near| near.index).collect();
    Seeds { seeds, members: cells.into_iter().map(indices).collect() }
}

impl Cell {
    /// The sum of squared distances; finds the largest on the way.
    fn weigh(&mut self) -> f64 {
        self.largest = self.near.iter().map(|near| near.squared).fold(0.0, f64::max);
        self.near.iter().map(|near| near.squared).sum()
    }

    /// The point at which the sum of squared distances passes `target`; never one at the seed itself if there are others.
    fn draw(&self, mut target: f64) -> u32 {
        let mut last = 0;
        for near in self.near.iter().filter(|near| near.squared > 0.0) {
            last = near.index;
            target -= near.squared;
            if target < 0.0 {
                break;
            }
        }
        last
    }

    /// Gives `taker` the points that are nearer to its `seed`, whose squared distance from this cell's seed is `apart`.
    /// Whether there were any.
    fn give<const D: usize>(&mut self, points: &[Point<D>], seed: &Point<D>, apart: f64, taker: &mut Self) -> bool {
        let before = self.near.len();
        self.near.retain(|near| {
            if 4.0 * near.squared <= apart {
                return true;
            }
            let squared = squared_distance(&points[near.index as usize], seed);
            let stays = near.squared <= squared;
            if !stays {
                taker.near.push(Near { index: near.index, squared });
            }
            stays
        });
        self.near.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> Vec<Point<2>> {
        let mut draws = Draws::new(1, 0, 0);
        let mut points: Vec<Point<2>> = (0..300).map(|_| [draws.below(3.0), draws.below(1.0)]).collect();
        // Some points are there more than once.
        points.extend_from_within(..40);
        points
    }

    #[test]
    fn every_point_is_with_the_nearest_seed() {
        let points = points();
        for (seed, clusters) in [1, 2, 17, 150, 300].into_iter().enumerate() {
            let found = seeds(&points, clusters, &mut Draws::new(seed as u64, 0, 0));
            assert_eq!((found.seeds.len(), found.members.len()), (clusters, clusters));
            for (members, own) in found.members.iter().zip(&found.seeds) {
                for point in members.iter().map(|&index| &points[index as usize]) {
                    let nearest = found.seeds.iter().map(|seed| squared_distance(point, seed)).fold(1e9, f64::min);
                    assert_eq!(squared_distance(point, own), nearest);
                }
            }
            let mut all = found.members.concat();
            all.sort_unstable();
            assert_eq!(all, (0..340).collect::<Vec<u32>>());
        }
        // No more seeds than distinct points.
        assert_eq!(seeds(&points, 310, &mut Draws::new(0, 0, 0)).seeds.len(), 300);
    }

    #[test]
    fn seeds_are_drawn_with_the_probabilities_of_the_definition() {
        // Three places, one of them twice.
        let points: [Point<2>; 4] = [[0.0, 0.0], [3.0, 0.0], [0.0, 4.0], [0.0, 4.0]];
        let (draws, mut without_first) = (20_000, 0);
        for seed in 0..draws {
            let found = seeds(&points, 2, &mut Draws::new(seed, 0, 0)).seeds;
            without_first += usize::from(!found.contains(&points[0]));
        }
        // First [3, 0], then one of the two that are 5 away; or first one of the two, then [3, 0].
        let expected = 0.25 * 50.0 / 59.0 + 0.5 * 25.0 / 41.0;
        let found = without_first as f64 / draws as f64;
        assert!((found - expected).abs() < 5.0 * (expected / draws as f64).sqrt(), "{found} {expected}");
    }
}
