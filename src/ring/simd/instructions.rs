//! Run-time choice of the instruction set.

use std::sync::OnceLock;

use crate::ring::error::RingError;

#[cfg(target_arch = "x86_64")]
use super::lanes::Lanes;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

/// Names the kernels to use.
const VARIABLE: &str = "LEVELED_SIMD";

/// Instruction sets that the kernels are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// The baseline of the target: 128-bit products.
    Portable,
    /// AVX2 and FMA: products of doubles, four lanes.
    Avx2,
    /// AVX-512 F, BW, CD, DQ and VL: products of doubles, eight lanes.
    Avx512,
    /// AVX-512 F, DQ, VL and IFMA (52-bit multiply-add).
    Avx512Ifma,
}

impl Instructions {
    /// All that this machine can run, slowest first.
    pub fn available() -> Vec<Self> {
        let mut found = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if V3::detect().is_some() {
                found.push(Self::Avx2);
            }
            if V4::detect().is_some() {
                found.push(Self::Avx512);
            }
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512ifma")
            {
                found.push(Self::Avx512Ifma);
            }
        }
        found
    }

    fn fastest() -> Self {
        Self::available().last().copied().unwrap_or(Self::Portable)
    }

    /// The fastest of this machine, or the one that the environment variable `LEVELED_SIMD` names.
    ///
    /// # Errors
    /// [`RingError::Kernels`] if it names one that this machine does not have.
    pub fn chosen() -> Result<Self, RingError> {
        std::env::var_os(VARIABLE).map_or_else(|| Ok(Self::fastest()), |wanted| Self::named(&wanted.to_string_lossy()))
    }

    pub(super) fn named(wanted: &str) -> Result<Self, RingError> {
        let available = Self::available();
        available.iter().copied().find(|i| i.name() == wanted).ok_or_else(|| RingError::Kernels {
            wanted: wanted.to_owned(),
            available: available.iter().map(|i| i.name()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Name as accepted by `LEVELED_SIMD`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512f",
            Self::Avx512Ifma => "avx512",
        }
    }
}

/// The instruction set in use: what [`Instructions::chosen`] says, or the fastest where that is an error.
pub fn instructions() -> Instructions {
    static CHOICE: OnceLock<Instructions> = OnceLock::new();
    *CHOICE.get_or_init(|| Instructions::chosen().unwrap_or_else(|_| Instructions::fastest()))
}
