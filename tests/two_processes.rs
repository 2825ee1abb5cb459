//! Experiments whose client and server are two processes, on a tiny network in an insecure ring.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;

use common::processes::{children, signal};
use common::program::{refusal, started, success};
use common::rows::rows;
use common::tiny_model;
use leveled::experiment::records::{ImageRow, LayerRow, TrialRow};
use rustix::process::Signal;

/// The tiny experiment between two processes.
fn experiment(more: &str) -> String {
    tiny_model::EXPERIMENT.replace("  seed: 7\n", "  processes: two\n") + more
}

#[test]
fn two_processes_predict_as_one_and_record_what_went_between_them() {
    let directory = tiny_model::directory();
    let directory = directory.path();
    // One image after the other, and both in one file.
    for (name, layout, uploads) in [("packed", "", 2), ("tiled", "  layout: tiled\n  tiles: 64\n", 1)] {
        fs::write(directory.join("two.yaml"), experiment(layout)).unwrap();
        success(directory, &["run", "two.yaml", "--out", name]);
        let out = directory.join(name);
        let trials: Vec<TrialRow> = rows(&out);
        let [trial] = trials.as_slice() else { panic!("one trial") };
        assert_eq!((trial.processes.as_str(), trial.agreement, trial.probe), ("two", Some(1.0), Some(false)), "{name}");
        let images: Vec<ImageRow> = rows(&out);
        assert!(images.len() == 2 && images.iter().all(|image| image.agreement == Some(true) && !image.overflow));
        assert!(trial.logit_error_max.unwrap() < 0.1, "{:?}", trial.logit_error_max);
        assert_eq!(trial.latency_evaluations, Some(uploads));

        // Seconds of the server's process lie within those of the whole path.
        let (load, path) = (trial.load_seconds_median.unwrap(), trial.path_seconds_median.unwrap());
        let latency = trial.latency_seconds_median.unwrap();
        assert!(load > 0.0 && latency > 0.0 && load + latency < path, "{load} + {latency}, {path}");
        assert!(trial.prepare_seconds.unwrap() > 0.0 && trial.server_peak_memory_bytes.unwrap() > 1 << 20);
        let layers: Vec<LayerRow> = rows(&out);
        let of_layers: f64 = layers.iter().map(|layer| layer.seconds.unwrap()).sum();
        assert!(of_layers > 0.0 && layers.iter().all(|layer| layer.scale_deviation.unwrap() < 1e-9), "{of_layers}");

        // Bytes of every file: keys are sent in half of what they take in memory.
        let (sent, read) = (trial.sent_keys_file_bytes.unwrap(), trial.keys_file_bytes.unwrap());
        assert!(sent < read * 11 / 20 && read > trial.key_bytes.unwrap(), "{sent}, {read}");
        assert!((4096..1 << 16).contains(&trial.bundle_file_bytes.unwrap()));
        assert!((4096..1 << 16).contains(&trial.plan_file_bytes.unwrap()));
        assert_eq!(trial.secret_file_bytes, Some(4096 + 32 + 8));
        assert!(trial.ciphertext_bytes.unwrap() > trial.result_bytes.unwrap());
        // Keys of a finished trial are of no use.
        assert!(!out.join(".pending").exists());
    }
}

#[test]
fn what_has_nothing_to_send_or_would_share_a_secret_is_refused() {
    let directory = tiny_model::directory();
    let directory = directory.path();
    for (more, expected) in [
        ("  backend: simulated\n", "key `fixed.processes`: `backend: simulated` has no keys"),
        ("  backend: clear\n", "key `fixed.processes`: `backend: clear` has no keys"),
        ("  seed: 3\n", "key `fixed.seed`: keys that are sent come from the operating system's entropy"),
        ("  probe: true\n", "key `fixed.probe`: the process that has the layers has no secret"),
    ] {
        fs::write(directory.join("two.yaml"), experiment(more)).unwrap();
        let text = refusal(directory, &["run", "two.yaml", "--out", "out"]);
        assert!(text.contains(expected) && !directory.join("out").exists(), "{text}");
    }
}

#[test]
fn a_server_that_is_killed_is_named_in_the_row() {
    let directory = tiny_model::directory();
    let directory = directory.path();
    fs::write(directory.join("two.yaml"), experiment("").replace("images: [3, 0]", "images: 50")).unwrap();
    let mut run = started(directory, &["run", "two.yaml", "--out", "out"]);
    // One may just have come to its end.
    while run.try_wait().unwrap().is_none() {
        for server in children(run.id()).into_iter().flat_map(children) {
            signal(server, Signal::KILL);
        }
    }
    assert_eq!(run.wait().unwrap().code(), Some(1));
    let trials: Vec<TrialRow> = rows(&directory.join("out"));
    let [trial] = trials.as_slice() else { panic!("one trial") };
    assert!(trial.reason.contains("the server's process killed by signal 9 (SIGKILL)"), "{}", trial.reason);
}
