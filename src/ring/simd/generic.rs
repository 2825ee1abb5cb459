//! Kernel bodies in plain Rust, written so that compilers vectorise them: every product has 32-bit factors.
//!
//! They are compiled once for the baseline (`portable`) and once with AVX2 enabled (`avx2`).

use super::dispatch::{CHUNK, Term, chunk_words};
use super::factors::Factors;
use super::integer_matrix::{IntegerMatrix, ROWS, TILES, TilePair};
use super::sum_program::{Step, SumProgram, TILE, Tile};
use crate::ring::automorphism::LANES;
use crate::ring::modulus::{Factor, Modulus};

/// Words that are worked on together; small enough for registers and the first-level cache.
const BLOCK: usize = 32;
const HALF: u32 = 26;
const MASK26: u64 = (1 << HALF) - 1;
const MASK52: u64 = (1 << 52) - 1;

/// Number of products of a residue and a word below 2^`source_bits` whose sum has a high part (above bit 52) below 2^51.
pub const fn lazy_products(source_bits: u32, q: &Modulus) -> usize {
    let spare = 103 - source_bits - q.bits();
    // The middle products of 26-bit halves (2^53 each) must not overflow 64 bits either.
    1 << if spare > 10 { 10 } else { spare }
}

/// As [`lazy_products`], for products of two residues.
pub const fn lazy_terms(q: &Modulus) -> usize {
    lazy_products(q.bits(), q)
}

#[inline(always)]
fn low52(a: u64, b: u64) -> u64 {
    let (a0, a1, b0, b1) = (a & MASK26, (a >> HALF) & MASK26, b & MASK26, (b >> HALF) & MASK26);
    (a0 * b0).wrapping_add((a0 * b1 + a1 * b0) << HALF) & MASK52
}

#[inline(always)]
fn high52(a: u64, b: u64) -> u64 {
    let (a0, a1, b0, b1) = (a & MASK26, (a >> HALF) & MASK26, b & MASK26, (b >> HALF) & MASK26);
    a1 * b1 + ((a0 * b1 + a1 * b0 + ((a0 * b0) >> HALF)) >> HALF)
}

/// `x * factor` below 2q, for x below 2^52.
#[inline(always)]
fn mul_factor_lazy(x: u64, factor: Factor, q: u64) -> u64 {
    low52(x, factor.value).wrapping_sub(low52(high52(x, factor.quotient52), q)) & MASK52
}

#[inline(always)]
fn subtract_if_above(x: u64, q: u64) -> u64 {
    // The unsigned minimum of x and x - q, written for signed comparison: both are far below 2^63.
    let d = x.wrapping_sub(q);
    if (d as i64) < 0 { x } else { d }
}

/// `high * 2^52 + low mod q` for high and low below 2^52.
#[inline(always)]
fn reduce(high: u64, low: u64, q: &Modulus) -> u64 {
    let sum = mul_factor_lazy(high, q.two52(), q.value()) + mul_factor_lazy(low, q.one(), q.value());
    subtract_if_above(subtract_if_above(sum, 2 * q.value()), q.value())
}

#[inline(always)]
pub fn add_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
    for (x, y) in x.iter_mut().zip(y) {
        *x = subtract_if_above(*x + *y, q.value());
    }
}

#[inline(always)]
pub fn sub_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
    for (x, y) in x.iter_mut().zip(y) {
        *x = subtract_if_above(*x + q.value() - *y, q.value());
    }
}

#[inline(always)]
pub fn negate(x: &mut [u64], q: &Modulus) {
    for x in x {
        *x = subtract_if_above(q.value() - *x, q.value());
    }
}

#[inline(always)]
pub fn multiply_by_factor(x: &mut [u64], factor: Factor, q: &Modulus) {
    for x in x {
        *x = subtract_if_above(mul_factor_lazy(*x, factor, q.value()), q.value());
    }
}

#[inline(always)]
pub fn subtract_and_multiply(x: &mut [u64], y: &[u64], factor: Factor, q: &Modulus) {
    for (x, y) in x.iter_mut().zip(y) {
        let difference = *x + q.value() - *y;
        *x = subtract_if_above(mul_factor_lazy(difference, factor, q.value()), q.value());
    }
}

#[inline(always)]
pub fn multiply_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
    for (x, y) in x.iter_mut().zip(y) {
        *x = reduce(high52(*x, *y), low52(*x, *y), q);
    }
}

/// Sums of split products of one block: bits 0.., 26.. and 52.. .
struct Accumulator {
    low: [u64; BLOCK],
    middle: [u64; BLOCK],
    high: [u64; BLOCK],
}

impl Accumulator {
    #[inline(always)]
    fn new() -> Self {
        Self { low: [0; BLOCK], middle: [0; BLOCK], high: [0; BLOCK] }
    }

