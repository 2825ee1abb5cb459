//! Switching keys: encryptions of P g_d s' under another key, one for each digit d of a gadget.
//!
//! The gadget factor g_d is 1 modulo the primes of digit d and 0 modulo the other primes of the chain, so the key for few
//! limbs is part of the key for many. For the automorphism X -> X^g the key goes from s to its preimage
//! sigma^-1(s): the automorphism is applied after switching, to two polynomials rather than to every digit.

use rayon::prelude::*;

use super::kind::KeyKind;
use super::secret::SecretKey;
use super::words::KeyWords;
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
    pub(super) limbs: usize,
    pub(super) digits: usize,
    /// What the uniform halves follow from, and nothing else does.
    pub(super) uniform: Seed,
    /// For each prime the pairs (b, a) of all digits, packed.
    pub(super) words: KeyWords,
    /// Where each prime starts, in words of 32 bits, and the end.
    pub(super) starts: Vec<usize>,
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
        // Keys of one small secret from another large one, or through another gadget, must not have the same errors: their difference would
        // be a large key.
        let mut names = through.fingerprint_words();
        names.extend(large.id().map(u64::from));
        names.push(limbs as u64);
        let seed = small.seed().derive("ring switching key", &names);
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
        let primes = primes(parameters, band, limbs);
        let digits = key_band.band.shape.digits(limbs);
        let error_seeds: Vec<_> = (0..digits as u64).map(|digit| seed.derive("digit", &[digit])).collect();
        // The public halves must not reveal the seeds of the errors: they have a seed of their own, which may be sent.
        let uniform = seed.derive("public", &[]);
        let errors: Vec<SecretCoefficients> =
            error_seeds.par_iter().map(|seed| seed.derive("error", &[]).gaussian(parameters.n())).collect();

        let starts = starts(parameters, &primes, digits);
        let mut words = Pages::zeros(starts[primes.len()].div_ceil(2));
        parts(&mut words, &starts).into_par_iter().zip(&primes).for_each(|(part, &prime)| {
            let ntt = &parameters.ntts()[prime];
            let q = ntt.modulus();
            let target = target(prime);
            let p = parameters.product_modulo(&key_band.special, prime);
            for (digit, error) in errors.iter().enumerate() {
                let mut b = ntt.evaluated(error);
                let mut a = Limb::scratch(b.len());
                uniform_half(&uniform, digit, prime).fill_uniform(&mut a, q);
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
        Self { limbs, digits, uniform, words: words.into(), starts }
    }

    /// The uniform halves with the number of their prime.
    #[cfg(test)]
    pub(in crate::ckks) fn uniform_halves(&self, parameters: &Parameters, band: usize) -> Vec<(usize, Limb)> {
        let primes = primes(parameters, band, self.limbs);
        let halves = primes.iter().flat_map(|&prime| (0..self.digits).map(move |digit| (prime, digit)));
        let half = |(prime, digit)| {
            let mut half = Limb::scratch(parameters.n());
            uniform_half(&self.uniform, digit, prime).fill_uniform(&mut half, parameters.ntts()[prime].modulus());
            (prime, half)
        };
        halves.map(half).collect()
    }

    /// Number of limbs of the chain.
    pub fn limbs(&self) -> usize {
        self.limbs
    }

    /// The digits' pairs for position `position` of the extended basis of a ciphertext of `limbs` limbs.
    pub(crate) fn terms(&self, position: usize, limbs: usize) -> PackedTerms<'_> {
        let index = if position < limbs { position } else { position - limbs + self.limbs };
        PackedTerms { words: self.prime_words(index), terms: self.digits }
    }

    /// The packed pairs of prime number `index` of the key: limbs first, then special primes.
    pub(super) fn prime_words(&self, index: usize) -> &[u32] {
        &self.words.get()[self.starts[index]..self.starts[index + 1]]
    }

    /// Size in bytes in memory.
    pub fn bytes(&self) -> u64 {
        4 * self.words.get().len() as u64
    }

    /// Size in bytes in memory of a key that serves up to `limbs` limbs in band number `band`, before it is made.
    pub fn predicted_bytes(parameters: &Parameters, band: usize, limbs: usize) -> u64 {
        let primes = primes(parameters, band, limbs);
        let starts = starts(parameters, &primes, parameters.bands()[band].band.shape.digits(limbs));
        8 * starts[primes.len()].div_ceil(2) as u64
    }
}

/// The primes of a key by their numbers: the first `limbs` of the chain, then the special ones of its band.
pub(super) fn primes(parameters: &Parameters, band: usize, limbs: usize) -> Vec<usize> {
    (0..limbs).chain(parameters.bands()[band].special.iter().copied()).collect()
}

/// What the uniform half of a digit modulo prime number `prime` is drawn from.
pub(super) fn uniform_half(seed: &Seed, digit: usize, prime: usize) -> Seed {
    seed.derive("uniform", &[digit as u64, prime as u64])
}

/// Words of a key cut into those of each prime.
pub(super) fn parts<'w>(words: &'w mut Pages, starts: &[usize]) -> Vec<&'w mut [u32]> {
    let mut rest: &mut [u32] = bytemuck::cast_slice_mut(words);
    let mut parts = Vec::with_capacity(starts.len());
    for range in starts.windows(2) {
        let (part, tail) = rest.split_at_mut(range[1] - range[0]);
        parts.push(part);
        rest = tail;
    }
    parts
}

/// Where each prime's part of a key starts, in words of 32 bits, and the end.
pub(super) fn starts(parameters: &Parameters, primes: &[usize], digits: usize) -> Vec<usize> {
    let mut starts = vec![0];
    let mut end = 0;
    for &prime in primes {
        end += packed_words(parameters.n(), digits, parameters.ntts()[prime].modulus());
        starts.push(end);
    }
    starts
}
