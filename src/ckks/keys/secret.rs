//! The secret key.

use rayon::prelude::*;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ckks::parameters::Parameters;
use crate::ring::sampling::Seed;
use crate::ring::{Automorphism, Limb, Ntt, Polynomial, simd};

/// A uniform ternary secret, as evaluations modulo every prime of the parameters; zeroized on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey {
    evaluations: Polynomial,
    #[zeroize(skip)]
    seed: Seed,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// Draws a secret key; all randomness of keys made from it derives from `seed`.
    pub fn generate(parameters: &Parameters, seed: &Seed) -> Self {
        let mut ternary = seed.derive("secret key", &[]).ternary(parameters.n());
        let evaluations = evaluate_small(parameters, &ternary, &(0..parameters.ntts().len()).collect::<Vec<_>>());
        ternary.zeroize();
        Self { evaluations, seed: seed.derive("key material", &[]) }
    }

    /// Evaluations modulo prime number `prime` of the parameters.
    pub(crate) fn limb(&self, prime: usize) -> &Limb {
        &self.evaluations.limbs[prime]
    }

    /// The seed that switching and public keys derive from.
    pub(super) fn seed(&self) -> &Seed {
        &self.seed
    }

    /// Evaluations of the key under an automorphism, modulo prime number `prime`.
    pub(super) fn permuted_limb(&self, prime: usize, automorphism: &Automorphism) -> Limb {
        let source = self.limb(prime);
        let mut target = Limb::scratch(source.len());
        automorphism.apply(source, &mut target);
        target
    }
}

/// Evaluations of small signed coefficients modulo the primes with the given indices.
pub(crate) fn evaluate_small(parameters: &Parameters, coefficients: &[i64], primes: &[usize]) -> Polynomial {
    let mut narrow = narrow(coefficients);
    let limbs = primes.par_iter().map(|&prime| evaluate_narrow(&parameters.ntts()[prime], &narrow)).collect::<Vec<_>>();
    narrow.zeroize();
    limbs.into_iter().collect()
}

/// Errors and ternary secrets, which are far below 2^31, in half the space.
pub(super) fn narrow(coefficients: &[i64]) -> Vec<i32> {
    coefficients.iter().map(|&c| c as i32).collect()
}

/// Evaluations of small signed coefficients modulo one prime.
pub(super) fn evaluate_narrow(ntt: &Ntt, coefficients: &[i32]) -> Limb {
    let mut limb = Limb::scratch(coefficients.len());
    simd::reduce_signed(&mut limb, coefficients, ntt.modulus());
    ntt.forward(&mut limb);
    limb
}
