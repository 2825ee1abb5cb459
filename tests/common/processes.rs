//! Processes, as the kernel lists them.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The children of a process.
#[allow(dead_code, reason = "not every test uses it")]
pub fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter(|process| parent_of(*process) == Some(parent)).collect()
}

/// The parent of a process that is there.
fn parent_of(process: u32) -> Option<u32> {
    // A dead process is listed until its parent has noticed.
    let (state, parent) = state_and_parent(process)?;
    if state == 'Z' { None } else { Some(parent) }
}

/// Whether a process is stopped.
#[allow(dead_code, reason = "not every test uses it")]
pub fn is_stopped(process: u32) -> bool {
    state_and_parent(process).is_some_and(|(state, _)| state == 'T')
}

fn state_and_parent(process: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Sends a signal, if the process is still there.
#[allow(dead_code, reason = "not every test uses it")]
pub fn signal(process: u32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(i32::try_from(process).unwrap()).unwrap(), signal);
}

/// Waits until something is there, for at most a minute.
#[allow(dead_code, reason = "not every test uses it")]
pub fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
