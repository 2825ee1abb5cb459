//! Runs that are interrupted, killed, locked out or left without room: nothing recorded is lost, nothing runs twice.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use common::processes::{children, signal, wait_for};
use common::program::{leveled, refusal, started, success};
use common::rows::rows;
use common::tiny_model;
use leveled::experiment::provenance::Provenance;
use leveled::experiment::records::{ImageRow, LayerRow, TrialRow, TrialStatus};
use rustix::process::Signal;
use tempfile::TempDir;

/// A directory with a sweep over so many seeds.
fn sweep(seeds: usize) -> TempDir {
    let directory = tiny_model::directory();
    fs::write(directory.path().join("e.yaml"), tiny_model::sweep(seeds)).unwrap();
    directory
}

/// Starts `leveled run e.yaml --out out ARGUMENTS`.
fn start(directory: &Path, arguments: &[&str]) -> Child {
    started(directory, &[&["run", "e.yaml", "--out", "out"], arguments].concat())
}

/// Waits until a run has a child and gives it.
fn child_of(run: &Child) -> u32 {
    wait_for("a trial", || children(run.id()).first().copied())
}

/// Rows of `trials.csv` by seed: how each attempt ended.
fn states(directory: &Path) -> BTreeMap<u64, Vec<TrialStatus>> {
    let mut states: BTreeMap<u64, Vec<TrialStatus>> = BTreeMap::new();
    for row in rows::<TrialRow>(&directory.join("out")) {
        let attempts = states.entry(row.seed.unwrap()).or_default();
        attempts.push(row.status);
        assert_eq!(row.attempt as usize, attempts.len());
    }
    states
}

/// Expects one row that is well for each seed, with one image and the layers of the network.
fn expect_complete(directory: &Path, seeds: u64) {
    let complete: BTreeMap<u64, Vec<TrialStatus>> = (0..seeds).map(|seed| (seed, vec![TrialStatus::Ok])).collect();
    assert_eq!(states(directory), complete);
    let out = directory.join("out");
    assert_eq!(rows::<ImageRow>(&out).len() as u64, seeds);
    assert_eq!(rows::<LayerRow>(&out).len() as u64, 20 * seeds);
}

#[test]
fn ctrl_c_finishes_the_trial_in_hand_and_the_run_resumes() {
    let directory = sweep(3);
    let more = ["--filter", "seed=0,1,2", "--max-memory", "8.25 GiB", "--retry-failed"];
    let run = start(directory.path(), &more);
    child_of(&run);
    // A terminal would send it to the whole group; the child is not in it.
    signal(run.id(), Signal::INT);
    let output = run.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(
        text.contains(
            "interrupted, 2 trial(s) were not started; go on with: leveled run e.yaml --out out --filter 'seed=0,1,2' \
             --max-memory 8858370048 --retry-failed"
        ),
        "{text}"
    );
    assert_eq!(states(directory.path()), BTreeMap::from([(0, vec![TrialStatus::Ok])]));
    assert!(!directory.path().join("out/.pending").exists() && !directory.path().join("out/.lock").exists());

    let first = fs::read_to_string(directory.path().join("out/trials.csv")).unwrap();
    let text = success(directory.path(), &["run", "e.yaml", "--out", "out", "--dry-run"]);
    assert!(text.contains("2 of 3 trial(s) would run") && text.contains("1 are recorded already"), "{text}");
    success(directory.path(), &["run", "e.yaml", "--out", "out"]);
    expect_complete(directory.path(), 3);
    assert!(fs::read_to_string(directory.path().join("out/trials.csv")).unwrap().starts_with(&first));
    let provenance = Provenance::read(&directory.path().join("out")).unwrap().unwrap();
    assert_eq!((provenance.sessions.len(), provenance.trials.len()), (2, 3));

    // Nothing is left to do: nothing is done.
    success(directory.path(), &["run", "e.yaml", "--out", "out"]);
    expect_complete(directory.path(), 3);
}

