//! Networks of PyTorch and of other names as users have them: `leveled import`, what it writes, and who advises it.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::program::{leveled, refusal, success};
use common::rows::rows;
use leveled::dataset::{DatasetName, shipped_test_images};
use leveled::experiment::import::ImportView;
use leveled::experiment::records::TrialRow;
use leveled::network::card::CardActivation;
use leveled::network::weights::{StoredPrecision, Tensor, Weights};
use leveled::network::{Architecture, Card, Model, Network, Pool, Shortcut};

const SHIPPED: &str = "resnet20_w16_cifar10_relu_seed0";

fn weights_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name).with_extension("safetensors")
}

fn shipped() -> PathBuf {
    weights_of(SHIPPED)
}

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkpoints").join(name).display().to_string()
}

/// The shipped network's tensors under other names, without a card.
fn renamed(path: &Path, rename: impl Fn(&str) -> String) {
    let model = Model::load(&shipped()).unwrap();
    let mut weights = Weights::new();
    model.network.weights().iter().for_each(|(name, tensor)| weights.insert(rename(name), tensor.clone()));
    weights.write(path, StoredPrecision::F32).unwrap();
}

fn sequential(name: &str) -> String {
    let name = name.replace("shortcut.conv", "downsample.0").replace("shortcut.bn", "downsample.1");
    format!("module.{}", name.replace("linear", "fc"))
}

