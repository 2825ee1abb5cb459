//! Stochastic gradient descent with momentum: its settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of stochastic gradient descent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptimizerSettings {
    /// The largest learning rate; the schedule multiplies it.
    pub learning_rate: f64,
    /// Momentum, from 0 to below 1.
    pub momentum: f64,
    /// Whether the momentum is Nesterov's.
    pub nesterov: bool,
    /// What is added to the gradient per unit of weight.
    pub weight_decay: f64,
    /// Whether norms, biases and activation coefficients decay, too.
    pub decay_norms: bool,
    /// The L2 norm that the gradient of all weights together is clipped to; none: it is not clipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
}
