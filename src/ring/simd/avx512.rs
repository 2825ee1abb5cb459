//! Kernels for AVX-512 with IFMA: 52-bit products summed in 64-bit lanes.
//!
//! The simple kernels are the generic bodies compiled for AVX-512; those that multiply residues use `vpmadd52`.
//! Slices are walked in vectors of eight words; lengths that are not a multiple of eight go to the generic bodies.

mod panel;

use std::arch::x86_64::*;

pub use panel::{panel_operands, panel_products};

use super::factors::Factors;
use super::integer_matrix::{IntegerMatrix, ROWS, TILES, TilePair};
use super::operands::{CHUNK, LANES, Term, chunk_words, operand_words};
use super::sum_program::{SumProgram, TILE, Tile};
use super::{generic, wide};
use crate::ring::modulus::{Factor, Modulus};

/// How far ahead operands in the outer caches or in memory are fetched, in bytes: a page, where the processor's own
/// prefetching stops.
const AHEAD: usize = 4096;

/// Number of products of a residue and a word below 2^`source_bits` whose sum has a high part (above bit 52) below 2^51.
const fn lazy_products(source_bits: u32, q: &Modulus) -> usize {
    let spare = 103 - source_bits - q.bits();
    1 << if spare > 10 { 10 } else { spare }
}

/// As [`lazy_products`], for products of two residues.
const fn lazy_terms(q: &Modulus) -> usize {
    lazy_products(q.bits(), q)
}

/// Vectors of the modulus and of the constants that reduction needs.
#[derive(Clone, Copy)]
struct Constants {
    q: __m512i,
    two_q: __m512i,
    mask52: __m512i,
    two52: __m512i,
    two52_quotient: __m512i,
    one_quotient: __m512i,
}

impl Constants {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(q: &Modulus) -> Self {
        let splat = |x: u64| _mm512_set1_epi64(x as i64);
        Self {
            q: splat(q.value()),
            two_q: splat(2 * q.value()),
            mask52: splat((1 << 52) - 1),
            two52: splat(q.two52().value),
            two52_quotient: splat(q.two52().quotient52),
            one_quotient: splat(q.one().quotient52),
        }
    }

    /// x or x - q, whichever is below; x below 2q.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn correct(x: __m512i, q: __m512i) -> __m512i {
        _mm512_min_epu64(x, _mm512_sub_epi64(x, q))
    }

    /// `high * 2^52 + low mod q`, for high below 2^52 and any low.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn reduce(&self, high: __m512i, low: __m512i) -> __m512i {
        let zero = _mm512_setzero_si512();
        let high = _mm512_add_epi64(high, _mm512_srli_epi64::<52>(low));
        let low = _mm512_and_si512(low, self.mask52);
        let high_quotient = _mm512_madd52hi_epu64(zero, high, self.two52_quotient);
        let low_quotient = _mm512_madd52hi_epu64(zero, low, self.one_quotient);
        // Both remainders are below 2q, so their 52-bit sum is exact.
        let product = _mm512_madd52lo_epu64(low, high, self.two52);
        let multiple =
            _mm512_madd52lo_epu64(_mm512_setzero_si512(), _mm512_add_epi64(high_quotient, low_quotient), self.q);
        let sum = _mm512_and_si512(_mm512_sub_epi64(product, multiple), self.mask52);
        Self::correct(Self::correct(sum, self.two_q), self.q)
    }

    /// `x * factor mod q` for x below 2^52.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn mul_factor(&self, x: __m512i, value: __m512i, quotient: __m512i) -> __m512i {
        let zero = _mm512_setzero_si512();
        let multiple = _mm512_madd52lo_epu64(zero, _mm512_madd52hi_epu64(zero, x, quotient), self.q);
        let r = _mm512_and_si512(_mm512_sub_epi64(_mm512_madd52lo_epu64(zero, x, value), multiple), self.mask52);
        Self::correct(r, self.q)
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u64; LANES]) -> __m512i {
    // SAFETY: the reference covers 64 readable bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(words: &mut [u64; LANES], value: __m512i) {
    // SAFETY: the reference covers 64 writable bytes, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), value) }
}

