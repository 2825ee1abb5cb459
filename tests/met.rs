//! What people met on their machines and with their files: other encodings, links, names, paths, limits; and the habits of a command line.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::Path;

use common::program::{leveled, refusal, success};
use common::tiny_model;
use tempfile::TempDir;

/// A tiny network, evaluated in the clear: trials of a moment.
const CLEAR: &str = "name: clear\nfixed: {model: tiny.safetensors, dataset: cifar10, images: 3, backend: clear}\n";

fn clear() -> TempDir {
    let directory = tiny_model::directory();
    fs::write(directory.path().join("e.yaml"), CLEAR).unwrap();
    directory
}

/// The refusal of an experiment file with this content.
fn refused(content: &[u8]) -> String {
    let directory = clear();
    fs::write(directory.path().join("e.yaml"), content).unwrap();
    refusal(directory.path(), &["plan", "e.yaml"])
}

#[test]
fn texts_of_windows_editors_are_read_or_named() {
    let directory = clear();
    for file in ["e.yaml", "tiny.yaml"] {
        let path = directory.path().join(file);
        let marked = ["\u{feff}", &fs::read_to_string(&path).unwrap().replace('\n', "\r\n")].concat();
        fs::write(path, marked).unwrap();
    }
    success(directory.path(), &["plan", "e.yaml"]);
    let utf16: Vec<u8> = "\u{feff}".chars().chain(CLEAR.chars()).flat_map(|it| (it as u16).to_le_bytes()).collect();
    let text = refused(&utf16);
    assert!(text.contains("it is text in UTF-16; save it in UTF-8") && !text.contains("permissions"), "{text}");
    let text = refused(&[b"# Gr\xf6\xdfe\n", CLEAR.as_bytes()].concat());
    assert!(text.contains("not text in UTF-8 (line 1") && !text.contains("permissions"), "{text}");
    // A card likewise.
    fs::write(directory.path().join("tiny.yaml"), utf16).unwrap();
    assert!(refusal(directory.path(), &["plan", "e.yaml"]).contains("UTF-16"));
}

#[test]
fn values_of_other_yaml_versions_say_what_to_write() {
    let refused = |old: &str, new: &str| refused(CLEAR.replacen(old, new, 1).as_bytes());
    assert!(refused("images: 3", "images: 3, probe: off").contains("`fixed.probe`: invalid type: string \"off\""));
    assert!(refused("images: 3", "images: 3, probe: off").contains("write `false`"));
    assert!(refused("images: 3", "images: 3, log_n: \"12\"").contains("remove the quotes"));
    let text = refused("images: 3", "images: 3, layout: ");
    assert!(text.contains("key `fixed.layout`") && text.contains("no value"), "{text}");
    let sweep = |axis: &str| refused("}\n", &format!("}}\nsweep:\n  {axis}\n"));
    assert!(sweep("seed:").contains("key `sweep.seed`: the key has no value; give it a list"));
    assert!(sweep("seed: 1").contains("put it into brackets"));
    let merged = format!("{}include:\n  - {{<<: *f, seed: 1}}\n", CLEAR.replace("fixed: ", "fixed: &f "));
    let text = self::refused(merged.as_bytes());
    assert!(text.contains("`include[0].<<`: merge keys are not read; put what entries share under `fixed`"), "{text}");
}

#[cfg(unix)]
#[test]
fn weights_may_be_links_and_have_dots_in_their_names() {
    let directory = clear();
    let place = directory.path();
    fs::create_dir_all(place.join("store")).unwrap();
    fs::create_dir_all(place.join("models")).unwrap();
    fs::rename(place.join("tiny.safetensors"), place.join("store/blob")).unwrap();
    std::os::unix::fs::symlink("../store/blob", place.join("models/r20.v2.safetensors")).unwrap();
    fs::rename(place.join("tiny.yaml"), place.join("models/r20.v2.yaml")).unwrap();
    for model in ["r20.v2", "models/r20.v2.safetensors"] {
        fs::write(place.join("e.yaml"), CLEAR.replace("tiny.safetensors", model)).unwrap();
        let out = format!("out_{}", model.len());
        success(place, &["run", "e.yaml", "--out", &out]);
        let rows = fs::read_to_string(place.join(out).join("trials.csv")).unwrap();
        assert!(rows.contains(",r20.v2.safetensors,"), "the link's name is what the user knows: {rows}");
    }
    fs::write(place.join("e.yaml"), CLEAR.replace("tiny.safetensors", "r20.v3")).unwrap();
    let text = refusal(place, &["plan", "e.yaml"]);
    assert!(
        text.contains("No such file, and no weights r20.v3.safetensors in models") && text.contains("r20.v2"),
        "{text}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn paths_need_not_be_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let directory = clear();
    let place = directory.path().join(OsStr::from_bytes(b"n\xe9t"));
    fs::create_dir(&place).unwrap();
    for file in ["tiny.safetensors", "tiny.yaml", "e.yaml"] {
        fs::copy(directory.path().join(file), place.join(file)).unwrap();
    }
    success(&place, &["run", "e.yaml", "--out", "out"]);
    success(&place, &["report", "out"]);
    success(&place, &["export", "out", "--parquet"]);
    success(&place, &["evaluate", "tiny.safetensors", "--out", "evaluated"]);
    // From elsewhere an experiment would have to name it.
    let weights = std::path::PathBuf::from(OsStr::from_bytes(b"n\xe9t/tiny.safetensors"));
    let mut program = assert_cmd::Command::cargo_bin("leveled").unwrap();
    let output = program.current_dir(directory.path()).arg("evaluate").arg(weights).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("has bytes that are not UTF-8, which an experiment cannot name"), "{text}");
}

