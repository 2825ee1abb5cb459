//! Experiments that ship with the project plan as they stand.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::path::Path;

use common::program::success;

#[test]
fn shipped_experiments_plan() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, end) in [
        ("quickstart", "1 of 1 trial(s) would run"),
        ("paper/cost", "6 of 6 trial(s) would run"),
        ("paper/precision", "3 of 3 trial(s) would run"),
        ("paper/clustering_latency", "21 of 21 trial(s) would run"),
        ("ablation/layouts", "5 of 5 trial(s) would run"),
        ("ablation/integer_ring", "3 of 3 trial(s) would run"),
        ("ablation/trained_members", "12 of 12 trial(s) would run"),
        ("ablation/resnet32", "3 of 3 trial(s) would run"),
    ] {
        let text = success(root, &["run", &format!("experiments/{file}.yaml"), "--dry-run"]);
        assert!(text.contains(end), "{file}: {text}");
    }
}
