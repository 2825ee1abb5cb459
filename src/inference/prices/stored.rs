//! Prices that are part of the program: for tests, for results that must not depend on the machine, and where nothing can be
//! measured.

use super::{Prices, tables};
use crate::ring::simd::Instructions;

/// The stored prices of kernels with these instructions.
pub(super) fn prices(instructions: Instructions) -> Prices {
    let (cores, alone, together) = match instructions {
        Instructions::Avx512Ifma => (tables::AVX512_CORES, tables::AVX512_ALONE, tables::AVX512_TOGETHER),
        Instructions::Avx512 => (tables::AVX512F_CORES, tables::AVX512F_ALONE, tables::AVX512F_TOGETHER),
        Instructions::Avx2 => (tables::AVX2_CORES, tables::AVX2_ALONE, tables::AVX2_TOGETHER),
        Instructions::Portable => (tables::PORTABLE_CORES, tables::PORTABLE_ALONE, tables::PORTABLE_TOGETHER),
    };
    Prices { instructions: instructions.name().to_owned(), cores, alone, together }
}
