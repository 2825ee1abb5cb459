//! Elementwise and multiply-accumulate kernels over limbs, in three forms that agree bit for bit.
//!
//! * `avx512`: AVX-512 with IFMA (52-bit multiply-add), hand-written.
//! * `avx2`: the generic bodies compiled for AVX2; products are split into 26-bit halves, so that `vpmuludq` applies.
//! * `portable`: the same bodies compiled for the baseline of the target.
//!
//! The form is chosen once at run time; `LEVELED_SIMD=portable|avx2|avx512` forces one (if the machine has it).
//! Moduli of more than 50 bits always take 128-bit scalar arithmetic.

mod dispatch;
mod factors;
mod generic;
mod integer_matrix;
mod sum_program;
mod wide;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(test)]
mod tests;

pub use dispatch::{
    CHUNK, Instructions, Term, add_assign, add_products, centered_quotients, chunk_words, grouped_products,
    instructions, linear_combination, multiply_accumulate, multiply_accumulate_packed, multiply_assign,
    multiply_by_factor, negate, permute_blocks, reduce_signed, sub_assign, subtract_and_multiply, weighted_products,
};
pub use factors::Factors;
pub use integer_matrix::{IntegerMatrix, TILES, TilePair};
pub use sum_program::{SumProgram, TILE, Tile};
