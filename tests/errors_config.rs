//! Every mistake in an experiment file, on the command line or about the output directory: a message on standard error that
//! says what to change, exit code 2, nothing written.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::Path;

use common::program::{leveled_with, refusal};
use tempfile::TempDir;

/// A complete experiment file; line numbers in the tests below count from its first line.
const EXPERIMENT: &str = "\
name: test
fixed:
  model: net.safetensors
  dataset: cifar10
  images: 2
  log_n: 15
  parameters: default
  memory: {diagonals: 1 GiB, limit: 8 GiB}
sweep:
  threads: [1, 2]
";

/// A card of weights; here it need not be theirs.
const CARD: &str = include_str!("../models/resnet20_w16_cifar10_herpn_seed0.yaml");

/// A directory with a model (of no use beyond being there) and an experiment file in which one line is replaced.
fn experiment_with(old: &str, new: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("net.safetensors"), "weights").unwrap();
    fs::write(directory.path().join("net.yaml"), CARD).unwrap();
    assert!(EXPERIMENT.contains(old), "{old}");
    fs::write(directory.path().join("e.yaml"), EXPERIMENT.replacen(old, new, 1)).unwrap();
    directory
}

/// Runs an experiment with one line replaced and expects every part in the refusal, and no output directory.
fn expect(old: &str, new: &str, parts: &[&str]) {
    let directory = experiment_with(old, new);
    for command in [&["run", "e.yaml", "--out", "out"][..], &["plan", "e.yaml"]] {
        let text = refusal(directory.path(), command);
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in: {text}");
        }
    }
    assert!(!directory.path().join("out").exists());
}

#[test]
fn mistyped_keys() {
    expect("name: test", "nmae: test", &["e.yaml, line 1, column 1, key `nmae`: unknown key; did you mean `name`?"]);
    expect("  log_n: 15", "  lgo_n: 15", &["line 6, column 3, key `fixed.lgo_n`", "did you mean `log_n`?"]);
    expect(
        "  threads: [1, 2]",
        "  thread: [1, 2]",
        &["line 10, column 3, key `sweep.thread`", "did you mean `threads`?"],
    );
    expect(
        "{diagonals: 1 GiB,",
        "{diagonal: 1 GiB,",
        &["line 8, column 12, key `fixed.memory.diagonal`", "did you mean `diagonals`?"],
    );
    expect("  images: 2", "  colour: 2", &["key `fixed.colour`: unknown key; known here: model, network, width"]);
    expect(
        "dataset: cifar10",
        "dataset: {name: cifar10, dir: x}",
        &["key `fixed.dataset.dir`", "known here: name, path"],
    );
}

#[test]
fn missing_and_repeated_keys() {
    expect("name: test\n", "", &["e.yaml", "the key `name` is missing"]);
    expect("  log_n: 15\n", "", &["key `fixed.log_n`: the setting is missing under `fixed` and `sweep`"]);
    expect("  dataset: cifar10\n", "", &["key `fixed.dataset`", "name a data set, such as cifar10"]);
    expect("  images: 2\n", "", &["key `fixed.images`", "say how many images to evaluate, such as 3"]);
    expect(
        "  log_n: 15\n  parameters: default\n  memory: {diagonals: 1 GiB, limit: 8 GiB}\nsweep:\n  threads: [1, 2]\n",
        "sweep: {log_n: [15]}\ninclude: [{threads: 1}]\n",
        &["key `include[0]`: this entry and `fixed` lack `log_n`, and no axis is for it; give log2"],
    );
    expect("  model: net.safetensors\n", "", &["key `fixed.model`", "name a safetensors file"]);
    expect(
        "  images: 2",
        "  images: 2\n  images: 3",
        &["line 6, column 11, key `fixed`", "`images` stands here twice"],
    );
    expect(
        "  threads: [1, 2]",
        "  log_n: [14, 15]",
        &["line 10, column 10, key `sweep.log_n`", "stands under `fixed` as well"],
    );
    expect("  threads: [1, 2]", "  threads: []", &["key `sweep.threads`: the list is empty"]);
}

