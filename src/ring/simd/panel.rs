//! Rows of a matrix, whole numbers and residues, for [`panel_products`](super::panel_products).
//!
//! A row times the sources is a sum of products of words with numbers that are the same for a run of words. Numbers that are small
//! whole ones leave products below 2^52, which need no reduction one by one; others are residues.

use super::instructions::Instructions;
use crate::ring::modulus::VECTOR_BITS;

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

/// The largest magnitude of a whole number for moduli up to `largest`; zero: none but zero.
pub const fn whole_limit(largest: u64) -> u64 {
    if largest >> VECTOR_BITS == 0 { (1 << PRODUCT_BITS) / largest } else { 0 }
}

/// Whether these kernels compute in doubles.
const fn in_doubles(instructions: Instructions) -> bool {
    matches!(instructions, Instructions::Avx2 | Instructions::Avx512)
}

/// Whole numbers of magnitude up to [`whole_limit`] in the form of the kernels.
pub fn whole_numbers(weights: [i64; PANEL_ROWS]) -> [u64; PANEL_ROWS] {
    whole_numbers_with(super::instructions::instructions(), weights)
}

pub(super) fn whole_numbers_with(instructions: Instructions, weights: [i64; PANEL_ROWS]) -> [u64; PANEL_ROWS] {
    weights.map(|w| if in_doubles(instructions) { (w as f64).to_bits() } else { w as u64 })
}

/// Where a kernel must reduce sums of products with these columns, for moduli up to `largest`: the number of terms before each
/// reduction, the last one included.
pub fn reduction_points<'a>(columns: impl Iterator<Item = &'a [i64; PANEL_ROWS]>, largest: u64) -> Vec<u32> {
    reduction_points_with(super::instructions::instructions(), columns, largest)
}

