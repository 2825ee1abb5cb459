//! What only the plan finds out: damaged weights and data, chains and moduli that do not fit, too little memory. Each is
//! refused with exit code 2 before anything is written.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::Path;

use common::program::{leveled, refusal};
use common::tiny_model;

/// Prepares a directory, runs and plans its experiment, and expects every part in the refusal and nothing written.
fn expect(prepare: impl Fn(&Path), parts: &[&str]) {
    let directory = tiny_model::directory();
    prepare(directory.path());
    for command in [&["run", "e.yaml", "--out", "out"][..], &["plan", "e.yaml"]] {
        let text = refusal(directory.path(), command);
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in: {text}");
        }
    }
    assert!(!directory.path().join("out").exists());
}

/// As [`expect`] with one line of the experiment file replaced.
fn expect_setting(old: &str, new: &str, parts: &[&str]) {
    assert!(tiny_model::EXPERIMENT.contains(old), "{old}");
    let text = tiny_model::EXPERIMENT.replacen(old, new, 1);
    expect(|directory| fs::write(directory.join("e.yaml"), &text).unwrap(), parts);
}

fn damage(directory: &Path, change: impl Fn(&mut Vec<u8>)) {
    let path = directory.join("tiny.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn damaged_weights() {
    expect(
        |directory| damage(directory, |bytes| bytes.truncate(5000)),
        &["trial ", "no whole safetensors file", "copy it again"],
    );
    expect(
        |directory| damage(directory, |bytes| *bytes.last_mut().unwrap() ^= 1),
        &["SHA-256", "but its card says", "copy the weights again"],
    );
    let not_a_number = |bytes: &mut Vec<u8>| {
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    };
    expect(
        |directory| {
            damage(directory, not_a_number);
            tiny_model::write_card(directory);
        },
        &["holds NaN", "the weights are damaged"],
    );
    let rewrite_card = |directory: &Path, old: &str, new: &str| {
        let card = directory.join("tiny.yaml");
        fs::write(&card, fs::read_to_string(&card).unwrap().replace(old, new)).unwrap();
    };
    expect(|directory| rewrite_card(directory, "width: 2", "width: 3"), &["has shape", "check the network's width"]);
    expect(|directory| rewrite_card(directory, "width: 2", "widht: 2"), &["unknown field `widht`", "line 2 column 1"]);
    expect(
        |directory| fs::remove_file(directory.join("tiny.yaml")).unwrap(),
        &["e.yaml, line 3, column 10, key `fixed.model`: no card", "write one"],
    );
}

#[test]
fn missing_and_truncated_data() {
    let with_data = |bytes: &'static [u8]| {
        move |directory: &Path| {
            fs::create_dir(directory.join("data")).unwrap();
            fs::write(directory.join("data/test_batch.bin"), bytes).unwrap();
            let text = tiny_model::EXPERIMENT.replace("dataset: cifar10", "dataset: {name: cifar10, path: data}");
            fs::write(directory.join("e.yaml"), text).unwrap();
        }
    };
    expect(with_data(&[1; 3000]), &["key `fixed.dataset.path`", "has 3000 bytes", "truncated"]);
    expect(with_data(&[10; 3073]), &["record 0 has label 10, but cifar10 has 10 classes"]);
    expect(with_data(&[1; 3073]), &["key `fixed.images`: there is no image 3", "indices 0 to 0"]);
    let empty = |directory: &Path| {
        with_data(&[1; 3073])(directory);
        fs::remove_file(directory.join("data/test_batch.bin")).unwrap();
    };
    expect(empty, &["no `test_batch.bin` in", "give the directory of the official cifar10 binary archive"]);
    expect_setting("images: [3, 0]", "images: 201", &["line 5, column 11", "there is no image 200", "0 to 199"]);
    expect_setting(
        "dataset: cifar10",
        "dataset: cifar100",
        &["knows the classes of cifar10, but the images are of cifar100"],
    );
    let named = |directory: &Path| {
        fs::create_dir_all(directory.join("configs/datasets")).unwrap();
        fs::write(directory.join("configs/datasets/mine.yaml"), "name: cifar10\npath: nothere\n").unwrap();
        let text = tiny_model::EXPERIMENT.replace("dataset: cifar10", "dataset: mine");
        fs::write(directory.join("e.yaml"), text).unwrap();
    };
    // It starts at the file that has it.
    let start = "a relative path starts at ";
    expect(named, &["configs/datasets/mine.yaml, line 2, column 7, key `path`: cannot read the data set at", start]);
}

#[test]
fn what_cannot_be_evaluated_in_the_clear_either() {
    expect_setting(
        "dataset: cifar10",
        "dataset: cifar100\n  backend: clear",
        &["knows the classes of cifar10, but the images are of cifar100"],
    );
    let relu = concat!(
        "model: ",
        env!("CARGO_MANIFEST_DIR"),
        "/models/resnet20_w16_cifar10_relu_seed0.safetensors\n  backend: clear"
    );
    expect_setting("model: tiny.safetensors", relu, &["only quadratic activations become squarings"]);
    let damaged = |directory: &Path| {
        damage(directory, |bytes| *bytes.last_mut().unwrap() ^= 1);
        let text = tiny_model::EXPERIMENT.replace("  seed: 7\n", "  backend: clear\n");
        fs::write(directory.join("e.yaml"), text).unwrap();
    };
    expect(damaged, &["SHA-256", "but its card says"]);
}

#[test]
fn chains_and_moduli_that_do_not_fit() {
    let parameters = "base_bits: 34}";
    expect_setting(
        parameters,
        "base_bits: 34, levels: 3}",
        &["the chain has 3 levels", "needs 20; set levels to 20 or leave it out"],
    );
    expect_setting(
        "security: none",
        "security: 128",
        &["exceed the 106 bits that are 128-bit secure at N = 2^12", "N = 2^16"],
    );
}

#[test]
fn too_little_memory() {
    let directory = tiny_model::directory();
    let text = format!("{}  memory: {{diagonals: 16 MiB, limit: 32 MiB}}\n", tiny_model::EXPERIMENT);
    fs::write(directory.path().join("e.yaml"), text).unwrap();
    let text = refusal(directory.path(), &["run", "e.yaml", "--out", "out"]);
    assert!(text.contains("predicted to need") && text.contains("more than the limit of 32.0 MiB"), "{text}");
    assert!(text.contains("lower `log_n`, the width, `memory.diagonals`, or `memory.working`"), "{text}");
    assert!(!directory.path().join("out").exists());
    // Random weights that have no room are not drawn first.
    let wide =
        "name: e\nfixed: {weights: random, network: resnet20, dataset: cifar10, width: 4096, log_n: 15, images: 1}\n";
    fs::write(directory.path().join("wide.yaml"), wide).unwrap();
    let text = refusal(directory.path(), &["run", "wide.yaml", "--out", "out"]);
    assert!(text.contains("predicted to need") && text.contains("GiB of memory, more than the limit of"), "{text}");
    // The plan is shown all the same: it says where the memory goes.
    let output = leveled(directory.path(), &["plan", "e.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stdout).unwrap().contains("more than the limit of 32.0 MiB"));
}
