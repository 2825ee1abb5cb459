//! Switching keys: encryptions of P g_d s' under another key, one for each digit d of a gadget.
//!
//! The gadget factor g_d is 1 modulo the primes of digit d and 0 modulo the other primes of the chain, so the key for few
//! limbs is part of the key for many. For the automorphism X -> X^g the key goes from s to its preimage
//! sigma^-1(s): the automorphism is applied after switching, to two polynomials rather than to every digit.

use rayon::prelude::*;

use super::request::KeyKind;
use super::secret::{SecretKey, evaluate_small};
use crate::ckks::parameters::{KeyBand, Parameters};
use crate::ring::automorphism::inverse_element;
use crate::ring::{Automorphism, Limb, Polynomial, simd};

/// A switching key.
#[derive(Debug)]
pub struct SwitchingKey {
    /// Number of limbs of the chain; the special primes' limbs follow them in every polynomial.
    limbs: usize,
    /// (b, a) for each digit.
    digits: Vec<(Polynomial, Polynomial)>,
}

impl SwitchingKey {
    /// Makes a key that serves ciphertexts of up to `limbs` limbs in band number `band`.
    pub fn generate(parameters: &Parameters, secret: &SecretKey, kind: KeyKind, band: usize, limbs: usize) -> Self {
        let key_band: &KeyBand = &parameters.bands()[band];
        let primes: Vec<usize> = (0..limbs).chain(key_band.special.iter().copied()).collect();
        let label = match kind {
            KeyKind::Relinearization => 0,
            KeyKind::Galois(element) => element as u64,
        };
        let seed = secret.seed().derive("switching key", &[label, band as u64]);
        let preimage = match kind {
            KeyKind::Relinearization => None,
            KeyKind::Galois(g) => Some(Automorphism::new(parameters.log_n(), inverse_element(parameters.log_n(), g))),
        };
        let digits = (0..key_band.band.shape.digits(limbs))
            .map(|digit| {
                let range = key_band.digit(digit, limbs);
                let seed = seed.derive("digit", &[digit as u64]);
                let error = seed.derive("error", &[]).gaussian(parameters.n());
                let mut b = evaluate_small(parameters, &error, &primes);
                let uniform: Vec<Limb> = b
                    .limbs
                    .par_iter_mut()
                    .zip(&primes)
                    .map(|(b, &prime)| {
                        let q = parameters.ntts()[prime].modulus();
                        let mut a = Limb::scratch(b.len());
                        seed.derive("uniform", &[prime as u64]).fill_uniform(&mut a, q);
                        let mut product = a.clone();
                        match &preimage {
                            None => simd::multiply_assign(&mut product, secret.limb(prime), q),
                            Some(sigma) => {
                                simd::multiply_assign(&mut product, &secret.permuted_limb(prime, sigma), q);
                            }
                        }
                        simd::sub_assign(b, &product, q);
                        if range.contains(&prime) {
                            // product <- P s', with s' = s^2 or s.
                            product.copy_from_slice(secret.limb(prime));
                            if kind == KeyKind::Relinearization {
                                simd::multiply_assign(&mut product, secret.limb(prime), q);
                            }
                            let p = key_band.special.iter().fold(1, |p, &s| q.mul(p, q.reduce(parameters.prime(s))));
                            simd::multiply_by_factor(&mut product, q.factor(p), q);
                            simd::add_assign(b, &product, q);
                        }
                        a
                    })
                    .collect();
                (b, uniform.into_iter().collect())
            })
            .collect();
        Self { limbs, digits }
    }

    /// Number of limbs of the chain.
    pub fn limbs(&self) -> usize {
        self.limbs
    }

    /// Limb of digit `digit` for position `position` of the extended basis of a ciphertext of `limbs` limbs.
    #[inline]
    pub(crate) fn limb(&self, digit: usize, position: usize, limbs: usize) -> (&Limb, &Limb) {
        let index = if position < limbs { position } else { position - limbs + self.limbs };
        let (b, a) = &self.digits[digit];
        (&b.limbs[index], &a.limbs[index])
    }

    /// Size in bytes in memory.
    pub fn bytes(&self) -> u64 {
        self.digits.iter().map(|(b, a)| b.bytes() + a.bytes()).sum()
    }
}
