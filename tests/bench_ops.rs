//! The program that times single operations: what it writes is what scripts read, and what cannot be timed is refused.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use assert_cmd::Command;
use serde_json::Value;

fn bench(arguments: &[&str]) -> (Option<i32>, String, String) {
    bench_with(&[], arguments)
}

fn bench_with(variables: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("bench_ops").unwrap();
    let output = command.envs(variables.iter().copied()).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn the_report_has_what_scripts_peers_table_py_reads() {
    let (code, text, error) = bench(&["--log-n", "12", "--limbs", "2", "--threads", "1", "--repeats", "1"]);
    assert_eq!(code, Some(0), "{error}");
    let report: Value = serde_json::from_str(&text).unwrap();
    for key in ["library", "kernels"] {
        assert!(report[key].is_string(), "{key}: {text}");
    }
    assert_eq!((&report["log_n"], &report["limbs"], &report["threads"]), (&12.into(), &2.into(), &1.into()));
    for seconds in ["seconds", "seconds_min"] {
        for operation in ["add", "multiply_plain", "rotate", "rotate_hoisted_of_8", "square_relinearize", "rescale"] {
            assert!(report[seconds][operation].as_f64().unwrap() > 0.0, "{seconds} {operation}: {text}");
        }
    }
}

#[test]
fn what_cannot_be_timed_is_refused() {
    for (arguments, expected) in
        [(["--repeats", "0"], "--repeats is 0; give 1 or more"), (["--limbs", "1"], "--limbs is 1; give 2 or more")]
    {
        let (code, _, error) = bench(&arguments);
        assert!(code == Some(1) && error.contains(expected), "{code:?}: {error}");
    }
    let (code, _, error) = bench_with(&[("LEVELED_SIMD", "avx_2")], &["--prices"]);
    assert!(code == Some(1) && error.contains("LEVELED_SIMD"), "{code:?}: {error}");
}
