//! Tables and figures are made from the files of a results directory, and from nothing else.

use std::path::Path;

use leveled::experiment::records::{ImageRow, LayerRow, SecurityVerdict, TrialRow, TrialStatus};
use leveled::experiment::store::Store;
use leveled::report::summary::write_report;

/// Names of ResNet-20's layers in evaluation order.
fn layer_names() -> Vec<String> {
    let block =
        |stage: usize, block: usize| [1, 2].map(|convolution| format!("layer{stage}.{block}.conv{convolution}"));
    let blocks = (1..=3).flat_map(|stage| (0..3).flat_map(move |index| block(stage, index)));
    ["conv1".to_owned()].into_iter().chain(blocks).chain(["linear".to_owned()]).collect()
}

/// Rows in the form that a ResNet-20 gives; the numbers are made up.
fn write_trial(store: &mut Store, trial_id: &str, security_2024: SecurityVerdict) {
    let names = layer_names();
    for (layer, name) in names.iter().enumerate() {
        let index = layer as u32;
        let row = LayerRow {
            trial_id: trial_id.to_owned(),
            layer: index,
            name: name.clone(),
            kind: "convolution + square".to_owned(),
            level_in: Some(names.len() as u32 - index),
            level_out: Some(names.len() as u32 - index - 1),
            scale_bits: Some(20.0),
            seconds: Some(0.08 + 0.9 / f64::from(index + 1) + 0.02 * f64::from(index % 3)),
            ..LayerRow::default()
        };
        store.append_layer(&row).unwrap();
    }
    let image = ImageRow { trial_id: trial_id.to_owned(), label: Some(3), ..ImageRow::default() };
    store.append_image(&image).unwrap();
    let row = TrialRow {
        trial_id: trial_id.to_owned(),
        network: "resnet20".to_owned(),
        width: Some(16),
        dataset: "cifar10".to_owned(),
        log_n: Some(15),
        layout: "packed".to_owned(),
        images: Some(3),
        agreement: Some(1.0),
        logit_error_median: Some(0.011_3),
        peak_memory_bytes: Some(5 << 30),
        log2_qp: Some(864.0),
        security_2018: Some(SecurityVerdict::Secure),
        security_2024: Some(security_2024),
        threads: Some(2),
        ..TrialRow::default()
    };
    store.append_trial(&row).unwrap();
}

fn directory_with(trials: &[(&str, SecurityVerdict)], out: &Path) {
    let mut store = Store::create(out).unwrap();
    for (trial_id, verdict) in trials {
        write_trial(&mut store, trial_id, *verdict);
    }
}

#[test]
fn one_trial_gives_a_summary_and_two_figures() {
    let directory = tempfile::tempdir().unwrap();
    directory_with(&[("00000000000012e4", SecurityVerdict::Secure)], directory.path());
    let paths = write_report(directory.path()).unwrap();
    let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    let expected = [
        "summary.csv",
        "summary.md",
        "level_and_scale.svg",
        "level_and_scale.png",
        "seconds_by_layer.svg",
        "seconds_by_layer.png",
    ];
    assert_eq!(names, expected);
    let markdown = std::fs::read_to_string(directory.path().join("summary.md")).unwrap();
    for part in ["00000000000012e4", "128-bit", "5.00"] {
        assert!(markdown.contains(part), "{markdown}");
    }
    let csv = std::fs::read_to_string(directory.path().join("summary.csv")).unwrap();
    assert!(csv.starts_with("trial_id,status,network") && csv.contains(",128-bit"), "{csv}");
    let svg = std::fs::read_to_string(&paths[2]).unwrap();
    for name in layer_names() {
        assert!(svg.contains(&name), "{name}");
    }
    let png = std::fs::read(&paths[5]).unwrap();
    assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000);
    // For a look at the figures: LEVELED_KEEP_FIGURES=DIR cargo test --release --test report
    if let Some(keep) = std::env::var_os("LEVELED_KEEP_FIGURES") {
        for path in &paths {
            std::fs::copy(path, Path::new(&keep).join(path.file_name().unwrap())).unwrap();
        }
    }
}

#[test]
fn several_trials_have_figures_of_their_own_and_insecure_rows_say_so() {
    let directory = tempfile::tempdir().unwrap();
    directory_with(&[("aa", SecurityVerdict::Secure), ("bb", SecurityVerdict::Insecure)], directory.path());
    let failed = TrialRow {
        trial_id: "cc".to_owned(),
        status: TrialStatus::Failed,
        reason: "killed by signal 9".to_owned(),
        ..TrialRow::default()
    };
    Store::open(directory.path()).unwrap().append_trial(&failed).unwrap();
    let paths = write_report(directory.path()).unwrap();
    assert_eq!(paths.len(), 2 + 2 * 4);
    assert!(directory.path().join("figures/seconds_by_layer_bb.svg").is_file());
    let markdown = std::fs::read_to_string(directory.path().join("summary.md")).unwrap();
    assert!(markdown.lines().any(|line| line.contains("| bb ") && line.contains("insecure")), "{markdown}");
    assert!(markdown.contains("* `cc`: killed by signal 9"), "{markdown}");
    // A report may be made again; it replaces what it made.
    assert_eq!(write_report(directory.path()).unwrap(), paths);
}

#[test]
fn a_store_without_rows_gives_an_empty_summary() {
    let directory = tempfile::tempdir().unwrap();
    Store::create(directory.path()).unwrap();
    assert_eq!(write_report(directory.path()).unwrap().len(), 2);
}