#[test]
fn a_network_under_other_names_is_the_same_network() {
    let directory = tempfile::tempdir().unwrap();
    renamed(&directory.path().join("their.net.safetensors"), sequential);
    let text = success(directory.path(), &["import", "their.net.safetensors", "--network", "resnet20"]);
    for part in [
        "safetensors, 107 tensors",
        "107 tensors under `module.`: 107 F32",
        "downsample.0 -> shortcut.conv (2)",
        "fc -> linear (2)",
        "resnet20 of width 16 for cifar10, relu, shortcut projection, pool standard",
        "of the data set, since none was given",
        "models/their.net.safetensors, models/their.net.yaml",
    ] {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
    let (theirs, ours) = (
        Model::load(&directory.path().join("models/their.net.safetensors")).unwrap(),
        Model::load(&shipped()).unwrap(),
    );
    assert_eq!(theirs.network, ours.network);
    assert_eq!(theirs.card.normalisation, ours.card.normalisation);
    // What was tried is what the network does.
    let images = shipped_test_images(DatasetName::Cifar10).unwrap();
    let right = ours.plain_forward(&images.images).unwrap().correct(&images.labels);
    assert!(text.contains(&format!("{right} of the 200 shipped test images right")), "{text}");
    // Nothing is overwritten unless that is asked for.
    let again = ["import", "their.net.safetensors", "--network", "resnet20"];
    assert!(
        refusal(directory.path(), &again)
            .contains("is there already; name another file with --out, or replace it with --force")
    );
    success(directory.path(), &[&again[..], &["--force"]].concat());
    for (more, problem) in [
        (["--batch-norm-eps", "0"], "--batch-norm-eps: 0 is not possible; write a small number above 0"),
        (["--out", "x.pth"], "--out: x.pth must end in .safetensors"),
    ] {
        let text = refusal(directory.path(), &[&again[..], &more].concat());
        assert!(text.contains(problem), "{text}");
    }
    let over = [&again[..], &["--out", "./their.net.safetensors", "--force"]].concat();
    assert!(refusal(directory.path(), &over).contains("is the checkpoint itself"));
}

#[test]
fn weights_with_a_card_keep_what_it_says_and_may_be_half_as_large() {
    let directory = tempfile::tempdir().unwrap();
    // In single precision; others that ship are in half precision already.
    let original = weights_of("resnet20_w16_cifar10_herpn_distilled_continued_seed2");
    let ours = Model::load(&original).unwrap();
    let half = directory.path().join("half.safetensors");
    let arguments = ["import", original.to_str().unwrap(), "--network", "resnet20", "--out", half.to_str().unwrap()];
    let arguments = [&arguments[..], &["--stored-precision", "f16", "--json"]].concat();
    let view: ImportView = serde_json::from_str(&success(directory.path(), &arguments)).unwrap();
    let size = |path: &Path| fs::metadata(path).unwrap().len() as f64;
    assert!((0.5..0.55).contains(&(size(&half) / size(&original))), "{}", size(&half));
    let made = Model::load(&half).unwrap();
    assert_eq!((&made.card.record, &made.card.activation), (&ours.card.record, &ours.card.activation));
    assert_eq!(
        (made.card.normalisation, made.card.batch_norm_eps),
        (ours.card.normalisation, ours.card.batch_norm_eps)
    );
    assert!(made.card.tensors.as_ref().is_some_and(|text| text.contains(&ours.card.sha256)), "{:?}", made.card.tensors);
    assert_eq!((made.card.test_accuracy_percent, made.card.largest_activation), (None, None));
    // Rounding changes few predictions.
    let images = shipped_test_images(DatasetName::Cifar10).unwrap();
    let right = ours.plain_forward(&images.images).unwrap().correct(&images.labels);
    assert!(view.right.abs_diff(right) <= 2 && made.network != ours.network, "{} and {right}", view.right);
    // The card of other weights is none of these.
    let other = directory.path().join("other.safetensors");
    renamed(&other, sequential);
    fs::copy(half.with_extension("yaml"), other.with_extension("yaml")).unwrap();
    let text = success(directory.path(), &["import", "other.safetensors", "--network", "resnet20"]);
    assert!(text.contains("of the data set, since none was given"), "{text}");
    let again = ["import", "half.safetensors", "--network", "resnet20", "--force"];
    let text = success(directory.path(), &again);
    assert!(text.contains("as its card says"), "{text}");
    // With other inputs nothing that was measured is theirs.
    let card = |name: &str| Card::read(&Card::path_beside(&directory.path().join("models").join(name))).unwrap();
    assert_eq!(card("half.safetensors").validation_accuracy_percent, ours.card.validation_accuracy_percent);
    success(directory.path(), &[&again[..], &["--mean", "120,120,120", "--std", "60,60,60"]].concat());
    assert_eq!(card("half.safetensors").validation_accuracy_percent, None);
    // A mistake in its own card is no reason to forget it.
    let path = half.with_extension("yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("batch_norm_eps", "batch_norm_esp")).unwrap();
    let text = refusal(directory.path(), &again);
    assert!(text.contains("half.yaml") && text.contains("batch_norm_esp"), "{text}");
}

#[test]
fn means_of_pixels_from_0_to_1_are_those_of_pixels_from_0_to_255() {
    let directory = tempfile::tempdir().unwrap();
    renamed(&directory.path().join("net.safetensors"), str::to_owned);
    let import = |mean: &str, std: &str| -> ImportView {
        let arguments =
            ["import", "net.safetensors", "--network", "resnet20", "--mean", mean, "--std", std, "--force", "--json"];
        serde_json::from_str(&success(directory.path(), &arguments)).unwrap()
    };
    let pixels = import("125.3,123.0,113.9", "63.0,62.1,66.7");
    let units = import("0.4913725,0.4823529,0.4466667", "0.2470588,0.2435294,0.2615686");
    assert!((units.card.normalisation.mean[0] - 125.3).abs() < 1e-3);
    assert!((units.card.normalisation.std[2] - 66.7).abs() < 1e-3);
    assert_eq!(units.right, pixels.right);
    let refused = refusal(
        directory.path(),
        &["import", "net.safetensors", "--network", "resnet20", "--mean", "1,2", "--std", "1,1,1"],
    );
    assert!(refused.contains("--mean: write three numbers"), "{refused}");
    // A card by hand is not corrected, but doubted; a network that was trained otherwise says so.
    let weights = directory.path().join("models/net.safetensors");
    let path = Card::path_beside(&weights);
    let card = Card::read(&path).unwrap();
    let wrong = Card {
        normalisation: leveled::dataset::Normalisation { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
        ..card
    };
    wrong.write(&path).unwrap();
    let output = leveled(directory.path(), &["evaluate", "models/net.safetensors"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.matches("has mean and std of pixel values 0 to 1").count(), 1, "{told}");
    assert!(told.contains("multiply both by 255 in the card"), "{told}");
}

#[test]
fn checkpoints_of_pytorch_become_weights_that_evaluate() {
    let directory = tempfile::tempdir().unwrap();
    for (name, shortcut) in [("training_zip.pth", Shortcut::Projection), ("state_legacy_f16.th", Shortcut::Pad)] {
        let view: ImportView = serde_json::from_str(&success(
            directory.path(),
            &["import", &fixture(name), "--network", "resnet20", "--out", &format!("{name}.safetensors"), "--json"],
        ))
        .unwrap();
        assert_eq!((view.card.shortcut, view.card.activation), (shortcut, CardActivation::Relu));
        assert!(view.card.tensors.as_ref().unwrap().starts_with(&format!("imported from {name} (PyTorch")));
        success(directory.path(), &["evaluate", &format!("{name}.safetensors"), "--out", name]);
        let row: TrialRow = rows::<TrialRow>(&directory.path().join(name)).remove(0);
        assert_eq!((row.network.as_str(), row.shortcut.as_str()), ("resnet20", shortcut.as_str()));
    }
    let list = success(
        directory.path(),
        &["import", &fixture("training_zip.pth"), "--network", "resnet20", "--out", "list.safetensors", "--list"],
    );
    assert!(list.contains("state_dict.module.layer2.0.downsample.1.running_var -> layer2.0.shortcut.bn.running_var"));
    assert!(list.contains("a network under `ema_state_dict.`; --from ema_state_dict. takes it"), "{list}");
}

#[test]
fn whoever_meets_such_a_file_says_which_import_would_help() {
    let directory = tempfile::tempdir().unwrap();
    let net = directory.path().join("net.safetensors");
    renamed(&net, sequential);
    let card = fs::read_to_string(Card::path_beside(&shipped())).unwrap();
    let sha256 = leveled::experiment::fingerprint::sha256_of_file(&net).unwrap();
    let old = Model::load(&shipped()).unwrap().card.sha256;
    fs::write(Card::path_beside(&net), card.replace(&old, &sha256)).unwrap();
    let advice = "The file holds a resnet20 of width 16, shortcut projection under `module.`: `leveled import net.safetensors --network \
                  resnet20 --out net_imported.safetensors` writes it as weights with a card";
    for arguments in [&["evaluate", "net.safetensors"][..], &["infer", "--model", "net.safetensors", "--image", "0"]] {
        let text = refusal(directory.path(), arguments);
        assert!(
            text.contains("tensor `conv1.weight` of shape [16, 3, 3, 3] is missing") && text.contains(advice),
            "{text}"
        );
    }
    // What it says can be done.
    let command = ["import", "net.safetensors", "--network", "resnet20", "--out", "net_imported.safetensors"];
    success(directory.path(), &command);
    // Without a card, whatever the file is called.
    fs::copy(fixture("training_zip.pth"), directory.path().join("x.pth")).unwrap();
    let text = refusal(directory.path(), &["evaluate", "x.pth"]);
    assert!(text.contains("`leveled import FILE --network NAME` writes weights and card"), "{text}");
    // A network with a pool that the card does not name.
    let wide =
        Architecture::named("resnet20", 64, 10).unwrap().with(Shortcut::Projection, leveled::network::Pool::Global);
    let wide = Architecture { activation: leveled::network::ActivationKind::Relu, ..wide };
    let mut weights = Weights::new();
    for parameter in wide.graph().unwrap().parameters() {
        weights.insert(parameter.name, Tensor::from_fn(parameter.shape, |_| 0.0));
    }
    weights.write(&net, StoredPrecision::F32).unwrap();
    let sha256_now = leveled::experiment::fingerprint::sha256_of_file(&net).unwrap();
    let wide_card = card.replace(&old, &sha256_now).replace("width: 16", "width: 64");
    fs::write(Card::path_beside(&net), wide_card).unwrap();
    let text = refusal(directory.path(), &["evaluate", "net.safetensors"]);
    assert!(text.contains("a resnet20 of width 64, shortcut projection, pool global: `leveled import"), "{text}");
    // The card is wrong, and nothing is written with it.
    let text = refusal(directory.path(), &["import", "net.safetensors", "--network", "resnet20"]);
    let problem = "the card beside the checkpoint says something else than it holds, a resnet20 of width 64, shortcut projection, pool global";
    assert!(text.contains(problem) && text.contains("correct it, or move it away"), "{text}");
    assert!(!directory.path().join("models").exists());
    fs::remove_file(Card::path_beside(&net)).unwrap();
    success(directory.path(), &["import", "net.safetensors", "--network", "resnet20"]);
}

#[test]
fn padded_shortcuts_run_encrypted_and_simulated() {
    let directory = tempfile::tempdir().unwrap();
    let experiment = "\
name: padded
fixed:
  weights: random
  network: resnet20
  width: 2
  shortcut: pad
  dataset: cifar10
  images: 1
  log_n: 12
  parameters: {scale_bits: 25, weight_bits: 20, base_bits: 34}
  security: none
  seed: 7
  threads: 2
include:
  - {layout: packed, backend: encrypted}
  - {layout: packed, backend: simulated}
";
    fs::write(directory.path().join("e.yaml"), experiment).unwrap();
    success(directory.path(), &["run", "e.yaml", "--out", "out"]);
    let rows: Vec<TrialRow> = rows(&directory.path().join("out"));
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!((row.shortcut.as_str(), row.agreement), ("pad", Some(1.0)), "{row:?}");
        assert!(row.logit_error_max.is_some_and(|error| error < 0.05), "{row:?}");
    }
    // Trained weights have what their card says.
    let weights = directory.path().join("padded.safetensors");
    let model = Model::random_with("resnet20", 2, (Shortcut::Pad, Pool::default()), DatasetName::Cifar10, 1).unwrap();
    model.network.weights().write(&weights, StoredPrecision::F32).unwrap();
    let (_, sha256) = Network::read(&model.card.architecture().unwrap(), &weights).unwrap();
    Card { sha256, ..model.card }.write(&Card::path_beside(&weights)).unwrap();
    let trained =
        experiment.replace("  weights: random\n  network: resnet20\n  width: 2\n", "  model: padded.safetensors\n");
    fs::write(directory.path().join("t.yaml"), trained.replace("shortcut: pad", "shortcut: projection")).unwrap();
    let text = refusal(directory.path(), &["plan", "t.yaml"]);
    assert!(text.contains("key `fixed.shortcut`: the card of the weights says `pad`"), "{text}");
}