#[test]
fn ctrl_c_during_the_last_trial_leaves_nothing_to_go_on_with() {
    let directory = sweep(1);
    let run = start(directory.path(), &[]);
    child_of(&run);
    signal(run.id(), Signal::INT);
    let output = run.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains("go on with"), "{text}");
    expect_complete(directory.path(), 1);
}

#[test]
fn a_second_ctrl_c_stops_at_once() {
    let directory = sweep(2);
    let run = start(directory.path(), &[]);
    let child = child_of(&run);
    signal(run.id(), Signal::INT);
    std::thread::sleep(std::time::Duration::from_millis(50));
    signal(run.id(), Signal::INT);
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    wait_for("the end of the trial", || (!Path::new(&format!("/proc/{child}")).exists()).then_some(()));
    assert!(states(directory.path()).is_empty());
    success(directory.path(), &["run", "e.yaml", "--out", "out"]);
    expect_complete(directory.path(), 2);
}

#[test]
fn a_killed_run_takes_its_trials_along_and_resumes() {
    let directory = sweep(3);
    let mut run = start(directory.path(), &["--jobs", "2"]);
    let trials = wait_for("two trials", || Some(children(run.id())).filter(|trials| trials.len() == 2));
    signal(run.id(), Signal::KILL);
    run.wait().unwrap();
    for trial in trials {
        wait_for("the end of a trial", || (!Path::new(&format!("/proc/{trial}")).exists()).then_some(()));
    }
    assert!(states(directory.path()).is_empty());

    // What a kill in the middle of a write would have left.
    let table = directory.path().join("out/trials.csv");
    let whole = fs::read_to_string(&table).unwrap();
    fs::write(&table, format!("{whole}0123456789abcdef,1,o")).unwrap();
    let output = leveled(directory.path(), &["report", "out"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), text.as_str()), (Some(0), ""));

    let output = leveled(directory.path(), &["run", "e.yaml", "--out", "out"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("the run before did not end by itself (process "), "{text}");
    assert!(text.contains("the last row of trials.csv was cut short (20 bytes)"), "{text}");
    expect_complete(directory.path(), 3);
    let aside = fs::read_to_string(directory.path().join("out/torn_rows.txt")).unwrap();
    assert_eq!(aside, "trials.csv: 0123456789abcdef,1,o\n");
}

#[test]
fn two_runs_in_one_directory_are_refused() {
    let directory = sweep(2);
    let run = start(directory.path(), &[]);
    child_of(&run);
    let text = refusal(directory.path(), &["run", "e.yaml", "--out", "out"]);
    let holder = format!("out is in use by process {} on ", run.id());
    assert!(text.contains(&holder) && text.contains("choose another directory"), "{text}");
    assert!(run.wait_with_output().unwrap().status.success());
    expect_complete(directory.path(), 2);

    fs::write(directory.path().join("f.yaml"), tiny_model::sweep(2).replace("name: tiny", "name: other")).unwrap();
    let text = refusal(directory.path(), &["run", "f.yaml", "--out", "out"]);
    assert!(text.contains("holds results of the experiment `tiny`, not of `other`"), "{text}");
}

