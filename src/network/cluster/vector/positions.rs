//! From the weights of all members to what replaces them.

use super::lloyd::Lloyd;
use super::point::Point;
use super::seeding::seeds;
use crate::network::cluster::draws::Draws;
use crate::network::cluster::group::Clustered;
use crate::network::cluster::options::ClusterOptions;
use crate::network::cluster::scale::{largest_magnitude, scale_to_bits};

/// Most members of an ensemble whose weights are clustered jointly.
pub const MOST_JOINT_MEMBERS: usize = 32;

/// Clusters the vectors that values at the same place in all `members` make. The members are as many as
/// [`MOST_JOINT_MEMBERS`] at most and have equally many values.
pub(in crate::network::cluster) fn cluster(members: &[Vec<f64>], options: &ClusterOptions, draws: Draws) -> Clustered {
    match members.len() {
        0..=2 => cluster_points::<2>(members, options, draws),
        3..=4 => cluster_points::<4>(members, options, draws),
        5..=8 => cluster_points::<8>(members, options, draws),
        9..=16 => cluster_points::<16>(members, options, draws),
        _ => cluster_points::<MOST_JOINT_MEMBERS>(members, options, draws),
    }
}

fn cluster_points<const D: usize>(members: &[Vec<f64>], options: &ClusterOptions, mut draws: Draws) -> Clustered {
    // A power of two, so that distances of very small or large weights are no zeros or infinities.
    let scale = scale_to_bits(largest_magnitude(members.iter().flatten()), 0);
    let count = members.first().map_or(0, Vec::len);
    let mut points: Vec<Point<D>> = vec![[0.0; D]; count];
    for (d, values) in members.iter().enumerate() {
        // Adding zero leaves zero with one sign only.
        points.iter_mut().zip(values).for_each(|(point, value)| point[d] = value * scale + 0.0);
    }
    let distinct_before = distinct(&points);
    if distinct_before <= options.clusters {
        return Clustered::kept(distinct_before);
    }
    let mut lloyd = Lloyd::new(&points, seeds(&points, options.clusters, &mut draws));
    let mut iterations = 1;
    while lloyd.step() && iterations < options.max_iterations {
        iterations += 1;
    }
    let (assignment, centroids, inertia) = lloyd.finish();
    for (point, &cluster) in points.iter_mut().zip(&assignment) {
        *point = centroids[cluster as usize];
    }
    let replacements = |d: usize| points.iter().map(|point| point[d] / scale).collect();
    Clustered {
        replacements: Some((0..members.len()).map(replacements).collect()),
        distinct_before,
        distinct_after: distinct(&points),
        inertia: inertia / scale / scale,
        iterations,
    }
}

fn distinct<const D: usize>(points: &[Point<D>]) -> usize {
    let mut bits: Vec<[u64; D]> = points.iter().map(|point| point.map(f64::to_bits)).collect();
    bits.sort_unstable();
    bits.dedup();
    bits.len()
}
