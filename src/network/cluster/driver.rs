//! From options to clustered networks.

use rayon::prelude::*;

use super::group::{Clustered, Group};
use super::options::{ClusterMode, ClusterOptions};
use super::part::Part;
use super::report::ClusterReport;
use super::scale::{largest_magnitude, scale_to_bits};
use super::vector::MOST_JOINT_MEMBERS;
use crate::network::error::NetworkError;
use crate::network::lowered::LoweredNetwork;
use crate::network::members::check_members;

/// Clusters the convolution weights of an ensemble (or, with one member, of a network) in place.
///
/// Afterwards each group (see [`ClusterMode`]) has at most `options.clusters` distinct values, so the clustered
/// convolution multiplies that often per kernel column. A group that had no more is kept as it is. Groups are shared out
/// over rayon's threads; the result does not depend on their number.
///
/// # Errors
/// Those of [`ClusterOptions::check`] and [`check_members`]; [`NetworkError::JointMembers`] for more members than joint
/// clustering takes. The members are then as they were.
pub fn cluster(members: &mut [LoweredNetwork], options: &ClusterOptions) -> Result<ClusterReport, NetworkError> {
    options.check()?;
    check_members(members)?;
    if options.mode == ClusterMode::Joint && members.len() > MOST_JOINT_MEMBERS {
        return Err(NetworkError::JointMembers { most: MOST_JOINT_MEMBERS, found: members.len() });
    }
    let groups = Group::all(members, options.mode);
    let found = cluster_all(&groups, members, options);
    let before: Vec<Vec<f64>> = members.iter().map(convolution_weights).collect();
    for (group, found) in groups.iter().zip(&found) {
        group.replace(members, found);
    }
    let relative_error = relative_error(&before, members.iter().map(convolution_weights));
    let reports = groups.iter().zip(&found).map(|(group, found)| group.report(members, found)).collect();
    Ok(ClusterReport { groups: reports, relative_error })
}

/// What is found for each of `groups`, in their order.
fn cluster_all(groups: &[Group], members: &[LoweredNetwork], options: &ClusterOptions) -> Vec<Clustered> {
    // The largest first and one at a time, so that no thread begins a long one when the others are done.
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(groups[index].values()));
    let jobs = order.into_par_iter().with_max_len(1);
    let mut found: Vec<(usize, Clustered)> =
        jobs.map(|index| (index, groups[index].cluster(members, options))).collect();
    found.sort_unstable_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, found)| found).collect()
}

fn convolution_weights(network: &LoweredNetwork) -> Vec<f64> {
    Part::slices(network).into_iter().flat_map(|part| part.values(network)).collect()
}

