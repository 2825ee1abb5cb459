//! The public encryption key.

use super::secret::SecretKey;
use crate::ckks::parameters::Parameters;
use crate::ring::{Polynomial, simd};

/// An encryption of zero, (-a s + e, a), at the top of the chain.
#[must_use]
#[derive(Debug, Clone)]
pub struct PublicKey {
    parameters: Parameters,
    /// -a s + e.
    pub(crate) b: Polynomial,
    /// Uniform.
    pub(crate) a: Polynomial,
}

impl PublicKey {
    /// Makes the public key of a secret key.
    pub fn generate(secret: &SecretKey) -> Self {
        let parameters = secret.parameters();
        let seed = secret.seed().derive("public key", &[]);
        let error = seed.derive("error", &[]).gaussian(parameters.n());
        let mut a = Polynomial::scratch(parameters.n(), parameters.max_limbs());
        let b = a.limbs.iter_mut().enumerate().map(|(i, a)| {
            let ntt = &parameters.ntts()[i];
            seed.derive("uniform", &[i as u64]).fill_uniform(a, ntt.modulus());
            let mut b = ntt.evaluated(&error);
            simd::sub_assign(&mut b, &secret.product(a, i), ntt.modulus());
            b
        });
        Self { b: b.collect(), a, parameters: parameters.clone() }
    }

    /// The parameters that it is a key of.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}
