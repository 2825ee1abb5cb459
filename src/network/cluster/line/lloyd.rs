//! Lloyd's iteration on sorted values.

use super::seeding::seeds;
use super::sorted::Sorted;
use crate::network::cluster::draws::Draws;

/// Centroids, ascending, and the ranges of values that are nearest to them.
pub(super) struct Lloyd<'a> {
    sorted: &'a Sorted,
    clusters: usize,
    /// At most `clusters`: none for a range that has become empty, until a value is found for it.
    centroids: Vec<f64>,
    /// Where each range starts, and the end.
    bounds: Vec<usize>,
}

impl<'a> Lloyd<'a> {
    /// Begins at the seeds of k-means++.
    pub(super) fn new(sorted: &'a Sorted, clusters: usize, draws: &mut Draws) -> Self {
        let centroids = seeds(sorted, clusters, draws).into_iter().map(|seed| sorted.grid()[seed]).collect();
        let mut lloyd = Self { sorted, clusters, centroids, bounds: Vec::new() };
        lloyd.assign();
        lloyd
    }

    /// One iteration: centroids become means, then values go to the nearest centroid. Whether a value has gone to
    /// another one.
    pub(super) fn step(&mut self) -> bool {
        self.update();
        self.assign()
    }

    /// Where each range starts, and the end. A range may be empty before Lloyd's iteration has converged.
    pub(super) fn into_bounds(self) -> Vec<usize> {
        self.bounds
    }

    /// Each value to the nearest centroid, the lower of two that are equally near. Whether anything has changed.
    fn assign(&mut self) -> bool {
        let grid = self.sorted.grid();
        let mut bounds = Vec::with_capacity(self.centroids.len() + 1);
        bounds.push(0);
        for (index, pair) in self.centroids.windows(2).enumerate() {
            let middle = f64::midpoint(pair[0], pair[1]);
            let hint = self.bounds.get(index + 1).copied().unwrap_or(0);
            bounds.push(partition_point_near(grid, hint, |value| value <= middle));
        }
        bounds.push(grid.len());
        let changed = bounds != self.bounds;
        self.bounds = bounds;
        changed
    }

    fn update(&mut self) {
        let ranges = || self.bounds.windows(2).map(|pair| (pair[0], pair[1])).filter(|(from, to)| from < to);
        let means = ranges().map(|(from, to)| self.sorted.mean(from, to)).collect::<Vec<f64>>();
        let missing = self.clusters - means.len();
        self.centroids = means;
        if missing > 0 {
            let farthest = self.farthest(missing);
            self.centroids.extend(farthest);
            self.centroids.sort_unstable_by(f64::total_cmp);
        }
    }

    /// The values that are farthest from their centroid, for clusters that have lost all of theirs: a centroid more can
    /// only lower the inertia. The farthest of a range is one of its ends.
    fn farthest(&self, count: usize) -> Vec<f64> {
        let grid = self.sorted.grid();
        let ranges = self.bounds.windows(2).filter(|pair| pair[0] < pair[1]);
        let ends = ranges.zip(&self.centroids).flat_map(|(pair, mean)| {
            let distance = |value: f64| ((value - mean).abs(), value);
            [distance(grid[pair[0]]), distance(grid[pair[1] - 1])]
        });
        let mut ends: Vec<(f64, f64)> = ends.filter(|(distance, _)| *distance > 0.0).collect();
        ends.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
        ends.into_iter().take(count).map(|(_, value)| value).collect()
    }
}

/// [`slice::partition_point`], by steps that double from `hint` on, which is likely to be near.
fn partition_point_near(values: &[f64], hint: usize, below: impl Fn(f64) -> bool) -> usize {
    // All before `low` are below, none from `high` on.
    let (mut low, mut high) = (0, values.len());
    let mut step = 1;
    if values.get(hint).is_some_and(|&value| below(value)) {
        low = hint + 1;
        while let Some(&value) = values.get(low + step) {
            if !below(value) {
                high = low + step;
                break;
            }
            low += step + 1;
            step *= 2;
        }
    } else {
        high = high.min(hint);
        while let Some(probe) = high.checked_sub(step) {
            if below(values[probe]) {
                low = probe + 1;
                break;
            }
            high = probe;
            step *= 2;
        }
    }
    low + values[low..high].partition_point(|&value| below(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Lloyd<'_> {
        /// The inertia of the centroids, on the grid.
        fn inertia(&self) -> f64 {
            let ranges = self.bounds.windows(2).zip(&self.centroids);
            ranges.map(|(pair, centroid)| self.sorted.inertia_to(*centroid, pair[0], pair[1])).sum()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn the_inertia_never_rises_and_the_end_is_a_fixed_point(
            values in prop::collection::vec(-50_i32..50, 1..200),
            clusters in 2_usize..20,
            seed in 0_u64..1000,
        ) {
            let sorted = Sorted::new(values.into_iter().map(|value| f64::from(value).powi(3)).collect());
            prop_assume!(sorted.distinct() > clusters);
            let mut lloyd = Lloyd::new(&sorted, clusters, &mut Draws::new(seed, 0, 0));
            let mut before = lloyd.inertia();
            let mut iterations = 0;
            while lloyd.step() {
                let after = lloyd.inertia();
                prop_assert!(after <= before * (1.0 + 1e-12), "{} after {}", after, before);
                before = after;
                iterations += 1;
                prop_assert!(iterations < 1000);
            }
            prop_assert_eq!(lloyd.centroids.len(), clusters);
            let bounds = lloyd.into_bounds();
            prop_assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "no range is empty: {:?}", bounds);
        }
    }

    #[test]
    fn ranges_that_lose_their_values_get_the_farthest_ones() {
        let sorted = Sorted::new(vec![0.0, 1.0, 2.0, 10.0, 100.0]);
        let unit = sorted.grid()[1];
        let centroids = [0.0, 1.0, 1.5, 100.0].map(|centroid| centroid * unit).to_vec();
        let mut lloyd = Lloyd { sorted: &sorted, clusters: 4, centroids, bounds: vec![] };
        lloyd.assign();
        assert_eq!(lloyd.bounds, [0, 1, 2, 4, 5]);
        // As if the second and the third centroid had come to the same place.
        lloyd.bounds = vec![0, 1, 1, 4, 5];
        lloyd.update();
        let mean = 13.0 / 3.0;
        let expected = [0.0, mean, 10.0, 100.0];
        lloyd.centroids.iter().zip(expected).for_each(|(a, b)| assert!((a / unit - b).abs() < 1e-9, "{a} {b}"));
        // Two are missing, and only one value is away from its centroid's other end.
        lloyd.bounds = vec![0, 0, 0, 0, 5];
        lloyd.update();
        assert_eq!(lloyd.centroids.len(), 3);
        lloyd.assign();
        lloyd.update();
        assert_eq!(lloyd.centroids.len(), 4);
    }

    #[test]
    fn searching_from_any_hint_finds_the_same_place() {
        let values: Vec<f64> = (0..23).map(f64::from).collect();
        for (hint, limit) in (0..30 * 26).map(|i| (i / 26, (i % 26) as f64 - 1.5)) {
            let expected = values.partition_point(|&value| value < limit);
            assert_eq!(partition_point_near(&values, hint, |value| value < limit), expected, "{hint} {limit}");
        }
        assert_eq!(partition_point_near(&[], 3, |_| true), 0);
    }
}
