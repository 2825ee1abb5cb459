//! Lloyd's iteration on vectors, without most of its distances.
//!
//! Each point keeps a bound below the distances to all centroids but its own (Hamerly 2010). It falls with the movement of
//! the centroids, and as long as the own centroid is nearer, nothing else is looked at. Only centroids near the own one
//! matter for that (as in the ball k-means of Xia et al. 2020), so a centroid that moves far away from a point does not
//! spoil its bound. Whoever must be searched for is searched for in the list of the own centroid's neighbours, up to where
//! the triangle inequality ends it. All of this is exact: assignments are those of the plain iteration, up to
//! rounding between centroids that are equally near.

use super::neighbours::Neighbours;
use super::point::{Point, means, squared_distance};
use super::scan::Scan;
use super::seeding::Seeds;

/// Centroids and the points that are nearest to them.
pub(super) struct Lloyd<const D: usize> {
    /// In the order of the first assignment, so that points near each other lie near each other in memory.
    points: Vec<Point<D>>,
    /// Where each point was before.
    origins: Vec<u32>,
    centroids: Vec<Point<D>>,
    assignment: Vec<u32>,
    /// For each point, what no centroid but its own is nearer than.
    bounds: Vec<f64>,
    /// For each centroid, the largest distance to a point of its.
    radii: Vec<f64>,
    /// For each centroid, the number of its points.
    sizes: Vec<u32>,
    neighbours: Option<Neighbours<D>>,
    /// Of points whose list of neighbours did not reach far enough when the lists were new.
    short: usize,
}

/// What a search for the nearest centroid has found.
#[derive(Clone, Copy)]
struct Nearest {
    cluster: u32,
    distance: f64,
    /// No other centroid is nearer than this.
    bound: f64,
}

impl Nearest {
    /// Takes note of a centroid at the root of `squared`, which is drawn only where it matters.
    #[inline]
    fn see(&mut self, cluster: u32, squared: f64) {
        if squared < self.bound * self.bound {
            let distance = squared.sqrt();
            if distance < self.distance {
                self.bound = self.distance;
                (self.cluster, self.distance) = (cluster, distance);
            } else {
                self.bound = distance;
            }
        }
    }
}

impl<const D: usize> Lloyd<D> {
    /// Begins with the seeds of k-means++ and the points that are nearest to each.
    pub(super) fn new(points: &[Point<D>], seeds: Seeds<D>) -> Self {
        let origins = seeds.members.concat();
        let assignment: Vec<u32> =
            (0..).zip(&seeds.members).flat_map(|(cluster, own)| std::iter::repeat_n(cluster, own.len())).collect();
        let mut lloyd = Self {
            points: origins.iter().map(|&index| points[index as usize]).collect(),
            bounds: vec![0.0; origins.len()],
            origins,
            assignment,
            radii: vec![0.0; seeds.seeds.len()],
            sizes: vec![0; seeds.seeds.len()],
            centroids: seeds.seeds,
            neighbours: None,
            short: 0,
        };
        lloyd.measure();
        lloyd
    }

    /// Radii and sizes of the assignment.
    fn measure(&mut self) {
        self.radii.fill(0.0);
        self.sizes.fill(0);
        for (point, &cluster) in self.points.iter().zip(&self.assignment) {
            let cluster = cluster as usize;
            self.radii[cluster] = self.radii[cluster].max(squared_distance(point, &self.centroids[cluster]));
            self.sizes[cluster] += 1;
        }
        self.radii.iter_mut().for_each(|radius| *radius = radius.sqrt());
    }

    /// One iteration: centroids become means, then points go to the nearest centroid. Whether a point has gone to
    /// another one.
    pub(super) fn step(&mut self) -> bool {
        let moves = self.update();
        let neighbours = self.follow(&moves);
        let changed = self.assign(&neighbours, &moves);
        self.neighbours = Some(neighbours);
        changed
    }

    /// Centroids become means; how far each has moved. A centroid without points takes the point that is farthest from
    /// its own: one centroid more can only lower the inertia.
    fn update(&mut self) -> Vec<f64> {
        let means = means(&self.points, &self.assignment, self.centroids.len());
        let empty = means.iter().filter(|mean| mean.is_none()).count();
        let mut farthest = if empty > 0 { self.farthest(empty) } else { Vec::new() }.into_iter();
        let moved = means.into_iter().zip(&mut self.centroids).map(|(mean, centroid)| {
            let place = mean.or_else(|| farthest.next()).unwrap_or(*centroid);
            let before = std::mem::replace(centroid, place);
            squared_distance(&before, centroid).sqrt()
        });
        moved.collect()
    }

    /// The `count` distinct points that are farthest from the centroid they are assigned to.
    fn farthest(&self, count: usize) -> Vec<Point<D>> {
        let distance = |at: usize| squared_distance(&self.points[at], &self.centroids[self.assignment[at] as usize]);
        let mut all: Vec<(f64, usize)> = (0..self.points.len()).map(|at| (distance(at), at)).collect();
        all.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut found: Vec<Point<D>> = Vec::new();
        for point in all.into_iter().map(|(_, at)| self.points[at]) {
            if found.len() == count {
                break;
            }
            if !found.contains(&point) {
                found.push(point);
            }
        }
        found
    }

