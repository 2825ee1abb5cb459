//! What inputs of activations beyond a bound cost.

use tch::{Kind, Tensor};

use crate::training::PenaltyForm;

/// The cost of the values of `x`, `[images, ...]`, beyond `bound` in magnitude: a number in single precision.
///
/// # Errors
/// What libtorch reports.
pub(super) fn excess(x: &Tensor, form: PenaltyForm, bound: f64) -> Result<Tensor, tch::TchError> {
    // The clamped part needs no gradient: where it moves with x, the excess is 0, and so is its weight in the gradient.
    let inside = tch::no_grad(|| x.f_clamp(-bound, bound))?;
    let norm = x.f_sub(&inside)?.f_norm()?.f_to_kind(Kind::Float)?;
    match form {
        PenaltyForm::Norm => Ok(norm),
        PenaltyForm::Square => {
            let images = x.size().first().copied().unwrap_or(1).max(1);
            Ok(norm.f_square()? / images as f64)
        }
    }
}