/// `|after - before| / |before|` of all members together, of which `after` gives one at a time; 0 if nothing has changed.
fn relative_error(before: &[Vec<f64>], after: impl Iterator<Item = Vec<f64>>) -> f64 {
    let largest = before.iter().map(largest_magnitude).fold(0.0, f64::max);
    let scale = scale_to_bits(largest, 0);
    let square = |x: f64| (x * scale).powi(2);
    let (mut change, mut norm) = (0.0, 0.0);
    for (before, after) in before.iter().zip(after) {
        for (old, new) in before.iter().zip(&after) {
            change += square(new - old);
            norm += square(*old);
        }
    }
    if change == 0.0 { 0.0 } else { (change / norm).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::cluster::{ClusterAlgorithm, GroupReport, SliceName};
    use crate::network::lowered::LinearMap;
    use crate::network::random::tests::tiny;
    use crate::network::{Architecture, LowerOptions, Network, Pool, Shortcut};

    fn ensemble(count: u64) -> Vec<LoweredNetwork> {
        (0..count).map(|seed| tiny(seed).lower().unwrap()).collect()
    }

    /// A network with thousands of weights.
    fn small(seed: u64) -> LoweredNetwork {
        Network::random(&Architecture::named("resnet20", 4, 10).unwrap(), seed).unwrap().lower().unwrap()
    }

    fn options(clusters: usize, mode: ClusterMode, algorithm: ClusterAlgorithm) -> ClusterOptions {
        ClusterOptions { clusters, mode, algorithm, seed: 3, ..ClusterOptions::default() }
    }

    const ALL: [(ClusterMode, ClusterAlgorithm); 5] = [
        (ClusterMode::Full, ClusterAlgorithm::Lloyd),
        (ClusterMode::Full, ClusterAlgorithm::Exact),
        (ClusterMode::Slice, ClusterAlgorithm::Lloyd),
        (ClusterMode::Slice, ClusterAlgorithm::Exact),
        (ClusterMode::Joint, ClusterAlgorithm::Lloyd),
    ];

    fn distinct(mut values: Vec<f64>) -> usize {
        values.sort_by(f64::total_cmp);
        values.dedup();
        values.len()
    }

    /// What clustering must leave alone: all but the weights of convolutions.
    fn without_convolutions(network: &LoweredNetwork) -> LoweredNetwork {
        let mut network = network.clone();
        for term in network.layers.iter_mut().flat_map(|layer| &mut layer.terms) {
            if let LinearMap::Convolution { weights, .. } = &mut term.map {
                weights.fill(0.0);
            }
        }
        network
    }

    #[test]
    fn few_distinct_values_are_left_and_everything_else_stays() {
        let before = vec![small(1), small(2), small(3)];
        for (mode, algorithm) in ALL {
            let mut after = before.clone();
            let report = cluster(&mut after, &options(8, mode, algorithm)).unwrap();
            assert_eq!(report.kept(), 0);
            for (member, old) in after.iter().zip(&before) {
                for part in Part::slices(member) {
                    assert!(distinct(part.values(member)) <= 8, "{mode:?} {part:?}");
                }
                let whole = [Part::slices(member), Part::biases(member)].concat();
                let whole = distinct(whole.iter().flat_map(|part| part.values(member)).collect());
                assert_eq!(whole <= 8, mode == ClusterMode::Full);
                if mode != ClusterMode::Full {
                    assert_eq!(without_convolutions(member), without_convolutions(old));
                }
                member.forward(&vec![0.5; member.input.len()]).unwrap();
            }
            let groups = match mode {
                ClusterMode::Full => 3,
                ClusterMode::Slice => 3 * Part::slices(&before[0]).len(),
                ClusterMode::Joint => Part::slices(&before[0]).len(),
            };
            assert_eq!(report.groups.len(), groups);
            assert!(report.groups.iter().all(|group| group.distinct_after == 8 && group.iterations > 0), "{report:?}");
        }
    }

    #[test]
    fn full_clustering_takes_the_biases_and_no_shortcut_and_no_classifier() {
        for shortcut in [Shortcut::Projection, Shortcut::Pad] {
            full_clustering_takes(shortcut);
        }
    }

    fn full_clustering_takes(shortcut: Shortcut) {
        let architecture = Architecture::named("resnet20", 4, 10).unwrap().with(shortcut, Pool::Standard);
        let before = Network::random(&architecture, 1).unwrap().lower().unwrap();
        let mut after = [before.clone()];
        cluster(&mut after, &options(8, ClusterMode::Full, ClusterAlgorithm::Lloyd)).unwrap();
        for (new, old) in after[0].layers.iter().zip(&before.layers) {
            for (new, old) in new.terms.iter().zip(&old.terms) {
                assert_eq!(new == old, !matches!(old.map, LinearMap::Convolution { .. }));
            }
            assert_eq!(new.bias == old.bias, old.name == "linear");
            assert_eq!(new.centre, old.centre);
        }
    }

    #[test]
    fn averages_have_no_weights_to_share() {
        let network = Network::random(&Architecture::named("resnet20", 4, 10).unwrap(), 1).unwrap();
        let clustered = |fuse, mode| {
            let mut lowered = [network.lower_with(LowerOptions { fuse, ..LowerOptions::default() }).unwrap()];
            let before = lowered[0].clone();
            let report = cluster(&mut lowered, &options(8, mode, ClusterAlgorithm::Lloyd)).unwrap();
            (before, lowered, report)
        };
        let (before, [after], _) = clustered(false, ClusterMode::Full);
        let pool = before.layers.iter().position(|layer| layer.name == "pool").unwrap();
        assert!(matches!(before.layers[pool].terms[0].map, LinearMap::Convolution { .. }));
        assert_eq!(after.layers[pool], before.layers[pool]);
        assert_ne!(after.layers[0].terms, before.layers[0].terms);
        let groups = |fuse| clustered(fuse, ClusterMode::Slice).2.groups.len();
        assert_eq!(groups(false), groups(true));
    }

    #[test]
    fn the_report_says_what_was_done() {
        let before = small(1);
        let mut after = [before.clone()];
        let report = cluster(&mut after, &options(8, ClusterMode::Slice, ClusterAlgorithm::Exact)).unwrap();
        let group = |name: &str, term, column| {
            let slice = Some(SliceName { layer: name.to_owned(), term, column });
            report.groups.iter().find(|group| group.slice == slice).unwrap()
        };
        assert_eq!(group("conv1", 0, 2).values, 4 * 3 * 3);
        assert_eq!(group("layer2.0.conv2", 1, 0).values, 8 * 4, "the projection");
        let mut change = 0.0;
        for (part, group) in Part::slices(&before).into_iter().zip(&report.groups) {
            let (old, new) = (part.values(&before), part.values(&after[0]));
            let inertia: f64 = old.iter().zip(&new).map(|(old, new)| (new - old).powi(2)).sum();
            assert!((inertia - group.inertia).abs() < 1e-9 * inertia);
            assert_eq!((group.slice.clone(), group.member), (part.name(&before), Some(0)));
            assert_eq!((group.values, group.distinct_before, group.distinct_after), (old.len(), old.len(), 8));
            change += inertia;
        }
        let norm: f64 = convolution_weights(&before).iter().map(|value| value.powi(2)).sum();
        assert!((report.relative_error - (change / norm).sqrt()).abs() < 1e-9);

        let report =
            cluster(&mut [small(1), small(2)], &options(8, ClusterMode::Joint, ClusterAlgorithm::Lloyd)).unwrap();
        assert!(report.groups.iter().all(|group| group.member.is_none() && group.slice.is_some()));
    }

    #[test]
    fn slices_of_few_values_stay_as_they_are() {
        for mode in [ClusterMode::Slice, ClusterMode::Joint] {
            let before = vec![small(1), small(2)];
            let mut after = before.clone();
            // The stem has 36 weights in a slice, the first stage 48.
            let report = cluster(&mut after, &options(40, mode, ClusterAlgorithm::Lloyd)).unwrap();
            let stem = |group: &&GroupReport| group.slice.as_ref().is_some_and(|slice| slice.layer == "conv1");
            for group in report.groups.iter().filter(stem) {
                let expected = GroupReport {
                    values: 36,
                    distinct_before: 36,
                    distinct_after: 36,
                    inertia: 0.0,
                    iterations: 0,
                    kept: true,
                    ..group.clone()
                };
                assert_eq!(group, &expected);
            }
            for (new, old) in after.iter().zip(&before) {
                assert_eq!(new.layers[0], old.layers[0]);
                assert_ne!(new.layers[1], old.layers[1]);
            }
            assert_eq!(report.kept(), report.groups.iter().filter(|group| group.values <= 40).count());
        }
    }

    #[test]
    fn clustered_networks_stay_as_they_are() {
        for (mode, algorithm) in ALL {
            let mut members = vec![small(1), small(2)];
            let options = options(6, mode, algorithm);
            cluster(&mut members, &options).unwrap();
            let before = members.clone();
            let report = cluster(&mut members, &options).unwrap();
            assert_eq!((report.kept(), report.relative_error), (report.groups.len(), 0.0));
            assert_eq!(members, before);
        }
    }

    #[test]
    fn nothing_depends_on_the_number_of_threads() {
        for (mode, algorithm) in ALL {
            let results: Vec<_> = [1, 2, 5]
                .into_iter()
                .map(|threads| {
                    let mut members = vec![small(1), small(2)];
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    let report = pool.install(|| cluster(&mut members, &options(7, mode, algorithm)).unwrap());
                    (members, report)
                })
                .collect();
            assert!(results.iter().all(|result| result == &results[0]), "{mode:?} {algorithm:?}");
        }
    }

    #[test]
    fn seeds_matter_to_lloyd_and_not_to_the_exact_algorithm() {
        let clustered = |seed, algorithm| {
            let mut members = [small(1)];
            let options = ClusterOptions { seed, ..options(7, ClusterMode::Slice, algorithm) };
            let report = cluster(&mut members, &options).unwrap();
            (members, report.relative_error)
        };
        let exact = clustered(1, ClusterAlgorithm::Exact);
        assert_eq!(exact, clustered(2, ClusterAlgorithm::Exact));
        let lloyd = [1, 2].map(|seed| clustered(seed, ClusterAlgorithm::Lloyd));
        assert_ne!(lloyd[0], lloyd[1]);
        assert!(lloyd.iter().all(|(_, error)| exact.1 < *error));
    }

    #[test]
    fn members_are_clustered_one_by_one_unless_jointly() {
        for (mode, algorithm) in &ALL[..4] {
            let mut together = vec![small(1), small(2)];
            cluster(&mut together, &options(7, *mode, *algorithm)).unwrap();
            let mut alone = [small(1)];
            cluster(&mut alone, &options(7, *mode, *algorithm)).unwrap();
            assert_eq!(together[0], alone[0]);
        }
    }

    #[test]
    fn joint_clustering_of_one_member_is_that_by_slice() {
        let [mut joint, mut slice] = [[small(4)], [small(4)]];
        let reports = [(&mut joint, ClusterMode::Joint), (&mut slice, ClusterMode::Slice)]
            .map(|(members, mode)| cluster(members, &options(9, mode, ClusterAlgorithm::Lloyd)).unwrap());
        assert_eq!(joint, slice);
        assert_eq!(reports[0], reports[1]);
    }

    #[test]
    fn equal_members_are_clustered_jointly_as_well_as_alone() {
        // Vectors of equal coordinates lie on a line, so the optimum is that of one member.
        let mut joint = vec![small(4); 3];
        let report = cluster(&mut joint, &options(9, ClusterMode::Joint, ClusterAlgorithm::Lloyd)).unwrap();
        assert!(joint.iter().all(|member| *member == joint[0]));
        let mut alone = [small(4)];
        let exact = cluster(&mut alone, &options(9, ClusterMode::Slice, ClusterAlgorithm::Exact)).unwrap();
        assert!(exact.relative_error <= report.relative_error * (1.0 + 1e-12));
        assert!(report.relative_error < 1.3 * exact.relative_error);
    }

    #[test]
    fn more_clusters_lose_less() {
        for (mode, algorithm) in ALL {
            let errors = [2, 4, 8, 16].map(|clusters| {
                let mut members = vec![small(1), small(2)];
                cluster(&mut members, &options(clusters, mode, algorithm)).unwrap().relative_error
            });
            assert!(errors.windows(2).all(|pair| pair[1] < pair[0]), "{mode:?} {algorithm:?} {errors:?}");
        }
    }

    #[test]
    fn weights_of_any_size_are_clustered() {
        for factor in [1e-160, 1e160] {
            for (mode, algorithm) in ALL {
                let mut members = vec![small(1), small(2)];
                let scale = |member: &mut LoweredNetwork| {
                    for part in [Part::slices(member), Part::biases(member)].concat() {
                        let scaled: Vec<f64> = part.values(member).iter().map(|value| value * factor).collect();
                        part.replace(member, &scaled);
                    }
                };
                members.iter_mut().for_each(scale);
                let report = cluster(&mut members, &options(8, mode, algorithm)).unwrap();
                assert!((0.01..0.9).contains(&report.relative_error), "{mode:?} {algorithm:?} {report:?}");
            }
        }
        let mut zero = ensemble(2);
        for member in &mut zero {
            for part in Part::slices(member) {
                part.replace(member, &vec![0.0; part.values(member).len()]);
            }
        }
        let report = cluster(&mut zero, &ClusterOptions::default()).unwrap();
        assert_eq!((report.kept(), report.relative_error), (report.groups.len(), 0.0));
    }

    #[test]
    fn what_cannot_be_clustered_is_refused_and_left_alone() {
        let sound = ensemble(2);
        let refusal = |members: &[LoweredNetwork], options: ClusterOptions| {
            let mut after = members.to_vec();
            let text = cluster(&mut after, &options).unwrap_err().to_string();
            assert_eq!(format!("{after:?}"), format!("{members:?}"));
            text
        };
        let text = refusal(&sound, ClusterOptions { clusters: 1, ..ClusterOptions::default() });
        assert!(text.starts_with("1 clusters are not possible"), "{text}");
        let text = refusal(&[], ClusterOptions::default());
        assert!(text.starts_with("no members: give at least one network"), "{text}");
        let mut damaged = sound.clone();
        let part = Part::slices(&sound[0])[4];
        part.replace(&mut damaged[1], &[f64::INFINITY]);
        let text = refusal(&damaged, ClusterOptions::default());
        assert_eq!(text, "member 1: lowered layer `layer1.0.conv1`: a weight or bias is inf, expected finite numbers");
        let text = refusal(&[sound[0].clone(), small(1)], ClusterOptions::default());
        assert!(text.starts_with("member 1 is of another graph than member 0: the input's shape is 3x32x32"), "{text}");
        let many = vec![sound[0].clone(); 33];
        let text = refusal(&many, ClusterOptions { mode: ClusterMode::Joint, ..ClusterOptions::default() });
        assert_eq!(text, "joint clustering takes at most 32 members, not 33: use fewer, or mode slice or full");
    }
}
