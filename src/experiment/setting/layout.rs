//! What goes into the slots.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Check, LogN, Recorded, Setting};
use crate::experiment::locate::Problem;

/// Images that are evaluated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Batch(#[schemars(range(min = 1, max = Self::MAX))] pub u32);

impl Batch {
    /// Most images: the slots of the largest ring.
    pub const MAX: u32 = 1 << (LogN::MAX - 1);
}

impl Check for Batch {
    fn check(&self) -> Result<(), Problem> {
        if (1..=Self::MAX).contains(&self.0) {
            return Ok(());
        }
        Err(Problem::new(format!("{} images in a ciphertext are not possible; choose 1 to {}", self.0, Self::MAX)))
    }
}

impl Recorded for Batch {
    type Cell = Option<u32>;

    fn cell(&self) -> Option<u32> {
        Some(self.0)
    }
}

impl Setting for Batch {
    fn default_value() -> Option<Self> {
        Some(Self(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_have_bounds() {
        assert!(Batch(1).check().is_ok() && Batch(8).check().is_ok());
        assert!(Batch(0).check().unwrap_err().text.contains("choose 1 to 65536"));
    }
}