#[test]
fn a_pointer_of_git_lfs_is_named() {
    let directory = clear();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1100000\n";
    fs::write(directory.path().join("tiny.safetensors"), pointer).unwrap();
    let text = refusal(directory.path(), &["evaluate", "tiny.safetensors"]);
    assert!(text.contains("is a Git LFS pointer") && text.contains("`git lfs pull`"), "{text}");
}

#[test]
fn threads_that_hinder_each_other_are_planned_and_not_run() {
    let directory = tiny_model::directory();
    let place = directory.path();
    fs::write(place.join("e.yaml"), tiny_model::EXPERIMENT.replace("threads: 2", "threads: 1024")).unwrap();
    assert!(success(place, &["plan", "e.yaml"]).contains("1024 thread(s) on "));
    if std::thread::available_parallelism().unwrap().get() >= 64 {
        eprintln!("SKIPPED: so many cores start them");
        return;
    }
    let text = refusal(place, &["run", "e.yaml", "--out", "out"]);
    assert!(text.contains("cannot start 1024 thread(s)") && text.contains("ask for fewer"), "{text}");
    assert!(!place.join("out").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn ulimit_bounds_the_memory_of_a_trial() {
    let directory = tiny_model::directory();
    let program = assert_cmd::cargo::cargo_bin("leveled");
    let script = format!("ulimit -v 1500000; exec {} plan e.yaml --json", program.display());
    let mut shell = assert_cmd::Command::new("sh");
    let output =
        shell.env("LEVELED_PRICES", "stored").current_dir(directory.path()).args(["-c", &script]).output().unwrap();
    let plans: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let limit = plans[0]["memory_limit_bytes"].as_u64().unwrap();
    assert!((1 << 20..1_500_000 << 10).contains(&limit), "{limit}");
    // What the file allows is not what there is: refused, before anything is written.
    let experiment = tiny_model::EXPERIMENT.replace("  seed: 7\n", "  memory: {limit: 64 GiB}\n");
    let under = |kibibytes: u32| {
        fs::write(directory.path().join("e.yaml"), experiment.replace("log_n: 12", "log_n: 15")).unwrap();
        let script = format!("ulimit -v {kibibytes}; exec {} run e.yaml --out out", program.display());
        let mut shell = assert_cmd::Command::new("sh");
        let output = shell.env("LEVELED_PRICES", "stored").current_dir(directory.path()).args(["-c", &script]).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = under(700_000);
    assert!(code == Some(2) && text.contains("predicted to need"), "{code:?}: {text}");
    let (code, text) = under(120_000);
    assert!(code == Some(2) && text.contains("`ulimit` leaves this process"), "{code:?}: {text}");
    assert!(!directory.path().join("out").exists());
}

#[test]
fn what_is_set_runs_and_is_on_record() {
    let directory = clear();
    let place = directory.path();
    let set = ["--set", "images=2", "--set", "sweep.network_form=[trained, lowered]"];
    success(place, &[&["run", "e.yaml", "--out", "out"][..], &set].concat());
    let rows = fs::read_to_string(place.join("out/trials.csv")).unwrap();
    assert_eq!(rows.lines().count(), 1 + 2);
    let provenance = fs::read_to_string(place.join("out/provenance.json")).unwrap();
    let parts = ["\"images=2\"", "\"sweep.network_form=[trained, lowered]\"", "images: 3"];
    assert!(parts.iter().all(|part| provenance.contains(part)), "{provenance}");
    // What is recorded does not run again; without it, the trial is another one.
    let again = success(place, &[&["run", "e.yaml", "--out", "out", "--dry-run"][..], &set].concat());
    assert!(again.contains("0 of 2 trial(s) would run"), "{again}");
    assert!(success(place, &["run", "e.yaml", "--out", "out", "--dry-run"]).contains("1 of 1 trial(s) would run"));
    assert!(refusal(place, &["plan", "e.yaml", "--set", "lgo_n=14"]).contains("did you mean `log_n`?"));
}

#[test]
fn two_runs_are_compared() {
    let directory = clear();
    let place = directory.path();
    success(place, &["run", "e.yaml", "--out", "one", "--set", "images=all"]);
    success(place, &["run", "e.yaml", "--out", "two", "--set", "images=all"]);
    let text = success(place, &["compare", "one", "two"]);
    assert!(
        text.starts_with("# one and two\n\n0 of 1 trials got worse.") && text.contains("no clear difference"),
        "{text}"
    );
    // Weights that are wrong where these are right.
    tiny_model::write_network(&place.join("tiny.safetensors"), 2);
    success(place, &["run", "e.yaml", "--out", "three", "--set", "images=all"]);
    let json = leveled(place, &["compare", "one", "three", "--json"]);
    let made: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let accuracy = &made["trials"][0]["accuracy"];
    assert!(accuracy["paired"].as_bool().unwrap() && accuracy["interval"][0].is_number(), "{made}");
    assert_ne!(made["trials"][0]["trial_id"], made["trials"][0]["trial_id_after"]);
    assert_eq!((accuracy["verdict"].as_str(), json.status.code()), (Some("unclear"), Some(0)), "{made}");
    // Before, every image was right: continuous integration hears of it.
    fs::create_dir(place.join("right")).unwrap();
    for name in ["trials.csv", "layers.csv", "images.csv"] {
        let mut reader = csv::Reader::from_path(place.join("one").join(name)).unwrap();
        let mut writer = csv::Writer::from_path(place.join("right").join(name)).unwrap();
        let header = reader.headers().unwrap().clone();
        let column = |name: &str| header.iter().position(|column| column == name);
        writer.write_record(&header).unwrap();
        for row in reader.records().map(Result::unwrap) {
            let mut cells: Vec<String> = row.iter().map(str::to_owned).collect();
            if let Some((predicted, label)) = column("clear_predicted").zip(column("label")) {
                cells[predicted] = cells[label].clone();
            }
            if let Some(accuracy) = column("clear_accuracy") {
                cells[accuracy] = "1.0".into();
            }
            writer.write_record(&cells).unwrap();
        }
    }
    let output = leveled(place, &["compare", "right", "one"]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("1 of 1 trial(s) got worse"), "{error}");
    let tolerated = ["compare", "right", "one", "--accuracy-tolerance", "100"];
    assert!(success(place, &tolerated).contains("0 of 1 trials got worse"));
    // A trial that is gone is worse for who asks for all.
    success(place, &["run", "e.yaml", "--out", "right", "--set", "images=2"]);
    let gone = [&tolerated[..], &["--complete"]].concat();
    assert!(success(place, &tolerated).contains("0 of 1 trials got worse; 1 of before is not there after."));
    let output = leveled(place, &gone);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("1 of 2 trial(s) got worse"), "{error}");
    assert!(refusal(place, &["compare", "one", "nowhere"]).contains("nowhere holds no results"));
}

#[test]
fn shells_complete_and_the_manual_is_there() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(success(place, &["completions", shell]).contains("compare"), "{shell}");
    }
    assert!(success(place, &["man"]).contains(".TH leveled 1"));
    let directory = tempfile::tempdir().unwrap();
    success(directory.path(), &["man", "--out", "man1"]);
    let page = fs::read_to_string(directory.path().join("man1/leveled-run.1")).unwrap();
    assert!(page.contains("\\-\\-dry\\-run"), "{page}");
}

