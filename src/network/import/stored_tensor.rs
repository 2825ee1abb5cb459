//! Tensors as files have them.

use crate::network::weights::{Element, Tensor};

/// A tensor as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTensor {
    /// What it holds.
    pub element: Element,
    /// Length in each dimension.
    pub shape: Vec<usize>,
    /// The values, row-major and little-endian.
    pub(super) bytes: Vec<u8>,
}

impl StoredTensor {
    /// The values in double precision; none: these are no weights.
    pub(super) fn decoded(&self) -> Option<Tensor> {
        Tensor::new(self.shape.clone(), self.element.values(&self.bytes)?)
    }
}
