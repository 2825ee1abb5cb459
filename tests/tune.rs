//! `leveled tune` on a tiny network: the fastest set that is good enough is written, with evidence; nothing is simulated twice; test images
//! are refused.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::Path;

use common::processes::{children, signal, wait_for};
use common::program::{leveled, refusal, started, success};
use common::rows::rows;
use common::tiny_model;
use leveled::dataset::{DatasetName, shipped_test_images};
use leveled::experiment::parameter_set::ParameterSet;
use leveled::experiment::records::{ImageRow, TrialRow};
use leveled::network::Model;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

/// Held out images of the tiny data set.
const HELD_OUT: usize = 110;

/// A small search: 4 candidates and the experiment's own set.
const SEARCH: [&str; 9] =
    ["tune", "e.yaml", "--scale-bits", "12,25", "--weight-bits", "10,16", "--headroom", "12", "--json"];

/// The tiny network and its experiment on held out training images, all of which it knows: their labels are its answers.
fn directory() -> TempDir {
    let directory = tiny_model::directory();
    let here = directory.path();
    let model = Model::load(&here.join("tiny.safetensors")).unwrap();
    let network = model.lower().unwrap();
    let mut records: Vec<Vec<u8>> = Vec::new();
    for image in shipped_test_images(DatasetName::Cifar10).unwrap().images {
        let trace = network.forward(&model.card.normalisation.apply(&image)).unwrap();
        let logits = trace.logits();
        let class = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
        records.push(std::iter::once(class as u8).chain(image.values).collect());
    }
    fs::create_dir(here.join("data")).unwrap();
    for (part, records) in records.chunks(40).enumerate() {
        fs::write(here.join(format!("data/data_batch_{}.bin", part + 1)), records.concat()).unwrap();
    }
    let held_out = format!("dataset: {{name: cifar10, path: data, held_out: {{images: {HELD_OUT}}}}}");
    let text = tiny_model::EXPERIMENT.replace("dataset: cifar10", &held_out);
    fs::write(here.join("e.yaml"), text).unwrap();
    directory
}

fn searched(directory: &Path, more: &[&str]) -> Value {
    let text = success(directory, &[&SEARCH, more].concat());
    serde_json::from_str::<Vec<Value>>(&text).unwrap().remove(0)
}

fn simulated(directory: &Path) -> Vec<TrialRow> {
    rows(&directory.join("configs/parameters/tuned_tiny.rows"))
}

