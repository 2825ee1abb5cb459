//! `leveled evaluate` in a results directory: rows are appended, networks are told apart by what they are, no option is idle.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::Path;

use common::program::{leveled, refusal, success};
use common::rows::rows;
use common::tiny_model;
use leveled::experiment::accuracy::AccuracyProvenance;
use leveled::experiment::records::{AccuracyForm, AccuracyRow};
use leveled::experiment::store::LockedTable;
use tempfile::TempDir;

/// A directory with networks of these names, each from a seed of its own.
fn networks(names: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (seed, name) in names.iter().enumerate() {
        tiny_model::write_network(&directory.path().join(format!("{name}.safetensors")), seed as u64);
    }
    directory
}

fn recorded(directory: &Path) -> Vec<(String, AccuracyForm)> {
    rows::<AccuracyRow>(&directory.join("ev")).into_iter().map(|row| (row.models, row.form)).collect()
}

#[test]
fn evaluations_add_to_a_directory_and_repeat_nothing() {
    let directory = networks(&["one", "two"]);
    let here = directory.path();
    success(here, &["evaluate", "one.safetensors", "--out", "ev"]);
    let first = fs::read_to_string(here.join("ev/accuracy.csv")).unwrap();
    success(here, &["evaluate", "two.safetensors", "--out", "ev"]);
    let both = fs::read_to_string(here.join("ev/accuracy.csv")).unwrap();
    assert!(both.starts_with(&first), "{both}");
    let of = |name: &str| [(name.to_owned(), AccuracyForm::Trained), (name.to_owned(), AccuracyForm::Folded)];
    assert_eq!(recorded(here), [of("one"), of("two")].concat());
    assert_eq!(AccuracyProvenance::read(&here.join("ev")).unwrap().len(), 2);
    // What is recorded is told and not measured again; what is not is.
    let output = leveled(here, &["evaluate", "one.safetensors", "two.safetensors", "--clusters", "8", "--out", "ev"]);
    let (text, notes) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(text.contains("| one ") && text.contains("| two ") && text.contains("Clustering"), "{text}");
    assert!(notes.contains("4 of 8 rows are recorded already"), "{notes}");
    let more = fs::read_to_string(here.join("ev/accuracy.csv")).unwrap();
    assert!(more.starts_with(&both) && recorded(here).len() == 8, "{more}");
    // A network of the same name that holds something else is another one.
    tiny_model::write_network(&here.join("one.safetensors"), 9);
    success(here, &["evaluate", "one.safetensors", "--out", "ev"]);
    assert_eq!(recorded(here).len(), 10);
    // The page has every evaluation, and the table every network.
    success(here, &["report", "ev"]);
    assert!(fs::read_to_string(here.join("ev/report.html")).unwrap().matches("leveled evaluate ").count() >= 4);
    let accuracy = fs::read_to_string(here.join("ev/tables/accuracy.md")).unwrap();
    assert_eq!(accuracy.matches("| one@").count(), 2, "{accuracy}");
}

#[test]
fn a_directory_in_use_or_of_other_columns_is_refused() {
    let directory = networks(&["one"]);
    let here = directory.path();
    let (table, _) = LockedTable::<AccuracyRow>::take(&here.join("ev")).unwrap();
    let text = refusal(here, &["evaluate", "one.safetensors", "--out", "ev"]);
    assert!(text.contains("ev is in use by process"), "{text}");
    drop(table);
    success(here, &["evaluate", "one.safetensors", "--out", "ev"]);

    let path = here.join("ev/accuracy.csv");
    let text = fs::read_to_string(&path).unwrap();
    let older: String = text.lines().map(|line| line.rsplitn(5, ',').last().unwrap().to_owned() + "\n").collect();
    fs::write(&path, &older).unwrap();
    let text = refusal(here, &["evaluate", "one.safetensors", "--out", "ev"]);
    assert!(text.contains("it lacks `model_sha256`, `card_sha256`, `recipe_sha256`, `dataset_sha256`"), "{text}");
    assert_eq!(fs::read_to_string(&path).unwrap(), older);
    success(here, &["report", "ev"]);
    fs::write(here.join("thesis.tex"), "").unwrap();
    let text = refusal(here, &["evaluate", "one.safetensors", "--out", "."]);
    assert!(text.contains("is not empty") && text.contains("choose another --out"), "{text}");
}

