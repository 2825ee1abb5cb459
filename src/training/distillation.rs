//! A trained network as part of the target.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::network::OneOrSeveral;
use crate::network::card::is_default;

/// The classes that a trained network gives an image, softened, are part of the target (Hinton, Vinyals and Dean, arXiv 1503.02531).
///
/// The loss is `(1 - weight) * cross entropy + weight * T^2 * KL(teacher at T, student at T)` for the temperature T.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distillation {
    /// Weights of the teacher, whose card lies beside them; relative to the directory of the recipe. Of a list of them, the mean of their
    /// logits teaches.
    pub teacher: OneOrSeveral<PathBuf>,
    /// Share of the loss, above 0 and at most 1.
    pub weight: f64,
    /// What logits are divided by before the softmax.
    pub temperature: f64,
    /// How many variants (crop, flip, cutout) of each image there are, at most 64, taken in turn, one an epoch. What the teacher says of them is
    /// kept, so that it is asked in the first so many epochs alone (Faghri et al., arXiv 2303.08983). 0, which leaving it out means: a new one in
    /// every epoch.
    #[serde(default, skip_serializing_if = "is_default")]
    pub variants: u32,
}
