//! The two nearest of all centroids, eight at a time.

use super::point::Point;
use crate::ring::simd::{Instructions, instructions};

/// Centroids that are compared at a time.
const LANES: usize = 8;

/// Coordinates of eight centroids.
type Block<const D: usize> = [[f64; LANES]; D];

/// Centroids in the order in which vector instructions read them.
pub(super) struct Scan<const D: usize> {
    blocks: Vec<Block<D>>,
    instructions: Instructions,
}

/// The nearest centroid, and the squared distances of it and of the second nearest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TwoNearest {
    pub(super) index: u32,
    pub(super) first: f64,
    pub(super) second: f64,
}

impl<const D: usize> Scan<D> {
    pub(super) fn new(centroids: &[Point<D>]) -> Self {
        Self::with(centroids, instructions())
    }

    fn with(centroids: &[Point<D>], instructions: Instructions) -> Self {
        // What fills the last block up is infinitely far away.
        let lane = |eight: &[Point<D>], d: usize, lane: usize| eight.get(lane).map_or(f64::INFINITY, |point| point[d]);
        let block = |eight: &[Point<D>]| std::array::from_fn(|d| std::array::from_fn(|l| lane(eight, d, l)));
        Self { blocks: centroids.chunks(LANES).map(block).collect(), instructions }
    }

    /// The two centroids nearest to `point`, the one of lower index among equally near ones. The same, bit for bit, on
    /// every machine.
    pub(super) fn two_nearest(&self, point: &Point<D>) -> TwoNearest {
        match self.instructions {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Instructions::available` lists this variant only after detecting its CPU features.
            Instructions::Avx512Ifma | Instructions::Avx512 => unsafe { avx512(&self.blocks, point) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above, for AVX2.
            Instructions::Avx2 => unsafe { avx2(&self.blocks, point) },
            _ => generic(&self.blocks, point),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn avx512<const D: usize>(blocks: &[Block<D>], point: &Point<D>) -> TwoNearest {
    generic(blocks, point)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<const D: usize>(blocks: &[Block<D>], point: &Point<D>) -> TwoNearest {
    generic(blocks, point)
}

#[inline(always)]
fn generic<const D: usize>(blocks: &[Block<D>], point: &Point<D>) -> TwoNearest {
    // For each lane the nearest so far, its block, and the second nearest.
    let (mut first, mut second, mut which) = ([f64::INFINITY; LANES], [f64::INFINITY; LANES], [0_u64; LANES]);
    for (index, block) in (0..).zip(blocks) {
        let mut squared = [0.0; LANES];
        for (coordinates, x) in block.iter().zip(point) {
            for (squared, coordinate) in squared.iter_mut().zip(coordinates) {
                *squared += (coordinate - x) * (coordinate - x);
            }
        }
        for lane in 0..LANES {
            let nearer = squared[lane] < first[lane];
            let other = if nearer { first[lane] } else { squared[lane] };
            second[lane] = if other < second[lane] { other } else { second[lane] };
            first[lane] = if nearer { squared[lane] } else { first[lane] };
            which[lane] = if nearer { index } else { which[lane] };
        }
    }
    let mut found = TwoNearest { index: 0, first: f64::INFINITY, second: f64::INFINITY };
    for lane in 0..LANES {
        let index = (which[lane] * LANES as u64 + lane as u64) as u32;
        if first[lane] < found.first || (first[lane] == found.first && index < found.index) {
            found = TwoNearest { index, first: first[lane], second: found.first.min(found.second) };
        } else {
            found.second = found.second.min(first[lane]);
        }
        found.second = found.second.min(second[lane]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::cluster::vector::point::squared_distance;

    #[test]
    fn it_is_the_definition_with_all_instructions() {
        let value = |i: usize| ((i * 7919 + 13) % 31) as f64 - 15.0;
        for count in [1, 2, 7, 8, 9, 40, 133] {
            let centroids: Vec<Point<4>> = (0..count).map(|i| std::array::from_fn(|d| value(i * 4 + d))).collect();
            for from in 0..50 {
                let point: Point<4> = std::array::from_fn(|d| value(from * 5 + d) + 0.3);
                let mut all: Vec<(f64, u32)> =
                    (0..).zip(&centroids).map(|(i, centroid)| (squared_distance(centroid, &point), i)).collect();
                all.sort_by(|a, b| a.partial_cmp(b).unwrap());
                let second = all.get(1).map_or(f64::INFINITY, |(squared, _)| *squared);
                let expected = TwoNearest { index: all[0].1, first: all[0].0, second };
                for instructions in Instructions::available() {
                    let found = Scan::with(&centroids, instructions).two_nearest(&point);
                    assert_eq!(found, expected, "{instructions:?} {count} {from}");
                }
            }
        }
    }
}