#[test]
fn values_of_the_wrong_type() {
    expect("log_n: 15", "log_n: fifteen", &["line 6, column 10, key `fixed.log_n`: invalid type: string \"fifteen\""]);
    expect(
        "images: 2",
        "images: some",
        &["line 5, column 11", "expected a number of images, `all`, or a list of indices"],
    );
    expect("images: 2", "images: -2", &["line 5, column 11, key `fixed.images`", "-2"]);
    expect("diagonals: 1 GiB", "diagonals: much", &["line 8, column 23", "such as `2 GiB`"]);
    expect("threads: [1, 2]", "threads: 2", &["key `sweep.threads`", "expected a sequence"]);
    expect("  log_n: 15", "  log_n: 15\n  seed: first", &["line 7, column 9, key `fixed.seed`"]);
    expect("  log_n: 15", "  log_n: 15\n  probe: maybe", &["key `fixed.probe`", "expected a boolean"]);
}

#[test]
fn impossible_values() {
    expect("log_n: 15", "log_n: 32768", &["line 6, column 10, key `fixed.log_n`", "write 15 for N = 32768"]);
    expect("log_n: 15", "log_n: 30000", &["choose 12 to 17"]);
    expect("log_n: 15", "log_n: 18", &["choose 12 to 17"]);
    expect("images: 2", "images: 0", &["line 5, column 11", "ask for at least one"]);
    expect("images: 2", "images: [4, 1, 4]", &["image 4 stands in the list twice"]);
    expect(
        "threads: [1, 2]",
        "threads: [1, 0]",
        &["line 10, column 16, key `sweep.threads[1]`", "0 threads are not possible"],
    );
    expect(
        "diagonals: 1 GiB",
        "diagonals: 1 KiB",
        &["line 8, column 23, key `fixed.memory.diagonals`", "give at least 16.0 MiB"],
    );
    expect("limit: 8 GiB", "limit: 1 GiB", &["key `fixed.memory.limit`", "must be larger than `diagonals`"]);
    expect("name: test", "name: a/b", &["line 1, column 7, key `name`", "cannot name a directory"]);
    expect(
        "  log_n: 15",
        "  log_n: 15\n  security: 80",
        &["line 7, column 13, key `fixed.security`", "expected 128 or `none`"],
    );
    expect(
        "  log_n: 15",
        "  log_n: 15\n  layout: packde",
        &["key `fixed.layout`: `packde` is not known; did you mean `packed`?"],
    );
    expect(
        "dataset: cifar10",
        "dataset: cifar",
        &["line 4, column 12, key `fixed.dataset`: no data set cifar.yaml", "did you mean `cifar10`?"],
    );
    expect(
        "dataset: cifar10",
        "dataset: {name: mnist}",
        &["line 4, column 19, key `fixed.dataset.name`: `mnist` is not known", "known here: cifar10, cifar100"],
    );
}

#[test]
fn impossible_parameters() {
    let inline = |set: &str| format!("parameters: {set}");
    let check = |set: &str, parts: &[&str]| expect("parameters: default", &inline(set), parts);
    check(
        "defualt",
        &["line 7, column 15, key `fixed.parameters`", "no parameter set defualt.yaml", "did you mean `default`?"],
    );
    check(
        "{scale_bits: 40, weight_bits: 30, base_bits: 50}",
        &["key `fixed.parameters.weight_bits`", "= 70 bits, more than the 60"],
    );
    check(
        "{scale_bits: 20, weight_bits: 18, base_bits: 64}",
        &["key `fixed.parameters.base_bits`", "outside 20 to 60"],
    );
    check("{scale_bits: 30, weight_bits: 18, base_bits: 30}", &["no room for logits"]);
    check("{scale_bits: 20, weight_bits: 18}", &["the key `base_bits` is missing"]);
    check("{scale_bit: 20, weight_bits: 18, base_bits: 28}", &["did you mean `scale_bits`?"]);
    check("{scale_bits: 20, weight_bits: 18, base_bits: 28, key_switching: 3}", &["expected `auto`"]);
    check(
        "{scale_bits: 20, weight_bits: 18, base_bits: 28, key_switching: {special_primes: 0}}",
        &["key `fixed.parameters.key_switching`", "choose 1 to 64, or `auto`"],
    );
    check("{scale_bits: 20, weight_bits: 18, base_bits: 28, levels: 0}", &["key `fixed.parameters.levels`"]);
    check("{scale_bits: 20, weight_bits: 18, base_bits: 28.5}", &["key `fixed.parameters.base_bits`", "28.5"]);
    check("{scale_bits: .nan, weight_bits: 18, base_bits: 28}", &["key `fixed.parameters.scale_bits`"]);
}