pub(super) fn reduction_points_with<'a>(
    instructions: Instructions,
    columns: impl Iterator<Item = &'a [i64; PANEL_ROWS]>,
    largest: u64,
) -> Vec<u32> {
    // A double holds sums up to 2^53; words are residues of magnitude up to (q + 1) / 2, with one more from before.
    let most =
        if in_doubles(instructions) { 2 * ((1u64 << 53).saturating_sub(largest)) / (largest + 1) } else { u64::MAX };
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

/// Has words fetched into the cache of this core.
pub fn fetch(words: &[u64]) {
    #[cfg(target_arch = "x86_64")]
    for line in words.chunks(8) {
        // SAFETY: SSE is part of the target, and prefetching any address is harmless.
        unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = words;
}

#[cfg(test)]
mod tests {
    use super::super::Tile;
    use super::super::dispatch::{panel_operands_with, panel_products_with};
    use super::*;
    use crate::ring::modulus::Modulus;
    use crate::ring::primes::{ntt_primes, ntt_primes_below};
    use proptest::prelude::*;

    /// A word of some seed.
    fn word(seed: u64) -> u64 {
        let mixed = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }

    /// Residues; extreme ones, zero among them, where `extreme` says so.
    fn residue(q: &Modulus, seed: u64, extreme: bool) -> u64 {
        match word(seed) % 4 {
            0 | 1 if extreme => q.value() - 1,
            2 => 0,
            _ => q.reduce(word(!seed) >> 3),
        }
    }

    fn terms(count: usize, sources: usize, columns: usize, seed: u64) -> Vec<PanelTerm> {
        let term = |i: usize| PanelTerm {
            source: (word(seed ^ i as u64) % sources as u64) as u32,
            column: (word(seed ^ (i as u64) << 20) % columns as u64) as u32,
        };
        (0..count).map(term).collect()
    }

    /// For the prime next to 2^bits, which may be above it, and the one below, the largest of that length.
    fn check(bits: u32, whole: usize, residues: usize, extreme: bool, seed: u64) {
        for primes in [ntt_primes(8, bits, 1, &[]), ntt_primes_below(8, bits, 1, &[])] {
            let q = Modulus::new(primes.unwrap()[0]).unwrap();
            // There are no whole numbers for wide moduli.
            check_for(q, if q.is_vectorizable() { whole } else { 0 }, residues, extreme, seed);
        }
    }

    fn check_for(q: Modulus, whole: usize, residues: usize, extreme: bool, seed: u64) {
        const SOURCES: usize = 30;
        const COLUMNS: usize = 20;
        let limit = whole_limit(q.value()) as i64;
        let number = |i: u64| match word(seed ^ i) % 3 {
            0 if extreme => limit,
            1 if extreme => -limit,
            _ => (word(i ^ seed << 7) as i64) % (limit + 1),
        };
        let column = |i: usize| -> [i64; PANEL_ROWS] { std::array::from_fn(|row| number((8 * i + row) as u64)) };
        let numbers: Vec<[i64; PANEL_ROWS]> = (0..COLUMNS).map(column).collect();
        let tile = |salt: u64| Tile(std::array::from_fn(|i| residue(&q, seed ^ (salt << 8 | i as u64), extreme)));
        let sources: Vec<Tile> = (0..SOURCES as u64).map(tile).collect();
        let values: Vec<[u64; PANEL_ROWS]> =
            (0..COLUMNS as u64).map(|i| std::array::from_fn(|row| tile(100 + i).0[row])).collect();
        let before: [Tile; PANEL_ROWS] = std::array::from_fn(|row| tile(200 + row as u64));
        let (whole, residues) = (terms(whole, SOURCES, COLUMNS, seed), terms(residues, SOURCES, COLUMNS, !seed));
        let mut expected = before;
        for (row, out) in expected.iter_mut().enumerate() {
            for (i, out) in out.0.iter_mut().enumerate() {
                for term in &whole {
                    let weight = q.reduce_i64(numbers[term.column as usize][row]);
                    *out = q.add(*out, q.mul(weight, sources[term.source as usize].0[i]));
                }
                for term in &residues {
                    let weight = values[term.column as usize][row];
                    *out = q.add(*out, q.mul(weight, sources[term.source as usize].0[i]));
                }
            }
        }
        for instructions in Instructions::available() {
            let weights: Vec<_> = numbers.iter().map(|w| whole_numbers_with(instructions, *w)).collect();
            let columns = whole.iter().map(|term| &numbers[term.column as usize]);
            let points = reduction_points_with(instructions, columns, q.value());
            let (mut sources, mut values) = (sources.clone(), values.clone());
            panel_operands_with(instructions, bytemuck::cast_slice_mut(&mut sources), &q);
            panel_operands_with(instructions, values.as_flattened_mut(), &q);
            let mut out = before;
            let whole = PanelPart { terms: &whole, weights: &weights };
            let residues = PanelPart { terms: &residues, weights: &values };
            panel_products_with(instructions, &mut out, &sources, whole, &points, residues, &q);
            assert_eq!(out, expected, "{instructions:?}, modulo {}", q.value());
            assert!(out.iter().flat_map(|tile| tile.0).all(|x| x < q.value()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn panel_products_are_exact_in_every_form(
            bits in 25u32..=60, whole in 0usize..100, residues in 0usize..100, extreme: bool, seed: u64
        ) {
            check(bits, whole, residues, extreme, seed);
        }
    }

    #[test]
    fn long_sums_are_reduced_in_time() {
        for bits in [25, 28, 36, 38, 45, 46, 47, 49, 50] {
            check(bits, 3000, 3000, true, u64::from(bits));
            check(bits, 3000, 0, false, u64::from(bits));
        }
    }

    #[test]
    fn reductions_come_before_sums_grow_too_long() {
        let largest = (1 << 38) - 1;
        let limit = whole_limit(largest) as i64;
        let columns = |weight: i64, count: usize| vec![[weight, 0, 0, -weight, 0, 1, 0, 0]; count];
        let points = |instructions, columns: Vec<[i64; PANEL_ROWS]>| {
            reduction_points_with(instructions, columns.iter(), largest)
        };
        for instructions in [Instructions::Portable, Instructions::Avx512Ifma] {
            assert_eq!(points(instructions, columns(limit, 1025)), [1024, 1025]);
        }
        for instructions in [Instructions::Avx2, Instructions::Avx512] {
            assert_eq!(points(instructions, columns(limit, 7)), [3, 6, 7]);
            assert_eq!(points(instructions, columns(1, 1024)), [1024]);
            assert_eq!(points(instructions, Vec::new()), [0; 0]);
        }
        assert_eq!((limit, whole_limit((1 << 50) - 1), whole_limit(1 << 50)), (1 << 14, 4, 0));
    }
}
