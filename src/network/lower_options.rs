//! How a network is lowered: the optimisations of method section 3 that change its linear layers and activations.

use crate::choice::choice;

choice! {
    /// Where the coefficients of an activation `c2 x^2 + c1 x + c0` are; that with the most work first.
    pub enum ActivationForm {
        /// All of them in the activation: the leading one costs a level.
        Full = "full",
        /// The leading one in neighbouring convolutions, the others in the activation: `u^2 + c1' u + c0'` (the article's).
        Monic = "monic",
        /// All of them in neighbouring linear maps: the square is completed, and one squaring is left.
        #[default]
        Square = "square",
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
