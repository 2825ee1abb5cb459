//! From values to what replaces them.

use rayon::prelude::*;

use super::exact::optimal;
use super::lloyd::Lloyd;
use super::sorted::Sorted;
use crate::network::cluster::draws::Draws;
use crate::network::cluster::group::Clustered;
use crate::network::cluster::options::{ClusterAlgorithm, ClusterOptions};

/// Clusters the values of one member.
pub(in crate::network::cluster) fn cluster(
    mut values: Vec<f64>,
    options: &ClusterOptions,
    mut draws: Draws,
) -> Clustered {
    let sorted = Sorted::new(values.clone());
    if sorted.distinct() <= options.clusters {
        return Clustered::kept(sorted.distinct());
    }
    let (bounds, iterations) = match options.algorithm {
        ClusterAlgorithm::Lloyd => {
            let mut lloyd = Lloyd::new(&sorted, options.clusters, &mut draws);
            let mut iterations = 1;
            while lloyd.step() && iterations < options.max_iterations {
                iterations += 1;
            }
            (lloyd.into_bounds(), iterations)
        }
        ClusterAlgorithm::Exact => optimal(&sorted, options.clusters),
    };
    let ranges: Vec<(usize, usize)> =
        bounds.windows(2).map(|pair| (pair[0], pair[1])).filter(|(from, to)| from < to).collect();
    let inertia = ranges.iter().map(|&(from, to)| sorted.inertia(from, to)).sum();
    let starts: Vec<f64> = ranges.iter().skip(1).map(|&(from, _)| sorted.grid()[from]).collect();
    let means: Vec<f64> = ranges.iter().map(|&(from, to)| sorted.value_on_scale(sorted.mean(from, to))).collect();
    values.par_iter_mut().with_min_len(1 << 14).for_each(|value| {
        let on_grid = sorted.to_grid(*value);
        *value = means[starts.partition_point(|start| *start <= on_grid)];
    });
    Clustered {
        replacements: Some(vec![values]),
        distinct_before: sorted.distinct(),
        distinct_after: means.chunk_by(|a, b| a == b).count(),
        inertia: sorted.square_on_scale(inertia),
        iterations,
    }
}