#[test]
fn a_killed_trial_is_a_row_and_runs_again_when_asked() {
    let directory = sweep(3);
    let run = start(directory.path(), &[]);
    signal(child_of(&run), Signal::KILL);
    let output = run.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("1 of 3 trial(s) failed, 0 were not started; the column `reason`"), "{text}");
    assert!(text.contains("run them again with: leveled run e.yaml --out out --retry-failed"), "{text}");
    let (ok, failed) = (TrialStatus::Ok, TrialStatus::Failed);
    assert_eq!(states(directory.path()), BTreeMap::from([(0, vec![failed]), (1, vec![ok]), (2, vec![ok])]));
    let row = &rows::<TrialRow>(&directory.path().join("out"))[0];
    assert!(row.reason.contains("killed by signal 9") && row.network == "resnet20", "{row:?}");

    // It does not run again by itself.
    let output = leveled(directory.path(), &["run", "e.yaml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(rows::<TrialRow>(&directory.path().join("out")).len(), 3);
    success(directory.path(), &["run", "e.yaml", "--out", "out", "--retry-failed"]);
    assert_eq!(states(directory.path()), BTreeMap::from([(0, vec![failed, ok]), (1, vec![ok]), (2, vec![ok])]));
    let summary = fs::read_to_string(directory.path().join("out/summary.csv")).unwrap();
    assert_eq!((summary.lines().count(), summary.contains("failed")), (4, false), "{summary}");
}

#[test]
fn fail_fast_starts_nothing_more() {
    let directory = sweep(3);
    let run = start(directory.path(), &["--fail-fast"]);
    signal(child_of(&run), Signal::KILL);
    let output = run.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && text.contains("1 of 3 trial(s) failed, 2 were not started"), "{text}");
    assert_eq!(states(directory.path()), BTreeMap::from([(0, vec![TrialStatus::Failed])]));
}

#[test]
fn a_file_that_may_not_grow_leaves_one_failed_row() {
    let directory = sweep(3);
    success(directory.path(), &["run", "e.yaml", "--out", "out", "--filter", "seed=0"]);
    let before = fs::read_to_string(directory.path().join("out/layers.csv")).unwrap();
    // As on a full disk, the rows of layers no longer fit, but a last row of a trial does.
    let blocks = (before.len() as u64).div_ceil(512) + 1;
    let reserve = 64 * 2 + 1;
    let limit = blocks.max(reserve);
    let padding = "x".repeat((limit * 512) as usize - before.len() - 400);
    // A long row takes the room that is left.
    let mut row = before.lines().last().unwrap().to_owned();
    row = row.replacen("linear", &padding, 1);
    fs::write(directory.path().join("out/layers.csv"), format!("{before}{row}\n")).unwrap();
    let padded = fs::read_to_string(directory.path().join("out/layers.csv")).unwrap();
    let script =
        format!("trap '' XFSZ; ulimit -f {limit}; exec {} run e.yaml --out out", env!("CARGO_BIN_EXE_leveled"));
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("LEVELED_PRICES", "stored")
        .current_dir(directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(
        text.contains("cannot append to out/layers.csv: File too large") && text.contains("is the disk full?"),
        "{text}"
    );
    let (ok, failed) = (TrialStatus::Ok, TrialStatus::Failed);
    assert_eq!(states(directory.path()), BTreeMap::from([(0, vec![ok]), (1, vec![failed])]));
    assert_eq!(fs::read_to_string(directory.path().join("out/layers.csv")).unwrap(), padded);
    let row = &rows::<TrialRow>(&directory.path().join("out"))[1];
    assert!(row.reason.starts_with("its rows could not be written: cannot append to out/layers.csv"), "{row:?}");
    assert_eq!(rows::<ImageRow>(&directory.path().join("out")).len(), 1);

    // With room again, everything comes to its end.
    success(directory.path(), &["run", "e.yaml", "--out", "out", "--retry-failed"]);
    assert_eq!(states(directory.path()), BTreeMap::from([(0, vec![ok]), (1, vec![failed, ok]), (2, vec![ok])]));
}

/// As many processors for the program as `cores`.
fn success_on(cores: usize, directory: &Path, arguments: &[&str]) -> String {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(env!("CARGO_BIN_EXE_leveled"));
    command.current_dir(directory).args(arguments);
    let limit = move || {
        // SAFETY: the sets are plain bits, which the calls fill in and read.
        unsafe {
            let (mut all, mut some): (libc::cpu_set_t, libc::cpu_set_t) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut all);
            let mine = (0..libc::CPU_SETSIZE as usize).filter(|core| libc::CPU_ISSET(*core, &all));
            mine.take(cores).for_each(|core| libc::CPU_SET(core, &mut some));
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const some);
        }
        Ok(())
    };
    // SAFETY: between fork and exec it makes system calls alone.
    let output = unsafe { command.pre_exec(limit) }.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn other_cores_and_comments_on_a_card_run_nothing_again() {
    let directory = sweep(2);
    let text = tiny_model::sweep(2).replace("  threads: 2\n", "");
    fs::write(directory.path().join("e.yaml"), &text).unwrap();
    success_on(1, directory.path(), &["run", "e.yaml", "--out", "out"]);
    let dry = |cores| success_on(cores, directory.path(), &["run", "e.yaml", "--out", "out", "--dry-run"]);
    for cores in [1, 2] {
        assert!(dry(cores).contains("0 of 2 trial(s) would run"), "{}", dry(cores));
    }
    let card = directory.path().join("tiny.yaml");
    let said = fs::read_to_string(&card).unwrap();
    fs::write(&card, format!("# Where it comes from.\n{}# The end.\n", said.replace('\n', "   # a comment\n")))
        .unwrap();
    assert!(dry(2).contains("0 of 2 trial(s) would run"), "{}", dry(2));
    // A card that says something else is another network, and a number of threads that is asked for another trial.
    fs::write(&card, said.replace("1.0e-5", "2.0e-5")).unwrap();
    let text = dry(1);
    assert!(
        text.contains("2 of 2 trial(s) would run") && text.contains("2 recorded trial(s) are none of this"),
        "{text}"
    );
    fs::write(&card, said).unwrap();
    fs::write(directory.path().join("e.yaml"), tiny_model::sweep(2)).unwrap();
    assert!(dry(1).contains("2 of 2 trial(s) would run"));
}

