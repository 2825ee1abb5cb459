//! `leveled evaluate` in a results directory: rows are appended, networks are told apart by what they are, no option is idle.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::Path;

use common::program::{leveled, refusal, success};
use common::rows::rows;
use common::tiny_model;
use leveled::experiment::provenance::Provenance;
use leveled::experiment::records::{ImageRow, TrialRow};
use leveled::experiment::store::{RunDirectory, newest_part, table_parts};
use tempfile::TempDir;

/// A directory with networks of these names, each from a seed of its own.
fn networks(names: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (seed, name) in names.iter().enumerate() {
        tiny_model::write_network(&directory.path().join(format!("{name}.safetensors")), seed as u64);
    }
    directory
}

/// The names and forms of the networks that were evaluated in the clear.
fn recorded(directory: &Path) -> Vec<(String, String)> {
    let clear = rows::<TrialRow>(&directory.join("ev")).into_iter().filter(|row| row.backend == "clear");
    clear.map(|row| (row.model.trim_end_matches(".safetensors").to_owned(), row.network_form)).collect()
}

#[test]
fn evaluations_add_to_a_directory_and_repeat_nothing() {
    let directory = networks(&["one", "two"]);
    let here = directory.path();
    success(here, &["evaluate", "one.safetensors", "--out", "ev"]);
    let first = fs::read_to_string(here.join("ev/trials.csv")).unwrap();
    success(here, &["evaluate", "two.safetensors", "--out", "ev"]);
    let both = fs::read_to_string(here.join("ev/trials.csv")).unwrap();
    assert!(both.starts_with(&first), "{both}");
    let of = |name: &str| ["trained", "lowered"].map(|form| (name.to_owned(), form.to_owned()));
    assert_eq!(recorded(here), [of("one"), of("two")].concat());
    assert_eq!(Provenance::read(&here.join("ev")).unwrap().unwrap().sessions.len(), 2);
    // What is recorded is told and not measured again; what is not is.
    let output = leveled(here, &["evaluate", "one.safetensors", "two.safetensors", "--clusters", "8", "--out", "ev"]);
    let (text, notes) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(text.contains("| one ") && text.contains("| two ") && text.contains("Clustering"), "{text}");
    assert!(notes.contains("4 of 8 rows are recorded already"), "{notes}");
    let more = fs::read_to_string(here.join("ev/trials.csv")).unwrap();
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
    let (taken, _) = RunDirectory::take(&here.join("ev")).unwrap();
    let text = refusal(here, &["evaluate", "one.safetensors", "--out", "ev"]);
    assert!(text.contains("ev is in use by process"), "{text}");
    drop(taken);
    success(here, &["evaluate", "one.safetensors", "--out", "ev"]);

    let path = here.join("ev/trials.csv");
    let text = fs::read_to_string(&path).unwrap();
    let older: String = text.lines().map(|line| line.rsplitn(2, ',').last().unwrap().to_owned() + "\n").collect();
    fs::write(&path, &older).unwrap();
    // What an earlier version wrote counts and stays; what is new goes to a further file.
    let output = leveled(here, &["evaluate", "one.safetensors", "--clusters", "4", "--modes", "full", "--out", "ev"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("2 of 3 rows are recorded already"));
    assert_eq!(fs::read_to_string(&path).unwrap(), older);
    let parts = table_parts::<TrialRow>(&here.join("ev"));
    assert_eq!(parts, [path.clone(), here.join("ev/trials.2.csv")]);
    assert_eq!(newest_part::<TrialRow>(&here.join("ev")), parts[1]);
    assert_eq!(fs::read_to_string(&parts[1]).unwrap().lines().count(), 2);
    success(here, &["report", "ev"]);
    let later = older.replacen("trial_id,", "trial_id,mood,", 1);
    fs::write(&path, &later).unwrap();
    let text = refusal(here, &["evaluate", "one.safetensors", "--out", "ev"]);
    assert!(text.contains("has other columns") && text.contains("it has `mood`"), "{text}");
    assert_eq!(fs::read_to_string(&path).unwrap(), later);
    fs::write(here.join("thesis.tex"), "").unwrap();
    let text = refusal(here, &["evaluate", "one.safetensors", "--out", "."]);
    assert!(text.contains("is not empty") && text.contains("choose another directory"), "{text}");
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
    success(here, &["report", "ev"]);
    let text = success(here, &["run", "e.yaml", "--out", "ev", "--dry-run"]);
    assert!(text.contains("0 of 1 trial(s) would run"), "{text}");
}

#[test]
fn an_experiment_in_the_clear_is_run_like_any_other() {
    let directory = networks(&["one", "two"]);
    let here = directory.path();
    let text = "name: e\nfixed: {model: [one.safetensors, two.safetensors], dataset: cifar10, images: 20, log_n: 12, \
                parameters: {scale_bits: 25, weight_bits: 20, base_bits: 34}, security: none, seed: 1}\n\
                sweep: {backend: [simulated, clear], seed: [1, 2]}\n";
    fs::write(here.join("e.yaml"), text.replace(", seed: 1}", "}")).unwrap();
    let text = success(here, &["run", "e.yaml", "--out", "ev", "--dry-run"]);
    assert!(
        text.contains("3 of 3 trial(s) would run") && text.contains("is the same trial as an earlier one"),
        "{text}"
    );
    success(here, &["run", "e.yaml", "--out", "ev"]);
    let (clear, simulated): (Vec<TrialRow>, Vec<TrialRow>) =
        rows::<TrialRow>(&here.join("ev")).into_iter().partition(|row| row.backend == "clear");
    let [clear] = clear.as_slice() else { panic!("{clear:?}") };
    assert_eq!((clear.clear_accuracy, clear.clear_accuracy_images), (simulated[0].clear_accuracy, Some(20)));
    assert_eq!((clear.accuracy, clear.simulated_accuracy, clear.agreement), (None, None, None));
    assert_eq!((clear.log_n, clear.scale_bits, clear.levels_used, clear.seed), (None, None, None, None));
    assert_eq!((clear.network_form.as_str(), clear.ensemble), ("lowered", Some(2)));
    // The mean of the members' logits is what the merged network gives.
    let images = rows::<ImageRow>(&here.join("ev"));
    let of = |trial: &TrialRow| {
        let mut images: Vec<_> = images.iter().filter(|image| image.trial_id == trial.trial_id).collect();
        images.sort_by_key(|image| image.image);
        images.iter().map(|image| (image.image, image.clear_predicted, image.label)).collect::<Vec<_>>()
    };
    assert_eq!((of(clear).len(), of(clear)), (20, of(&simulated[0])));
    let text = success(here, &["run", "e.yaml", "--out", "ev", "--dry-run"]);
    assert!(text.contains("0 of 3 trial(s) would run"), "{text}");
    let output = leveled(here, &["plan", "e.yaml"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("1 trial(s) are evaluated in the clear"));
}

#[test]
fn what_earlier_versions_measured_stays() {
    let directory = networks(&["one"]);
    let here = directory.path();
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/reference/accuracy_cifar10");
    fs::create_dir(here.join("ev")).unwrap();
    for file in ["accuracy.csv", "accuracy_provenance.json"] {
        fs::copy(recorded.join(file), here.join("ev").join(file)).unwrap();
    }
    success(here, &["evaluate", "one.safetensors", "--out", "ev"]);
    for file in ["accuracy.csv", "accuracy_provenance.json"] {
        assert_eq!(fs::read(recorded.join(file)).unwrap(), fs::read(here.join("ev").join(file)).unwrap());
    }
    success(here, &["report", "ev"]);
    let accuracy = fs::read_to_string(here.join("ev/tables/accuracy.md")).unwrap();
    assert!(accuracy.contains("| one ") && accuracy.contains("herpn"), "{accuracy}");
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
fn an_ensemble_has_a_row_of_its_own() {
    let directory = networks(&["one", "two"]);
    let here = directory.path();
    let text = success(here, &["evaluate", "one.safetensors", "two.safetensors", "--ensembles", "2", "--out", "ev"]);
    assert!(text.contains("Ensembles"), "{text}");
    // As trained, and folded.
    let pairs =
        rows::<TrialRow>(&here.join("ev")).into_iter().filter(|row| row.ensemble == Some(2)).collect::<Vec<_>>();
    assert_eq!((pairs.len(), pairs[0].model.as_str()), (2, "one.safetensors two.safetensors"));
    assert!(pairs[0].clear_accuracy.is_some() && pairs[0].clear_accuracy_images == Some(200), "{:?}", pairs[0]);
}

#[test]
fn options_without_effect_are_refused() {
    let directory = networks(&["one", "two"]);
    let evaluate =
        |arguments: &[&str]| refusal(directory.path(), &[&["evaluate", "one.safetensors"], arguments].concat());
    assert!(evaluate(&["--ensembles", "0"]).contains("--ensembles: an ensemble has at least one member"));
    let text = evaluate(&["--data", "."]);
    assert!(text.starts_with("error: --data: no `test_batch.bin` in `") && !text.contains("line"), "{text}");
    for size in ["2", "5"] {
        let text = evaluate(&["--ensembles", size]);
        assert!(text.contains(&format!("--ensembles: an ensemble of {size} is not possible")), "{text}");
    }
    assert!(evaluate(&["two.safetensors", "--ensembles", "2,3"]).contains("an ensemble of 3"));
    assert!(evaluate(&["one.safetensors", "--ensembles", "2"]).contains("an ensemble of 2"), "one network twice");
    for clusters in ["0", "1"] {
        let text = evaluate(&["--clusters", clusters]);
        assert!(text.contains(&format!("--clusters: {clusters} ")), "{text}");
    }
    assert!(evaluate(&["--clusters", "8", "--cluster-seeds", "0"]).contains("--cluster-seeds: without a seed"));
    assert!(evaluate(&["--clusters", "8", "--modes", "joint"]).contains("--modes: joint is for ensembles"));
    for idle in [["--modes", "full"], ["--cluster-seeds", "2"]] {
        assert!(evaluate(&idle).contains("--clusters"));
    }
    let text = evaluate(&["--clusters", "8", "--cluster-seeds", "4000000000"]);
    assert!(text.contains("--cluster-seeds: that would be up to 12000000002 trials, more than 65536"), "{text}");
    let shipped = |name: &str| format!("{}/models/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
    let relu = shipped("resnet20_w16_cifar10_relu_seed0");
    let text = refusal(directory.path(), &["evaluate", &relu, "--clusters", "8"]);
    assert!(text.contains("--clusters: networks with ReLU have no folded form, and only that is clustered"), "{text}");
    let text = refusal(directory.path(), &["evaluate", &relu, &shipped("resnet20_w16_cifar100_relu_continued_seed0")]);
    assert!(text.contains("is for another data set than the first; evaluate one data set at a time"), "{text}");
}
