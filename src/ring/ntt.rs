//! Negacyclic number theoretic transform of one limb.
//!
//! The transform evaluates a polynomial of Z_q\[X\]/(X^N + 1) at the odd powers of a primitive 2N-th root of unity psi:
//! position i holds the value at psi^e(i), e(i) = 2 * bitreverse(i) + 1. The order is the same for every modulus.
//! For N' dividing N the root of the smaller transform is psi^(N/N'), so a polynomial in X^(N/N') can be transformed at
//! size N' and every value repeated N/N' times.

use std::sync::OnceLock;

use super::error::RingError;
use super::limb::Limb;
use super::modulus::{Factor, MAX_BITS, Modulus};
use super::primes::{MAX_LOG_N, MIN_LOG_N, is_prime};
use super::simd::{self, Instructions, Transform, instructions};

/// Transforms modulo one prime, at the ring dimension and all smaller ones down to 2^4. Tables of a size are made when it is first used:
/// whoever plans needs none, and a client few.
pub struct Ntt {
    instructions: Instructions,
    modulus: Modulus,
    /// A primitive 2N-th root of unity.
    psi: u64,
    /// `transforms[k]` has size 2^(MIN_LOG_N + k).
    transforms: Vec<OnceLock<Box<dyn Transform>>>,
    inverse_n: Factor,
    /// psi^(N/2), a square root of -1.
    imaginary: Factor,
    minus_imaginary: Factor,
}

/// Exponent e such that position `index` of a transform of size 2^`log_n` holds the value at psi^e.
#[inline]
pub const fn evaluation_exponent(index: usize, log_n: u32) -> usize {
    2 * (index.reverse_bits() >> (usize::BITS - log_n)) + 1
}

/// Position that holds the value at psi^`exponent` (odd); the inverse of [`evaluation_exponent`].
#[inline]
pub const fn evaluation_index(exponent: usize, log_n: u32) -> usize {
    (((exponent % (2 << log_n)) - 1) / 2).reverse_bits() >> (usize::BITS - log_n)
}

impl Ntt {
    /// For the ring dimension 2^`log_n` modulo `q`.
    ///
    /// # Errors
    /// [`RingError`] when the dimension is unsupported or `q` is not a prime that is 1 modulo 2N.
    pub fn new(log_n: u32, q: u64) -> Result<Self, RingError> {
        Self::with(instructions(), log_n, q)
    }

    /// As [`Ntt::new`], with the kernels of `instructions`.
    fn with(instructions: Instructions, log_n: u32, q: u64) -> Result<Self, RingError> {
        if !(MIN_LOG_N..=MAX_LOG_N).contains(&log_n) {
            return Err(RingError::Dimension { log_n, min: MIN_LOG_N, max: MAX_LOG_N });
        }
        let refused = || RingError::Modulus { modulus: q, max_bits: MAX_BITS, two_n: 2 << log_n };
        let modulus = Modulus::new(q).filter(|_| is_prime(q)).ok_or_else(refused)?;
        let psi = root_of_minus_one(log_n, &modulus).ok_or_else(refused)?;
        let imaginary = modulus.pow(psi, 1 << (log_n - 1));
        Ok(Self {
            instructions,
            modulus,
            psi,
            transforms: (MIN_LOG_N..=log_n).map(|_| OnceLock::new()).collect(),
            inverse_n: modulus.factor(modulus.inverse(1 << log_n)),
            imaginary: modulus.factor(imaginary),
            minus_imaginary: modulus.factor(modulus.neg(imaginary)),
        })
    }

    /// The modulus.
    #[inline]
    pub fn modulus(&self) -> &Modulus {
        &self.modulus
    }

    /// N^-1 mod q, the factor that [`Ntt::inverse_unscaled`] leaves out.
    #[inline]
    pub fn inverse_n(&self) -> Factor {
        self.inverse_n
    }

    fn transform(&self, n: usize) -> &dyn Transform {
        assert!(n.is_power_of_two(), "a transform of {n} words: the number must be a power of two");
        let size = (n.trailing_zeros() - MIN_LOG_N) as usize;
        &**self.transforms[size].get_or_init(|| {
            let q = &self.modulus;
            let root = q.factor(q.pow(self.psi, 1 << (self.transforms.len() - 1 - size)));
            let powers = std::iter::successors(Some(1), |power| Some(q.mul_factor(*power, root))).take(2 * n);
            simd::transform(self.instructions, q, &powers.collect::<Vec<_>>())
        })
    }

