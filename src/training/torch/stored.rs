//! Weights of files as tensors of libtorch.

use tch::{Kind, Tensor};

use crate::network::Weights;

/// The tensor `name` of `weights` on the processor, if they have it in that shape.
pub(super) fn single_precision(weights: &Weights, name: &str, shape: &[i64]) -> Option<Tensor> {
    let tensor = weights.get(name)?;
    let same = tensor.shape().iter().copied().eq(shape.iter().map(|&size| size as usize));
    same.then(|| Tensor::from_slice(tensor.values()).to_kind(Kind::Float).view(shape))
}
