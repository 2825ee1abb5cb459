//! Galois automorphisms X -> X^g as index permutations of transformed limbs.
//!
//! Position i holds the value at psi^e(i), so the automorphism reads position i from the one that holds psi^(g e(i)).
//! Because the order is bit-reversed, the eight positions of an aligned block come from one aligned block, permuted:
//! lane t of block b has exponent e + t' * 2N/8 (t' the bit-reversed t), hence reads lane g t' + carry of its source.

use std::ops::Range;

use super::ntt::{evaluation_exponent, evaluation_index};
use super::simd::{self, LANES};

/// The permutation of one automorphism at one ring dimension.
#[derive(Debug, Clone)]
pub struct Automorphism {
    element: usize,
    log_n: u32,
    /// For each block: 8 * source block + index of its lane pattern.
    blocks: Vec<u32>,
    /// The eight lane patterns that can occur: `patterns[k][t]` is the source lane of lane t.
    patterns: [[u64; LANES]; LANES],
}

impl Automorphism {
    /// The automorphism X -> X^`element` of the ring of dimension 2^`log_n` (at least 16); `element` is odd.
    pub fn new(log_n: u32, element: usize) -> Self {
        let n = 1usize << log_n;
        debug_assert!(element % 2 == 1 && n >= 2 * LANES);
        let source = |i: usize| evaluation_index(evaluation_exponent(i, log_n).wrapping_mul(element), log_n);
        let mut patterns = [[0; LANES]; LANES];
        let blocks = (0..n / LANES)
            .map(|block| {
                let first = source(block * LANES);
                // The lane that lane 0 reads names the pattern: all others follow from it.
                let pattern = first % LANES;
                for (lane, slot) in patterns[pattern].iter_mut().enumerate() {
                    *slot = (source(block * LANES + lane) % LANES) as u64;
                }
                (first / LANES * LANES + pattern) as u32
            })
            .collect();
        Self { element, log_n, blocks, patterns }
    }

    /// The Galois element g.
    pub fn element(&self) -> usize {
        self.element
    }

    /// Writes the automorphism of the transformed limb `source` to `target`.
    pub fn apply(&self, source: &[u64], target: &mut [u64]) {
        self.apply_part(&(0..1 << self.log_n), source, target);
    }

    /// Where the values at `positions` come from, an aligned block of at least eight whose length is a power of two: another such block.
    ///
    /// In bit-reversed order a block holds the exponents that are alike modulo a power of two, and so do their products with g.
    pub fn source(&self, positions: &Range<usize>) -> Range<usize> {
        let length = positions.len();
        let start = self.blocks[positions.start / LANES] as usize / length * length;
        start..start + length
    }

    /// Writes the automorphism's values at `positions` to `target`; `source` has those at their [source](Automorphism::source).
    pub fn apply_part(&self, positions: &Range<usize>, source: &[u64], target: &mut [u64]) {
        let blocks = &self.blocks[positions.start / LANES..positions.end / LANES];
        simd::permute_blocks(target, source, self.source(positions).start as u32, blocks, &self.patterns);
    }
}

/// Galois element of the rotation of the slots to the left by `steps` (negative: to the right), at dimension 2^`log_n`.
pub const fn rotation_element(log_n: u32, steps: i64) -> usize {
    let two_n = 2usize << log_n;
    let mut exponent = steps.rem_euclid(two_n as i64 / 4) as usize;
    let (mut base, mut result) = (5usize, 1usize);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % two_n;
        }
        base = base * base % two_n;
        exponent >>= 1;
    }
    result
}

/// Galois element of complex conjugation of the slots.
pub const fn conjugation_element(log_n: u32) -> usize {
    (2usize << log_n) - 1
}

/// The inverse of a Galois element.
pub const fn inverse_element(log_n: u32, element: usize) -> usize {
    let mask = (2usize << log_n) - 1;
    // Newton's iteration doubles the number of right bits; an odd number is its own inverse modulo 8.
    let mut inverse = element;
    let mut bits = 3;
    while bits < usize::BITS {
        inverse = inverse.wrapping_mul(2usize.wrapping_sub(element.wrapping_mul(inverse)));
        bits *= 2;
    }
    inverse & mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::Ntt;
    use crate::ring::primes::ntt_primes;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn permutation_equals_substitution_of_coefficients(k in 0usize..256, seed: u64, log_n in 5u32..9) {
            let n = 1usize << log_n;
            let g = 2 * (k % n) + 1;
            let ntt = Ntt::new(log_n, ntt_primes(log_n, 40, 1, &[]).unwrap()[0]).unwrap();
            let m = ntt.modulus();
            let a: Vec<u64> = (0..n as u64).map(|i| m.reduce(seed.wrapping_mul(2 * i + 1))).collect();
            let mut expected = vec![0; n];
            for (i, &c) in a.iter().enumerate() {
                let j = i * g % (2 * n);
                if j < n { expected[j] = c } else { expected[j - n] = m.neg(c) }
            }
            let mut transformed = a;
            ntt.forward(&mut transformed);
            let mut permuted = vec![0; n];
            let automorphism = Automorphism::new(log_n, g);
            automorphism.apply(&transformed, &mut permuted);
            for length in (3..=log_n).map(|log| 1usize << log) {
                let mut parts = vec![0; n];
                for (index, part) in parts.chunks_mut(length).enumerate() {
                    let positions = index * length..(index + 1) * length;
                    automorphism.apply_part(&positions, &transformed[automorphism.source(&positions)], part);
                }
                prop_assert_eq!(&parts, &permuted, "parts of {}", length);
            }
            ntt.inverse(&mut permuted);
            prop_assert_eq!(permuted, expected);
            prop_assert_eq!(inverse_element(log_n, g) * g % (2 * n), 1);
        }
    }

    #[test]
    fn rotations_compose() {
        assert_eq!(rotation_element(5, 0), 1);
        assert_eq!(rotation_element(5, 1), 5);
        assert_eq!(rotation_element(5, -1) * 5 % 64, 1);
        assert_eq!(rotation_element(5, 16), 1);
        assert_eq!(conjugation_element(5), 63);
    }
}