    /// Lists of neighbours that suit the centroids: those there are, or new ones when too many points would have to look
    /// past them.
    fn follow(&mut self, moves: &[f64]) -> Neighbours<D> {
        for (radius, moved) in self.radii.iter_mut().zip(moves) {
            *radius += moved;
        }
        if let Some(mut neighbours) = self.neighbours.take() {
            neighbours.follow(&self.centroids);
            if self.short(&neighbours) <= self.short + self.points.len() / 16 {
                return neighbours;
            }
        }
        let typical = self.radii.iter().sum::<f64>() / self.radii.len() as f64;
        let reaches: Vec<f64> = self.radii.iter().map(|radius| 2.5 * radius + 0.5 * typical).collect();
        let neighbours = Neighbours::new(self.centroids.clone(), &reaches);
        self.short = self.short(&neighbours);
        neighbours
    }

    /// How many points belong to centroids whose list may end before their nearest centroid is certain.
    fn short(&self, neighbours: &Neighbours<D>) -> usize {
        let sizes = self.sizes.iter().zip(&self.radii).enumerate();
        let short = sizes.filter(|(own, (_, radius))| neighbours.horizon(*own) < 2.0 * *radius);
        short.map(|(_, (size, _))| *size as usize).sum()
    }

    fn assign(&mut self, neighbours: &Neighbours<D>, moves: &[f64]) -> bool {
        // For each centroid the largest movement of a neighbour, since the last iteration and since the lists were made.
        let largest = |own: usize| {
            let indices = || neighbours.of(own).iter().map(|neighbour| neighbour.index as usize);
            let moved = indices().map(|index| moves[index]).fold(0.0, f64::max);
            (moved, indices().map(|index| neighbours.shift(index)).fold(0.0, f64::max))
        };
        let around: Vec<(f64, f64)> = (0..self.centroids.len()).map(largest).collect();
        let farthest = moves.iter().copied().fold(0.0, f64::max);
        let scan = Scan::new(&self.centroids);
        self.radii.fill(0.0);
        let mut changed = false;
        for at in 0..self.points.len() {
            let own = self.assignment[at] as usize;
            let distance = squared_distance(&self.points[at], &self.centroids[own]).sqrt();
            let (moved, shifted) = around[own];
            let bound = (self.bounds[at] - moved)
                .min(neighbours.horizon(own) - distance)
                .max(self.bounds[at] - farthest)
                .max(0.0);
            let mut found = Nearest { cluster: own as u32, distance, bound };
            if distance > bound {
                found = self.search(at, found, neighbours, &scan, shifted);
                changed |= found.cluster as usize != own;
                self.sizes[own] -= 1;
                self.sizes[found.cluster as usize] += 1;
                self.assignment[at] = found.cluster;
            }
            self.bounds[at] = found.bound;
            let radius = &mut self.radii[found.cluster as usize];
            *radius = radius.max(found.distance);
        }
        changed
    }

    /// The nearest centroid to point `at`, which is assigned to `own`.
    fn search(&self, at: usize, own: Nearest, neighbours: &Neighbours<D>, scan: &Scan<D>, shifted: f64) -> Nearest {
        let cluster = own.cluster as usize;
        if neighbours.horizon(cluster) < 1.5 * own.distance {
            return self.search_all(at, own, scan);
        }
        let point = &self.points[at];
        let squared = |index: u32| squared_distance(point, &self.centroids[index as usize]);
        let slack = neighbours.shift(cluster) + shifted + own.distance;
        // Centroids that are not in the list are no nearer than this.
        let rest = neighbours.horizon(cluster) - own.distance;
        let mut found = Nearest { bound: f64::INFINITY, ..own };
        for neighbour in neighbours.of(cluster) {
            if (neighbour.distance - slack).min(rest) >= found.bound {
                return found;
            }
            found.see(neighbour.index, squared(neighbour.index));
        }
        if rest >= found.distance {
            return Nearest { bound: found.bound.min(rest), ..found };
        }
        self.search_all(at, own, scan)
    }

    /// The nearest of all centroids.
    fn search_all(&self, at: usize, own: Nearest, scan: &Scan<D>) -> Nearest {
        let found = scan.two_nearest(&self.points[at]);
        let [distance, bound] = [found.first, found.second].map(f64::sqrt);
        // A point stays where it is equally near.
        let cluster = if distance < own.distance { found.index } else { own.cluster };
        Nearest { cluster, distance, bound }
    }

