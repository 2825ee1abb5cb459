//! Negacyclic number theoretic transform of one limb, by the crate `tfhe-ntt`.
//!
//! The transform evaluates a polynomial of Z_q\[X\]/(X^N + 1) at the odd powers of a primitive 2N-th root of unity psi:
//! position i holds the value at psi^e(i), e(i) = 2 * bitreverse(i) + 1. The order is the same for every modulus.
//! For N' dividing N the root of the smaller transform is psi^(N/N'), so a polynomial in X^(N/N') can be transformed at
//! size N' and every value repeated N/N' times.

use tfhe_ntt::prime64::Plan;

use super::error::RingError;
use super::modulus::{Factor, MAX_BITS, Modulus};
use super::primes::{MAX_LOG_N, MIN_LOG_N, is_prime};
use super::simd;

/// Transforms modulo one prime, at the ring dimension and all smaller ones down to 2^4.
#[derive(Debug)]
pub struct Ntt {
    modulus: Modulus,
    /// `plans[k]` has size 2^(MIN_LOG_N + k).
    plans: Vec<Plan>,
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
    /// Tables for the ring dimension 2^`log_n` modulo `q`.
    ///
    /// # Errors
    /// [`RingError`] when the dimension is unsupported or `q` is not a prime that is 1 modulo 2N.
    pub fn new(log_n: u32, q: u64) -> Result<Self, RingError> {
        if !(MIN_LOG_N..=MAX_LOG_N).contains(&log_n) {
            return Err(RingError::Dimension { log_n, min: MIN_LOG_N, max: MAX_LOG_N });
        }
        let refused = || RingError::Modulus { modulus: q, max_bits: MAX_BITS, two_n: 2 << log_n };
        let modulus = Modulus::new(q).filter(|_| is_prime(q)).ok_or_else(refused)?;
        let plans: Option<Vec<Plan>> = (MIN_LOG_N..=log_n).map(|k| Plan::try_new(1 << k, q)).collect();
        let plans = plans.ok_or_else(refused)?;
        // X^(N/2) at psi is psi^(N/2): read it off a transform, since the plan does not show its root.
        let n = 1usize << log_n;
        let mut x = vec![0; n];
        x[n / 2] = 1;
        plans[(log_n - MIN_LOG_N) as usize].fwd(&mut x);
        Ok(Self {
            modulus,
            plans,
            inverse_n: modulus.factor(modulus.inverse(1 << log_n)),
            imaginary: modulus.factor(x[0]),
            minus_imaginary: modulus.factor(modulus.neg(x[0])),
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

    fn plan(&self, n: usize) -> &Plan {
        &self.plans[(n.trailing_zeros() - MIN_LOG_N) as usize]
    }

    /// Coefficients (below q) to evaluations, in place, at the size of `limb`.
    pub fn forward(&self, limb: &mut [u64]) {
        self.plan(limb.len()).fwd(limb);
    }

    /// Evaluations to coefficients times N, in place.
    pub fn inverse_unscaled(&self, limb: &mut [u64]) {
        self.plan(limb.len()).inv(limb);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::primes::ntt_primes;
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

    #[test]
    fn refuses_a_modulus_without_roots() {
        assert!(Ntt::new(8, 1_000_003).unwrap_err().to_string().contains("1 modulo 2N = 512"));
        assert!(Ntt::new(2, 97).unwrap_err().to_string().contains("log_n = 2"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
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