    /// Coefficients (below q) to evaluations, in place, at the size of `limb`.
    pub fn forward(&self, limb: &mut [u64]) {
        self.transform(limb.len()).forward(limb);
    }

    /// The evaluations of signed coefficients, at their own size.
    pub fn evaluated(&self, coefficients: &[i32]) -> Limb {
        let mut limb = Limb::scratch(coefficients.len());
        self.transform(coefficients.len()).forward_signed(coefficients, &mut limb);
        limb
    }

    /// Evaluations to coefficients times N, in place.
    pub fn inverse_unscaled(&self, limb: &mut [u64]) {
        self.transform(limb.len()).inverse(limb);
    }

    /// Evaluations to coefficients, in place, at the full size.
    pub fn inverse(&self, limb: &mut [u64]) {
        self.inverse_unscaled(limb);
        simd::multiply_by_factor(limb, self.inverse_n, &self.modulus);
    }

    /// Multiplies evaluations by X^(N/2), which is the imaginary unit in every slot of the canonical embedding.
    pub fn multiply_by_imaginary_unit(&self, limb: &mut [u64]) {
        // psi^(e N/2) is psi^(N/2) for e = 1 mod 4 and its negative for e = 3 mod 4; bit 1 of e is the top bit of i.
        let (first, second) = limb.split_at_mut(limb.len() / 2);
        simd::multiply_by_factor(first, self.imaginary, &self.modulus);
        simd::multiply_by_factor(second, self.minus_imaginary, &self.modulus);
    }
}

impl std::fmt::Debug for Ntt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ntt").field("modulus", &self.modulus).finish_non_exhaustive()
    }
}

