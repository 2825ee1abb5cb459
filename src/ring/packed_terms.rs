//! Switching keys at rest: pairs of residues in 6 bytes each, in the order in which an inner product reads them.
//!
//! An inner product with a key reads each of its words once, so its time is that of reading memory. Residues below 2^48
//! are cut into 32 low and 16 high bits; larger ones keep all 64. For every sixteen positions the pairs of all terms
//! follow each other, so that one stream of addresses runs through the key of a prime.

use super::modulus::Modulus;
use super::simd::{self, CHUNK, chunk_words, unpack_chunk};

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
        for (low, x) in low.iter_mut().zip(b.iter().chain(a)) {
            *low = *x as u32;
        }
        if size == 4 * CHUNK {
            for (high, x) in high.iter_mut().zip(b.iter().chain(a)) {
                *high = (*x >> 32) as u32;
            }
        } else {
            for (high, x) in high.iter_mut().zip([b, a].into_iter().flat_map(|half| half.as_chunks::<2>().0)) {
                *high = (x[0] >> 32) as u32 | ((x[1] >> 32) as u32) << 16;
            }
        }
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
            for i in 0..n {
                let dot = |k: usize| list[..used].iter().fold(0, |s, l| q.add(s, q.mul(l[0][i], l[k][i])));
                prop_assert_eq!((b[i], a[i]), (dot(1), dot(2)));
            }
        }
    }
}
