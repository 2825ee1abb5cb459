//! Rows of a matrix times tiles, with 52-bit products.
//!
//! A product with a whole number below 2^52 in magnitude needs its low part alone, signed ones in two's complement of 52 bits: a negative
//! product comes out 2^52 too large, unless it is zero. So zeros among the sources are written as q, and negative weights counted.

use std::arch::x86_64::*;

use super::{Constants, LANES, lazy_terms, load, store};
use crate::ring::modulus::Modulus;
use crate::ring::simd::panel::{PANEL_ROWS, PanelPart};
use crate::ring::simd::sum_program::{TILE, Tile};

/// Vectors of a tile.
const VECTORS: usize = TILE / LANES;

/// Rows whose double sums are in registers together.
const HALF: usize = PANEL_ROWS / 2;

#[target_feature(enable = "avx512f")]
pub fn panel_operands(words: &mut [u64], q: &Modulus) {
    let (zero, q) = (_mm512_setzero_si512(), _mm512_set1_epi64(q.value() as i64));
    for block in words.as_chunks_mut::<LANES>().0 {
        let x = load(block);
        store(block, _mm512_mask_mov_epi64(x, _mm512_cmpeq_epi64_mask(x, zero), q));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub fn panel_products(
    out: &mut [Tile; PANEL_ROWS],
    sources: &[Tile],
    whole: PanelPart<'_>,
    points: &[u32],
    residues: PanelPart<'_>,
    q: &Modulus,
) {
    let constants = Constants::new(q);
    let zero = _mm512_setzero_si512();
    let mut low = [[zero; VECTORS]; PANEL_ROWS];
    let mut high = [[zero; VECTORS]; PANEL_ROWS];
    let mut from = 0;
    for &to in points {
        if from > 0 {
            for (low, high) in low.as_flattened_mut().iter_mut().zip(high.as_flattened()) {
                *low = constants.reduce(*high, *low);
            }
        }
        let negative = sum_whole(&mut low, sources, whole, from..to as usize);
        for (high, count) in high.iter_mut().zip(negative) {
            // Of tiny moduli there may be more products than q; the carries of the low parts bring the sum back above zero.
            *high = [_mm512_set1_epi64(q.value().wrapping_sub(count) as i64); VECTORS];
        }
        from = to as usize;
    }
    for (half, (low, high)) in low.as_chunks_mut().0.iter_mut().zip(high.as_chunks_mut().0).enumerate() {
        sum_residues(low, high, sources, residues, half, &constants, q);
    }
    for ((out, low), high) in out.iter_mut().zip(low).zip(high) {
        for ((words, low), high) in out.0.as_chunks_mut().0.iter_mut().zip(low).zip(high) {
            let sum = _mm512_add_epi64(constants.reduce(high, low), load(words));
            store(words, Constants::correct(sum, constants.q));
        }
    }
}

/// Adds low parts of products with whole numbers; returns how many of these are negative in each row.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sum_whole(
    low: &mut [[__m512i; VECTORS]; PANEL_ROWS],
    sources: &[Tile],
    whole: PanelPart<'_>,
    range: std::ops::Range<usize>,
) -> [u64; PANEL_ROWS] {
    let mut sums = *low;
    let mut negative = _mm512_setzero_si512();
    for term in &whole.terms[range] {
        let words = sources[term.source as usize].0.as_chunks().0;
        let words = [load(&words[0]), load(&words[1])];
        let weights = &whole.weights[term.column as usize];
        negative = _mm512_add_epi64(negative, _mm512_srli_epi64::<63>(load(weights)));
        for (sums, weight) in sums.iter_mut().zip(weights) {
            let weight = _mm512_set1_epi64(*weight as i64);
            for (sum, words) in sums.iter_mut().zip(words) {
                *sum = _mm512_madd52lo_epu64(*sum, words, weight);
            }
        }
    }
    *low = sums;
    let mut counts = [0; PANEL_ROWS];
    store(&mut counts, negative);
    counts
}

/// Adds products with residues for half of the rows.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sum_residues(
    low: &mut [[__m512i; VECTORS]; HALF],
    high: &mut [[__m512i; VECTORS]; HALF],
    sources: &[Tile],
    residues: PanelPart<'_>,
    half: usize,
    constants: &Constants,
    q: &Modulus,
) {
    let (mut lows, mut highs) = (*low, *high);
    for (chunk, terms) in residues.terms.chunks(lazy_terms(q)).enumerate() {
        if chunk > 0 {
            for (low, high) in lows.as_flattened_mut().iter_mut().zip(highs.as_flattened_mut()) {
                (*low, *high) = (constants.reduce(*high, *low), _mm512_setzero_si512());
            }
        }
        for term in terms {
            let words = sources[term.source as usize].0.as_chunks().0;
            let words = [load(&words[0]), load(&words[1])];
            let weights = &residues.weights[term.column as usize].as_chunks::<HALF>().0[half];
            for ((low, high), weight) in lows.iter_mut().zip(&mut highs).zip(weights) {
                let weight = _mm512_set1_epi64(*weight as i64);
                for ((low, high), words) in low.iter_mut().zip(high).zip(words) {
                    *low = _mm512_madd52lo_epu64(*low, words, weight);
                    *high = _mm512_madd52hi_epu64(*high, words, weight);
                }
            }
        }
    }
    (*low, *high) = (lows, highs);
}