    #[inline(always)]
    fn add_product(&mut self, a: &[u64], b: &[u64]) {
        for i in 0..BLOCK.min(a.len()).min(b.len()) {
            let (a0, a1, b0, b1) = (a[i] & MASK26, (a[i] >> HALF) & MASK26, b[i] & MASK26, (b[i] >> HALF) & MASK26);
            self.low[i] += a0 * b0;
            self.middle[i] += a0 * b1 + a1 * b0;
            self.high[i] += a1 * b1;
        }
    }

    #[inline(always)]
    fn finish(&self, out: &mut [u64], accumulate: bool, q: &Modulus) {
        for (i, out) in out.iter_mut().enumerate().take(BLOCK) {
            let previous = if accumulate { *out } else { 0 };
            let middle = self.middle[i] + (self.low[i] >> HALF);
            let low = (self.low[i] & MASK26) + ((middle & MASK26) << HALF) + previous;
            let high = self.high[i] + (middle >> HALF) + (low >> 52);
            *out = reduce(high, low & MASK52, q);
        }
    }
}

#[inline(always)]
pub fn multiply_accumulate(out: (&mut [u64], &mut [u64]), terms: &[Term<'_>], accumulate: bool, q: &Modulus) {
    let (out0, out1) = out;
    if terms.is_empty() && !accumulate {
        out0.fill(0);
        out1.fill(0);
    }
    for (chunk_index, chunk) in terms.chunks(lazy_terms(q)).enumerate() {
        let accumulate = accumulate || chunk_index > 0;
        for (block, (out0, out1)) in out0.chunks_mut(BLOCK).zip(out1.chunks_mut(BLOCK)).enumerate() {
            let range = block * BLOCK..block * BLOCK + out0.len();
            let (mut sum0, mut sum1) = (Accumulator::new(), Accumulator::new());
            for term in chunk {
                let shared = &term.shared[range.clone()];
                sum0.add_product(shared, &term.pair.0[range.clone()]);
                sum1.add_product(shared, &term.pair.1[range.clone()]);
            }
            sum0.finish(out0, accumulate, q);
            sum1.finish(out1, accumulate, q);
        }
    }
}

#[inline(always)]
pub fn add_products(x: &mut [u64], products: &[(&[u64], &[u64])], q: &Modulus) {
    for products in products.chunks(lazy_terms(q)) {
        for (block, x) in x.chunks_mut(BLOCK).enumerate() {
            let range = block * BLOCK..block * BLOCK + x.len();
            let mut sum = Accumulator::new();
            for (a, b) in products {
                sum.add_product(&a[range.clone()], &b[range.clone()]);
            }
            sum.finish(x, true, q);
        }
    }
}

/// The two operands of a packed pair as words.
#[inline(always)]
pub fn unpack(words: &[u32]) -> [[u64; CHUNK]; 2] {
    let mut pair = [[0; CHUNK]; 2];
    let (low, high) = words.split_at(2 * CHUNK);
    for (k, operand) in pair.iter_mut().enumerate() {
        let low = &low[k * CHUNK..][..CHUNK];
        if words.len() == 4 * CHUNK {
            let high = &high[k * CHUNK..][..CHUNK];
            for ((x, low), high) in operand.iter_mut().zip(low).zip(high) {
                *x = u64::from(*low) | u64::from(*high) << 32;
            }
        } else {
            let high = &high[k * (CHUNK / 2)..][..CHUNK / 2];
            for (i, (x, low)) in operand.iter_mut().zip(low).enumerate() {
                *x = u64::from(*low) | u64::from((high[i / 2] >> (16 * (i % 2))) & 0xFFFF) << 32;
            }
        }
    }
    pair
}

#[inline(always)]
pub fn multiply_accumulate_packed(
    out: (&mut [u64], &mut [u64]),
    shared: &[&[u64]],
    words: &[u32],
    terms: usize,
    q: &Modulus,
) {
    let size = chunk_words(q);
    let (out0, out1) = (out.0.as_chunks_mut::<CHUNK>().0, out.1.as_chunks_mut::<CHUNK>().0);
    for (step, (out0, out1)) in out0.iter_mut().zip(out1).enumerate() {
        out0.fill(0);
        out1.fill(0);
        for (group, shared) in shared.chunks(lazy_terms(q)).enumerate() {
            let (mut sum0, mut sum1) = (Accumulator::new(), Accumulator::new());
            for (d, shared) in shared.iter().enumerate() {
                let at = (step * terms + group * lazy_terms(q) + d) * size;
                let [first, second] = unpack(&words[at..at + size]);
                let shared = &shared[step * CHUNK..][..CHUNK];
                sum0.add_product(shared, &first);
                sum1.add_product(shared, &second);
            }
            sum0.finish(out0, true, q);
            sum1.finish(out1, true, q);
        }
    }
}

#[inline(always)]
pub fn grouped_products(
    out: &mut [Tile],
    sources: &[Tile],
    factors: &Factors,
    program: &SumProgram,
    accumulate: bool,
    q: &Modulus,
) {
    let mut sum = Accumulator::new();
    let mut carried = [0; TILE];
    program.walk(|step| match step {
        Step::Group { factor, sources: members } => {
            let mut total = [0; TILE];
            for &member in members {
                total.iter_mut().zip(&sources[member as usize].0).for_each(|(t, s)| *t += s);
            }
            sum.add_product(&total, &factors.tile(factor));
        }
        Step::Reduce => {
            sum.finish(&mut carried, true, q);
            sum = Accumulator::new();
        }
        Step::Finish(output) => {
            sum.finish(&mut carried, true, q);
            if accumulate {
                add_assign(&mut out[output].0, &carried, q);
            } else {
                out[output] = Tile(carried);
            }
            (sum, carried) = (Accumulator::new(), [0; TILE]);
        }
    });
}

#[inline(always)]
pub fn weighted_products(
    out: [&mut [Tile]; TILES],
    sources: TilePair<'_>,
    factors: [&Factors; TILES],
    matrix: &IntegerMatrix,
    q: &Modulus,
) {
    let offset = q.factor(matrix.offset());
    let lazy = matrix.lazy_terms(q);
    for ((out, sources), factors) in out.into_iter().zip(sources).zip(factors) {
        let mut total = [0; TILE];
        for source in sources {
            total.iter_mut().zip(&source.0).for_each(|(t, x)| *t += x);
        }
        // Below 2^64 before reduction: see `IntegerMatrix::suits` and `lazy_terms`.
        let reduced = |sum: u64| reduce(sum >> 52, sum & MASK52, q);
        let mut correction = total.map(reduced);
        multiply_by_factor(&mut correction, offset, q);
        for (panel, (first, out)) in matrix.panels().zip(out.chunks_mut(ROWS).enumerate()) {
            let mut sums = [[0u64; TILE]; ROWS];
            for (panel, sources) in panel.chunks(lazy).zip(sources.chunks(lazy)) {
                for (weights, source) in panel.iter().zip(sources) {
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        sum.iter_mut().zip(&source.0).for_each(|(s, x)| *s += weight * x);
                    }
                }
                sums = sums.map(|sum| sum.map(reduced));
            }
            for (row, (out, mut sum)) in out.iter_mut().zip(sums).enumerate() {
                sub_assign(&mut sum, &correction, q);
                multiply_assign(&mut sum, &factors.tile(first * ROWS + row), q);
                add_assign(&mut out.0, &sum, q);
            }
        }
    }
}