#[test]
fn a_parameter_file_with_a_mistake_is_named() {
    let directory = experiment_with("parameters: default", "parameters: mine");
    let folder = directory.path().join("configs/parameters");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("mine.yaml"), "scale_bits: 20\nweight_bits: 1\nbase_bits: 28\n").unwrap();
    let text = refusal(directory.path(), &["plan", "e.yaml"]);
    assert!(text.contains("mine.yaml, line 2, column 14, key `weight_bits`: 1 bits is outside 8 to 45"), "{text}");
    let other = experiment_with("parameters: default", "parameters: mien");
    let folder = other.path().join("configs/parameters");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("mine.yaml"), "").unwrap();
    let text = refusal(other.path(), &["plan", "e.yaml"]);
    assert!(text.contains("did you mean `mine`?"), "{text}");
}

#[test]
fn files_that_are_not_there() {
    expect(
        "net.safetensors",
        "net.safetensor",
        &["line 3, column 10, key `fixed.model`: cannot read the weights at", "No such file"],
    );
    expect(
        "dataset: cifar10",
        "dataset: {name: cifar10, path: nowhere}",
        &["key `fixed.dataset.path`: cannot read the data set at"],
    );
    let directory = tempfile::tempdir().unwrap();
    let text = refusal(directory.path(), &["run", "absent.yaml"]);
    assert!(text.contains("cannot read absent.yaml: No such file"), "{text}");
}

#[test]
fn files_that_are_no_experiments() {
    expect(EXPERIMENT, "", &["e.yaml: the file is empty"]);
    expect(EXPERIMENT, "name: [x\nfixed:\n", &["e.yaml, line"]);
    expect(EXPERIMENT, "just text", &["e.yaml, line 1", "expected a mapping with name, fixed and sweep"]);
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("e.yaml"), [0xff, 0xfe, 0x00]).unwrap();
    assert!(refusal(directory.path(), &["run", "e.yaml"]).contains("cannot read e.yaml"));
}

#[test]
fn output_directories_that_cannot_be_used() {
    let directory = experiment_with("name: test", "name: test");
    let out = directory.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("trials.csv"), "precious").unwrap();
    let text = refusal(directory.path(), &["run", "e.yaml", "--out", "out"]);
    assert!(text.contains("has other columns than this version") && text.contains("use a new --out"), "{text}");
    assert_eq!(fs::read_to_string(out.join("trials.csv")).unwrap(), "precious");
    fs::write(out.join("provenance.json"), "{").unwrap();
    let text = refusal(directory.path(), &["run", "e.yaml", "--out", "out"]);
    assert!(text.contains("provenance.json is damaged") && text.contains("move it away"), "{text}");
    fs::remove_file(out.join("provenance.json")).unwrap();
    fs::rename(out.join("trials.csv"), out.join("thesis.tex")).unwrap();
    let text = refusal(directory.path(), &["run", "e.yaml", "--out", "out"]);
    assert!(text.contains("is not empty (it holds \"thesis.tex\", and no results)"), "{text}");
    assert!(text.contains("choose another directory"), "{text}");
    for place in ["/proc/leveled-results", "e.yaml", "e.yaml/below"] {
        let text = refusal(directory.path(), &["run", "e.yaml", "--out", place]);
        assert!(
            text.contains("cannot write to the output directory") && text.contains("choose another directory"),
            "{text}"
        );
    }
}

#[test]
fn arguments_of_infer() {
    let directory = experiment_with("name: test", "name: test");
    let infer = |arguments: &[&str]| refusal(directory.path(), &[&["infer"], arguments].concat());
    let text = infer(&["--model", "absent.safetensors", "--image", "0"]);
    assert!(text.contains("cannot read absent.safetensors"), "{text}");
    let text = infer(&["--model", "net.safetensors", "--image", "absent.png"]);
    assert!(text.contains("cannot read absent.png"), "{text}");
    let text = infer(&["--model", "net.safetensors", "--image", "0", "--log-n", "32768"]);
    assert!(text.contains("write 15 for N = 32768"), "{text}");
}

