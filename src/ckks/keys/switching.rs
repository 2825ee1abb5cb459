//! Switching keys: encryptions of P g_d s' under another key, one for each digit d of a gadget.
//!
//! The gadget factor g_d is 1 modulo the primes of digit d and 0 modulo the other primes of the chain, so the key for few
//! limbs is part of the key for many. For the automorphism X -> X^g the key goes from s to its preimage
//! sigma^-1(s): the automorphism is applied after switching, to two polynomials rather than to every digit.

use rayon::prelude::*;

use super::kind::KeyKind;
use super::secret::{SecretKey, evaluate_limb};
use crate::ckks::parameters::{KeyBand, Parameters};
use crate::ring::arena::Pages;
use crate::ring::automorphism::inverse_element;
use crate::ring::packed_terms::{PackedTerms, pack, packed_words};
use crate::ring::sampling::{SecretCoefficients, Seed};
use crate::ring::{Automorphism, Limb, SecretLimb, simd};

/// A switching key.
#[derive(Debug)]
pub struct SwitchingKey {
    /// Number of limbs of the chain; the special primes follow them.
    limbs: usize,
    digits: usize,
    /// For each prime the pairs (b, a) of all digits, packed.
    words: Pages,
    /// Where each prime starts, in words of 32 bits, and the end.
    starts: Vec<usize>,
}

impl SwitchingKey {
    /// Makes a key that serves ciphertexts of up to `limbs` limbs in band number `band`, which must be a band for as many: more
    /// would be a modulus that security was not checked for.
    pub(super) fn generate(secret: &SecretKey, kind: KeyKind, band: usize, limbs: usize) -> Self {
        let parameters = secret.parameters();
        let own = |prime: usize| SecretLimb::new(secret.limb(prime).clone());
        match kind {
            KeyKind::Relinearization => {
                let seed = secret.seed().derive("switching key", &[0, band as u64]);
                let square = |prime: usize| secret.product(secret.limb(prime), prime);
                Self::between(parameters, band, limbs, &seed, own, square)
            }
            KeyKind::Galois(element) => {
                let seed = secret.seed().derive("switching key", &[element as u64, band as u64]);
                let log_n = parameters.log_n();
                let preimage = Automorphism::new(log_n, inverse_element(log_n, element));
                let target = |prime: usize| secret.permuted_limb(prime, &preimage);
                Self::between(parameters, band, limbs, &seed, target, own)
            }
        }
    }

    /// Makes a key from the secret of a ring to that of the ring of half its dimension; `through`: the large ring, with the limit of the
    /// small one.
    pub(in crate::ckks) fn between_rings(
        through: &Parameters,
        limbs: usize,
        large: &SecretKey,
        small: &SecretKey,
    ) -> Self {
        let seed = small.seed().derive("ring switching key", &[u64::from(through.log_n()), limbs as u64]);
        let (target, source) = (small.embedded(through), large.embedded(through));
        Self::between(through, through.band_index(limbs), limbs, &seed, target, source)
    }

    /// Makes a key from one secret to another, both by their evaluations modulo a prime.
    fn between(
        parameters: &Parameters,
        band: usize,
        limbs: usize,
        seed: &Seed,
        target: impl Fn(usize) -> SecretLimb + Sync,
        source: impl Fn(usize) -> SecretLimb + Sync,
    ) -> Self {
        let key_band: &KeyBand = &parameters.bands()[band];
        let primes: Vec<usize> = (0..limbs).chain(key_band.special.iter().copied()).collect();
        let digits = key_band.band.shape.digits(limbs);
        let seeds: Vec<_> = (0..digits as u64).map(|digit| seed.derive("digit", &[digit])).collect();
        let errors: Vec<SecretCoefficients> =
            seeds.par_iter().map(|seed| seed.derive("error", &[]).gaussian(parameters.n())).collect();

        let starts = starts(parameters, &primes, digits);
        let mut words = Pages::zeros(starts[primes.len()].div_ceil(2));
        let mut rest: &mut [u32] = bytemuck::cast_slice_mut(&mut words);
        let mut parts = Vec::with_capacity(primes.len());
        for range in starts.windows(2) {
            let (part, tail) = rest.split_at_mut(range[1] - range[0]);
            parts.push(part);
            rest = tail;
        }
        parts.into_par_iter().zip(&primes).for_each(|(part, &prime)| {
            let ntt = &parameters.ntts()[prime];
            let q = ntt.modulus();
            let target = target(prime);
            let p = parameters.product_modulo(&key_band.special, prime);
            for (digit, (seed, error)) in seeds.iter().zip(&errors).enumerate() {
                let mut b = evaluate_limb(ntt, error);
                let mut a = Limb::scratch(b.len());
                seed.derive("uniform", &[prime as u64]).fill_uniform(&mut a, q);
                let mut product = SecretLimb::new(a.clone());
                simd::multiply_assign(&mut product, &target, q);
                simd::sub_assign(&mut b, &product, q);
                if key_band.digit(digit, limbs).contains(&prime) {
                    let mut factor = source(prime);
                    simd::multiply_by_factor(&mut factor, p, q);
                    simd::add_assign(&mut b, &factor, q);
                }
                pack(part, digit, digits, (&b, &a), q);
            }
        });
        Self { limbs, digits, words, starts }
    }

    /// Number of limbs of the chain.
    pub fn limbs(&self) -> usize {
        self.limbs
    }

    /// The digits' pairs for position `position` of the extended basis of a ciphertext of `limbs` limbs.
    pub(crate) fn terms(&self, position: usize, limbs: usize) -> PackedTerms<'_> {
        let index = if position < limbs { position } else { position - limbs + self.limbs };
        let words: &[u32] = bytemuck::cast_slice(&self.words);
        PackedTerms { words: &words[self.starts[index]..self.starts[index + 1]], terms: self.digits }
    }

    /// Size in bytes in memory.
    pub fn bytes(&self) -> u64 {
        8 * self.words.len() as u64
    }

    /// Size in bytes in memory of a key that serves up to `limbs` limbs in band number `band`, before it is made.
    pub fn predicted_bytes(parameters: &Parameters, band: usize, limbs: usize) -> u64 {
        let key_band = &parameters.bands()[band];
        let primes: Vec<usize> = (0..limbs).chain(key_band.special.iter().copied()).collect();
        let starts = starts(parameters, &primes, key_band.band.shape.digits(limbs));
        8 * starts[primes.len()].div_ceil(2) as u64
    }
}

/// Where each prime's part of a key starts, in words of 32 bits, and the end.
fn starts(parameters: &Parameters, primes: &[usize], digits: usize) -> Vec<usize> {
    let mut starts = vec![0];
    let mut end = 0;
    for &prime in primes {
        end += packed_words(parameters.n(), digits, parameters.ntts()[prime].modulus());
        starts.push(end);
    }
    starts
}
