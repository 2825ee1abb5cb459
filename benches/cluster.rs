//! Seconds to cluster the weights of a network, over modes, algorithms and numbers of clusters.
//!
//! `cargo bench --bench cluster` measures ResNet-18 of width 64 once per combination and prints a line each: a run takes
//! long enough to need no repetition. Arguments after `--` name another network and width, such as `resnet20 16`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that fails ends by a panic")]

use std::time::Instant;

use leveled::network::cluster::{ClusterAlgorithm, ClusterMode, ClusterOptions, cluster};
use leveled::network::lowered::LoweredNetwork;
use leveled::network::{Architecture, Network};

/// Members of the ensemble that is clustered jointly.
const MEMBERS: u64 = 2;

fn main() {
    // Cargo passes flags of its own.
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let name = arguments.next().unwrap_or_else(|| "resnet18".to_owned());
    let width = arguments.next().map_or(64, |width| width.parse().expect("the width is a number"));
    let architecture = Architecture::named(&name, width, 10).expect("a known network");
    let member = |seed| Network::random(&architecture, seed).unwrap().lower().unwrap();
    let members: Vec<LoweredNetwork> = (0..MEMBERS).map(member).collect();
    println!("{name}, width {width}, random weights, {} thread(s)", rayon::current_num_threads());
    println!("mode   method  members  K      seconds  groups  kept  relative error");
    let combinations = [
        (ClusterMode::Full, ClusterAlgorithm::Lloyd, 1),
        (ClusterMode::Full, ClusterAlgorithm::Exact, 1),
        (ClusterMode::Slice, ClusterAlgorithm::Lloyd, 1),
        (ClusterMode::Slice, ClusterAlgorithm::Exact, 1),
        (ClusterMode::Joint, ClusterAlgorithm::Lloyd, MEMBERS as usize),
    ];
    for (mode, algorithm, count) in combinations {
        for clusters in [2, 64, 1024, 8192] {
            let mut clustered = members[..count].to_vec();
            let options = ClusterOptions { clusters, mode, algorithm, ..ClusterOptions::default() };
            let start = Instant::now();
            let report = cluster(&mut clustered, &options).unwrap();
            let seconds = start.elapsed().as_secs_f64();
            println!(
                "{:<7}{:<8}{count:<9}{clusters:<7}{seconds:<9.2}{:<8}{:<6}{:.2e}",
                mode.as_str(),
                algorithm.as_str(),
                report.groups.len(),
                report.kept(),
                report.relative_error
            );
        }
    }
}
