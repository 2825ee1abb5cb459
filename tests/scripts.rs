//! What scripts of the repository read of the program's output, and commands that they print.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::program::success;
use common::tiny_model;
use leveled::network::Card;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn plans_have_what_scripts_fhe_suite_reads() {
    let directory = tiny_model::directory();
    let plans: Value = serde_json::from_str(&success(directory.path(), &["plan", "e.yaml", "--json"])).unwrap();
    let [plan] = plans.as_array().unwrap().as_slice() else { panic!("one plan") };
    assert!(plan["batch"].as_u64() == Some(1) && plan["seconds"].as_f64().unwrap() > 0.0, "{plan}");
}

#[test]
fn operation_counts_have_what_scripts_peers_reads() {
    let networks: Value = serde_json::from_str(&success(root(), &["plan", "--operations", "--json"])).unwrap();
    let networks = networks.as_array().unwrap();
    assert!(!networks.is_empty());
    for network in networks {
        assert!(network["network"].is_string() && network["width"].is_u64(), "{network}");
        assert!(network.as_object().unwrap().contains_key("clusters"), "{network}");
        let layers = network["layers"].as_array().unwrap();
        assert!(!layers.is_empty() && layers.iter().all(|layer| layer["name"].is_string()));
        for count in ["rotations", "classical_products", "clustered_products", "additions", "squarings"] {
            assert!(layers.iter().all(|layer| layer["operations"][count].is_u64()), "{count}: {network}");
        }
    }
}

#[test]
fn trainings_that_the_zoo_prints_are_of_recipes_and_options_that_there_are() {
    let zoo = root().join("scripts/train_zoo.sh");
    let output = Command::new(zoo).args(["--width", "32", "--seeds", "0", "--dry-run"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let help = success(root(), &["train", "--help"]);
    let mut trainings = 0;
    for line in text.lines().filter(|line| line.contains(" train ")) {
        let words: Vec<&str> = line.split_whitespace().skip_while(|word| *word != "train").skip(1).collect();
        assert!(root().join(words[0]).is_file(), "{line}");
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "{option} in {line}");
        }
        trainings += 1;
    }
    assert!(trainings > 4, "{text}");
}

#[test]
fn a_wider_zoo_begins_as_the_network_with_the_best_held_out_accuracy() {
    let zoo = root().join("scripts/train_zoo.sh");
    for dataset in ["cifar10", "cifar100"] {
        let options = ["--width", "64", "--seeds", "0", "--dry-run", "--dataset", dataset];
        let output = Command::new(&zoo).args(options).output().unwrap();
        let begin = format!("models/resnet20_w16_{dataset}_relu");
        let text = String::from_utf8(output.stdout).unwrap();
        let first = text.split_whitespace().find(|word| word.starts_with(&begin)).unwrap();
        let held_out = |card: &Path| Card::read(card).unwrap().validation_accuracy_percent.unwrap();
        let cards = fs::read_dir(root().join("models")).unwrap().map(|entry| entry.unwrap().path());
        let cards = cards.filter(|path| {
            path.extension().is_some_and(|end| end == "yaml") && path.to_string_lossy().contains(&begin)
        });
        let best = cards.map(|card| held_out(&card)).max_by(f64::total_cmp).unwrap();
        assert_eq!(held_out(&root().join(first).with_extension("yaml")), best, "{first}");
    }
    // Where there is none, it begins with random weights.
    let output = Command::new(&zoo).args(["--width", "64", "--network", "resnet56", "--dry-run"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("configs/recipes/relu.yaml"), "{text}");
    assert!(!text.contains("models/"), "{text}");
}