#[test]
fn the_fastest_set_that_loses_nothing_is_written_with_evidence() {
    let directory = directory();
    let here = directory.path();
    let outcome = searched(here, &[]);
    let candidates = outcome["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 5);
    let verdict = |candidate: &Value| candidate["verdict"].as_str().unwrap().to_owned();
    let planned: Vec<&Value> = candidates.iter().filter(|candidate| candidate["seconds"].is_number()).collect();
    let seconds: Vec<f64> = planned.iter().map(|candidate| candidate["seconds"].as_f64().unwrap()).collect();
    // About the fastest first.
    assert!(seconds.windows(2).all(|pair| pair[1] > pair[0] / 1.03), "{seconds:?}");
    let chosen = planned.iter().position(|candidate| verdict(candidate) == "chosen").unwrap();
    assert!(chosen > 0, "{outcome}");
    for (index, candidate) in planned.iter().enumerate() {
        let loss = candidate["loss_points"].as_f64();
        match verdict(candidate).as_str() {
            "chosen" => {
                assert_eq!((loss, candidate["measured"]["images"].as_u64()), (Some(0.0), Some(HELD_OUT as u64)));
                assert!(candidate["loss_high_points"].as_f64().unwrap() > 1.0);
            }
            "rejected" => assert!(index < chosen && loss.unwrap() > 0.1, "{candidate}"),
            "skipped" => assert!(index < chosen && loss.is_none(), "{candidate}"),
            "unneeded" => assert!(index > chosen && loss.is_none(), "{candidate}"),
            other => panic!("{other}: {candidate}"),
        }
    }
    assert!(planned.iter().any(|candidate| verdict(candidate) == "rejected"), "{outcome}");

    // The file says what it rests on, and an experiment takes it by its name.
    let text = fs::read_to_string(here.join("configs/parameters/tuned_tiny.yaml")).unwrap();
    let set: ParameterSet = serde_yaml::from_str(&text).unwrap();
    assert_eq!(serde_json::to_value(&set).unwrap(), planned[chosen]["parameters"]);
    for words in [
        "# Found by: leveled tune e.yaml --tolerance 0.1 --scale-bits 12,25 --weight-bits 10,16 --headroom 12",
        "# Images: the first 110 of the 110 training images of cifar10 that the training held out (seed 0)",
        "simulated against clear text: 0.000 points, 95 % interval -",
        outcome["model_sha256"].as_str().unwrap(),
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let experiment = fs::read_to_string(here.join("e.yaml")).unwrap();
    let inline = "parameters: {scale_bits: 25, weight_bits: 20, base_bits: 34}";
    fs::write(here.join("tuned.yaml"), experiment.replace(inline, "parameters: tuned_tiny")).unwrap();
    success(here, &["plan", "tuned.yaml"]);

    // All rows are of simulated training images.
    let trials = simulated(here);
    assert!(trials.iter().all(|row| row.backend == "simulated" && row.images_of == "validation"), "{trials:?}");
    let images: Vec<ImageRow> = rows(&here.join("configs/parameters/tuned_tiny.rows"));
    assert!(images.iter().all(|row| row.label == row.clear_predicted));
    success(here, &["report", "configs/parameters/tuned_tiny.rows"]);
}

#[test]
fn a_search_goes_on_and_writes_over_nothing() {
    let directory = directory();
    let here = directory.path();
    searched(here, &["--images", "100"]);
    let first = simulated(here);
    let text = refusal(here, &SEARCH);
    assert!(text.contains("tuned_tiny.yaml is there; --force writes over it"), "{text}");
    // More images: the first hundred of each candidate are there.
    let outcome = searched(here, &["--force"]);
    let more = simulated(here);
    assert_eq!(more[..first.len()], first[..]);
    assert!(more.len() > first.len() && more[first.len()..].iter().all(|row| row.images == Some(10)), "{more:?}");
    // As after a search that was stopped when all was simulated.
    fs::remove_file(here.join("configs/parameters/tuned_tiny.yaml")).unwrap();
    assert_eq!(searched(here, &[]), outcome);
    assert_eq!(simulated(here), more);
    // Rows of images that somebody took away are no images without loss.
    let images = here.join("configs/parameters/tuned_tiny.rows/images.csv");
    let whole = fs::read_to_string(&images).unwrap();
    for lines in [1, whole.lines().count() - 1] {
        fs::write(&images, whole.lines().take(lines).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        let output = leveled(here, &[&SEARCH[..], &["--force"]].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("rows of images of trial") && text.contains("or remove the directory"), "{text}");
    }
    fs::write(&images, whole).unwrap();
    // As text, to another file with simulations of its own.
    let output = leveled(here, &[&SEARCH[..8], &["--images", "9", "--out", "sets/other.yaml"]].concat());
    let (table, notes) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(table.contains("95 % interval") && table.contains("chosen"), "{table}");
    assert!(table.contains("candidates after it were not needed"), "{table}");
    assert!(
        notes.contains(": 9 images, loses ")
            && notes.contains(": rejected\n")
            && notes.contains("wrote sets/other.yaml"),
        "{notes}"
    );
    assert!(here.join("sets/other.rows/trials.csv").is_file());
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let directory = directory();
    let here = directory.path();
    let text = fs::read_to_string(here.join("e.yaml")).unwrap();
    let with = |name: &str, text: &str| fs::write(here.join(name), text).unwrap();
    with("test.yaml", tiny_model::EXPERIMENT);
    let said = refusal(here, &["tune", "test.yaml"]);
    assert!(said.contains("the images of the experiment are test images"), "{said}");
    // The card of the tiny network does not say what its training held out.
    let said = refusal(here, &["tune", "test.yaml", "--data", "data"]);
    assert!(said.contains("the card has no record of images"), "{said}");
    with("clear.yaml", &format!("{text}  backend: clear\n"));
    assert!(refusal(here, &["tune", "clear.yaml"]).contains("`backend: clear` has no parameters"));
    let said = refusal(here, &["tune", "e.yaml", "--images", "111"]);
    assert!(said.contains("--images: 111 images are not possible; 110 were held out"), "{said}");
    assert!(refusal(here, &["tune", "e.yaml", "--data", "nowhere"]).contains("--data: cannot read nowhere"));
    assert!(refusal(here, &["tune", "e.yaml", "--out", "set.txt"]).contains("let it end in .yaml"));
    assert!(refusal(here, &["tune", "e.yaml", "--tolerance", "101"]).contains("give 0 to 100 points"));
    assert!(refusal(here, &["tune", "e.yaml", "--special-primes", "few"]).contains("give numbers, or `auto`"));
    with("two.yaml", &text.replace("  seed: 7\n", "sweep:\n  seed: [7, 8]\n").replace("  threads: 2\n", ""));
    let said = refusal(here, &["tune", "two.yaml", "--out", "set.yaml"]);
    assert!(said.contains("the experiment has 2 networks, and one file is for one"), "{said}");
    assert!(!here.join("configs").exists());
}

#[test]
fn without_a_set_that_is_good_enough_nothing_is_written() {
    let directory = directory();
    let here = directory.path();
    let inline = "parameters: {scale_bits: 25, weight_bits: 20, base_bits: 34}";
    let coarse = "parameters: {scale_bits: 10, input_bits: 20, weight_bits: 10, base_bits: 22}";
    let text = fs::read_to_string(here.join("e.yaml")).unwrap().replace(inline, coarse);
    fs::write(here.join("e.yaml"), text).unwrap();
    // Its own is too coarse, the other has a scale that no prime holds.
    let arguments = ["tune", "e.yaml", "--scale-bits", "10", "--weight-bits", "10,60", "--headroom", "12"];
    let output = leveled(here, &arguments);
    let (table, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("loses at most 0.1 points of accuracy; the closest loses"), "{said}");
    assert!(said.contains("raise --tolerance") && table.contains("refused, such as scale"), "{said}{table}");
    assert!(!here.join("configs/parameters/tuned_tiny.yaml").exists());
    // More bits do not help where there is no room for any.
    let text = fs::read_to_string(here.join("e.yaml")).unwrap();
    fs::write(here.join("e.yaml"), text.replace("security: none", "security: 128")).unwrap();
    let output = leveled(here, &["tune", "e.yaml", "--scale-bits", "25", "--weight-bits", "20", "--headroom", "12"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("give values with fewer bits, a larger log_n") && !said.contains("raise"), "{said}");
}

#[test]
fn a_search_that_is_interrupted_or_loses_a_trial_says_so_and_goes_on() {
    let directory = directory();
    let here = directory.path();
    let killed = started(here, &SEARCH);
    let trial = wait_for("a trial", || children(killed.id()).first().copied());
    signal(trial, Signal::KILL);
    let output = killed.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("images 0 to 99 failed; the column `reason` of"), "{text}");
    let interrupted = started(here, &SEARCH);
    wait_for("a trial", || children(interrupted.id()).first().copied());
    signal(interrupted.id(), Signal::INT);
    let output = interrupted.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("interrupted; what was simulated is kept, and the same command goes on"), "{text}");
    assert!(!here.join("configs/parameters/tuned_tiny.yaml").exists());
    searched(here, &[]);
}
