//! The precision in which files hold weights.

use half::f16;
use safetensors::tensor::Dtype;

use super::tensor::Tensor;
use crate::choice::choice;

choice! {
    /// Precision in which a weights file holds the factors of convolutions and of the classifier. Everything else, a small part of a
    /// file, is in single precision.
    #[cfg_attr(feature = "harness", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
    pub enum StoredPrecision {
        /// Single precision.
        #[default]
        F32 = "f32",
        /// Half precision, 11 bits of mantissa: files of half the size.
        F16 = "f16",
    }
}

impl StoredPrecision {
    /// The precision of one tensor.
    pub(super) fn of(self, name: &str, tensor: &Tensor) -> Self {
        // Factors of batch normalisation are named alike, and are one for each channel.
        if name.ends_with(".weight") && tensor.shape().len() > 1 { self } else { Self::F32 }
    }

    pub(super) const fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
        }
    }

    /// Appends the rounded value; whether it is a number there.
    pub(super) fn append(self, value: f64, bytes: &mut Vec<u8>) -> bool {
        let single = value as f32;
        match self {
            Self::F32 => {
                bytes.extend(single.to_le_bytes());
                single.is_finite()
            }
            Self::F16 => {
                // By way of single precision on every machine: some have no other instruction.
                let half = f16::from_f32(single);
                bytes.extend(half.to_le_bytes());
                half.is_finite()
            }
        }
    }

    /// Its largest number and what to do about a larger one, for messages.
    pub(super) const fn limits(self) -> (&'static str, &'static str) {
        match self {
            Self::F32 => ("3.4e38", "the weights are damaged, or their training diverged"),
            Self::F16 => ("65504", "take `--stored-precision f32` or, in a recipe, `stored_precision: f32`"),
        }
    }
}
