//! Which centroids are near each other, while they move.

use super::blocks::Blocks;
use super::point::{Point, squared_distance};

/// Most centroids of a list.
const LONGEST: usize = 256;

/// For each centroid a list of the nearest others, made once and used as long as centroids have moved little since:
/// distances of then, less what both have moved, bound those of now from below.
pub(super) struct Neighbours<const D: usize> {
    /// The centroids when the lists were made.
    origins: Vec<Point<D>>,
    /// All lists one after another, each by ascending distance.
    lists: Vec<Neighbour>,
    starts: Vec<usize>,
    /// Centroids that are not in the list were no nearer than this.
    horizons: Vec<f64>,
    /// How far each centroid has moved since then.
    shifts: Vec<f64>,
    largest_shift: f64,
}

/// A centroid near another one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neighbour {
    pub(super) index: u32,
    /// The distance when the list was made.
    pub(super) distance: f64,
}

impl<const D: usize> Neighbours<D> {
    /// Makes the lists of `centroids`; list `j` reaches `reaches[j]` far, if it does not become too long.
    pub(super) fn new(centroids: Vec<Point<D>>, reaches: &[f64]) -> Self {
        let blocks = Blocks::new(&centroids);
        let (mut lists, mut starts, mut horizons) = (Vec::new(), vec![0], Vec::with_capacity(centroids.len()));
        let mut found = Vec::new();
        for (own, (centroid, &reach)) in centroids.iter().zip(reaches).enumerate() {
            found.clear();
            let squared_reach = reach * reach;
            for (_, indices) in blocks.around(centroid).filter(|(bound, _)| *bound < squared_reach) {
                for &index in indices.iter().filter(|&&index| index as usize != own) {
                    let squared = squared_distance(centroid, &centroids[index as usize]);
                    if squared < squared_reach {
                        found.push(Neighbour { index, distance: squared.sqrt() });
                    }
                }
            }
            let order = |a: &Neighbour, b: &Neighbour| a.distance.total_cmp(&b.distance).then(a.index.cmp(&b.index));
            let mut horizon = reach;
            if found.len() > LONGEST {
                horizon = found.select_nth_unstable_by(LONGEST, order).1.distance;
                found.truncate(LONGEST);
            }
            found.sort_unstable_by(order);
            lists.extend_from_slice(&found);
            starts.push(lists.len());
            horizons.push(horizon);
        }
        let shifts = vec![0.0; centroids.len()];
        Self { origins: centroids, lists, starts, horizons, shifts, largest_shift: 0.0 }
    }

    /// Takes note of where the centroids are now.
    pub(super) fn follow(&mut self, centroids: &[Point<D>]) {
        let moved = centroids.iter().zip(&self.origins).map(|(now, then)| squared_distance(now, then).sqrt());
        self.shifts.clear();
        self.shifts.extend(moved);
        self.largest_shift = self.shifts.iter().copied().fold(0.0, f64::max);
    }

    /// The list of centroid `own`.
    pub(super) fn of(&self, own: usize) -> &[Neighbour] {
        &self.lists[self.starts[own]..self.starts[own + 1]]
    }

    /// How far centroid `own` has moved since the lists were made.
    pub(super) fn shift(&self, own: usize) -> f64 {
        self.shifts[own]
    }

    /// Centroids that are not in the list of `own` are no nearer to it than this; may be negative.
    pub(super) fn horizon(&self, own: usize) -> f64 {
        self.horizons[own] - self.shifts[own] - self.largest_shift
    }
}
