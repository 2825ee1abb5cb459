//! A sweep of short trials under random kills of the run and of its trials: every trial ends with exactly one row, none twice, none
//! lost. `scripts/soak.sh` runs the long one.
//!
//! `LEVELED_SOAK_TRIALS`, `LEVELED_SOAK_KILLS` and `LEVELED_SOAK_SEED` change the long one, `LEVELED_SOAK_DIR` keeps its results.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use common::processes::{children, signal};
use common::program::started;
use common::rows::rows;
use common::tiny_model;
use leveled::experiment::records::{ImageRow, LayerRow, TrialRow, TrialStatus};
use rustix::process::Signal;

/// A generator of numbers for choices that need not be good, only repeatable (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % count
    }
}

/// What was killed.
#[derive(Debug, Default)]
struct Kills {
    runs: usize,
    trials: usize,
    interrupts: usize,
    torn: usize,
}

impl Kills {
    fn all(&self) -> usize {
        self.runs + self.trials + self.interrupts
    }
}

fn start(directory: &Path, more: &[&str]) -> Child {
    started(directory, &[&["run", "e.yaml", "--out", "out", "--jobs", "2"], more].concat())
}

/// Lets a run go on until it ends or is killed; gives its exit code.
fn session(directory: &Path, dice: &mut Dice, kills: &mut Kills, most: usize) -> (Option<i32>, String) {
    let mut run = start(directory, &[]);
    while run.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(50 + dice.below(1500)));
        if kills.all() >= most {
            continue;
        }
        match dice.below(8) {
            0 | 1 => {
                kills.runs += 1;
                signal(run.id(), Signal::KILL);
            }
            2 => {
                kills.interrupts += 1;
                signal(run.id(), Signal::INT);
            }
            _ => {
                let trials = children(run.id());
                if !trials.is_empty() {
                    kills.trials += 1;
                    signal(trials[dice.below(trials.len() as u64) as usize], Signal::KILL);
                }
            }
        }
    }
    let output = run.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Cuts a table as a kill in the middle of a write would.
fn tear(directory: &Path, dice: &mut Dice, kills: &mut Kills) {
    let table = ["trials.csv", "layers.csv", "images.csv"][dice.below(3) as usize];
    let path = directory.join("out").join(table);
    let Ok(text) = fs::read_to_string(&path) else { return };
    if !text.ends_with('\n') {
        return;
    }
    let row = text.lines().last().unwrap();
    let part = &row[..row.len() / 2];
    kills.torn += 1;
    fs::write(&path, format!("{text}{part}")).unwrap();
}

/// Expects one row for each seed.
fn expect_one_row_each(out: &Path, trials: usize) -> HashMap<String, TrialStatus> {
    let found = rows::<TrialRow>(out);
    let mut seeds: Vec<u64> = found.iter().map(|row| row.seed.unwrap()).collect();
    seeds.sort_unstable();
    assert_eq!(seeds, (0..trials as u64).collect::<Vec<_>>(), "a row is lost or there twice");
    found.into_iter().map(|row| (row.trial_id, row.status)).collect()
}

/// Expects for every attempt that came to its end its rows of layers and images, each once.
fn expect_parts(out: &Path) {
    let mut layers: BTreeMap<(String, u32), Vec<u32>> = BTreeMap::new();
    let mut images: BTreeMap<(String, u32), Vec<u64>> = BTreeMap::new();
    for row in rows::<LayerRow>(out) {
        layers.entry((row.trial_id, row.attempt)).or_default().push(row.layer);
    }
    for row in rows::<ImageRow>(out) {
        images.entry((row.trial_id, row.attempt)).or_default().push(row.image);
    }
    let mut ended = 0;
    for row in rows::<TrialRow>(out).into_iter().filter(|row| row.status == TrialStatus::Ok) {
        ended += 1;
        let key = (row.trial_id, row.attempt);
        assert_eq!(layers.get(&key), Some(&(0..20).collect()), "{key:?}");
        assert_eq!(images.get(&key), Some(&vec![0]), "{key:?}");
    }
    assert_eq!(layers.len(), ended, "layers of attempts that did not come to their end");
}

fn soak(directory: &Path, trials: usize, most_kills: usize, seed: u64) {
    fs::write(directory.join("e.yaml"), tiny_model::sweep(trials)).unwrap();
    let out = directory.join("out");
    let (mut dice, mut kills, begun) = (Dice(seed), Kills::default(), Instant::now());
    let mut sessions = 0;
    let mut recorded = 0;
    loop {
        sessions += 1;
        let (code, text) = session(directory, &mut dice, &mut kills, most_kills);
        // Nothing that was recorded is ever gone or changed.
        if out.join("trials.csv").exists() {
            let text = fs::read_to_string(out.join("trials.csv")).unwrap();
            let whole = text.lines().count().saturating_sub(1 + usize::from(!text.ends_with('\n')));
            assert!(whole >= recorded, "{whole} rows, there were {recorded}");
            recorded = whole;
        }
        match code {
            // Killed, or interrupted.
            None | Some(130) => tear(directory, &mut dice, &mut kills),
            // At its end; some trials may have been killed.
            Some(0 | 1) => break,
            code => panic!("exit code {code:?}: {text}"),
        }
    }
    let states = expect_one_row_each(&out, trials);
    let failed = states.values().filter(|status| **status == TrialStatus::Failed).count();
    assert!(failed <= kills.trials, "{failed} failed, {kills:?}");
    assert!(sessions > 1 || kills.trials > 0, "nothing was killed");
    expect_parts(&out);
    println!(
        "{trials} trials, {sessions} sessions, {kills:?}, {failed} failed rows, {:.0} s, seed {seed}",
        begun.elapsed().as_secs_f64()
    );

    // What was killed runs again, and only that.
    let output = start(directory, &["--retry-failed"]).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let found = rows::<TrialRow>(&out);
    assert_eq!(found.len(), trials + failed);
    assert_eq!(found.iter().filter(|row| row.status == TrialStatus::Ok).count(), trials);
    expect_parts(&out);
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn a_few_trials_survive_a_few_kills() {
    let directory = tiny_model::directory();
    soak(directory.path(), 6, 5, 1);
}

#[test]
#[ignore = "takes minutes; scripts/soak.sh runs it"]
fn many_trials_survive_many_kills() {
    let trials = number("LEVELED_SOAK_TRIALS", 200) as usize;
    let kills = number("LEVELED_SOAK_KILLS", 60) as usize;
    let seed = number("LEVELED_SOAK_SEED", u64::from(std::process::id()));
    let directory = tiny_model::directory();
    soak(directory.path(), trials, kills, seed);
    if let Some(keep) = std::env::var_os("LEVELED_SOAK_DIR") {
        let copied = Command::new("cp").arg("-r").arg(directory.path()).arg(keep).status().unwrap();
        assert!(copied.success());
    }
}