#[test]
fn arguments_of_run() {
    let directory = experiment_with("name: test", "name: test");
    let run = |arguments: &[&str]| refusal(directory.path(), &[&["run", "e.yaml", "--out", "out"], arguments].concat());
    let text = run(&["--filter", "thread=1"]);
    assert!(text.contains("\"thread\" is no setting; did you mean `threads`?"), "{text}");
    assert!(run(&["--filter", "threads"]).contains("is no filter; write key=value, such as log_n=15"));
    let text = run(&["--filter", "threads=3"]);
    assert!(text.contains("--filter: no trial has threads = 3") && text.contains("there are: 1, 2"), "{text}");
    let text = run(&["--max-memory", "much"]);
    assert!(text.contains("is not a size; write a number and a unit"), "{text}");
    assert!(run(&["--jobs", "0"]).contains("0 is not in 1..=1024"));
    assert!(!directory.path().join("out").exists());
}

#[test]
fn reports_of_what_is_no_result() {
    let directory = tempfile::tempdir().unwrap();
    let text = refusal(directory.path(), &["report", "."]);
    assert!(text.contains("holds no results (trials.csv is missing)"), "{text}");
    fs::write(directory.path().join("trials.csv"), "a,b\n1,2\n").unwrap();
    fs::write(directory.path().join("layers.csv"), "a,b\n").unwrap();
    let text = refusal(directory.path(), &["report", "."]);
    assert!(text.contains("trials.csv has no column"), "{text}");
}

#[test]
fn trials_need_their_specification() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("spec.json"), "{}").unwrap();
    let text = refusal(directory.path(), &["trial", "spec.json"]);
    assert!(text.contains("is not a trial specification"), "{text}");
}

#[test]
fn points_that_are_not_there() {
    let exclude = "  threads: [1, 2]\nexclude:\n  - {threads: 3}";
    expect("  threads: [1, 2]", exclude, &["line 12, column 5, key `exclude[0]`: no combination of the sweep is left"]);
    let all = "  threads: [1, 2]\nexclude:\n  - {log_n: 15}";
    expect("  threads: [1, 2]", all, &["key `exclude`: every combination is excluded"]);
    let empty = "  threads: [1, 2]\ninclude:\n  - {}";
    expect("  threads: [1, 2]", empty, &["line 12, column 5, key `include[0]`: the entry names no setting"]);
    let mistyped = "  threads: [1, 2]\ninclude:\n  - {log_n: 14, thread: 1}";
    expect("  threads: [1, 2]", mistyped, &["line 12, column 17, key `include[0].thread`", "did you mean `threads`?"]);
    let impossible = "  threads: [1, 2]\ninclude:\n  - {log_n: 14}\n  - {threads: 0}";
    expect("  threads: [1, 2]", impossible, &["line 13, column 15, key `include[1].threads`: 0 threads"]);
    expect("sweep:\n", "sweep:\ninclude: {log_n: 14}\nexclude:\n", &["key `include`", "expected a sequence"]);
}

#[test]
fn models_that_are_not_meant() {
    let by_card = |text: &'static str| ("  model: net.safetensors", text);
    let (old, new) = by_card("  network: resnet20");
    expect(old, new, &["key `fixed.network`: there is no directory models here or above"]);
    let (old, new) = by_card("  model: net");
    expect(
        old,
        new,
        &["line 3, column 10, key `fixed.model`: no weights net.safetensors in models; name a file instead"],
    );
    let (old, new) = by_card("  model: net.safetensors\n  network: resnet18");
    expect(old, new, &["line 4, column 12, key `fixed.network`: the card of the weights says `resnet20`"]);
    let (old, new) = by_card("  model: net.safetensors\n  activation: herp");
    expect(old, new, &["line 4, column 15, key `fixed.activation`: `herp` is not known; did you mean `herpn`?"]);
    let (old, new) = by_card("  model: net.safetensors\n  width: 0");
    expect(old, new, &["line 4, column 10, key `fixed.width`: a network has at least 1 channel"]);
}