#[test]
fn weights_are_found_by_their_name() {
    let directory = clear();
    let place = directory.path();
    fs::create_dir(place.join("models")).unwrap();
    for file in ["tiny.safetensors", "tiny.yaml"] {
        fs::rename(place.join(file), place.join("models").join(file)).unwrap();
    }
    let named = success(place, &["evaluate", "tiny"]);
    assert_eq!(named, success(place, &["evaluate", "models/tiny.safetensors"]));
    let text = refusal(place, &["evaluate", "tinny"]);
    assert!(text.contains("MODELS: no weights tinny.safetensors in models; did you mean `tiny`?"), "{text}");
}

#[test]
fn a_chain_needs_no_further_word() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR"));
    let alone = success(place, &["plan", "--chain", "60,40x20,60", "--log-n", "15"]);
    assert_eq!(alone, success(place, &["plan", "--security", "--chain", "60,40x20,60", "--log-n", "15"]));
}

/// As they are by `leveled run`: named otherwise, the directory is the same.
#[test]
fn a_report_beside_its_rows_renews_the_summary() {
    let directory = clear();
    let place = directory.path();
    success(place, &["run", "e.yaml", "--out", "out"]);
    let summary = place.join("out/summary.md");
    let expected = fs::read_to_string(&summary).unwrap();
    assert!(expected.contains("accuracy in the clear (%)"), "{expected}");
    for out in ["./out", place.join("out").to_str().unwrap()] {
        fs::remove_file(&summary).unwrap();
        success(place, &["report", "out", "--out", out]);
        assert_eq!(fs::read_to_string(&summary).unwrap(), expected);
    }
    let text = refusal(place, &["gather", "out", "./out"]);
    assert!(text.contains("./out is the directory to gather into; name the directories of the parts"), "{text}");
}
