//! How much memory may be used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Check, Recorded, Setting};
use crate::experiment::byte_size::ByteSize;
use crate::experiment::locate::Problem;
use crate::inference::DEFAULT_WORKING_BYTES;

/// How much memory may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a mapping with diagonals, working and limit, such as {diagonals: 2 GiB, limit: 16 GiB}"
)]
pub struct MemorySettings {
    /// Encoded weights kept between images. Default: three quarters of what is left of the limit, as far as it is of
    /// use.
    pub diagonals: Option<ByteSize>,
    /// Rotated ciphertexts that a layer of the channel or tiled layout holds at a time; it works in blocks of them.
    pub working: ByteSize,
    /// A trial whose predicted peak is above this is refused. Default: what the machine has available.
    pub limit: Option<ByteSize>,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self { diagonals: None, working: ByteSize(DEFAULT_WORKING_BYTES), limit: None }
    }
}

impl Check for MemorySettings {
    fn check(&self) -> Result<(), Problem> {
        let smallest = ByteSize(16 << 20);
        if let Some(diagonals) = self.diagonals.filter(|diagonals| *diagonals < smallest) {
            let text = format!("{diagonals} cannot hold even one layer's diagonals; give at least {smallest}");
            return Err(Problem::at("diagonals", text));
        }
        if self.working < smallest {
            let text = format!("{} cannot hold even one ciphertext; give at least {smallest}", self.working);
            return Err(Problem::at("working", text));
        }
        if self.limit.zip(self.diagonals).is_some_and(|(limit, diagonals)| limit <= diagonals) {
            return Err(Problem::at(
                "limit",
                "the limit must be larger than `diagonals`, since keys and ciphertexts need memory too",
            ));
        }
        Ok(())
    }
}

impl Recorded for MemorySettings {
    /// Bytes for diagonals; the limit decides whether a trial runs, and without these how many weights are kept.
    type Cell = Option<u64>;

    fn cell(&self) -> Option<u64> {
        self.diagonals.map(|diagonals| diagonals.0)
    }
}

impl Setting for MemorySettings {
    fn default_value() -> Option<Self> {
        Some(Self::default())
    }

    fn default_in_words() -> String {
        "what of the limit is left; what is available".to_owned()
    }

    /// Of the limit see [`TrialSpec::identity`](crate::experiment::trial::TrialSpec::identity).
    fn identity(&self) -> Option<Value> {
        let default = Self::default();
        if self.working != default.working {
            return Some(json!({ "diagonals": self.cell(), "working": self.working.0 }));
        }
        self.cell().map(Value::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_budgets_name_their_key() {
        assert!(MemorySettings::default().check().is_ok());
        let memory = |diagonals, limit| MemorySettings {
            diagonals: Some(ByteSize(diagonals)),
            limit: Some(ByteSize(limit)),
            ..MemorySettings::default()
        };
        assert_eq!(memory(1, 1 << 30).check().unwrap_err().key, Some("diagonals"));
        assert_eq!(memory(1 << 30, 1 << 30).check().unwrap_err().key, Some("limit"));
        let narrow = MemorySettings { working: ByteSize(1 << 20), ..MemorySettings::default() };
        assert_eq!(narrow.check().unwrap_err().key, Some("working"));
    }

    #[test]
    fn the_limit_is_no_part_of_the_identity() {
        let limited = MemorySettings { limit: Some(ByteSize(8 << 30)), ..MemorySettings::default() };
        assert_eq!(limited.identity(), None);
        let small = MemorySettings { diagonals: Some(ByteSize(1 << 30)), ..MemorySettings::default() };
        assert_eq!(small.identity(), Some((1_u64 << 30).into()));
        let blocks = MemorySettings { working: ByteSize(1 << 30), ..MemorySettings::default() };
        assert_ne!(blocks.identity(), None);
    }
}
