//! Points in blocks of near ones, so that a search looks at few of them.

use super::point::Point;

/// Most points of a block.
const SIZE: usize = 32;

/// Points, grouped by halving the widest side of their box until few are left in each.
pub(super) struct Blocks<const D: usize> {
    /// The indices of the points, block by block.
    order: Vec<u32>,
    blocks: Vec<Block<D>>,
}

struct Block<const D: usize> {
    low: Point<D>,
    high: Point<D>,
    start: usize,
    end: usize,
}

impl<const D: usize> Blocks<D> {
    pub(super) fn new(points: &[Point<D>]) -> Self {
        let mut order: Vec<u32> = (0..points.len() as u32).collect();
        let mut blocks = Vec::new();
        split(points, &mut order, 0, &mut blocks);
        Self { order, blocks }
    }

    /// For each block, the squared distance from `point` to its box, and the indices of its points.
    pub(super) fn around<'a>(&'a self, point: &'a Point<D>) -> impl Iterator<Item = (f64, &'a [u32])> {
        self.blocks.iter().map(|block| (block.squared_distance(point), &self.order[block.start..block.end]))
    }
}

impl<const D: usize> Block<D> {
    #[inline]
    fn squared_distance(&self, point: &Point<D>) -> f64 {
        let outside = |d: usize| (self.low[d] - point[d]).max(point[d] - self.high[d]).max(0.0);
        (0..D).map(|d| outside(d) * outside(d)).sum()
    }
}

fn split<const D: usize>(points: &[Point<D>], order: &mut [u32], start: usize, blocks: &mut Vec<Block<D>>) {
    let (mut low, mut high) = ([f64::INFINITY; D], [f64::NEG_INFINITY; D]);
    for point in order.iter().map(|&index| &points[index as usize]) {
        for d in 0..D {
            low[d] = low[d].min(point[d]);
            high[d] = high[d].max(point[d]);
        }
    }
    if order.len() <= SIZE {
        blocks.push(Block { low, high, start, end: start + order.len() });
        return;
    }
    let width = |d: &usize| high[*d] - low[*d];
    let widest = (0..D).max_by(|a, b| width(a).total_cmp(&width(b))).unwrap_or(0);
    let middle = order.len() / 2;
    let coordinate = |index: &u32| points[*index as usize][widest];
    // The index decides between equal coordinates, so that the order does not depend on the algorithm.
    order.select_nth_unstable_by(middle, |a, b| coordinate(a).total_cmp(&coordinate(b)).then(a.cmp(b)));
    let (left, right) = order.split_at_mut(middle);
    split(points, left, start, blocks);
    split(points, right, start + middle, blocks);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::cluster::vector::point::squared_distance;

    #[test]
    fn every_point_is_in_one_block_and_no_nearer_than_its_box() {
        let points: Vec<Point<3>> =
            (0..500).map(|i| [f64::from(i * 37 % 101), f64::from(i * i % 17), (f64::from(i)).sin()]).collect();
        let blocks = Blocks::new(&points);
        let from = [40.0, 20.0, -3.0];
        let mut seen: Vec<u32> = Vec::new();
        let mut outside = 0;
        for (bound, indices) in blocks.around(&from) {
            assert!(!indices.is_empty() && indices.len() <= SIZE);
            for &index in indices {
                assert!(squared_distance(&from, &points[index as usize]) >= bound);
            }
            outside += usize::from(bound > 100.0);
            seen.extend(indices);
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..500).collect::<Vec<u32>>());
        assert!(outside > 10);
        assert_eq!(Blocks::<2>::new(&[[1.0, 2.0]]).around(&[1.0, 5.0]).next().unwrap().0, 9.0);
    }
}
