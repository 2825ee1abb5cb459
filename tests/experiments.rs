//! Experiments that ship with the project plan as they stand.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use common::program::success;
use leveled::experiment::config::Experiment;
use leveled::experiment::plan_view::PlanView;
use leveled::experiment::records::SecurityVerdict;

#[test]
fn shipped_experiments_plan() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, end) in [
        ("quickstart", "1 of 1 trial(s) would run"),
        ("paper/cost", "12 of 12 trial(s) would run"),
        ("paper/precision", "3 of 3 trial(s) would run"),
        ("paper/ensembles_latency", "6 of 6 trial(s) would run"),
        ("paper/clustering_latency", "27 of 27 trial(s) would run"),
        ("ablation/layouts", "5 of 5 trial(s) would run"),
        ("ablation/integer_ring", "3 of 3 trial(s) would run"),
        ("ablation/trained_members", "12 of 12 trial(s) would run"),
        ("ablation/resnet32", "3 of 3 trial(s) would run"),
        ("ablation/deep", "2 of 2 trial(s) would run"),
        ("ablation/ring_switching", "2 of 2 trial(s) would run"),
        ("ablation/vgg16", "5 of 5 trial(s) would run"),
    ] {
        // Whatever else the machine's memory is in use for.
        let set = ["--set", "memory.limit=64 GiB"];
        let text = success(root, &[&["run", &format!("experiments/{file}.yaml"), "--dry-run"], &set[..]].concat());
        assert!(text.contains(end), "{file}: {text}");
    }
}

/// Files of a directory and those below it.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_shipped_experiment_is_sound() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Beside black images in place of the data sets, which have to be fetched.
    let project = tempfile::tempdir().unwrap();
    for shipped in ["configs", "models"] {
        symlink(root.join(shipped), project.path().join(shipped)).unwrap();
    }
    let data = project.path().join("data/full");
    fs::create_dir_all(&data).unwrap();
    for (file, record) in [("test_batch.bin", 1 + 3072), ("test.bin", 2 + 3072)] {
        File::create(data.join(file)).unwrap().set_len(10_000 * record).unwrap();
    }
    let mut read = 0;
    for directory in ["experiments", "scripts/fhe_suite"] {
        for path in files(&root.join(directory)).iter().filter(|path| path.extension().is_some_and(|it| it == "yaml")) {
            let copy = project.path().join(path.strip_prefix(root).unwrap());
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(path, &copy).unwrap();
            let experiment = Experiment::read(&copy).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(!experiment.trials.is_empty(), "{}", path.display());
            read += 1;
        }
    }
    assert!(read > 37, "{read}");
}

#[test]
fn tiles_compared_plan() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // On the shipped images: the file's own have to be fetched.
    let set = ["--set", "fixed.dataset=cifar10", "--set", "fixed.images=200", "--set", "memory.limit=64 GiB"];
    let told = success(root, &[&["run", "experiments/ablation/tiled.yaml", "--dry-run"], &set[..]].concat());
    assert!(told.contains("4 of 4 trial(s) would run"), "{told}");
}

#[test]
fn deep_networks_have_chains_below_the_security_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = success(root, &["plan", "experiments/ablation/deep.yaml", "--json"]);
    let plans: Vec<PlanView> = serde_json::from_str(&text).unwrap();
    let found: Vec<_> = plans.iter().map(|plan| (plan.network.as_str(), plan.log_n, plan.levels_used)).collect();
    assert_eq!(found, [("resnet44", 16, 44), ("resnet56", 17, 56)]);
    for plan in &plans {
        assert_eq!(plan.security_2024, SecurityVerdict::Secure, "{}", plan.network);
        assert!(plan.log2_qp <= f64::from(plan.line_2024.unwrap()), "{}: {}", plan.network, plan.log2_qp);
    }
    // The older table has no line there.
    assert_eq!((plans[1].line_2018, plans[1].security_2018), (None, SecurityVerdict::Unknown));
    assert!(plans[1].log2_qp > 1747.0, "{} would fit a smaller ring", plans[1].log2_qp);
}

#[test]
fn vgg16_is_128_bit_secure_where_the_article_s_chain_is_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = success(root, &["plan", "experiments/ablation/vgg16.yaml", "--json", "--set", "memory.limit=64 GiB"]);
    let plans: Vec<PlanView> = serde_json::from_str(&text).unwrap();
    assert_eq!(plans.len(), 5);
    for plan in &plans {
        assert_eq!(
            (plan.log_n, plan.levels_used, plan.security_2024),
            (15, 16, SecurityVerdict::Secure),
            "{}",
            plan.layout
        );
        assert!(plan.log2_qp <= 868.0, "{}: {}", plan.layout, plan.log2_qp);
    }
}
