//! Sorted values with sums over their ranges.

use rayon::prelude::*;

use crate::network::cluster::scale::{largest_magnitude, scale_to_bits};

/// Distinct values, ascending, on a grid of integers, with the sums that give the mean and the inertia of any range of
/// them in constant time.
///
/// The grid makes these exact: they are differences of sums over everything, which in floating point would cancel for the
/// short ranges that many clusters have. It has 62 - log2(count) bits, at most 52, for the largest magnitude: 42 for a
/// million values, so rounding to it changes nothing that clustering would not change far more.
pub(super) struct Sorted {
    scale: f64,
    distinct: usize,
    values: Vec<f64>,
    /// Over the first `i` distinct values, each as often as it occurs.
    sums: Vec<Sums>,
}

/// Sums over values, each as often as it occurs. The grid's bits leave room for all of them, for `count * squares`, and
/// for `squares + 2 * |c| * |sum| + count * c^2` with any grid value `c`.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    squares: i128,
    sum: i64,
    count: i64,
}

impl Sorted {
    /// Sorts finite `values`.
    pub(super) fn new(mut values: Vec<f64>) -> Self {
        // Zero has one sign only.
        values.iter_mut().for_each(|value| *value += 0.0);
        values.par_sort_unstable_by(f64::total_cmp);
        let bits = 62 - (values.len() as u64 + 1).next_power_of_two().ilog2() as i32;
        let scale = scale_to_bits(largest_magnitude(&values), bits.min(52));
        let distinct = values.chunk_by(|a, b| a == b).count();

        values.iter_mut().for_each(|value| *value = on_grid(*value, scale));
        let mut sums = Vec::with_capacity(distinct + 1);
        let mut total = Sums::default();
        sums.push(total);
        for equal in values.chunk_by(|a, b| a == b) {
            let (value, count) = (equal[0] as i64, equal.len() as i64);
            total.squares += i128::from(count) * i128::from(value).pow(2);
            total.sum += count * value;
            total.count += count;
            sums.push(total);
        }
        values.dedup();
        Self { scale, distinct, values, sums }
    }

    /// How many distinct values there were. On the grid there may be fewer.
    pub(super) const fn distinct(&self) -> usize {
        self.distinct
    }

    /// The distinct values on the grid, ascending.
    pub(super) fn grid(&self) -> &[f64] {
        &self.values
    }

    /// How many values there were, equal ones included.
    pub(super) fn count(&self) -> u64 {
        self.sums[self.values.len()].count as u64
    }

    /// The index of the distinct value that `rank` of all values, equal ones included, are not above.
    pub(super) fn ranked(&self, rank: u64) -> usize {
        self.sums.partition_point(|sums| sums.count as u64 <= rank).saturating_sub(1)
    }

    /// The grid value nearest to `value`.
    pub(super) fn to_grid(&self, value: f64) -> f64 {
        on_grid(value, self.scale)
    }

    /// What a number of grid units is.
    pub(super) fn value_on_scale(&self, value: f64) -> f64 {
        value / self.scale
    }

    /// What a number of squared grid units is.
    pub(super) fn square_on_scale(&self, value: f64) -> f64 {
        value / self.scale / self.scale
    }

    /// The mean of the distinct values `from..to`, each as often as it occurs, on the grid.
    pub(super) fn mean(&self, from: usize, to: usize) -> f64 {
        let sums = self.sums(from, to);
        sums.sum as f64 / sums.count as f64
    }

    /// The sum over the distinct values `from..to`, each as often as it occurs, of the squared distance to their mean, in
    /// squared grid units.
    #[inline]
    pub(super) fn inertia(&self, from: usize, to: usize) -> f64 {
        let Sums { squares, sum, count } = self.sums(from, to);
        // Neither negative nor inexact before the conversion.
        let scaled = i128::from(count) * squares - i128::from(sum) * i128::from(sum);
        to_float(scaled) / count as f64
    }

    /// As [`inertia`](Self::inertia), but to the grid value `centre`.
    pub(super) fn inertia_around(&self, centre: f64, from: usize, to: usize) -> f64 {
        let Sums { squares, sum, count } = self.sums(from, to);
        let centre = centre as i64;
        let moved = i128::from(count) * i128::from(centre) - 2 * i128::from(sum);
        to_float(squares + moved * i128::from(centre))
    }

