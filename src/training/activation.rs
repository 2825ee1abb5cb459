//! What stands at the activations while a network is trained.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::network::ActivationKind;
use crate::network::card::CardActivation;

/// An activation as it is trained; at inference it is ReLU or a quadratic per channel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum TrainedActivation {
    /// `max(x, 0)`.
    Relu,
    /// One fixed quadratic, fitted to ReLU; its input is clamped to the interval in training, and not in evaluation.
    Penalty {
        /// The quadratic.
        #[serde(default)]
        fit: ReluFit,
        /// Epochs at the end that train without the clamp.
        #[serde(default)]
        unclamped_epochs: u32,
    },
    /// Hermite basis with batch normalisation (AESPA, arXiv 2201.06699).
    Herpn,
    /// A quadratic for each channel, trained from the fit to ReLU.
    Learned {
        /// Where training starts.
        #[serde(default)]
        fit: ReluFit,
    },
}

/// A least-squares quadratic of ReLU (method section 2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReluFit {
    /// Fitted, and clamped to, `[-interval, interval]`.
    pub interval: f64,
    /// Number of equidistant points, both ends included.
    pub samples: usize,
    /// Coefficients are multiples of `2^-bits`.
    pub bits: u32,
}

impl Default for ReluFit {
    fn default() -> Self {
        Self { interval: 2.0, samples: 400, bits: 10 }
    }
}

impl TrainedActivation {
    /// What stands in the graph of the trained network.
    #[must_use]
    pub fn kind(&self) -> ActivationKind {
        match self {
            Self::Relu => ActivationKind::Relu,
            Self::Penalty { .. } | Self::Herpn | Self::Learned { .. } => ActivationKind::Quadratic,
        }
    }

    /// What the card of the trained network says.
    #[must_use]
    pub fn on_card(&self) -> CardActivation {
        match self {
            Self::Relu => CardActivation::Relu,
            Self::Herpn => CardActivation::Herpn,
            Self::Penalty { .. } | Self::Learned { .. } => CardActivation::Quadratic,
        }
    }

    /// The name in recipes.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Penalty { .. } => "penalty",
            Self::Herpn => "herpn",
            Self::Learned { .. } => "learned",
        }
    }
}
