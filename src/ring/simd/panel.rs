//! Rows of a matrix, whole numbers and residues, for [`panel_products`](super::panel_products).
//!
//! A row times the sources is a sum of products of words with numbers that are the same for a run of words. Numbers that are small
//! whole ones leave products below 2^52, which need no reduction one by one; others are residues.

use super::dispatch::Instructions;
use crate::ring::modulus::{Modulus, VECTOR_BITS};

/// Rows that a kernel works on together.
pub const PANEL_ROWS: usize = 8;

/// Bits of the products of words with whole numbers.
const PRODUCT_BITS: u32 = 52;

/// Products with whole numbers between two reductions, at most: their sum fits into 63 bits.
const MOST_PRODUCTS: usize = 1 << 10;

/// A source, and the column of weights by which it is multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PanelTerm {
    /// Number of the source.
    pub source: u32,
    /// Number of the column.
    pub column: u32,
}

/// Products of sources with the weights of some columns, one weight for each of [`PANEL_ROWS`] rows.
#[derive(Debug, Clone, Copy)]
pub struct PanelPart<'a> {
    /// What is multiplied.
    pub terms: &'a [PanelTerm],
    /// The weights of all columns, in the form of the kernels: [`whole_numbers`] or [`panel_operands`](super::panel_operands).
    pub weights: &'a [[u64; PANEL_ROWS]],
}

/// The largest magnitude of a whole number for moduli of at most `bits` bits; zero: none but zero.
pub const fn whole_limit(bits: u32) -> u64 {
    if bits > VECTOR_BITS { 0 } else { 1 << (PRODUCT_BITS - bits) }
}

/// Whether kernels compute modulo `q` in doubles.
pub(super) const fn in_doubles(instructions: Instructions, q: &Modulus) -> bool {
    matches!(instructions, Instructions::Avx2 | Instructions::Avx512) && q.is_vectorizable()
}

/// Whole numbers of magnitude up to [`whole_limit`] in the form of the kernels.
pub fn whole_numbers(weights: [i64; PANEL_ROWS]) -> [u64; PANEL_ROWS] {
    whole_numbers_with(super::instructions(), weights)
}

pub(super) fn whole_numbers_with(instructions: Instructions, weights: [i64; PANEL_ROWS]) -> [u64; PANEL_ROWS] {
    match instructions {
        Instructions::Avx2 | Instructions::Avx512 if false => weights.map(|w| (w as f64).to_bits()),
        _ => weights.map(|w| w as u64),
    }
}

/// Where a kernel must reduce sums of products with these columns, for moduli of at most `bits` bits: the number of terms before each
/// reduction, the last one included.
pub fn reduction_points<'a>(columns: impl Iterator<Item = &'a [i64; PANEL_ROWS]>, bits: u32) -> Vec<u32> {
    reduction_points_with(super::instructions(), columns, bits)
}

pub(super) fn reduction_points_with<'a>(
    instructions: Instructions,
    columns: impl Iterator<Item = &'a [i64; PANEL_ROWS]>,
    bits: u32,
) -> Vec<u32> {
    // A double holds sums up to 2^53; words are residues of magnitude q/2, with one more from before.
    let most = match instructions {
        Instructions::Avx2 | Instructions::Avx512 => (4 * whole_limit(bits)).saturating_sub(2),
        Instructions::Portable | Instructions::Avx512Ifma => u64::MAX,
    };
    let (mut points, mut count, mut held) = (Vec::new(), 0, 0);
    let mut sums = [0; PANEL_ROWS];
    for column in columns {
        let next = |i: usize| sums[i] + column[i].unsigned_abs();
        let grown: [u64; PANEL_ROWS] = std::array::from_fn(next);
        if held > 0 && (held == MOST_PRODUCTS || grown.iter().any(|sum| *sum > most)) {
            points.push(count);
            (held, sums) = (0, column.map(i64::unsigned_abs));
        } else {
            sums = grown;
        }
        held += 1;
        count += 1;
    }
    if count > 0 {
        points.push(count);
    }
    points
}