    #[inline]
    fn sums(&self, from: usize, to: usize) -> Sums {
        let (low, high) = (self.sums[from], self.sums[to]);
        Sums { squares: high.squares - low.squares, sum: high.sum - low.sum, count: high.count - low.count }
    }
}

/// A number in `0..2^125` as a float, to one unit in the last place. Much faster than the conversion of the language, which
/// rounds exactly.
#[inline]
fn to_float(number: i128) -> f64 {
    const LOW: u32 = 62;
    let high = (number >> LOW) as i64;
    let low = number as i64 & ((1 << LOW) - 1);
    high as f64 * (1_i64 << LOW) as f64 + low as f64
}

fn on_grid(value: f64, scale: f64) -> f64 {
    (value * scale).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sorted {
        /// As [`inertia_around`](Self::inertia_around), but to any point, value by value.
        pub(in crate::network::cluster) fn inertia_to(&self, point: f64, from: usize, to: usize) -> f64 {
            let squares = (from..to).map(|at| self.sums(at, at + 1).count as f64 * (self.values[at] - point).powi(2));
            squares.sum()
        }
    }

    #[test]
    fn sums_over_ranges_are_those_of_the_definition() {
        let values = [0.5, -0.25, 0.5, 2.0, -0.0, 0.0, 0.5, -1.0];
        let sorted = Sorted::new(values.to_vec());
        let grid: Vec<f64> = sorted.grid().iter().map(|&value| sorted.value_on_scale(value)).collect();
        assert_eq!(grid, [-1.0, -0.25, 0.0, 0.5, 2.0]);
        assert_eq!((sorted.distinct(), sorted.count()), (5, 8));
        assert_eq!((0..8).map(|rank| sorted.ranked(rank)).collect::<Vec<_>>(), [0, 1, 2, 2, 3, 3, 3, 4]);
        assert_eq!(sorted.value_on_scale(sorted.mean(2, 5)), (3.0 * 0.5 + 2.0) / 6.0);
        assert_eq!(sorted.square_on_scale(sorted.inertia(3, 5)), 3.0 * 0.375_f64.powi(2) + 1.125_f64.powi(2));
        assert_eq!((sorted.inertia(3, 4), sorted.inertia(0, 1)), (0.0, 0.0));
        let around = sorted.inertia_around(sorted.grid()[0], 1, 5);
        assert_eq!(sorted.square_on_scale(around), 0.75 * 0.75 + 2.0 + 3.0 * 1.5 * 1.5 + 9.0);
    }

    #[test]
    fn neighbouring_values_far_from_zero_keep_their_distance() {
        // As prefix sums in floating point this inertia would be rounding error.
        let offset = 1.0;
        let values: Vec<f64> = (0..1 << 20).map(|i| offset - f64::from(i) * 2f64.powi(-38)).collect();
        let sorted = Sorted::new(values);
        let found = sorted.square_on_scale(sorted.inertia(1 << 19, (1 << 19) + 2));
        assert_eq!(found, 0.5 * 2f64.powi(-76));
    }

    #[test]
    fn any_magnitude_and_number_fits_the_sums() {
        for magnitude in [1e-300, 1e-30, 1.0, 1e30, f64::MAX] {
            for count in [1, 2, 3, 255, 256, 5000] {
                let sorted = Sorted::new((0..count).map(|i| if i % 2 == 0 { magnitude } else { -magnitude }).collect());
                let all = sorted.grid().len();
                let relative = sorted.inertia(0, all) / sorted.count() as f64 / sorted.grid()[0].powi(2);
                let expected = [0.0, 1.0 - (count % 2) as f64 / (count as f64).powi(2)][usize::from(count > 1)];
                assert!((relative - expected).abs() < 1e-12, "{magnitude} {count}: {relative} {expected}");
            }
        }
    }

    #[test]
    fn what_the_grid_merges_still_counts_as_distinct() {
        let sorted = Sorted::new(vec![1e30, 1.0, 2.0, 3.0]);
        assert_eq!((sorted.distinct(), sorted.grid().len()), (4, 2));
        assert_eq!(sorted.to_grid(2.0), 0.0);
    }
}
