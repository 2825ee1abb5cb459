//! The program, as a user starts it.

use std::path::Path;
use std::process::{Child, Output, Stdio};

use assert_cmd::Command;

/// Runs `leveled ARGUMENTS` in `directory` to its end, with stored prices: what a test expects must not hang on a measurement.
pub fn leveled(directory: &Path, arguments: &[&str]) -> Output {
    leveled_with(directory, &[("LEVELED_PRICES", "stored")], arguments)
}

/// Runs `leveled ARGUMENTS` in `directory` to its end, with these variables in its environment.
pub fn leveled_with(directory: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("leveled").unwrap();
    command.envs(variables.iter().copied()).current_dir(directory).args(arguments).output().unwrap()
}

/// Starts `leveled ARGUMENTS` in `directory`, for tests that do something to it while it runs; its standard error is a pipe.
#[allow(dead_code, reason = "not every test uses it")]
pub fn started(directory: &Path, arguments: &[&str]) -> Child {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("leveled"));
    command.env("LEVELED_PRICES", "stored").current_dir(directory).args(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Standard output of `leveled ARGUMENTS`, which must end well.
#[allow(dead_code, reason = "not every test uses it")]
pub fn success(directory: &Path, arguments: &[&str]) -> String {
    let output = leveled(directory, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of `leveled ARGUMENTS`, which must end with exit code 2 and print nothing else.
#[allow(dead_code, reason = "not every test uses it")]
pub fn refusal(directory: &Path, arguments: &[&str]) -> String {
    let output = leveled(directory, arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(output.stdout.is_empty());
    assert!(text.starts_with("error: "), "{text}");
    text
}
