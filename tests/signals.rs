//! What a terminal does to a run: it is closed, it stops the run, it no longer listens.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::processes::{children, is_stopped, signal, wait_for};
use common::rows::rows;
use common::tiny_model;
use leveled::experiment::records::{ImageRow, LayerRow, TrialRow, TrialStatus};
use rustix::process::Signal;
use tempfile::TempDir;

fn sweep(seeds: usize) -> TempDir {
    let directory = tiny_model::directory();
    fs::write(directory.path().join("e.yaml"), tiny_model::sweep(seeds)).unwrap();
    directory
}

/// Starts `sh -c SCRIPT`, in which `$leveled` is the program.
fn shell(directory: &Path, script: &str) -> Child {
    Command::new("sh")
        .args(["-c", script])
        .env("leveled", env!("CARGO_BIN_EXE_leveled"))
        .current_dir(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn expect_complete(directory: &Path, trials: usize) {
    let found = rows::<TrialRow>(&directory.join("out"));
    assert_eq!(found.len(), trials);
    assert!(found.iter().all(|row| row.status == TrialStatus::Ok), "{found:?}");
}

#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let directory = sweep(3);
    let run = shell(directory.path(), "trap '' HUP; exec \"$leveled\" run e.yaml --out out");
    wait_for("a trial", || children(run.id()).first().copied());
    signal(run.id(), Signal::HUP);
    let output = run.wait_with_output().unwrap();
    assert_eq!(code(&output), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    expect_complete(directory.path(), 3);
    // Without it, the end of the terminal ends the run after what is in hand.
    let directory = sweep(3);
    let run = shell(directory.path(), "exec \"$leveled\" run e.yaml --out out");
    wait_for("a trial", || children(run.id()).first().copied());
    signal(run.id(), Signal::HUP);
    assert_eq!(code(&run.wait_with_output().unwrap()), Some(130));
    expect_complete(directory.path(), 1);
}

#[test]
fn a_stopped_run_stops_its_trials_and_measures_no_pause() {
    const PAUSE: Duration = Duration::from_secs(6);
    let directory = sweep(4);
    let begun = Instant::now();
    let run = shell(directory.path(), "exec \"$leveled\" run e.yaml --out out --jobs 2");
    let trials = wait_for("two trials", || Some(children(run.id())).filter(|trials| trials.len() == 2));
    // Well into the work of both.
    thread::sleep(Duration::from_millis(300));
    signal(run.id(), Signal::TSTP);
    wait_for("the stop of the run", || is_stopped(run.id()).then_some(()));
    let there = |trial: &&u32| Path::new(&format!("/proc/{trial}/stat")).exists();
    for trial in trials.iter().filter(there) {
        wait_for("the stop of a trial", || (is_stopped(*trial) || !children(run.id()).contains(trial)).then_some(()));
    }
    assert!(trials.iter().any(|trial| is_stopped(*trial)), "no trial was stopped in its work");
    thread::sleep(PAUSE);
    signal(run.id(), Signal::CONT);
    let output = run.wait_with_output().unwrap();
    // What is left of it, however slow the machine is.
    let most = (begun.elapsed() - PAUSE).as_secs_f64();
    assert_eq!(code(&output), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    expect_complete(directory.path(), 4);
    let out = directory.path().join("out");
    assert_eq!((rows::<ImageRow>(&out).len(), rows::<LayerRow>(&out).len()), (4, 80));
    for row in rows::<TrialRow>(&out) {
        let seconds =
            [row.latency_seconds_median, row.keygen_seconds, row.encryption_seconds_median, row.trial_seconds];
        assert!(seconds.iter().all(|seconds| seconds.unwrap() < most), "{seconds:?} of {most}");
    }
}

#[test]
fn nobody_to_listen_is_no_reason_to_end() {
    // The same point twice is worth a line on standard error.
    let text = tiny_model::sweep(1).replace("[0]", "[0, 0]");
    for listener in ["2>&-", "2>/dev/full", "2>&1 >/dev/null | true"] {
        let directory = sweep(1);
        fs::write(directory.path().join("e.yaml"), &text).unwrap();
        let script = format!("{{ \"$leveled\" run e.yaml --out out; echo $? >code; }} {listener}");
        shell(directory.path(), &script).wait_with_output().unwrap();
        assert_eq!(fs::read_to_string(directory.path().join("code")).unwrap(), "0\n", "{listener}");
        expect_complete(directory.path(), 1);
        // An error has its exit code, heard or not.
        let script = format!("{{ \"$leveled\" run none.yaml --out out; echo $? >code; }} {listener}");
        shell(directory.path(), &script).wait_with_output().unwrap();
        assert_eq!(fs::read_to_string(directory.path().join("code")).unwrap(), "2\n", "{listener}");
    }
    // What was asked for cannot be written: the user's to change, as for files.
    let directory = sweep(1);
    let script = "{ \"$leveled\" schema; echo $? >code; } >/dev/full 2>told";
    shell(directory.path(), script).wait_with_output().unwrap();
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    assert_eq!(read("code"), "2\n");
    assert!(read("told").contains("No space left on device"), "{}", read("told"));
}