#[test]
fn results_of_the_version_before_resume() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Recorded by version 2 of the ids on two cores, trained and random weights; the files did not ask for threads. Two trials of VGG-16 came
    // later.
    for (name, new, trials) in [("ring", 0, 4), ("article_width", 2, 8)] {
        let recorded = root.join("results/reference").join(name);
        fs::create_dir(here.join(name)).unwrap();
        for file in ["trials.csv", "layers.csv", "images.csv", "provenance.json"] {
            fs::copy(recorded.join(file), here.join(name).join(file)).unwrap();
        }
        let file = root.join(format!("experiments/ablation/{name}.yaml"));
        let text = success_on(1, here, &["run", file.to_str().unwrap(), "--out", name, "--dry-run"]);
        assert!(text.contains(&format!("{new} of {trials} trial(s) would run")), "{text}");
        assert!(!text.contains("are none of this experiment"), "{text}");
    }
}

#[test]
fn a_dry_run_needs_no_place_to_write() {
    let directory = sweep(1);
    let text = success(directory.path(), &["run", "e.yaml", "--out", "/proc/leveled-results", "--dry-run"]);
    assert!(text.contains("1 of 1 trial(s) would run"), "{text}");
}

#[test]
fn runs_of_one_second_do_not_meet() {
    let directory = sweep(1);
    let runs: Vec<Child> = (0..3).map(|_| started(directory.path(), &["run", "e.yaml"])).collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(fs::read_dir(directory.path().join("results")).unwrap().count(), 3);
}

#[test]
fn filters_dry_runs_and_duplicates() {
    let directory = sweep(2);
    fs::write(directory.path().join("e.yaml"), tiny_model::sweep(2).replace("[0, 1]", "[0, 1, 0]")).unwrap();
    let run = |arguments: &[&str]| success(directory.path(), &[&["run", "e.yaml", "--out", "out"], arguments].concat());
    let text = run(&["--dry-run"]);
    assert!(text.contains("2 of 2 trial(s) would run") && text.contains("seed=1"), "{text}");
    assert!(text.contains("sweep.seed[2] is the same trial as an earlier one"), "{text}");
    assert!(!directory.path().join("out").exists());
    let text = success(directory.path(), &["plan", "e.yaml", "--filter", "seed=1"]);
    assert_eq!(text.matches("resnet20 (width 2)").count(), 1);
    run(&["--filter", "seed=1"]);
    assert_eq!(states(directory.path()), BTreeMap::from([(1, vec![TrialStatus::Ok])]));
    run(&["--jobs", "2"]);
    let first = |seed| rows::<TrialRow>(&directory.path().join("out")).iter().position(|row| row.seed == Some(seed));
    assert_eq!((first(1), first(0)), (Some(0), Some(1)));
    let arguments = ["run", "e.yaml", "--out", "new", "--max-memory", "100 MiB"];
    let text = refusal(directory.path(), &arguments);
    assert!(text.contains("predicted to need") && text.contains("more than the limit of 100.0 MiB"), "{text}");
    let text = refusal(directory.path(), &[&arguments[..], &["--set", "fixed.backend=clear"]].concat());
    assert!(text.contains("predicted to need 1.0 GiB") && text.contains("of 100.0 MiB"), "{text}");
    assert!(!directory.path().join("new").exists());
}

