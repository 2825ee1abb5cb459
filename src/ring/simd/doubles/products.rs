//! Elementwise products and sums of products over whole limbs.

use bytemuck::{cast_slice, cast_slice_mut};

use super::field::Field;
use super::sum::{Sums, lazy_products};
use super::{lanes, load_at};
use crate::ring::modulus::{Factor, Modulus};
use crate::ring::simd::lanes::{Lanes, choice};
use crate::ring::simd::operands::{CHUNK, Term, chunk_words, operand_words};
use crate::ring::simd::wide;

/// How far ahead of its use a packed key is fetched, in bytes: a page, where the processor's own prefetching stops.
const AHEAD: usize = 4096;

/// Splits off what fills no vector.
fn split<L: Lanes>(x: &mut [u64]) -> (&mut [L::Words], &mut [u64]) {
    let whole = x.len() / lanes::<L>() * lanes::<L>();
    let (blocks, tail) = x.split_at_mut(whole);
    (cast_slice_mut(blocks), tail)
}

#[inline(always)]
pub fn multiply_by_factor<L: Lanes>(token: L, x: &mut [u64], factor: Factor, q: &Modulus) {
    let field = Field::new(token, q);
    let value = token.splat(q.centered(factor.value) as f64);
    let (blocks, tail) = split::<L>(x);
    for block in blocks {
        // A word of up to 52 bits makes the quotient wrong by at most one, hence the second reduction.
        let product = field.multiply(token.load_integers(*block), value);
        *block = field.leave(field.reduce(product));
    }
    wide::multiply_by_factor(tail, factor, q);
}

#[inline(always)]
pub fn subtract_and_multiply<L: Lanes>(token: L, x: &mut [u64], y: &[u64], factor: Factor, q: &Modulus) {
    let field = Field::new(token, q);
    let value = token.splat(q.centered(factor.value) as f64);
    let (blocks, tail) = split::<L>(x);
    let (others, other_tail) = y.split_at(y.len() - tail.len());
    for (block, other) in blocks.iter_mut().zip(cast_slice::<u64, L::Words>(others)) {
        let difference = token.sub(token.load_integers(*block), token.load_integers(*other));
        *block = field.leave(field.multiply(difference, value));
    }
    wide::subtract_and_multiply(tail, other_tail, factor, q);
}

#[inline(always)]
pub fn multiply_assign<L: Lanes>(token: L, x: &mut [u64], y: &[u64], q: &Modulus) {
    let field = Field::new(token, q);
    let (blocks, tail) = split::<L>(x);
    let (others, other_tail) = y.split_at(y.len() - tail.len());
    for (block, other) in blocks.iter_mut().zip(cast_slice::<u64, L::Words>(others)) {
        *block = field.leave(field.multiply(token.load_integers(*block), token.load_integers(*other)));
    }
    wide::multiply_assign(tail, other_tail, q);
}

#[inline(always)]
pub fn add_products<L: Lanes>(token: L, x: &mut [u64], products: &[(&[u64], &[u64])], q: &Modulus) {
    if !x.len().is_multiple_of(lanes::<L>()) {
        return wide::add_products(x, products, q);
    }
    let sums = Sums::new(token, q.bits(), q);
    for products in products.chunks(lazy_products(q.bits(), q)) {
        for (i, block) in cast_slice_mut::<u64, L::Words>(x).iter_mut().enumerate() {
            let mut sum = sums.from(token.load_integers(*block));
            for (a, b) in products {
                // SAFETY: `i` is below the number of blocks of `x`, and the dispatcher has checked that operands are as long.
                let (a, b) = unsafe { (load_at(token, a, i * lanes::<L>()), load_at(token, b, i * lanes::<L>())) };
                sum.add_product(token, a, b);
            }
            *block = sums.finish(sum);
        }
    }
}

