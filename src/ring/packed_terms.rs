//! What sums of products read from memory, at rest: residues in 6 bytes each, in the order in which they are read. Switching keys are
//! pairs of operands, evaluated diagonals of a linear transform operands that both halves of a pair are multiplied by.
//!
//! Such a sum reads each word of a key or of a diagonal once, so its time is that of reading memory. Residues below 2^48
//! are cut into 32 low and 16 high bits; larger ones keep all 64. For every sixteen positions what all terms have there
//! follows each other, so that one stream of addresses runs through what there is of a prime.

use std::ops::Range;

use super::modulus::Modulus;
use super::simd::{self, CHUNK, chunk_words, operand_words, pack_operand, unpack_chunk};

/// Words of 32 bits that `terms` pairs of limbs of `n` words take modulo `q`.
pub fn packed_words(n: usize, terms: usize, q: &Modulus) -> usize {
    n / CHUNK * terms * chunk_words(q)
}

/// Writes the pair of term number `term` of `terms` into `words`.
pub fn pack(words: &mut [u32], term: usize, terms: usize, pair: (&[u64], &[u64]), q: &Modulus) {
    let size = chunk_words(q);
    let chunks = words.chunks_exact_mut(size).skip(term).step_by(terms.max(1));
    for ((chunk, b), a) in chunks.zip(pair.0.as_chunks::<CHUNK>().0).zip(pair.1.as_chunks::<CHUNK>().0) {
        let (low, high) = chunk.split_at_mut(2 * CHUNK);
        let ((low_b, low_a), (high_b, high_a)) = (low.split_at_mut(CHUNK), high.split_at_mut(high.len() / 2));
        pack_operand(b, low_b, high_b);
        pack_operand(a, low_a, high_a);
    }
}

/// Words of 32 bits that `terms` operands of `values` values take modulo `q`.
pub fn shared_words(values: usize, terms: usize, q: &Modulus) -> usize {
    values / CHUNK * terms * operand_words(q)
}

/// Writes the operand number `term` of `terms` that both halves of a pair are multiplied by into `words`, as
/// [`multiply_packed_runs`](simd::multiply_packed_runs) reads it.
pub fn pack_shared(words: &mut [u32], term: usize, terms: usize, values: &[u64], q: &Modulus) {
    let chunks = words.chunks_exact_mut(operand_words(q)).skip(term).step_by(terms.max(1));
    for (chunk, values) in chunks.zip(values.as_chunks::<CHUNK>().0) {
        let (low, high) = chunk.split_at_mut(CHUNK);
        pack_operand(values, low, high);
    }
}

/// The first half of the pair of term number `term` of `terms`, as [`pack`] wrote it.
pub fn unpack_first(words: &[u32], term: usize, terms: usize, out: &mut [u64], q: &Modulus) {
    let chunks = words.chunks_exact(chunk_words(q)).skip(term).step_by(terms.max(1));
    for (chunk, out) in chunks.zip(out.as_chunks_mut::<CHUNK>().0) {
        *out = unpack_chunk(chunk).0;
    }
}

/// Whether all residues in words of the form that [`pack`] writes are below their prime.
pub fn are_reduced(words: &[u32], q: &Modulus) -> bool {
    let mut largest = 0;
    simd::largest_packed(&mut largest, words, q);
    largest < q.value()
}

/// Part of a switching key: what one prime multiplies.
#[derive(Debug, Clone, Copy)]
pub struct PackedTerms<'a> {
    /// Written by [`pack`].
    pub words: &'a [u32],
    /// Number of terms in `words`.
    pub terms: usize,
}

impl PackedTerms<'_> {
    /// What is there at `positions`, multiples of sixteen.
    pub fn part(&self, positions: &Range<usize>, q: &Modulus) -> Self {
        let at = |position: usize| position / CHUNK * self.terms * chunk_words(q);
        Self { words: &self.words[at(positions.start)..at(positions.end)], terms: self.terms }
    }

    /// `out.k <- sum over d of shared[d] * pair.k of term d`; `shared` may have fewer operands than there are terms.
    pub fn multiply_accumulate(&self, out: (&mut [u64], &mut [u64]), shared: &[&[u64]], q: &Modulus) {
        simd::multiply_accumulate_packed(out, shared, self.words, self.terms, q);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::primes::ntt_primes;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn packed_terms_multiply_like_limbs(seed: u64, terms in 1usize..9, used in 1usize..9, bits in 20u32..60) {
            let n = 64;
            let q = Modulus::new(ntt_primes(6, bits, 1, &[]).unwrap()[0]).unwrap();
            let used = used.min(terms);
            let limb = |k: u64| -> Vec<u64> {
                let mut state = seed ^ k;
                (0..n).map(|i| {
                    state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(k | 1);
                    if i == 3 { q.value() - 1 } else { q.reduce(state >> 3) }
                }).collect()
            };
            let list: Vec<[Vec<u64>; 3]> = (0..terms as u64).map(|t| [limb(3 * t), limb(3 * t + 1), limb(3 * t + 2)]).collect();
            let mut words = vec![0; packed_words(n, terms, &q)];
            for (t, [_, b, a]) in list.iter().enumerate() {
                pack(&mut words, t, terms, (b, a), &q);
            }
            for (t, [_, b, _]) in list.iter().enumerate() {
                let mut back = vec![0; n];
                unpack_first(&words, t, terms, &mut back, &q);
                prop_assert_eq!(&back, b);
            }
            prop_assert!(are_reduced(&words, &q));
            let mut beyond = words.clone();
            // One residue alone, wherever it is.
            let mut one = list[0][1].clone();
            one[seed as usize % n] = q.value();
            let pair = if seed >> 32 & 1 == 0 { (&list[0][2], &one) } else { (&one, &list[0][2]) };
            pack(&mut beyond, used - 1, terms, (pair.0, pair.1), &q);
            prop_assert!(!are_reduced(&beyond, &q));
            let shared: Vec<&[u64]> = list[..used].iter().map(|l| &l[0][..]).collect();
            let (mut b, mut a) = (vec![7; n], vec![7; n]);
            PackedTerms { words: &words, terms }.multiply_accumulate((&mut b, &mut a), &shared, &q);
            let (mut first, mut second) = (vec![7; CHUNK], vec![7; CHUNK]);
            let positions = n - CHUNK..n;
            let operands: Vec<&[u64]> = shared.iter().map(|s| &s[positions.clone()]).collect();
            PackedTerms { words: &words, terms }.part(&positions, &q).multiply_accumulate((&mut first, &mut second), &operands, &q);
            prop_assert!(first == b[positions.clone()] && second == a[positions]);
            for i in 0..n {
                let dot = |k: usize| list[..used].iter().fold(0, |s, l| q.add(s, q.mul(l[0][i], l[k][i])));
                prop_assert_eq!((b[i], a[i]), (dot(1), dot(2)));
            }
        }
    }
}
