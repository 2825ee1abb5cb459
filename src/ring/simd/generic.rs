//! Kernel bodies without products of residues, in plain Rust that compilers vectorise for whatever instructions enclose them.

use super::operands::{CHUNK, LANES, chunk_words, unpack_chunk};
use crate::ring::modulus::Modulus;

/// Words that are worked on together; small enough for registers and the first-level cache.
const BLOCK: usize = 32;

/// 1.5 * 2^52: adding and subtracting it rounds what is below 2^51 to an integer, 2^s times it to a multiple of 2^s; a sum has the integer in
/// its low bits if that is not negative.
pub const ROUNDER: f64 = 6_755_399_441_055_744.0;

#[inline(always)]
fn subtract_if_above(x: u64, q: u64) -> u64 {
    // The unsigned minimum of x and x - q, written for signed comparison: both are far below 2^63.
    let d = x.wrapping_sub(q);
    if (d as i64) < 0 { x } else { d }
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
pub fn reduce_signed(out: &mut [u64], values: &[i32], q: &Modulus) {
    // In doubles, where all of this is exact.
    let (modulus, reciprocal) = (q.value() as f64, 1.0 / q.value() as f64);
    for (out, value) in out.iter_mut().zip(values) {
        let value = f64::from(*value);
        let quotient = (value * reciprocal + ROUNDER) - ROUNDER;
        let rest = value - quotient * modulus;
        let rest = if rest < 0.0 { rest + modulus } else { rest };
        *out = (rest + ROUNDER).to_bits() - ROUNDER.to_bits();
    }
}

#[inline(always)]
pub fn centered_quotients(out: &mut [u64], sources: &[&[u64]], reciprocals: &[f64], _source_bits: u32) {
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

// Every lane has a maximum of its own, so that the instruction set that this is compiled for does many at a time.
#[inline(always)]
pub fn largest_packed(largest: &mut u64, words: &[u32], q: &Modulus) {
    let mut lanes = [*largest; CHUNK];
    for chunk in words.chunks_exact(chunk_words(q)) {
        let (b, a) = unpack_chunk(chunk);
        for (largest, (b, a)) in lanes.iter_mut().zip(b.into_iter().zip(a)) {
            *largest = a.max(b).max(*largest);
        }
    }
    *largest = lanes.into_iter().max().unwrap_or(*largest);
}

#[inline(always)]
pub fn permute_blocks(target: &mut [u64], source: &[u64], base: u32, blocks: &[u32], patterns: &[[u64; LANES]; LANES]) {
    for (target, &block) in target.chunks_exact_mut(LANES).zip(blocks) {
        let pattern = &patterns[block as usize % LANES];
        let first = (block - base) as usize / LANES * LANES;
        let source = &source[first..first + LANES];
        for (target, lane) in target.iter_mut().zip(pattern) {
            *target = source[*lane as usize % LANES];
        }
    }
}