#[test]
fn parts_that_a_cluster_ran_are_the_rows_of_a_local_run() {
    let directory = sweep(3);
    let here = directory.path();
    let text = success(here, &["run", "e.yaml", "--out", "out", "--dry-run", "--json"]);
    let waiting: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let ids: Vec<&str> = waiting.iter().map(|trial| trial["trial_id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), &waiting[1]["label"], &waiting[1]["threads"]), (3, &"seed=1".into(), &2.into()));
    assert!(waiting[0]["memory_bytes"].as_u64().unwrap() > 1 << 20 && waiting[0]["seconds"].as_f64().unwrap() > 0.0);

    // Two trials as jobs, the first of which is killed once; the third one here.
    let job = |index: usize, part: &str| {
        let filter = format!("trial_id={}", ids[index]);
        started(here, &["run", "e.yaml", "--out", part, "--retry-failed", "--filter", &filter])
    };
    let killed = job(0, "0");
    signal(child_of(&killed), Signal::KILL);
    assert_eq!(killed.wait_with_output().unwrap().status.code(), Some(1));
    for (index, part) in [(0, "0"), (1, "1")] {
        assert!(job(index, part).wait().unwrap().success());
    }
    success(here, &["run", "e.yaml", "--out", "out", "--filter", &format!("trial_id={}", ids[2])]);
    assert!(success(here, &["gather", "out", "0", "1"]).contains("3 row(s) of trials gathered into out"));
    assert!(success(here, &["gather", "out", "1", "0"]).contains("0 row(s) of trials gathered into out"));
    let (ok, failed) = (TrialStatus::Ok, TrialStatus::Failed);
    assert_eq!(states(here), BTreeMap::from([(0, vec![failed, ok]), (1, vec![ok]), (2, vec![ok])]));
    assert_eq!(rows::<LayerRow>(&here.join("out")).len(), 60);
    let provenance = Provenance::read(&here.join("out")).unwrap().unwrap();
    assert_eq!((provenance.sessions.len(), provenance.trials.len()), (1, 3));
    assert_eq!(success(here, &["run", "e.yaml", "--out", "out", "--dry-run", "--json"]), "[]\n");
    success(here, &["run", "e.yaml", "--out", "out"]);
    assert_eq!(rows::<TrialRow>(&here.join("out")).len(), 4);

    // Parts of another experiment change nothing.
    fs::write(here.join("f.yaml"), tiny_model::sweep(1).replace("name: tiny", "name: other")).unwrap();
    success(here, &["run", "f.yaml", "--out", "other"]);
    let text = refusal(here, &["gather", "out", "other"]);
    assert!(text.contains("holds results of the experiment `tiny`, not of `other`"), "{text}");
    assert_eq!(rows::<TrialRow>(&here.join("out")).len(), 4);
    fs::create_dir(here.join("empty")).unwrap();
    for parts in [["out", "nowhere"], ["out", "other"], ["out", "empty"]] {
        let text = refusal(here, &[&["gather", "new"], &parts[..]].concat());
        assert!(text.contains(parts[1]) && !here.join("new").exists(), "{text}");
    }
    assert_eq!(fs::read_dir(here.join("empty")).unwrap().count(), 0);
}
