//! The types of values that weights files have.

use half::{bf16, f16};
use safetensors::tensor::Dtype;

/// A type of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Element {
    /// Half precision.
    F16,
    /// Single precision with 8 bits of mantissa.
    Bf16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Whole numbers or truth values of so many bytes, which are no weights.
    Whole(usize),
}

impl Element {
    /// The type of a safetensors file's tensor; none: one that networks here do not have.
    pub(in crate::network) const fn of_safetensors(dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::F16 => Some(Self::F16),
            Dtype::BF16 => Some(Self::Bf16),
            Dtype::F32 => Some(Self::F32),
            Dtype::F64 => Some(Self::F64),
            Dtype::BOOL | Dtype::U8 | Dtype::I8 => Some(Self::Whole(1)),
            Dtype::I16 | Dtype::U16 => Some(Self::Whole(2)),
            Dtype::I32 | Dtype::U32 => Some(Self::Whole(4)),
            Dtype::I64 | Dtype::U64 => Some(Self::Whole(8)),
            _ => None,
        }
    }

    /// The type that PyTorch calls so: a class of storages or a `dtype`.
    #[cfg(feature = "harness")]
    pub(in crate::network) fn of_torch(name: &str) -> Option<Self> {
        match name {
            "HalfStorage" | "float16" | "half" => Some(Self::F16),
            "BFloat16Storage" | "bfloat16" => Some(Self::Bf16),
            "FloatStorage" | "float32" | "float" => Some(Self::F32),
            "DoubleStorage" | "float64" | "double" => Some(Self::F64),
            "BoolStorage" | "ByteStorage" | "CharStorage" | "bool" | "uint8" | "int8" => Some(Self::Whole(1)),
            "ShortStorage" | "int16" => Some(Self::Whole(2)),
            "IntStorage" | "int32" => Some(Self::Whole(4)),
            "LongStorage" | "int64" => Some(Self::Whole(8)),
            _ => None,
        }
    }

    /// Bytes of a value.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Whole(bytes) => bytes,
        }
    }

    /// The values of little-endian `bytes`, exactly; none: these are no weights.
    pub(in crate::network) fn values(self, bytes: &[u8]) -> Option<Vec<f64>> {
        Some(match self {
            Self::F16 => bytes.as_chunks().0.iter().map(|&two| f16::from_le_bytes(two).to_f64()).collect(),
            Self::Bf16 => bytes.as_chunks().0.iter().map(|&two| bf16::from_le_bytes(two).to_f64()).collect(),
            Self::F32 => bytes.as_chunks().0.iter().map(|&four| f64::from(f32::from_le_bytes(four))).collect(),
            Self::F64 => bytes.as_chunks().0.iter().map(|&eight| f64::from_le_bytes(eight)).collect(),
            Self::Whole(_) => return None,
        })
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::F16 => formatter.write_str("F16"),
            Self::Bf16 => formatter.write_str("BF16"),
            Self::F32 => formatter.write_str("F32"),
            Self::F64 => formatter.write_str("F64"),
            Self::Whole(bytes) => write!(formatter, "I{}", 8 * bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_type_are_exact() {
        assert_eq!(Element::Bf16.values(&[0x80, 0x3f, 0x49, 0xc0]), Some(vec![1.0, -3.140625]));
        assert_eq!(Element::F16.values(&[0x00, 0x3c, 0x00, 0xc0]), Some(vec![1.0, -2.0]));
        // The largest and the smallest number of half precision.
        assert_eq!(Element::F16.values(&[0xff, 0x7b, 0x01, 0x00]), Some(vec![65504.0, 2f64.powi(-24)]));
        assert_eq!(Element::F32.values(&0.1_f32.to_le_bytes()), Some(vec![f64::from(0.1_f32)]));
        assert_eq!(Element::F64.values(&0.1_f64.to_le_bytes()), Some(vec![0.1]));
        assert_eq!(Element::Whole(8).values(&[0; 8]), None);
        assert_eq!((Element::Bf16.to_string(), Element::Whole(8).to_string()), ("BF16".into(), "I64".into()));
    }
}