/// A psi with psi^N = -1 modulo a prime, N = 2^`log_n`; `None` if 2N does not divide q - 1.
fn root_of_minus_one(log_n: u32, q: &Modulus) -> Option<u64> {
    let minus_one = q.value() - 1;
    if !minus_one.is_multiple_of(2 << log_n) {
        return None;
    }
    // Half of all bases are no squares, whose power is what is looked for.
    (2..q.value()).map(|base| q.pow(base, minus_one >> (log_n + 1))).find(|psi| q.pow(*psi, 1 << log_n) == minus_one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::primes::{ntt_primes, ntt_primes_below};
    use num_bigint::BigUint;
    use proptest::prelude::*;

    fn ntts() -> Vec<Ntt> {
        [25, 39, 49, 50, 55, 60]
            .into_iter()
            .flat_map(|bits| ntt_primes(8, bits, 2, &[]).unwrap())
            .map(|q| Ntt::new(8, q).unwrap())
            .collect()
    }

    fn negacyclic(a: &[u64], b: &[u64], q: u64) -> Vec<u64> {
        let (n, q) = (a.len(), BigUint::from(q));
        let mut c = vec![BigUint::from(0u8); n];
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                let p = BigUint::from(*x) * BigUint::from(*y) % &q;
                let k = (i + j) % n;
                c[k] = if i + j < n { (&c[k] + p) % &q } else { (&c[k] + &q - p) % &q };
            }
        }
        c.into_iter().map(|x| u64::try_from(x).unwrap()).collect()
    }

    #[test]
    fn positions_hold_the_documented_powers() {
        for ntt in ntts() {
            let (n, m) = (256usize, ntt.modulus());
            let mut x = vec![0; n];
            x[1] = 1;
            ntt.forward(&mut x);
            let psi = x[0];
            assert_eq!(m.pow(psi, n as u64), m.value() - 1);
            for (i, &value) in x.iter().enumerate() {
                let e = evaluation_exponent(i, 8);
                assert_eq!(value, m.pow(psi, e as u64));
                assert_eq!(evaluation_index(e, 8), i);
                assert_eq!(evaluation_index(e + 2 * n, 8), i);
            }
        }
    }

    #[test]
    fn polynomials_in_a_power_of_x_transform_at_the_smaller_size() {
        for ntt in ntts() {
            for stride in [2usize, 4, 16] {
                let small: Vec<u64> = (0..256 / stride as u64).map(|i| i * i + 3).collect();
                let mut large = vec![0; 256];
                for (i, &c) in small.iter().enumerate() {
                    large[i * stride] = c;
                }
                let mut small = small;
                ntt.forward(&mut small);
                ntt.forward(&mut large);
                assert!(large.iter().enumerate().all(|(i, &v)| v == small[i / stride]));
            }
        }
    }

    /// Random residues with runs of extreme ones, or only the largest.
    fn words(q: u64, n: usize, seed: u64) -> Vec<u64> {
        let mut state = seed;
        (0..n)
            .map(|i| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                match (seed, i / 16 % 5) {
                    (0, _) | (_, 0) => q - 1,
                    (_, 1) => 0,
                    _ => (state >> 3) % q,
                }
            })
            .collect()
    }

    /// All kernels against the scalar ones, which the other tests hold against big integers.
    fn expect_equal_forms(log_n: u32, bits: u32, seed: u64) {
        // The prime next to 2^bits, which may be above it, and the one below, the largest of that length.
        for primes in [ntt_primes(log_n, bits, 1, &[]), ntt_primes_below(log_n, bits, 1, &[])] {
            expect_equal_forms_for(log_n, primes.unwrap()[0], seed);
        }
    }

    fn expect_equal_forms_for(log_n: u32, q: u64, seed: u64) {
        let scalar = Ntt::with(Instructions::Portable, log_n, q).unwrap();
        for instructions in Instructions::available() {
            let ntt = Ntt::with(instructions, log_n, q).unwrap();
            for log_size in MIN_LOG_N..=log_n {
                let original = words(q, 1 << log_size, seed);
                let (mut expected, mut found) = (original.clone(), original.clone());
                scalar.forward(&mut expected);
                ntt.forward(&mut found);
                assert_eq!(found, expected, "forward, {instructions:?}, 2^{log_size}, modulo {q}");
                let signed: Vec<i32> =
                    (0..).zip(&original).map(|(i, word)| [*word as i32, i32::MIN, -1][i % 3]).collect();
                let mut expected = signed.iter().map(|c| scalar.modulus.reduce_i64(i64::from(*c))).collect::<Vec<_>>();
                scalar.forward(&mut expected);
                // What ckks::secrets_tests leave in the pool at this size is theirs to look for.
                if log_size != crate::ring::limb::reserved::LOG_N {
                    let found = ntt.evaluated(&signed);
                    assert_eq!(found[..], expected, "signed, {instructions:?}, 2^{log_size}, modulo {q}");
                }
                let (mut expected, mut found) = (original.clone(), original);
                scalar.inverse_unscaled(&mut expected);
                ntt.inverse_unscaled(&mut found);
                assert_eq!(found, expected, "inverse, {instructions:?}, 2^{log_size}, modulo {q}");
            }
        }
    }

    #[test]
    fn every_form_gives_the_same_transform_at_every_size_and_length_of_modulus() {
        for bits in [20, 25, 30, 34, 38, 41, 45, 46, 47, 48, 49, 50, 51, 55, 60] {
            for seed in 0..2 {
                expect_equal_forms(10, bits, seed);
            }
        }
        // The largest rings, where residues grow longest, on both sides of the bounds of each form.
        for bits in [30, 46, 47, 48, 49, 50] {
            for seed in 0..2 {
                expect_equal_forms(17, bits, seed);
            }
        }
    }

    #[test]
    fn refuses_a_modulus_without_roots() {
        assert!(Ntt::new(8, 1_000_003).unwrap_err().to_string().contains("1 modulo 2N = 512"));
        assert!(Ntt::new(2, 97).unwrap_err().to_string().contains("log_n = 2"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn every_form_gives_the_same_transform(seed: u64, log_n in 5u32..14, bits in 25u32..51) {
            expect_equal_forms(log_n, bits, seed);
        }

        #[test]
        fn multiplies_like_big_integers(seed: u64) {
            for ntt in ntts() {
                let q = ntt.modulus().value();
                let sample = |k: u64| -> Vec<u64> { (0..256u64).map(|i| (seed ^ k).wrapping_mul(i * 2 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) % q).collect() };
                let (a, b) = (sample(1), sample(2));
                let (mut fa, mut fb) = (a.clone(), b.clone());
                ntt.forward(&mut fa);
                ntt.forward(&mut fb);
                let mut product: Vec<u64> = fa.iter().zip(&fb).map(|(x, y)| ntt.modulus().mul(*x, *y)).collect();
                ntt.inverse(&mut product);
                prop_assert_eq!(&product, &negacyclic(&a, &b, q));

                let mut shift = vec![0; 256];
                shift[128] = 1;
                let mut turned = fa;
                ntt.multiply_by_imaginary_unit(&mut turned);
                ntt.inverse(&mut turned);
                prop_assert_eq!(turned, negacyclic(&a, &shift, q));
            }
        }
    }
}