/// Eight words of `slice` from `at` on.
///
/// # Safety
/// `at + 8` must not exceed the length of `slice`.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load_at(slice: &[u64], at: usize) -> __m512i {
    debug_assert!(at + LANES <= slice.len());
    // SAFETY: in bounds by the caller's promise; the load needs no alignment.
    unsafe { _mm512_loadu_si512(slice.as_ptr().add(at).cast()) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
pub fn add_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
    generic::add_assign(x, y, q);
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
pub fn sub_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
    generic::sub_assign(x, y, q);
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
pub fn negate(x: &mut [u64], q: &Modulus) {
    generic::negate(x, q);
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
pub fn largest_packed(largest: &mut u64, words: &[u32], q: &Modulus) {
    generic::largest_packed(largest, words, q);
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
pub fn centered_quotients(out: &mut [u64], sources: &[&[u64]], reciprocals: &[f64], source_bits: u32) {
    generic::centered_quotients(out, sources, reciprocals, source_bits);
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub fn multiply_by_factor(x: &mut [u64], factor: Factor, q: &Modulus) {
    let constants = Constants::new(q);
    let (value, quotient) = (_mm512_set1_epi64(factor.value as i64), _mm512_set1_epi64(factor.quotient52 as i64));
    let (blocks, tail) = x.as_chunks_mut::<LANES>();
    for block in blocks {
        store(block, constants.mul_factor(load(block), value, quotient));
    }
    wide::multiply_by_factor(tail, factor, q);
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub fn subtract_and_multiply(x: &mut [u64], y: &[u64], factor: Factor, q: &Modulus) {
    let constants = Constants::new(q);
    let (value, quotient) = (_mm512_set1_epi64(factor.value as i64), _mm512_set1_epi64(factor.quotient52 as i64));
    let (blocks, tail) = x.as_chunks_mut::<LANES>();
    let (others, other_tail) = y.as_chunks::<LANES>();
    for (block, other) in blocks.iter_mut().zip(others) {
        let difference = _mm512_sub_epi64(_mm512_add_epi64(load(block), constants.q), load(other));
        store(block, constants.mul_factor(difference, value, quotient));
    }
    wide::subtract_and_multiply(tail, other_tail, factor, q);
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub fn multiply_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
    let constants = Constants::new(q);
    let zero = _mm512_setzero_si512();
    let (blocks, tail) = x.as_chunks_mut::<LANES>();
    let (others, other_tail) = y.as_chunks::<LANES>();
    for (block, other) in blocks.iter_mut().zip(others) {
        let (a, b) = (load(block), load(other));
        let (high, low) = (_mm512_madd52hi_epu64(zero, a, b), _mm512_madd52lo_epu64(zero, a, b));
        store(block, constants.reduce(high, low));
    }
    wide::multiply_assign(tail, other_tail, q);
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub fn add_products(x: &mut [u64], products: &[(&[u64], &[u64])], q: &Modulus) {
    if !x.len().is_multiple_of(LANES) {
        return wide::add_products(x, products, q);
    }
    let constants = Constants::new(q);
    for products in products.chunks(lazy_terms(q)) {
        for (i, block) in x.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let (mut low, mut high) = (load(block), _mm512_setzero_si512());
            for (a, b) in products {
                // SAFETY: `i` is below the number of blocks of `x`, and the dispatcher has checked that operands are as long.
                let (a, b) = unsafe { (load_at(a, i * LANES), load_at(b, i * LANES)) };
                low = _mm512_madd52lo_epu64(low, a, b);
                high = _mm512_madd52hi_epu64(high, a, b);
            }
            store(block, constants.reduce(high, low));
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub fn multiply_accumulate(out: (&mut [u64], &mut [u64]), terms: &[Term<'_>], accumulate: bool, q: &Modulus) {
    /// Vectors that are summed together, so that the latency of the multiplier is hidden.
    const UNROLL: usize = 2;
    let (out0, out1) = out;
    if !out0.len().is_multiple_of(UNROLL * LANES) || terms.is_empty() {
        return wide::multiply_accumulate((out0, out1), terms, accumulate, q);
    }
    let constants = Constants::new(q);
    let zero = _mm512_setzero_si512();
    for (chunk_index, chunk) in terms.chunks(lazy_terms(q)).enumerate() {
        let accumulate = accumulate || chunk_index > 0;
        let (blocks0, blocks1) = (out0.as_chunks_mut::<LANES>().0, out1.as_chunks_mut::<LANES>().0);
        for (step, (blocks0, blocks1)) in
            blocks0.chunks_exact_mut(UNROLL).zip(blocks1.chunks_exact_mut(UNROLL)).enumerate()
        {
            let mut low = [[zero; UNROLL]; 2];
            let mut high = [[zero; UNROLL]; 2];
            if accumulate {
                for u in 0..UNROLL {
                    low[0][u] = load(&blocks0[u]);
                    low[1][u] = load(&blocks1[u]);
                }
            }
            for term in chunk {
                for u in 0..UNROLL {
                    let at = (step * UNROLL + u) * LANES;
                    // SAFETY: `at + 8` is at most the length of `out`, and the dispatcher has checked that all
                    // operands have that length.
                    let (shared, first, second) =
                        unsafe { (load_at(term.shared, at), load_at(term.pair.0, at), load_at(term.pair.1, at)) };
                    low[0][u] = _mm512_madd52lo_epu64(low[0][u], shared, first);
                    high[0][u] = _mm512_madd52hi_epu64(high[0][u], shared, first);
                    low[1][u] = _mm512_madd52lo_epu64(low[1][u], shared, second);
                    high[1][u] = _mm512_madd52hi_epu64(high[1][u], shared, second);
                }
            }
            for u in 0..UNROLL {
                store(&mut blocks0[u], constants.reduce(high[0][u], low[0][u]));
                store(&mut blocks1[u], constants.reduce(high[1][u], low[1][u]));
            }
        }
    }
}

/// Eight packed residues whose low words start at `low` and whose high parts start at `high`.
///
/// # Safety
/// 32 bytes from `low` and, as `HALF` says, 16 or 32 bytes from `high` must be readable.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn unpack<const HALF: bool>(low: *const u32, high: *const u32) -> __m512i {
    // SAFETY: the caller's promise; the loads need no alignment.
    let (low, high) = unsafe {
        (
            _mm512_cvtepu32_epi64(_mm256_loadu_si256(low.cast())),
            if HALF {
                _mm512_cvtepu16_epi64(_mm_loadu_si128(high.cast()))
            } else {
                _mm512_cvtepu32_epi64(_mm256_loadu_si256(high.cast()))
            },
        )
    };
    _mm512_or_si512(low, _mm512_slli_epi64::<32>(high))
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub fn multiply_accumulate_packed(
    out: (&mut [u64], &mut [u64]),
    shared: &[&[u64]],
    words: &[u32],
    terms: usize,
    q: &Modulus,
) {
    if chunk_words(q) == 3 * CHUNK {
        packed_terms::<true>(out, shared, words, terms, q);
    } else {
        packed_terms::<false>(out, shared, words, terms, q);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn packed_terms<const HALF: bool>(
    out: (&mut [u64], &mut [u64]),
    shared: &[&[u64]],
    words: &[u32],
    terms: usize,
    q: &Modulus,
) {
    const UNROLL: usize = CHUNK / LANES;
    /// Words of 32 bits in a cache line.
    const LINE: usize = 16;
    let constants = Constants::new(q);
    let lazy = lazy_terms(q);
    let zero = _mm512_setzero_si512();
    // Words of 32 bits in the high part of eight residues.
    let high_words = if HALF { LANES / 2 } else { LANES };
    let (blocks0, blocks1) = (out.0.as_chunks_mut::<LANES>().0, out.1.as_chunks_mut::<LANES>().0);
    for (step, (blocks0, blocks1)) in blocks0.chunks_exact_mut(UNROLL).zip(blocks1.chunks_exact_mut(UNROLL)).enumerate()
    {
        let mut low = [[zero; UNROLL]; 2];
        let mut high = [[zero; UNROLL]; 2];
        let chunk = &words[step * terms * chunk_words(q)..][..terms * chunk_words(q)];
        for (term, (shared, words)) in shared.iter().zip(chunk.chunks_exact(chunk_words(q))).enumerate() {
            if term > 0 && term % lazy == 0 {
                for (low, high) in low.iter_mut().zip(&mut high).flat_map(|(low, high)| low.iter_mut().zip(high)) {
                    (*low, *high) = (constants.reduce(*high, *low), zero);
                }
            }
            for line in (0..chunk_words(q)).step_by(LINE) {
                _mm_prefetch::<_MM_HINT_T0>(words.as_ptr().wrapping_add(AHEAD / 4 + line).cast());
            }
            for u in 0..UNROLL {
                // SAFETY: the dispatcher has checked that `shared` is as long as `out`.
                let shared = unsafe { load_at(shared, (step * UNROLL + u) * LANES) };
                for k in 0..2 {
                    let word = words.as_ptr();
                    // SAFETY: `words` has 2 * CHUNK low words, then 2 * CHUNK high parts of `high_words / LANES` words
                    // each: `chunk_words(q)` in all, by the choice of `HALF`.
                    let operand = unsafe {
                        unpack::<HALF>(
                            word.add(k * CHUNK + u * LANES),
                            word.add(2 * CHUNK + (k * UNROLL + u) * high_words),
                        )
                    };
                    low[k][u] = _mm512_madd52lo_epu64(low[k][u], shared, operand);
                    high[k][u] = _mm512_madd52hi_epu64(high[k][u], shared, operand);
                }
            }
        }
        for u in 0..UNROLL {
            store(&mut blocks0[u], constants.reduce(high[0][u], low[0][u]));
            store(&mut blocks1[u], constants.reduce(high[1][u], low[1][u]));
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub fn multiply_packed_runs(
    out: (&mut [u64], &mut [u64]),
    pairs: &[(&[u64], &[u64])],
    words: &[u32],
    run: usize,
    q: &Modulus,
) {
    match (operand_words(q) < 2 * CHUNK, run == 1) {
        (true, true) => packed_runs::<true, true>(out, pairs, words, run, q),
        (true, false) => packed_runs::<true, false>(out, pairs, words, run, q),
        (false, true) => packed_runs::<false, true>(out, pairs, words, run, q),
        (false, false) => packed_runs::<false, false>(out, pairs, words, run, q),
    }
}

/// `HALF`: the high parts have 16 bits; `ONE`: every value is there once.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn packed_runs<const HALF: bool, const ONE: bool>(
    out: (&mut [u64], &mut [u64]),
    pairs: &[(&[u64], &[u64])],
    words: &[u32],
    run: usize,
    q: &Modulus,
) {
    const UNROLL: usize = CHUNK / LANES;
    let constants = Constants::new(q);
    let (lazy, size) = (lazy_terms(q), operand_words(q));
    let zero = _mm512_setzero_si512();
    // Words of 32 bits in the high part of eight residues.
    let high_words = if HALF { LANES / 2 } else { LANES };
    let lane = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    let log_run = _mm512_set1_epi64(i64::from(run.trailing_zeros()));
    let (blocks0, blocks1) = (out.0.as_chunks_mut::<LANES>().0, out.1.as_chunks_mut::<LANES>().0);
    for (part, (blocks0, blocks1)) in blocks0.chunks_exact_mut(UNROLL).zip(blocks1.chunks_exact_mut(UNROLL)).enumerate()
    {
        let chunk = &words[part / run * pairs.len() * size..][..pairs.len() * size];
        // Positions of the chunk's runs that lie before; eight values that those of this part are among.
        let before = part % run * CHUNK;
        let eight = before / run / LANES;
        let choice: [__m512i; UNROLL] = std::array::from_fn(|u| {
            _mm512_srlv_epi64(_mm512_add_epi64(lane, _mm512_set1_epi64((before + u * LANES) as i64)), log_run)
        });
        let mut low = [[zero; UNROLL]; 2];
        let mut high = [[zero; UNROLL]; 2];
        for (term, (pair, words)) in pairs.iter().zip(chunk.chunks_exact(size)).enumerate() {
            if term > 0 && term % lazy == 0 {
                for (low, high) in low.iter_mut().zip(&mut high).flat_map(|(low, high)| low.iter_mut().zip(high)) {
                    (*low, *high) = (constants.reduce(*high, *low), zero);
                }
            }
            let word = words.as_ptr();
            // SAFETY: `words` has CHUNK low words, then high parts of `high_words / LANES` words each, `operand_words(q)` in all, by the
            // choice of `HALF`: two groups of eight.
            let eight_from =
                |group: usize| unsafe { unpack::<HALF>(word.add(group * LANES), word.add(CHUNK + group * high_words)) };
            let shared: [__m512i; UNROLL] = if ONE {
                std::array::from_fn(eight_from)
            } else {
                let values = eight_from(eight);
                choice.map(|choice| _mm512_permutexvar_epi64(choice, values))
            };
            if part % run == 0 {
                _mm_prefetch::<_MM_HINT_T0>(word.wrapping_add(AHEAD / 4).cast());
                _mm_prefetch::<_MM_HINT_T0>(word.wrapping_add(AHEAD / 4 + CHUNK).cast());
            }
            for u in 0..UNROLL {
                for (k, operand) in [pair.0, pair.1].into_iter().enumerate() {
                    // SAFETY: the dispatcher has checked that the halves of pairs are as long as `out`.
                    let operand = unsafe { load_at(operand, (part * UNROLL + u) * LANES) };
                    low[k][u] = _mm512_madd52lo_epu64(low[k][u], shared[u], operand);
                    high[k][u] = _mm512_madd52hi_epu64(high[k][u], shared[u], operand);
                }
            }
        }
        for u in 0..UNROLL {
            store(&mut blocks0[u], constants.reduce(high[0][u], low[0][u]));
            store(&mut blocks1[u], constants.reduce(high[1][u], low[1][u]));
        }
    }
}

/// Vectors of a tile.
const TILE_VECTORS: usize = TILE / LANES;

#[target_feature(enable = "avx512f,avx512ifma")]
pub fn grouped_products(
    out: &mut [Tile],
    sources: &[Tile],
    factors: &Factors,
    program: &SumProgram,
    accumulate: bool,
    q: &Modulus,
) {
    // Of all loads: `SumProgram::push` has checked that the factor exists, so that its distinct words do; `u` is below 2.
    let words = factors.words();
    match factors.distinct() {
        1 => grouped(out, sources, program, accumulate, q, |factor, _| {
            // SAFETY: see above.
            _mm512_set1_epi64(unsafe { *words.add(factor) } as i64)
        }),
        2 => grouped(out, sources, program, accumulate, q, |factor, u| {
            // SAFETY: see above.
            _mm512_set1_epi64(unsafe { *words.add(2 * factor + u) } as i64)
        }),
        4 => {
            let runs = [_mm512_set_epi64(1, 1, 1, 1, 0, 0, 0, 0), _mm512_set_epi64(3, 3, 3, 3, 2, 2, 2, 2)];
            grouped(out, sources, program, accumulate, q, |factor, u| {
                // SAFETY: see above.
                let words = unsafe { _mm256_load_si256(words.add(4 * factor).cast()) };
                _mm512_permutexvar_epi64(runs[u], _mm512_castsi256_si512(words))
            });
        }
        8 => {
            let runs = [_mm512_set_epi64(3, 3, 2, 2, 1, 1, 0, 0), _mm512_set_epi64(7, 7, 6, 6, 5, 5, 4, 4)];
            grouped(out, sources, program, accumulate, q, |factor, u| {
                // SAFETY: see above.
                let words = unsafe { _mm512_load_si512(words.add(8 * factor).cast()) };
                _mm512_permutexvar_epi64(runs[u], words)
            });
        }
        _ => grouped(out, sources, program, accumulate, q, |factor, u| {
            // SAFETY: see above.
            unsafe { _mm512_load_si512(words.add(TILE * factor + u * LANES).cast()) }
        }),
    }
}

/// `factor` gives vector `u` of a factor.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn grouped(
    out: &mut [Tile],
    sources: &[Tile],
    program: &SumProgram,
    accumulate: bool,
    q: &Modulus,
    factor: impl Fn(usize, usize) -> __m512i,
) {
    let constants = Constants::new(q);
    let zero = _mm512_setzero_si512();
    let code = program.code();
    let mut at = 0;
    for out in out {
        let (mut low, mut high) = ([zero; TILE_VECTORS], [zero; TILE_VECTORS]);
        let runs = code[at];
        at += 1;
        for _ in 0..runs {
            let (length, count) = (code[at] as usize, code[at + 1] as usize);
            at += 2;
            if length == 0 {
                for u in 0..TILE_VECTORS {
                    low[u] = constants.reduce(high[u], low[u]);
                    high[u] = zero;
                }
            }
            for group in code[at..at + count * (length + 1)].chunks_exact(length + 1) {
                let mut sum = [zero; TILE_VECTORS];
                for &source in &group[1..] {
                    for (u, sum) in sum.iter_mut().enumerate() {
                        // SAFETY: `SumProgram::push` has checked that the source exists.
                        let words = unsafe { load_at(&sources.get_unchecked(source as usize).0, u * LANES) };
                        *sum = _mm512_add_epi64(*sum, words);
                    }
                }
                for u in 0..TILE_VECTORS {
                    let factor = factor(group[0] as usize, u);
                    low[u] = _mm512_madd52lo_epu64(low[u], sum[u], factor);
                    high[u] = _mm512_madd52hi_epu64(high[u], sum[u], factor);
                }
            }
            at += count * (length + 1);
        }
        for (u, words) in out.0.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let mut result = constants.reduce(high[u], low[u]);
            if accumulate {
                result = Constants::correct(_mm512_add_epi64(result, load(words)), constants.q);
            }
            store(words, result);
        }
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn weighted_products(
    out: [&mut [Tile]; TILES],
    sources: TilePair<'_>,
    factors: [&Factors; TILES],
    matrix: &IntegerMatrix,
    q: &Modulus,
) {
    if matrix.is_narrow(q) {
        weighted::<true>(out, sources, factors, matrix, q);
    } else {
        weighted::<false>(out, sources, factors, matrix, q);
    }
}

/// `NARROW`: single products stay below 2^52.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn weighted<const NARROW: bool>(
    out: [&mut [Tile]; TILES],
    sources: TilePair<'_>,
    factors: [&Factors; TILES],
    matrix: &IntegerMatrix,
    q: &Modulus,
) {
    const VECTORS: usize = TILES * TILE_VECTORS;
    let constants = Constants::new(q);
    let zero = _mm512_setzero_si512();
    let lazy = matrix.lazy_terms(q);
    let offset = q.factor(matrix.offset());
    let (value, quotient) = (_mm512_set1_epi64(offset.value as i64), _mm512_set1_epi64(offset.quotient52 as i64));
    let [mut out0, mut out1] = out;
    // What the offset of the weights has added to every output.
    let mut correction = [zero; VECTORS];
    for (source0, source1) in sources[0].iter().zip(sources[1]) {
        for (v, sum) in correction.iter_mut().enumerate() {
            let source = if v < TILE_VECTORS { source0 } else { source1 };
            *sum = _mm512_add_epi64(*sum, load(&source.0.as_chunks().0[v % TILE_VECTORS]));
        }
    }
    for sum in &mut correction {
        *sum = constants.mul_factor(constants.reduce(zero, *sum), value, quotient);
    }
    for (first, panel) in matrix.panels().enumerate() {
        let mut sums = [[zero; VECTORS]; ROWS];
        let chunks = sources[0].chunks(lazy).zip(sources[1].chunks(lazy));
        for (panel, (sources0, sources1)) in panel.chunks(lazy).zip(chunks) {
            for (weights, (source0, source1)) in panel.iter().zip(sources0.iter().zip(sources1)) {
                let (words0, words1) = (source0.0.as_chunks().0, source1.0.as_chunks().0);
                let words = [load(&words0[0]), load(&words0[1]), load(&words1[0]), load(&words1[1])];
                for (sums, weight) in sums.iter_mut().zip(weights) {
                    let weight = _mm512_set1_epi64(*weight as i64);
                    for (sum, words) in sums.iter_mut().zip(words) {
                        *sum = if NARROW {
                            _mm512_madd52lo_epu64(*sum, words, weight)
                        } else {
                            _mm512_add_epi64(*sum, _mm512_mullo_epi64(words, weight))
                        };
                    }
                }
            }
            for sum in sums.iter_mut().flatten() {
                *sum = constants.reduce(zero, *sum);
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            let index = first * ROWS + row;
            if index >= out0.len() {
                break;
            }
            let tiles = [factors[0].tile(index), factors[1].tile(index)];
            for (v, sum) in sums.iter().enumerate() {
                let sum = _mm512_sub_epi64(_mm512_add_epi64(*sum, constants.q), correction[v]);
                let sum = Constants::correct(sum, constants.q);
                let factor = load(&tiles[v / TILE_VECTORS].as_chunks().0[v % TILE_VECTORS]);
                let (high, low) = (_mm512_madd52hi_epu64(zero, sum, factor), _mm512_madd52lo_epu64(zero, sum, factor));
                let out = if v < TILE_VECTORS { &mut out0 } else { &mut out1 };
                let words = &mut out[index].0.as_chunks_mut().0[v % TILE_VECTORS];
                let product = constants.reduce(high, low);
                store(words, Constants::correct(_mm512_add_epi64(product, load(words)), constants.q));
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub fn linear_combination(out: &mut [u64], sources: &[&[u64]], factors: &[u64], source_bits: u32, q: &Modulus) {
    const UNROLL: usize = 4;
    let lazy = lazy_products(source_bits, q);
    if !out.len().is_multiple_of(UNROLL * LANES) || sources.is_empty() {
        return wide::linear_combination(out, sources, factors, source_bits, q);
    }
    let constants = Constants::new(q);
    let zero = _mm512_setzero_si512();
    for (chunk_index, (sources, factors)) in sources.chunks(lazy).zip(factors.chunks(lazy)).enumerate() {
        for (step, blocks) in out.as_chunks_mut::<LANES>().0.chunks_exact_mut(UNROLL).enumerate() {
            let (mut low, mut high) = ([zero; UNROLL], [zero; UNROLL]);
            if chunk_index > 0 {
                for u in 0..UNROLL {
                    low[u] = load(&blocks[u]);
                }
            }
            for (source, factor) in sources.iter().zip(factors) {
                let factor = _mm512_set1_epi64(*factor as i64);
                for u in 0..UNROLL {
                    let at = (step * UNROLL + u) * LANES;
                    _mm_prefetch::<_MM_HINT_T0>(source.as_ptr().wrapping_add(at + AHEAD / 8).cast());
                    // SAFETY: in bounds as in `multiply_accumulate`; the dispatcher has checked the lengths.
                    let words = unsafe { load_at(source, at) };
                    low[u] = _mm512_madd52lo_epu64(low[u], words, factor);
                    high[u] = _mm512_madd52hi_epu64(high[u], words, factor);
                }
            }
            for u in 0..UNROLL {
                store(&mut blocks[u], constants.reduce(high[u], low[u]));
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
pub fn reduce_signed(out: &mut [u64], values: &[i32], q: &Modulus) {
    generic::reduce_signed(out, values, q);
}

#[target_feature(enable = "avx512f")]
pub fn permute_blocks(target: &mut [u64], source: &[u64], base: u32, blocks: &[u32], patterns: &[[u64; LANES]; LANES]) {
    let mut lanes = [_mm512_setzero_si512(); LANES];
    for (lane, pattern) in lanes.iter_mut().zip(patterns) {
        *lane = load(pattern);
    }
    for (target, &block) in target.as_chunks_mut::<LANES>().0.iter_mut().zip(blocks) {
        // SAFETY: the dispatcher has checked that every entry of `blocks` less `base`, a multiple of eight, is below the length of
        // `source`, another one.
        let words = unsafe { load_at(source, (block - base) as usize / LANES * LANES) };
        store(target, _mm512_permutexvar_epi64(lanes[block as usize % LANES], words));
    }
}
