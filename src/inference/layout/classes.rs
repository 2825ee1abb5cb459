//! Logits: class k in every slot that is k modulo the period.

use serde::{Deserialize, Serialize};

use super::MIN_PERIOD;

/// The layout of the logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassLayout {
    classes: usize,
}

impl ClassLayout {
    /// A layout for `classes` values.
    pub const fn new(classes: usize) -> Self {
        Self { classes }
    }

    /// Number of classes.
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Slots after which the logits repeat.
    pub fn period(&self) -> usize {
        self.classes.next_power_of_two().max(MIN_PERIOD)
    }
}