#[inline(always)]
pub fn linear_combination(out: &mut [u64], sources: &[&[u64]], factors: &[u64], source_bits: u32, q: &Modulus) {
    if sources.is_empty() {
        out.fill(0);
    }
    let lazy = lazy_products(source_bits, q);
    for (chunk_index, (sources, factors)) in sources.chunks(lazy).zip(factors.chunks(lazy)).enumerate() {
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let range = block * BLOCK..block * BLOCK + out.len();
            let mut sum = Accumulator::new();
            for (source, factor) in sources.iter().zip(factors) {
                sum.add_product(&source[range.clone()], &[*factor; BLOCK]);
            }
            sum.finish(out, chunk_index > 0, q);
        }
    }
}

#[inline(always)]
pub fn reduce_signed(out: &mut [u64], values: &[i32], q: &Modulus) {
    if q.value() > 1 << 31 {
        // Magnitudes are below q: negative values only need q added.
        for (out, value) in out.iter_mut().zip(values) {
            let value = i64::from(*value);
            *out = (value + (q.value() as i64 & (value >> 63))) as u64;
        }
        return;
    }
    for (out, value) in out.iter_mut().zip(values) {
        let r = subtract_if_above(mul_factor_lazy(u64::from(value.unsigned_abs()), q.one(), q.value()), q.value());
        *out = if *value < 0 { subtract_if_above(q.value() - r, q.value()) } else { r };
    }
}