#[test]
fn models_by_their_cards() {
    let directory = experiment_with("  model: net.safetensors", "  network: resnet20");
    let models = directory.path().join("models");
    fs::create_dir(&models).unwrap();
    let add = |name: &str, card: &str| {
        fs::write(models.join(format!("{name}.safetensors")), "weights").unwrap();
        fs::write(models.join(format!("{name}.yaml")), card).unwrap();
    };
    add("wide", &CARD.replace("width: 16", "width: 64"));
    let refuse = |new: &str| {
        let text = EXPERIMENT.replace("  model: net.safetensors", new);
        fs::write(directory.path().join("e.yaml"), text).unwrap();
        refusal(directory.path(), &["plan", "e.yaml"])
    };
    // The only weights that fit are found; that they are not weights is for the plan to say.
    assert!(refuse("  network: resnet20").contains("wide.safetensors"));
    add("narrow", CARD);
    let text = refuse("  network: resnet20");
    assert!(text.contains("2 weights in models are resnet20 for cifar10: narrow, wide; name one of them"), "{text}");
    assert!(refuse("  network: resnet20\n  width: 16").contains("narrow.safetensors"));
    let text = refuse("  network: resnet32\n  width: 16\n  activation: quadratic");
    assert!(text.contains("no weights in models are resnet32 of width 16 with quadratic for cifar10"), "{text}");
    add("torn", "network: [");
    let text = refuse("  network: resnet32");
    assert!(text.contains("(narrow, torn, wide there; no card can be read of torn)"), "{text}");
    let text = refuse("  model: narow");
    assert!(text.contains("no weights narow.safetensors in models; did you mean `narrow`?"), "{text}");
}

#[test]
fn settings_that_do_not_go_together() {
    let model = |new: &str| format!("  model: net.safetensors\n{new}");
    let check = |new: &str, parts: &[&str]| expect("  model: net.safetensors", &model(new), parts);
    check(
        "  network: resnet20\n  width: 16\n  weights: random",
        &["key `fixed.model`: random weights come from no file"],
    );
    check(
        "  ensemble: 2",
        &["line 4, column 13, key `fixed.ensemble`: 2 members of trained weights, but `model` names 1"],
    );
    check("  ensemble: 0", &["key `fixed.ensemble`: 0 members are not possible; choose 1 to 64"]);
    check("  clusters: 1", &["key `fixed.clusters`: 1 cluster(s) would leave nothing", "choose 2 or more"]);
    check("  clusters: few", &["key `fixed.clusters`", "expected a number of clusters such as 64, or `none`"]);
    check("  clusters: 8\n  cluster_mode: joint", &["key `fixed.cluster_mode`: joint clustering is of the members"]);
    check(
        "  clusters: 8\n  cluster_mode: layer",
        &["key `fixed.cluster_mode`: `layer` is not known", "full, slice, joint"],
    );
    check("  convolution: clustered", &["key `fixed.convolution`: the packed layout has no clustered convolution"]);
    check("  batch: 4", &["key `fixed.batch`: the packed layout has no free slots"]);
    expect(
        "memory: {diagonals: 1 GiB,",
        "memory: {working: 1 MiB,",
        &["key `fixed.memory.working`: 1.0 MiB cannot hold"],
    );
}

#[test]
fn random_weights_need_a_network() {
    let random = |new: &str| format!("  weights: random\n{new}");
    let check = |new: &str, parts: &[&str]| expect("  model: net.safetensors\n", &random(new), parts);
    check("", &["key `fixed.network`", "random weights need `network` and `width`"]);
    check(
        "  network: resnet20\n  width: 16\n  backend: clear\n  ensemble: 33\n  clusters: 8\n  cluster_mode: joint\n",
        &["key `fixed.cluster_mode`: joint clustering takes at most 32 members; give fewer, or set `slice`"],
    );
    check("  network: resnet20\n", &["key `fixed.width`", "random weights need `network` and `width`"]);
    check("  network: resnet20\n  width: 100000\n", &["key `fixed.width`", "width is 100000"]);
    check("  network: resnet57\n  width: 16\n", &["key `fixed.network`: unknown network `resnet57`"]);
    check(
        "  network: resnet20\n  width: 16\n  activation: herpn\n",
        &["key `fixed.activation`: random weights have one fixed quadratic"],
    );
    // A chain that is too long for the ring names the smallest that holds it.
    check(
        "  network: resnet32\n  width: 16\n",
        &["exceed the 868 bits that are 128-bit secure at N = 2^15", "the smallest ring for this chain is N = 2^16"],
    );
}