#[inline(always)]
pub fn multiply_accumulate<L: Lanes>(
    token: L,
    out: (&mut [u64], &mut [u64]),
    terms: &[Term<'_>],
    accumulate: bool,
    q: &Modulus,
) {
    if !out.0.len().is_multiple_of(2 * lanes::<L>()) || terms.is_empty() {
        return wide::multiply_accumulate(out, terms, accumulate, q);
    }
    let sums = Sums::new(token, q.bits(), q);
    for (chunk_index, chunk) in terms.chunks(lazy_products(q.bits(), q)).enumerate() {
        let accumulate = accumulate || chunk_index > 0;
        // Two vectors at a time, so that four sums hide the latency of a fused multiply-add.
        let blocks0 = cast_slice_mut::<u64, [L::Words; 2]>(out.0);
        let blocks1 = cast_slice_mut::<u64, [L::Words; 2]>(out.1);
        for (step, (block0, block1)) in blocks0.iter_mut().zip(blocks1).enumerate() {
            let [mut b0, mut b1, mut a0, mut a1] = [sums.zero(); 4];
            if accumulate {
                (b0, b1) = (sums.from(token.load_integers(block0[0])), sums.from(token.load_integers(block0[1])));
                (a0, a1) = (sums.from(token.load_integers(block1[0])), sums.from(token.load_integers(block1[1])));
            }
            let at = step * 2 * lanes::<L>();
            let next = at + lanes::<L>();
            for term in chunk {
                // SAFETY: two vectors from `at` on are within `out`, and the dispatcher has checked that all operands have
                // that length.
                unsafe {
                    let (shared0, shared1) = (load_at(token, term.shared, at), load_at(token, term.shared, next));
                    b0.add_product(token, shared0, load_at(token, term.pair.0, at));
                    b1.add_product(token, shared1, load_at(token, term.pair.0, next));
                    a0.add_product(token, shared0, load_at(token, term.pair.1, at));
                    a1.add_product(token, shared1, load_at(token, term.pair.1, next));
                }
            }
            *block0 = [sums.finish(b0), sums.finish(b1)];
            *block1 = [sums.finish(a0), sums.finish(a1)];
        }
    }
}

#[inline(always)]
pub fn multiply_accumulate_packed<L: Lanes>(
    token: L,
    out: (&mut [u64], &mut [u64]),
    shared: &[&[u64]],
    words: &[u32],
    terms: usize,
    q: &Modulus,
) {
    if chunk_words(q) == 3 * CHUNK {
        packed::<L, true>(token, out, shared, words, terms, q);
    } else {
        packed::<L, false>(token, out, shared, words, terms, q);
    }
}

/// `HALF`: the high parts have 16 bits.
#[inline(always)]
fn packed<L: Lanes, const HALF: bool>(
    token: L,
    out: (&mut [u64], &mut [u64]),
    shared: &[&[u64]],
    words: &[u32],
    terms: usize,
    q: &Modulus,
) {
    /// Words of 32 bits in a cache line.
    const LINE: usize = 16;
    let sums = Sums::new(token, q.bits(), q);
    let lazy = lazy_products(q.bits(), q);
    let size = chunk_words(q);
    // Words of 32 bits in the high parts of one operand.
    let high = if HALF { CHUNK / 2 } else { CHUNK };
    let blocks0 = cast_slice_mut::<u64, [L::Words; 2]>(out.0);
    let blocks1 = cast_slice_mut::<u64, [L::Words; 2]>(out.1);
    let steps = CHUNK / (2 * lanes::<L>());
    for (step, (block0, block1)) in blocks0.iter_mut().zip(blocks1).enumerate() {
        let chunk = &words[step / steps * terms * size..][..terms * size];
        // Positions of the chunk where this step starts.
        let inner = step % steps * 2 * lanes::<L>();
        let at = step * 2 * lanes::<L>();
        let next = at + lanes::<L>();
        let [mut b0, mut b1, mut a0, mut a1] = [sums.zero(); 4];
        for (term, (shared, words)) in shared.iter().zip(chunk.chunks_exact(size)).enumerate() {
            if term > 0 && term % lazy == 0 {
                (b0, b1, a0, a1) = (sums.fold(b0), sums.fold(b1), sums.fold(a0), sums.fold(a1));
            }
            if inner == 0 {
                for line in (0..size).step_by(LINE) {
                    token.prefetch(words.as_ptr().wrapping_add(AHEAD / 4 + line).cast());
                }
            }
            let word = words.as_ptr();
            // SAFETY: the dispatcher has checked that `shared` is as long as `out`. `words` has CHUNK low words of each of two
            // operands, then their high parts, `high` words each: `chunk_words(q)` in all, by the choice of `HALF`; two vectors
            // from `inner` on are within CHUNK positions.
            unsafe {
                let operand = |k: usize, u: usize| {
                    let position = inner + u * lanes::<L>();
                    let low = word.add(k * CHUNK + position);
                    let high = word.add(2 * CHUNK + k * high);
                    if HALF { (low, high.cast::<u16>().add(position).cast::<u32>()) } else { (low, high.add(position)) }
                };
                let (shared0, shared1) = (load_at(token, shared, at), load_at(token, shared, next));
                b0.add_product(token, shared0, token.unpack::<HALF>(operand(0, 0)));
                b1.add_product(token, shared1, token.unpack::<HALF>(operand(0, 1)));
                a0.add_product(token, shared0, token.unpack::<HALF>(operand(1, 0)));
                a1.add_product(token, shared1, token.unpack::<HALF>(operand(1, 1)));
            }
        }
        *block0 = [sums.finish(b0), sums.finish(b1)];
        *block1 = [sums.finish(a0), sums.finish(a1)];
    }
}

#[inline(always)]
pub fn multiply_packed_runs<L: Lanes>(
    token: L,
    out: (&mut [u64], &mut [u64]),
    pairs: &[(&[u64], &[u64])],
    words: &[u32],
    run: usize,
    q: &Modulus,
) {
    match (operand_words(q) < 2 * CHUNK, run == 1) {
        (true, true) => packed_runs::<L, true, true>(token, out, pairs, words, run, q),
        (true, false) => packed_runs::<L, true, false>(token, out, pairs, words, run, q),
        (false, true) => packed_runs::<L, false, true>(token, out, pairs, words, run, q),
        (false, false) => packed_runs::<L, false, false>(token, out, pairs, words, run, q),
    }
}

/// `HALF`: the high parts have 16 bits; `ONE`: every value is there once.
#[inline(always)]
fn packed_runs<L: Lanes, const HALF: bool, const ONE: bool>(
    token: L,
    out: (&mut [u64], &mut [u64]),
    pairs: &[(&[u64], &[u64])],
    words: &[u32],
    run: usize,
    q: &Modulus,
) {
    let sums = Sums::new(token, q.bits(), q);
    let lazy = lazy_products(q.bits(), q);
    let size = operand_words(q);
    let lanes = lanes::<L>();
    let blocks0 = cast_slice_mut::<u64, [L::Words; 2]>(out.0);
    let blocks1 = cast_slice_mut::<u64, [L::Words; 2]>(out.1);
    for (step, (block0, block1)) in blocks0.iter_mut().zip(blocks1).enumerate() {
        let at = step * 2 * lanes;
        let chunk = &words[at / (CHUNK * run) * pairs.len() * size..][..pairs.len() * size];
        // Positions of the chunk's runs that lie before; a vector of values that those of this step are among, unless each is there once.
        let before = at % (CHUNK * run);
        let first = before / run / lanes * lanes;
        let mut choices = [token.zero_words(); 2];
        for (lane, word) in cast_slice_mut::<L::Words, u64>(&mut choices).iter_mut().enumerate() {
            *word = choice((before + lane) / run % lanes);
        }
        let [mut b0, mut b1, mut a0, mut a1] = [sums.zero(); 4];
        for (term, (pair, words)) in pairs.iter().zip(chunk.chunks_exact(size)).enumerate() {
            if term > 0 && term % lazy == 0 {
                (b0, b1, a0, a1) = (sums.fold(b0), sums.fold(b1), sums.fold(a0), sums.fold(a1));
            }
            let word = words.as_ptr();
            if before == 0 {
                token.prefetch(word.wrapping_add(AHEAD / 4).cast());
                token.prefetch(word.wrapping_add(AHEAD / 4 + CHUNK).cast());
            }
            // SAFETY: the dispatcher has checked that the halves of pairs are as long as `out`, within which two vectors from `at` on
            // are. `words` has CHUNK low words, then as many high parts, `operand_words(q)` words in all, by the choice of `HALF`;
            // vectors from `first` on, and from `before` and the next one where every value is there once, are within CHUNK values.
            unsafe {
                let values = |position: usize| {
                    let (low, high) = (word.add(position), word.add(CHUNK));
                    let high = if HALF { high.cast::<u16>().add(position).cast::<u32>() } else { high.add(position) };
                    token.unpack::<HALF>((low, high))
                };
                let (shared0, shared1) = if ONE {
                    (values(before), values(before + lanes))
                } else {
                    let values = values(first);
                    (token.chosen(values, choices[0]), token.chosen(values, choices[1]))
                };
                b0.add_product(token, shared0, load_at(token, pair.0, at));
                b1.add_product(token, shared1, load_at(token, pair.0, at + lanes));
                a0.add_product(token, shared0, load_at(token, pair.1, at));
                a1.add_product(token, shared1, load_at(token, pair.1, at + lanes));
            }
        }
        *block0 = [sums.finish(b0), sums.finish(b1)];
        *block1 = [sums.finish(a0), sums.finish(a1)];
    }
}

#[inline(always)]
pub fn linear_combination<L: Lanes>(
    token: L,
    out: &mut [u64],
    sources: &[&[u64]],
    factors: &[u64],
    source_bits: u32,
    q: &Modulus,
) {
    if !out.len().is_multiple_of(4 * lanes::<L>()) || sources.is_empty() {
        return wide::linear_combination(out, sources, factors, source_bits, q);
    }
    let sums = Sums::new(token, source_bits, q);
    let lazy = lazy_products(source_bits, q);
    for (chunk_index, (sources, factors)) in sources.chunks(lazy).zip(factors.chunks(lazy)).enumerate() {
        for (step, block) in cast_slice_mut::<u64, [L::Words; 4]>(out).iter_mut().enumerate() {
            let [mut s0, mut s1, mut s2, mut s3] = [sums.zero(); 4];
            if chunk_index > 0 {
                (s0, s1) = (sums.from(token.load_integers(block[0])), sums.from(token.load_integers(block[1])));
                (s2, s3) = (sums.from(token.load_integers(block[2])), sums.from(token.load_integers(block[3])));
            }
            let at = step * 4 * lanes::<L>();
            for (source, factor) in sources.iter().zip(factors) {
                let factor = token.splat(*factor as f64);
                token.prefetch(source.as_ptr().wrapping_add(at + AHEAD / 8).cast());
                // SAFETY: four vectors from `at` on are within `out`, and the dispatcher has checked that sources are as long.
                unsafe {
                    s0.add_product(token, load_at(token, source, at), factor);
                    s1.add_product(token, load_at(token, source, at + lanes::<L>()), factor);
                    s2.add_product(token, load_at(token, source, at + 2 * lanes::<L>()), factor);
                    s3.add_product(token, load_at(token, source, at + 3 * lanes::<L>()), factor);
                }
            }
            *block = [sums.finish(s0), sums.finish(s1), sums.finish(s2), sums.finish(s3)];
        }
    }
}
