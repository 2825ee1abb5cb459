//! How a network is lowered: the optimisations of method section 3 that change its linear layers and activations.

use serde::{Deserialize, Serialize};

/// Where the coefficients of an activation `c2 x^2 + c1 x + c0` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActivationForm {
    /// All of them in the activation.
    Full,
    /// The leading one in neighbouring convolutions, the others in the activation: `u^2 + c1' u + c0'` (the article's).
    Monic,
    /// All of them in neighbouring linear maps: the square is completed.
    #[default]
    Square,
}

impl ActivationForm {
    /// All forms, that with the most work first.
    pub const ALL: [Self; 3] = [Self::Full, Self::Monic, Self::Square];

    /// The name in settings and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Monic => "monic",
            Self::Square => "square",
        }
    }
}

/// Options of [`Network::lower_with`](super::Network::lower_with).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LowerOptions {
    /// Where the activations' coefficients are.
    pub form: ActivationForm,
    /// Whether constant factors are merged into the linear map beside them: batch normalisation into the convolution before
    /// it, the divisor of the average pool into the classifier. If not, each is a linear layer of its own.
    pub fuse: bool,
}

impl Default for LowerOptions {
    /// Everything that saves levels.
    fn default() -> Self {
        Self { form: ActivationForm::Square, fuse: true }
    }
}