#[inline(always)]
pub fn centered_quotients(out: &mut [u64], sources: &[&[u64]], reciprocals: &[f64], _source_bits: u32) {
    /// 1.5 * 2^52: adding it to a small non-negative number rounds to the nearest integer in the low mantissa bits.
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let range = block * BLOCK..block * BLOCK + out.len();
        let mut sum = [0f64; BLOCK];
        for (source, reciprocal) in sources.iter().zip(reciprocals) {
            for (sum, word) in sum.iter_mut().zip(&source[range.clone()]) {
                // Words are below 2^52, so the bits of 2^52 + word are those of 2^52 or'ed with the word.
                let value = f64::from_bits(word | 0x4330_0000_0000_0000) - 4_503_599_627_370_496.0;
                *sum += value * reciprocal;
            }
        }
        for (out, sum) in out.iter_mut().zip(sum) {
            *out = (sum + ROUNDER).to_bits() & 0xFFFF_FFFF;
        }
    }
}

#[inline(always)]
pub fn permute_blocks(target: &mut [u64], source: &[u64], blocks: &[u32], patterns: &[[u64; LANES]; LANES]) {
    for (target, &block) in target.chunks_exact_mut(LANES).zip(blocks) {
        let pattern = &patterns[block as usize % LANES];
        let first = block as usize / LANES * LANES;
        let source = &source[first..first + LANES];
        for (target, lane) in target.iter_mut().zip(pattern) {
            *target = source[*lane as usize % LANES];
        }
    }
}

/// Defines every kernel by its generic body, under the given attributes (a set of target features, or none).
macro_rules! instantiate {
    ($(#[$attribute:meta])*) => {
        use crate::ring::automorphism::LANES;
        use crate::ring::modulus::{Factor, Modulus};
        use crate::ring::simd::dispatch::Term;
        use crate::ring::simd::factors::Factors;
        use crate::ring::simd::generic;
        use crate::ring::simd::integer_matrix::{IntegerMatrix, TILES, TilePair};
        use crate::ring::simd::sum_program::{SumProgram, Tile};

        $(#[$attribute])*
        pub fn weighted_products(
            out: [&mut [Tile]; TILES], sources: TilePair<'_>, factors: [&Factors; TILES], matrix: &IntegerMatrix,
            q: &Modulus
        ) {
            generic::weighted_products(out, sources, factors, matrix, q);
        }

        $(#[$attribute])*
        pub fn grouped_products(
            out: &mut [Tile], sources: &[Tile], factors: &Factors, program: &SumProgram,
            accumulate: bool, q: &Modulus
        ) {
            generic::grouped_products(out, sources, factors, program, accumulate, q);
        }
        $(#[$attribute])*
        pub fn add_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
            generic::add_assign(x, y, q);
        }
        $(#[$attribute])*
        pub fn sub_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
            generic::sub_assign(x, y, q);
        }
        $(#[$attribute])*
        pub fn negate(x: &mut [u64], q: &Modulus) {
            generic::negate(x, q);
        }
        $(#[$attribute])*
        pub fn multiply_by_factor(x: &mut [u64], factor: Factor, q: &Modulus) {
            generic::multiply_by_factor(x, factor, q);
        }
        $(#[$attribute])*
        pub fn subtract_and_multiply(x: &mut [u64], y: &[u64], factor: Factor, q: &Modulus) {
            generic::subtract_and_multiply(x, y, factor, q);
        }
        $(#[$attribute])*
        pub fn multiply_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
            generic::multiply_assign(x, y, q);
        }
        $(#[$attribute])*
        pub fn multiply_accumulate(out: (&mut [u64], &mut [u64]), terms: &[Term<'_>], accumulate: bool, q: &Modulus) {
            generic::multiply_accumulate(out, terms, accumulate, q);
        }
        $(#[$attribute])*
        pub fn add_products(x: &mut [u64], products: &[(&[u64], &[u64])], q: &Modulus) {
            generic::add_products(x, products, q);
        }
        $(#[$attribute])*
        pub fn multiply_accumulate_packed(
            out: (&mut [u64], &mut [u64]), shared: &[&[u64]], words: &[u32], terms: usize, q: &Modulus
        ) {
            generic::multiply_accumulate_packed(out, shared, words, terms, q);
        }
        $(#[$attribute])*
        pub fn linear_combination(out: &mut [u64], sources: &[&[u64]], factors: &[u64], source_bits: u32, q: &Modulus) {
            generic::linear_combination(out, sources, factors, source_bits, q);
        }
        $(#[$attribute])*
        pub fn reduce_signed(out: &mut [u64], values: &[i32], q: &Modulus) {
            generic::reduce_signed(out, values, q);
        }
        $(#[$attribute])*
        pub fn centered_quotients(out: &mut [u64], sources: &[&[u64]], reciprocals: &[f64], source_bits: u32) {
            generic::centered_quotients(out, sources, reciprocals, source_bits);
        }
        $(#[$attribute])*
        pub fn permute_blocks(target: &mut [u64], source: &[u64], blocks: &[u32], patterns: &[[u64; LANES]; LANES]) {
            generic::permute_blocks(target, source, blocks, patterns);
        }
    };
}
pub(super) use instantiate;
