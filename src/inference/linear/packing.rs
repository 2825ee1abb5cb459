//! How a layer's output is offered to convolutions: real, or two halves in one complex vector.

use serde::{Deserialize, Serialize};

use crate::ckks::Complex;
use crate::inference::layout::PackedLayout;

/// What real and imaginary parts hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// Real values only.
    Real,
    /// x(p) + i x(p + half), within each ciphertext; half of its period.
    Halves {
        /// Half of the period, in slots.
        half: usize,
    },
    /// Ciphertexts 2k and 2k + 1 as real and imaginary parts of ciphertext k.
    Pairs,
}

impl Packing {
    /// The packing that halves the work for a layout: pairs of ciphertexts cost nothing, halves of one cost a rotation.
    pub fn best(layout: &PackedLayout) -> Self {
        if layout.ciphertexts() > 1 {
            Self::Pairs
        } else if layout.period() >= 2 * layout.grid_slots() {
            Self::Halves { half: layout.period() / 2 }
        } else {
            Self::Real
        }
    }

    /// Packs clear periods as a layer packs ciphertexts.
    pub fn pack(&self, periods: &[Vec<f64>]) -> Vec<Vec<Complex>> {
        let real = |period: &Vec<f64>| period.iter().map(|x| Complex::new(*x, 0.0)).collect();
        match self {
            Self::Real => periods.iter().map(real).collect(),
            Self::Halves { half } => periods
                .iter()
                .map(|p| (0..p.len()).map(|i| Complex::new(p[i], p[(i + half) % p.len()])).collect())
                .collect(),
            Self::Pairs => periods
                .chunks(2)
                .map(|pair| match pair {
                    [x, y] => x.iter().zip(y).map(|(re, im)| Complex::new(*re, *im)).collect(),
                    _ => real(&pair[0]),
                })
                .collect(),
        }
    }

    /// Ciphertexts after packing.
    pub const fn ciphertexts(&self, unpacked: usize) -> usize {
        match self {
            Self::Pairs => unpacked.div_ceil(2),
            _ => unpacked,
        }
    }

    /// Whether imaginary parts carry data, so that results need their real part taken.
    pub fn is_complex(&self) -> bool {
        *self != Self::Real
    }
}
