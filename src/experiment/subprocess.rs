//! This program once more, as a process that tells its events on standard output.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use super::ExperimentError;
use super::event::Event;
use super::pause::Follower;

/// Where Linux has the running program, even if its file is replaced meanwhile, by a build for example.
const SELF: &str = "/proc/self/exe";

/// How much of a failed process's last words is told.
const REASON_CHARACTERS: usize = 2000;

/// This very program.
///
/// # Errors
/// [`ExperimentError::Spawn`] if the system does not say where it is.
pub fn this_program() -> Result<PathBuf, ExperimentError> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from(SELF));
    }
    std::env::current_exe().map_err(|source| ExperimentError::Spawn { program: "leveled".into(), source })
}

/// A program whose events and last words are to be read.
#[must_use]
pub fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // Ctrl-C in a terminal goes to a whole group of processes; it is for the parent alone.
        command.process_group(0);
        if program == Path::new(SELF) {
            command.arg0("leveled");
        }
    }
    command
}

/// How a process ended.
#[derive(Debug)]
pub struct End {
    status: io::Result<ExitStatus>,
    last_words: String,
}

impl End {
    /// Whether it did what it was to do.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.status.as_ref().is_ok_and(ExitStatus::success)
    }

    /// Why it did not.
    #[must_use]
    pub fn reason(&self) -> String {
        match &self.status {
            Ok(status) => reason(*status, &self.last_words),
            Err(error) => format!("cannot be waited for: {error}"),
        }
    }
}

/// Passes a process's events on until it ends.
pub fn watch(mut child: Child, follower: Follower, mut tell: impl FnMut(Event)) -> End {
    let errors = child.stderr.take();
    let listener = thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut errors) = errors {
            // What was read before a failure is still worth telling.
            let _ = errors.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    if let Some(output) = child.stdout.take() {
        // A line that a kill cut short is no event.
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines.filter_map(|line| serde_json::from_str::<Event>(&line).ok()).for_each(&mut tell);
    }
    drop(follower);
    let status = child.wait();
    End { status, last_words: listener.join().unwrap_or_default() }
}

/// Why a process that recorded nothing ended.
fn reason(status: ExitStatus, last_words: &str) -> String {
    let how = match (signal(status), status.code()) {
        (Some(9), _) => "killed by signal 9 (SIGKILL), perhaps because the machine ran out of memory".to_owned(),
        (Some(signal), _) => format!("ended by signal {signal}"),
        (None, Some(0)) => "ended without recording a result".to_owned(),
        (None, Some(code)) => format!("ended with exit code {code}"),
        (None, None) => "ended in an unknown way".to_owned(),
    };
    let words = last_words.trim();
    if words.is_empty() {
        return how;
    }
    let skipped = words.chars().count().saturating_sub(REASON_CHARACTERS);
    let tail: String = words.chars().skip(skipped).collect();
    format!("{how}: {tail}")
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn long_last_words_are_cut() {
        let status = Command::new("/bin/sh").args(["-c", "exit 3"]).status().unwrap();
        let text = reason(status, &"x".repeat(10_000));
        assert!(text.starts_with("ended with exit code 3: xxx") && text.len() < 2_100);
    }

    #[test]
    fn ends_are_told_apart() {
        for (script, expected) in [
            ("exit 0", "ended without recording a result"),
            ("kill -15 $$", "ended by signal 15"),
            ("kill -9 $$", "killed by signal 9 (SIGKILL), perhaps because the machine ran out of memory"),
        ] {
            assert_eq!(reason(Command::new("/bin/sh").args(["-c", script]).status().unwrap(), ""), expected);
        }
    }
}
