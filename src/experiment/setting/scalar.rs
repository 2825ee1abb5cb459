//! Settings that are a number, a name or a small mapping.

use serde::{Deserialize, Serialize};

use super::Check;
use crate::experiment::byte_size::ByteSize;
use crate::experiment::locate::Problem;

/// A safetensors file as written in the experiment file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ModelFile(pub String);

impl Check for ModelFile {}

/// log2 of the ring dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogN(pub u32);

impl LogN {
    /// Smallest supported value.
    pub const MIN: u32 = 12;
    /// Largest supported value.
    pub const MAX: u32 = 16;
}

impl Check for LogN {
    fn check(&self) -> Result<(), Problem> {
        let Self(log_n) = *self;
        if (Self::MIN..=Self::MAX).contains(&log_n) {
            return Ok(());
        }
        let (min, max) = (Self::MIN, Self::MAX);
        let advice = if log_n.is_power_of_two() && (min..=max).contains(&log_n.ilog2()) {
            format!("log_n is the base-2 logarithm of N: write {} for N = {log_n}", log_n.ilog2())
        } else {
            format!(
                "log_n is the base-2 logarithm of the ring dimension; choose {min} to {max}, such as 15 for N = 32768"
            )
        };
        Err(Problem::new(format!("{log_n} is not possible; {advice}")))
    }
}

/// How values are arranged in slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Layout {
    /// Channels multiplexed into the slots of few ciphertexts (method section 5).
    #[default]
    Packed,
}

impl Layout {
    /// The name that stands in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Packed => "packed",
        }
    }
}

impl Check for Layout {}

/// `null`: keys and noise from the operating system's entropy. A number: reproducible, for experiments only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub Option<u64>);

impl Check for Seed {}

/// Number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Threads(pub u32);

impl Threads {
    /// As many as the machine offers to this process.
    #[must_use]
    pub fn all() -> Self {
        Self(std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX)))
    }
}

impl Check for Threads {
    fn check(&self) -> Result<(), Problem> {
        if (1..=1024).contains(&self.0) {
            return Ok(());
        }
        Err(Problem::new(format!(
            "{} threads are not possible; choose 1 to 1024, or remove the key to use all cores",
            self.0
        )))
    }
}

/// How much memory may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping with diagonals and limit, such as {diagonals: 2 GiB, limit: 16 GiB}"
)]
pub struct MemorySettings {
    /// Plaintext diagonals kept encoded at a time.
    pub diagonals: ByteSize,
    /// A trial whose predicted peak is above this is refused. Default: what the machine has available.
    pub limit: Option<ByteSize>,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self { diagonals: ByteSize(2 << 30), limit: None }
    }
}

impl Check for MemorySettings {
    fn check(&self) -> Result<(), Problem> {
        let smallest = ByteSize(16 << 20);
        if self.diagonals < smallest {
            let text = format!("{} cannot hold even one layer's diagonals; give at least {smallest}", self.diagonals);
            return Err(Problem::at("diagonals", text));
        }
        if self.limit.is_some_and(|limit| limit <= self.diagonals) {
            return Err(Problem::at(
                "limit",
                "the limit must be larger than `diagonals`, since keys and ciphertexts need memory too",
            ));
        }
        Ok(())
    }
}

/// Whether each layer is compared with clear-text evaluation, which needs the secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Probe(pub bool);

impl Check for Probe {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ring_dimension() {
        assert!(LogN(15).check().is_ok());
        assert!(LogN(32768).check().unwrap_err().text.contains("write 15 for N = 32768"));
        assert!(LogN(30000).check().unwrap_err().text.contains("choose 12 to 16"));
        assert!(LogN(17).check().unwrap_err().text.contains("choose 12 to 16"));
    }

    #[test]
    fn threads_and_memory() {
        assert!(Threads(0).check().is_err());
        assert!(Threads::all().check().is_ok());
        assert!(MemorySettings::default().check().is_ok());
        let memory = |diagonals, limit| MemorySettings { diagonals: ByteSize(diagonals), limit: Some(ByteSize(limit)) };
        assert_eq!(memory(1, 1 << 30).check().unwrap_err().key, Some("diagonals"));
        assert_eq!(memory(1 << 30, 1 << 30).check().unwrap_err().key, Some("limit"));
    }
}
