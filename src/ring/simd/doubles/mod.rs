//! Kernels in doubles, written over [`Lanes`](super::lanes::Lanes): AVX2 with FMA, and AVX-512 without IFMA.
//!
//! What is left over where a length is no multiple of the lanes goes to the scalar kernels.

mod field;
mod grouped;
mod panel;
mod products;
mod sum;
mod weighted;

pub use field::Field;
pub use grouped::grouped_products;
pub use panel::{panel_operands, panel_products};
pub use products::{
    add_products, linear_combination, multiply_accumulate, multiply_accumulate_packed, multiply_assign,
    multiply_by_factor, multiply_packed_runs, subtract_and_multiply,
};
pub use weighted::weighted_products;

use super::lanes::Lanes;

/// Words of a vector.
const fn lanes<L: Lanes>() -> usize {
    size_of::<L::Words>() / size_of::<u64>()
}

/// The words of a vector from `at` on, as doubles.
///
/// # Safety
/// `at` and the lanes after it must not exceed the length of `slice`.
#[inline(always)]
unsafe fn load_at<L: Lanes>(token: L, slice: &[u64], at: usize) -> L::Vector {
    debug_assert!(at + lanes::<L>() <= slice.len());
    // SAFETY: in bounds by the caller's promise; any words will do.
    token.load_integers(unsafe { slice.as_ptr().add(at).cast::<L::Words>().read_unaligned() })
}

/// Defines every kernel for a set of target features and the type that proves them.
macro_rules! instantiate {
    ($features:literal, $token:ty) => {
        use crate::ring::modulus::{Factor, Modulus};
        use crate::ring::simd::factors::Factors;
        use crate::ring::simd::integer_matrix::{IntegerMatrix, TILES, TilePair};
        use crate::ring::simd::operands::Term;
        use crate::ring::simd::panel::{PANEL_ROWS, PanelPart};
        use crate::ring::simd::sum_program::{SumProgram, Tile};
        use crate::ring::simd::{doubles, generic};

        #[inline(always)]
        const fn token() -> $token {
            // SAFETY: the dispatcher calls these kernels only where the proof can be had.
            unsafe { <$token>::new_unchecked() }
        }

        #[target_feature(enable = $features)]
        pub fn weighted_products(
            out: [&mut [Tile]; TILES],
            sources: TilePair<'_>,
            factors: [&Factors; TILES],
            matrix: &IntegerMatrix,
            q: &Modulus,
        ) {
            doubles::weighted_products(token(), out, sources, factors, matrix, q);
        }
        #[target_feature(enable = $features)]
        pub fn multiply_packed_runs(
            out: (&mut [u64], &mut [u64]),
            pairs: &[(&[u64], &[u64])],
            words: &[u32],
            run: usize,
            q: &Modulus,
        ) {
            doubles::multiply_packed_runs(token(), out, pairs, words, run, q);
        }
        #[target_feature(enable = $features)]
        pub fn panel_operands(words: &mut [u64], q: &Modulus) {
            doubles::panel_operands(token(), words, q);
        }
        #[target_feature(enable = $features)]
        pub fn panel_products(
            out: &mut [Tile; PANEL_ROWS],
            sources: &[Tile],
            whole: PanelPart<'_>,
            points: &[u32],
            residues: PanelPart<'_>,
            q: &Modulus,
        ) {
            doubles::panel_products(token(), out, sources, whole, points, residues, q);
        }
        #[target_feature(enable = $features)]
        pub fn grouped_products(
            out: &mut [Tile],
            sources: &[Tile],
            factors: &Factors,
            program: &SumProgram,
            accumulate: bool,
            q: &Modulus,
        ) {
            doubles::grouped_products(token(), out, sources, factors, program, accumulate, q);
        }
        #[target_feature(enable = $features)]
        pub fn add_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
            generic::add_assign(x, y, q);
        }
        #[target_feature(enable = $features)]
        pub fn sub_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
            generic::sub_assign(x, y, q);
        }
        #[target_feature(enable = $features)]
        pub fn negate(x: &mut [u64], q: &Modulus) {
            generic::negate(x, q);
        }
        #[target_feature(enable = $features)]
        pub fn largest_packed(largest: &mut u64, words: &[u32], q: &Modulus) {
            generic::largest_packed(largest, words, q);
        }
        #[target_feature(enable = $features)]
        pub fn multiply_by_factor(x: &mut [u64], factor: Factor, q: &Modulus) {
            doubles::multiply_by_factor(token(), x, factor, q);
        }
        #[target_feature(enable = $features)]
        pub fn subtract_and_multiply(x: &mut [u64], y: &[u64], factor: Factor, q: &Modulus) {
            doubles::subtract_and_multiply(token(), x, y, factor, q);
        }
        #[target_feature(enable = $features)]
        pub fn multiply_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
            doubles::multiply_assign(token(), x, y, q);
        }
        #[target_feature(enable = $features)]
        pub fn multiply_accumulate(out: (&mut [u64], &mut [u64]), terms: &[Term<'_>], accumulate: bool, q: &Modulus) {
            doubles::multiply_accumulate(token(), out, terms, accumulate, q);
        }
        #[target_feature(enable = $features)]
        pub fn add_products(x: &mut [u64], products: &[(&[u64], &[u64])], q: &Modulus) {
            doubles::add_products(token(), x, products, q);
        }
        #[target_feature(enable = $features)]
        pub fn multiply_accumulate_packed(
            out: (&mut [u64], &mut [u64]),
            shared: &[&[u64]],
            words: &[u32],
            terms: usize,
            q: &Modulus,
        ) {
            doubles::multiply_accumulate_packed(token(), out, shared, words, terms, q);
        }
        #[target_feature(enable = $features)]
        pub fn linear_combination(out: &mut [u64], sources: &[&[u64]], factors: &[u64], source_bits: u32, q: &Modulus) {
            doubles::linear_combination(token(), out, sources, factors, source_bits, q);
        }
        #[target_feature(enable = $features)]
        pub fn reduce_signed(out: &mut [u64], values: &[i32], q: &Modulus) {
            generic::reduce_signed(out, values, q);
        }
        #[target_feature(enable = $features)]
        pub fn centered_quotients(out: &mut [u64], sources: &[&[u64]], reciprocals: &[f64], source_bits: u32) {
            generic::centered_quotients(out, sources, reciprocals, source_bits);
        }
    };
}
pub(super) use instantiate;
