//! The public encryption key.

use super::secret::{SecretKey, evaluate_small};
use crate::ckks::parameters::Parameters;
use crate::ring::{Polynomial, simd};

/// An encryption of zero, (-a s + e, a), at the top of the chain.
#[derive(Debug, Clone)]
pub struct PublicKey {
    /// -a s + e.
    pub b: Polynomial,
    /// Uniform.
    pub a: Polynomial,
}

impl PublicKey {
    /// Makes the public key of a secret key.
    pub fn generate(parameters: &Parameters, secret: &SecretKey) -> Self {
        let primes: Vec<usize> = (0..parameters.max_limbs()).collect();
        let seed = secret.seed().derive("public key", &[]);
        let mut b = evaluate_small(parameters, &seed.derive("error", &[]).gaussian(parameters.n()), &primes);
        let mut a = Polynomial::scratch(parameters.n(), primes.len());
        for (i, (a, b)) in a.limbs.iter_mut().zip(&mut b.limbs).enumerate() {
            let q = parameters.ntts()[i].modulus();
            seed.derive("uniform", &[i as u64]).fill_uniform(a, q);
            let mut product = a.clone();
            simd::multiply_assign(&mut product, secret.limb(i), q);
            simd::sub_assign(b, &product, q);
        }
        Self { b, a }
    }
}
