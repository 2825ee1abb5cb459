//! The last epochs of a training.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The last epochs train the network as it will be evaluated: batch normalisation uses its running statistics, which no longer move.
///
/// While a batch normalises itself, an outlier raises the variance that divides it, so training hardly sees what explodes in evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finish {
    /// How many epochs at the end.
    pub epochs: u32,
    /// Inputs of activations are clamped to this magnitude there, so that an image that explodes has a finite loss; the range penalty
    /// sees them as they are.
    pub limit: f64,
}
