//! The machine that a trial runs on.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::ring::simd::instructions;

/// What is known about the machine. Empty or zero where the system does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Processor, as the kernel names it.
    pub processor: String,
    /// Cores that this process may use.
    pub cores: u32,
    /// Instruction sets of interest that the processor has; kernels choose among them at run time.
    pub instruction_sets: Vec<String>,
    /// The one that this process's kernels use.
    #[serde(default)]
    pub instruction_set: String,
    /// Memory in all.
    pub memory_bytes: u64,
    /// Distribution and version.
    pub operating_system: String,
    /// Kernel release.
    pub kernel: String,
}

impl Host {
    /// Asks the system.
    #[must_use]
    pub fn detect() -> Self {
        Self {
            processor: field_of("/proc/cpuinfo", "model name").unwrap_or_default(),
            cores: super::setting::Threads::all(),
            instruction_sets: instruction_sets(),
            instruction_set: instructions().name().to_owned(),
            memory_bytes: kibibytes_of("/proc/meminfo", "MemTotal").unwrap_or(0),
            operating_system: operating_system(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// The largest resident memory that this process has had, if the system says.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    kibibytes_of("/proc/self/status", "VmHWM")
}

/// Name of the machine; empty if the system does not say.
#[must_use]
pub fn machine_name() -> String {
    read("/proc/sys/kernel/hostname").trim().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The value of the first `name: value` line of a file in `/proc`.
fn field_of(path: &str, name: &str) -> Option<String> {
    read(path).lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

/// The bytes of a `name: N kB` line of a file in `/proc`.
pub(super) fn kibibytes_of(path: &str, name: &str) -> Option<u64> {
    let value = field_of(path, name)?;
    let kibibytes: u64 = value.strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

fn operating_system() -> String {
    read("/etc/os-release")
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map_or_else(|| std::env::consts::OS.to_owned(), |name| name.trim_matches('"').to_owned())
}

fn instruction_sets() -> Vec<String> {
    let mut found = vec![std::env::consts::ARCH.to_owned()];
    #[cfg(target_arch = "x86_64")]
    {
        let detected = [
            ("avx2", std::is_x86_feature_detected!("avx2")),
            ("fma", std::is_x86_feature_detected!("fma")),
            ("avx512f", std::is_x86_feature_detected!("avx512f")),
            ("avx512dq", std::is_x86_feature_detected!("avx512dq")),
            ("avx512ifma", std::is_x86_feature_detected!("avx512ifma")),
        ];
        found.extend(detected.iter().filter(|(_, has)| *has).map(|(name, _)| (*name).to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known() {
        let host = Host::detect();
        assert!(host.cores >= 1 && !host.instruction_sets.is_empty());
        if cfg!(target_os = "linux") {
            assert!(host.memory_bytes > 0);
            assert!(peak_memory_bytes().unwrap() > 0);
        }
    }
}