#[test]
fn runs_and_evaluations_share_a_directory() {
    let directory = networks(&["tiny"]);
    let here = directory.path();
    fs::write(here.join("e.yaml"), tiny_model::sweep(1)).unwrap();
    success(here, &["evaluate", "tiny.safetensors", "--out", "ev"]);
    success(here, &["run", "e.yaml", "--out", "ev"]);
    success(here, &["evaluate", "tiny.safetensors", "--clusters", "4", "--modes", "full", "--out", "ev"]);
    assert_eq!(recorded(here).len(), 3);
    let text = success(here, &["run", "e.yaml", "--out", "ev", "--dry-run"]);
    assert!(text.contains("0 of 1 trial(s) would run"), "{text}");
}

#[test]
fn networks_are_what_they_hold_not_what_they_are_called() {
    let directory = networks(&["a/net", "b/net", "x_seed0", "x_seed1"]);
    let here = directory.path();
    let text = success(here, &["evaluate", "a/net.safetensors", "b/net.safetensors"]);
    assert!(!text.contains("Mean over seeds") && text.matches("| net@").count() == 4, "{text}");
    // The same file twice, under whatever name, counts once.
    fs::copy(here.join("a/net.safetensors"), here.join("copy.safetensors")).unwrap();
    let card = fs::read_to_string(here.join("a/net.yaml")).unwrap();
    fs::write(here.join("copy.yaml"), format!("# The same.\n{card}")).unwrap();
    for again in ["a/net.safetensors", "copy.safetensors"] {
        let output = leveled(here, &["evaluate", "a/net.safetensors", again]);
        let (text, notes) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(!text.contains("Mean over seeds") && text.matches("| net ").count() == 2, "{text}");
        assert!(
            notes.contains(&format!("{again} is the same network as a/net.safetensors, which counts once")),
            "{notes}"
        );
    }
    // What is named as seeds of one recipe is.
    let text = success(here, &["evaluate", "x_seed0.safetensors", "x_seed1.safetensors"]);
    assert!(text.contains("Mean over seeds"), "{text}");
}

#[test]
fn options_without_effect_are_refused() {
    let directory = networks(&["one", "two"]);
    let evaluate =
        |arguments: &[&str]| refusal(directory.path(), &[&["evaluate", "one.safetensors"], arguments].concat());
    for size in ["0", "2", "5"] {
        let text = evaluate(&["--ensembles", size]);
        assert!(text.contains(&format!("--ensembles: an ensemble of {size} is not possible")), "{text}");
    }
    assert!(evaluate(&["two.safetensors", "--ensembles", "2,3"]).contains("an ensemble of 3"));
    assert!(evaluate(&["one.safetensors", "--ensembles", "2"]).contains("an ensemble of 2"), "one network twice");
    for clusters in ["0", "1"] {
        assert!(evaluate(&["--clusters", clusters]).contains("--clusters: "));
    }
    assert!(evaluate(&["--clusters", "8", "--cluster-seeds", "0"]).contains("--cluster-seeds: without a seed"));
    assert!(evaluate(&["--clusters", "8", "--modes", "joint"]).contains("--modes: joint is for ensembles"));
    for idle in [["--modes", "full"], ["--cluster-seeds", "2"]] {
        assert!(evaluate(&idle).contains("--clusters"));
    }
    let card = directory.path().join("one.yaml");
    fs::write(&card, fs::read_to_string(&card).unwrap().replace("activation: quadratic", "activation: relu")).unwrap();
    let text = evaluate(&["--clusters", "8"]);
    assert!(text.contains("ReLU") || text.contains("tensor"), "{text}");
}