    /// For each point, in the order in which they were given, its cluster; for each cluster the mean of its points; and
    /// the inertia.
    pub(super) fn finish(self) -> (Vec<u32>, Vec<Point<D>>, f64) {
        let means = means(&self.points, &self.assignment, self.centroids.len());
        let centroids: Vec<Point<D>> =
            means.into_iter().zip(self.centroids).map(|(mean, centroid)| mean.unwrap_or(centroid)).collect();
        let mut assignment = vec![0; self.points.len()];
        let mut inertia = 0.0;
        for (at, (&cluster, &origin)) in self.assignment.iter().zip(&self.origins).enumerate() {
            assignment[origin as usize] = cluster;
            inertia += squared_distance(&self.points[at], &centroids[cluster as usize]);
        }
        (assignment, centroids, inertia)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::cluster::draws::Draws;
    use crate::network::cluster::vector::seeding::seeds;
    use proptest::prelude::*;

    impl<const D: usize> Lloyd<D> {
        fn inertia(&self) -> f64 {
            let distance =
                |(point, &cluster): (&Point<D>, &u32)| squared_distance(point, &self.centroids[cluster as usize]);
            self.points.iter().zip(&self.assignment).map(distance).sum()
        }

        /// The assignment that the definition gives for the centroids.
        fn nearest(&self) -> Vec<u32> {
            let nearest = |point: &Point<D>| {
                let distances = self.centroids.iter().map(|centroid| squared_distance(point, centroid));
                (0..).zip(distances).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0
            };
            self.points.iter().map(nearest).collect()
        }
    }

    /// Normally distributed or heavy-tailed points, or clumps.
    fn points<const D: usize>(kind: usize, count: usize, seed: u64) -> Vec<Point<D>> {
        let mut draws = Draws::new(seed, 9, 9);
        let mut coordinate = || {
            let sum: f64 = (0..12).map(|_| draws.below(1.0)).sum::<f64>() - 6.0;
            match kind {
                0 => sum,
                1 => sum.powi(3),
                _ => sum + draws.index(4) as f64 * 20.0,
            }
        };
        (0..count).map(|_| std::array::from_fn(|_| coordinate())).collect()
    }

    fn check<const D: usize>(kind: usize, count: usize, clusters: usize, seed: u64) {
        let points = points::<D>(kind, count, seed);
        let mut lloyd = Lloyd::new(&points, seeds(&points, clusters, &mut Draws::new(seed, 0, 0)));
        assert_eq!(lloyd.assignment, lloyd.nearest());
        let mut before = lloyd.inertia();
        for iteration in 0.. {
            let changed = lloyd.step();
            assert_eq!(lloyd.assignment, lloyd.nearest(), "iteration {iteration}");
            let after = lloyd.inertia();
            assert!(after <= before * (1.0 + 1e-12), "{after} after {before}");
            before = after;
            if !changed {
                break;
            }
        }
        assert!(lloyd.sizes.iter().all(|&size| size > 0));
        let (_, _, inertia) = lloyd.finish();
        assert!((inertia - before).abs() <= 1e-12 * before);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn each_iteration_is_that_of_the_definition(
            kind in 0_usize..3,
            count in 50_usize..600,
            clusters in 2_usize..50,
            seed in 0_u64..1000,
        ) {
            check::<2>(kind, count, clusters, seed);
            check::<4>(kind, count, clusters, seed);
            check::<8>(kind, count, clusters, seed);
        }
    }

    #[test]
    fn lists_that_are_too_short_do_no_harm() {
        // So many near neighbours that lists are cut.
        check::<8>(0, 3000, 700, 1);
        check::<4>(1, 3000, 900, 2);
    }

    #[test]
    fn a_centroid_that_came_near_since_the_lists_were_made_is_found() {
        // The last one was too far away for the list of the first, and has moved to the point since.
        let before = vec![[0.0, 0.0], [0.6, 0.7], [0.0, 1.35], [2.01, 0.0]];
        let now = vec![[0.0, 0.0], [0.6, 0.7], [0.0, 1.35], [1.0, 0.0]];
        let mut neighbours = Neighbours::new(before, &[2.0; 4]);
        neighbours.follow(&now);
        let points: Vec<Point<2>> = vec![[0.6, 0.0]];
        let lloyd = Lloyd::new(&points, Seeds { seeds: now.clone(), members: vec![vec![0], vec![], vec![], vec![]] });
        let own = Nearest { cluster: 0, distance: 0.6, bound: 0.0 };
        let found = lloyd.search(0, own, &neighbours, &Scan::new(&now), 0.0);
        assert_eq!(found.cluster, 3);
        assert!((found.distance - 0.4).abs() < 1e-12, "{}", found.distance);
    }

    #[test]
    fn centroids_without_points_take_the_farthest() {
        let points: Vec<Point<2>> = vec![[0.0, 0.0], [1.0, 0.0], [9.0, 0.0], [9.0, 2.0], [9.0, 2.0]];
        let members = vec![vec![0, 1], vec![], vec![2, 3, 4], vec![]];
        let mut lloyd =
            Lloyd::new(&points, Seeds { seeds: vec![[0.5, 0.0], [5.0, 5.0], [9.0, 1.0], [6.0, 6.0]], members });
        assert!(lloyd.step());
        while lloyd.step() {}
        assert!(lloyd.sizes.iter().all(|&size| size > 0));
        assert_eq!(lloyd.inertia(), 0.0);
    }
}
