//! Elementwise and multiply-accumulate kernels over limbs and the number theoretic transform, in forms that agree bit for bit.
//!
//! * `avx512`: AVX-512 with IFMA (52-bit multiply-add).
//! * `avx512f`: AVX-512 without IFMA: products of doubles with fused multiply-add, eight lanes.
//! * `avx2`: AVX2 and FMA: the same, four lanes.
//! * `portable`: 128-bit scalar products, for the baseline of the target.
//!
//! The form is chosen once at run time; `LEVELED_SIMD=portable|avx2|avx512f|avx512` forces one.
//! Moduli of more than 50 bits take 128-bit scalar arithmetic, but for the transform with AVX-512, which has products of 64 bits.

mod dispatch;
mod factors;
mod generic;
mod instructions;
mod integer_matrix;
mod operands;
mod panel;
mod runs;
mod sum_program;
mod transform;
mod wide;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512f;
#[cfg(target_arch = "x86_64")]
mod doubles;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod portable;

#[cfg(test)]
mod tests;

pub use dispatch::{
    add_assign, add_products, centered_quotients, grouped_products, largest_packed, linear_combination,
    multiply_accumulate, multiply_accumulate_packed, multiply_assign, multiply_by_factor, multiply_packed_runs, negate,
    panel_operands, panel_products, permute_blocks, reduce_signed, sub_assign, subtract_and_multiply,
    weighted_products,
};
pub use factors::Factors;
pub use instructions::{Instructions, instructions};
pub use integer_matrix::{IntegerMatrix, TILES, TilePair};
pub use operands::{CHUNK, LANES, PACKED_BITS, Term, chunk_words, operand_words, pack_operand, unpack_chunk};
pub use panel::{PANEL_ROWS, PanelPart, PanelTerm, fetch, reduction_points, whole_limit, whole_numbers};
pub use runs::{multiply_accumulate_runs, spread_runs};
pub use sum_program::{SumProgram, TILE, Tile};
pub use transform::{Transform, transform};