#[test]
fn members_of_different_networks() {
    let directory = experiment_with("model: net.safetensors", "model: [net.safetensors, wide.safetensors]");
    fs::write(directory.path().join("wide.safetensors"), "weights").unwrap();
    fs::write(directory.path().join("wide.yaml"), CARD.replace("width: 16", "width: 64")).unwrap();
    let text = refusal(directory.path(), &["plan", "e.yaml"]);
    let part = "line 3, column 28, key `fixed.model[1]`: this is a resnet20 of width 64 with herpn for cifar10, but the first \
                member is a resnet20 of width 16 with herpn for cifar10; the members of an ensemble differ in their numbers";
    assert!(text.contains(part), "{text}");
    fs::write(directory.path().join("wide.yaml"), CARD.replace("125.3", "120.0")).unwrap();
    let text = refusal(directory.path(), &["plan", "e.yaml"]);
    assert!(text.contains("its card normalises images in another way"), "{text}");
    expect("model: net.safetensors", "model: []", &["key `fixed.model`: the list is empty"]);
    expect("model: net.safetensors", "model: {a: b}", &["key `fixed", "or a list of them for an ensemble"]);
    let absent = "model: [net.safetensors, gone.safetensors]";
    expect("model: net.safetensors", absent, &["key `fixed.model[1]`: cannot read the weights at"]);
}

#[test]
fn variables_that_cannot_be() {
    for (name, value, part) in [
        ("LEVELED_SIMD", "avx1024", "LEVELED_SIMD is \"avx1024\", but this processor has the kernels portable"),
        (
            "LEVELED_MEMORY",
            "plenty",
            "LEVELED_MEMORY: \"plenty\" is not a size; write a number and a unit, such as `2 GiB`",
        ),
    ] {
        let output = leveled_with(Path::new("."), &[(name, value)], &["plan", "experiments/quickstart.yaml"]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(output.stdout.is_empty());
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_share_of_the_memory_bounds_the_weights_that_are_kept() {
    let planned = |variables: &[(&str, &str)], arguments: &[&str]| {
        let all = [&["run", "experiments/quickstart.yaml", "--dry-run", "--json"], arguments].concat();
        let output = leveled_with(Path::new("."), variables, &all);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        json[0]["memory_bytes"].as_u64().unwrap()
    };
    let least = planned(&[("LEVELED_MEMORY", "1 GiB")], &[]);
    let some = planned(&[("LEVELED_MEMORY", "8 GiB")], &[]);
    assert!(least < some && some < 8 << 30, "{least} {some}");
    // Two jobs share what there is where two trials run.
    let (memory, sweep) = (["--max-memory", "8 GiB", "--jobs", "2"], ["--set", "sweep.seed=[1, 2]"]);
    assert_eq!(planned(&[], &memory), some);
    assert_eq!(planned(&[], &[&memory[..], &sweep].concat()), planned(&[("LEVELED_MEMORY", "4 GiB")], &[]));
}

#[test]
fn a_pool_that_changes_nothing_makes_no_other_trial() {
    let folder = tempfile::tempdir().unwrap();
    for (width, trials) in [("4", 1), ("64", 2)] {
        let text = format!(
            "name: pools\nfixed: {{network: resnet20, width: {width}, weights: random, dataset: cifar10, backend: clear, images: 1}}\n\
             sweep: {{pool: [standard, global]}}\n"
        );
        let file = folder.path().join("pools.yaml");
        fs::write(&file, text).unwrap();
        let output = leveled_with(Path::new("."), &[], &["run", file.to_str().unwrap(), "--dry-run", "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json.as_array().unwrap().len(), trials, "{}", String::from_utf8_lossy(&output.stderr));
    }
}
