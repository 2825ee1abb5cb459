//! The secret key.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::ckks::parameters::Parameters;
use crate::ring::sampling::{SecretCoefficients, Seed, SeedStream};
use crate::ring::{Automorphism, Limb, RingError, SecretLimb, SecretPolynomial, simd};

/// A uniform ternary secret; zeroized on drop. Clones share it.
#[must_use]
#[derive(Clone)]
pub struct SecretKey {
    parameters: Parameters,
    coefficients: Arc<SecretCoefficients>,
    /// Evaluations modulo every prime of the parameters, made when they are first used: whoever decrypts needs few.
    evaluations: Arc<[OnceLock<SecretLimb>]>,
    /// What the key and all that belongs to it derive from.
    root: Seed,
    /// What the other keys derive from.
    keys: Seed,
    /// Seeds of encryptions; clones of the key share the count.
    encryptions: SeedStream,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// Draws a secret key from the operating system's entropy.
    ///
    /// # Errors
    /// [`RingError::Entropy`] if there is none.
    pub fn generate(parameters: &Parameters) -> Result<Self, RingError> {
        Ok(Self::reproducible(parameters, &Seed::from_entropy()?))
    }

    /// The secret key of a seed, for tests and experiments that must be reproducible.
    ///
    /// Whoever knows the seed knows the key, and each call with one seed and the same parameters gives a key whose first
    /// encryption has the same randomness: two messages under it reveal their difference.
    pub fn reproducible(parameters: &Parameters, seed: &Seed) -> Self {
        // One secret with the same errors modulo two chains would be an instance with a larger modulus, and with the same errors in two
        // gadgets their difference would be the key.
        let root = seed.derive("parameters", &parameters.fingerprint_words());
        let encryptions = root.derive("encryption", &[]);
        Self::of_root(parameters, root, encryptions)
    }

    /// The key of a [`SecretKey::root`] of the same parameters. Its encryptions are drawn from the operating system's entropy: those that
    /// were made with the key before are not known here, and none may be repeated.
    ///
    /// # Errors
    /// [`RingError::Entropy`] if there is none.
    pub fn from_root(parameters: &Parameters, root: Seed) -> Result<Self, RingError> {
        Ok(Self::of_root(parameters, root, Seed::from_entropy()?))
    }

    fn of_root(parameters: &Parameters, root: Seed, encryptions: Seed) -> Self {
        Self {
            parameters: parameters.clone(),
            coefficients: Arc::new(root.derive("secret key", &[]).ternary(parameters.n())),
            evaluations: parameters.ntts().iter().map(|_| OnceLock::new()).collect(),
            // Those of one secret in two gadgets must not have the same errors: their difference would be the key.
            keys: root.derive("key material", &parameters.fingerprint_words()),
            encryptions: SeedStream::new(encryptions),
            root,
        }
    }

    /// What the key follows from: whoever has it has the key.
    pub const fn root(&self) -> &Seed {
        &self.root
    }

    /// A name of the key, from which nothing of it follows.
    pub fn id(&self) -> [u8; 16] {
        let name = self.root.derive("name of the key", &[]);
        std::array::from_fn(|i| name.as_bytes()[i])
    }

    /// The parameters that it is a key of.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Evaluations modulo prime number `prime` of the parameters.
    pub(crate) fn limb(&self, prime: usize) -> &Limb {
        let ntt = &self.parameters.ntts()[prime];
        self.evaluations[prime].get_or_init(|| SecretLimb::new(ntt.evaluated(&self.coefficients)))
    }

    /// The seed that switching and public keys derive from.
    pub(super) fn seed(&self) -> &Seed {
        &self.keys
    }

    /// A seed for an encryption, which no other encryption gets.
    pub(crate) fn encryption_seed(&self) -> Seed {
        self.encryptions.next_seed()
    }

    /// Takes so many encryptions as made, so that a reproducible key goes on with the randomness of an uninterrupted run.
    pub fn skip_encryptions(&self, count: u64) {
        self.encryptions.skip(count);
    }

    /// Evaluations of the key modulo prime number `prime` of other parameters: in a larger ring, of the key as a polynomial in a power of
    /// X.
    pub(in crate::ckks) fn embedded<'p>(&self, parameters: &'p Parameters) -> impl Fn(usize) -> SecretLimb + use<'p> {
        let own = &self.coefficients;
        let stride = parameters.n() / own.len();
        let mut coefficients = SecretCoefficients::new(vec![0; parameters.n()]);
        coefficients.iter_mut().step_by(stride).zip(own.iter()).for_each(|(to, from)| *to = *from);
        move |prime| SecretLimb::new(parameters.ntts()[prime].evaluated(&coefficients))
    }

    /// Evaluations of the key under an automorphism, modulo prime number `prime`.
    pub(super) fn permuted_limb(&self, prime: usize, automorphism: &Automorphism) -> SecretLimb {
        let source = self.limb(prime);
        let mut target = SecretLimb::new(Limb::scratch(source.len()));
        automorphism.apply(source, &mut target);
        target
    }

    /// A polynomial's limb times that of the key, modulo prime number `prime`: with a public factor the key follows from it.
    pub(crate) fn product(&self, factor: &Limb, prime: usize) -> SecretLimb {
        let mut product = SecretLimb::new(factor.clone());
        simd::multiply_assign(&mut product, self.limb(prime), self.parameters.ntts()[prime].modulus());
        product
    }
}

/// Evaluations of small signed coefficients modulo the primes with the given indices.
pub(crate) fn evaluate_small(parameters: &Parameters, coefficients: &[i32], primes: &[usize]) -> SecretPolynomial {
    let limbs: Vec<Limb> = primes.par_iter().map(|&prime| parameters.ntts()[prime].evaluated(coefficients)).collect();
    SecretPolynomial::new(limbs.into_iter().collect())
}
