//! The optimisations of method section 3, each of which can be switched off.

use super::named::named_setting;
use super::scalar::switch;

named_setting! {
    /// Where the coefficients of an activation are.
    pub enum ActivationForm {
        /// All three stay: the leading coefficient costs a level.
        Full = "full",
        /// The leading coefficient is in the neighbouring convolutions (the paper's form).
        Monic = "monic",
        /// One squaring and nothing else.
        #[default]
        Square = "square",
    }
}

switch! {
    /// Whether batch normalisation is folded into the convolution before it; `false`: it is a multiplication of its own.
    NodeFusing = true
}

switch! {
    /// Whether one prime pays for a convolution and the squaring after it; `false`: each multiplication has its own.
    TowerReuse = true
}
