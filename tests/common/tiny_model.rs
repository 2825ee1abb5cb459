//! A network of a few thousand random weights on disk, and an experiment file that runs it in a small, insecure ring.

use std::fs;
use std::path::Path;

use leveled::network::weights::StoredPrecision;
use leveled::network::{Architecture, Network};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// An experiment with the tiny network; insecure, so small enough for a test.
#[allow(dead_code, reason = "not every test uses it")]
pub const EXPERIMENT: &str = "\
name: tiny
fixed:
  model: tiny.safetensors
  dataset: cifar10
  images: [3, 0]
  log_n: 12
  parameters: {scale_bits: 25, weight_bits: 20, base_bits: 34}
  security: none
  seed: 7
  threads: 2
";

/// A sweep over seeds of the tiny network, one image each: short trials.
#[allow(dead_code, reason = "not every test uses it")]
pub fn sweep(seeds: usize) -> String {
    let text = EXPERIMENT.replace("images: [3, 0]", "images: 1").replace("  seed: 7\n", "  probe: false\n");
    let seeds: Vec<String> = (0..seeds).map(|seed| seed.to_string()).collect();
    format!("{text}sweep:\n  seed: [{}]\n", seeds.join(", "))
}

/// Writes the card of the weights `tiny.safetensors` in `directory`, with the hash that they have.
#[allow(dead_code, reason = "not every test uses it")]
pub fn write_card(directory: &Path) {
    write_card_of(&directory.join("tiny.safetensors"));
}

/// Writes the card of weights beside them, with the hash that they have.
fn write_card_of(weights: &Path) {
    let bytes = fs::read(weights).unwrap();
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let card = format!(
        "network: resnet20\nwidth: 2\ndataset: cifar10\nactivation: quadratic\n\
         normalisation: {{mean: [125.3, 123.0, 113.9], std: [63.0, 62.1, 66.7]}}\n\
         batch_norm_eps: 1.0e-5\nsha256: {sha256}\n"
    );
    fs::write(weights.with_extension("yaml"), card).unwrap();
}

/// Writes a network as small as the tiny one, drawn from a seed, and its card.
#[allow(dead_code, reason = "not every test uses it")]
pub fn write_network(weights: &Path, seed: u64) {
    fs::create_dir_all(weights.parent().unwrap()).unwrap();
    let network = Network::random(&Architecture::named("resnet20", 2, 10).unwrap(), seed).unwrap();
    network.weights().write(weights, StoredPrecision::F32).unwrap();
    write_card_of(weights);
}

/// A directory with the tiny network and its experiment file `e.yaml`.
#[allow(dead_code, reason = "not every test uses it")]
pub fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    write_network(&directory.path().join("tiny.safetensors"), 1);
    fs::write(directory.path().join("e.yaml"), EXPERIMENT).unwrap();
    directory
}
