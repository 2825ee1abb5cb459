//! Ciphertexts.

use super::error::CkksError;
use super::parameters::Parameters;
use crate::ring::Polynomial;

/// An encryption of slots times `scale`: c0 + c1 s, modulo the first primes of the chain, as evaluations.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub struct Ciphertext {
    /// The part without the secret key.
    pub(crate) c0: Polynomial,
    /// The factor of the secret key.
    pub(crate) c1: Polynomial,
    /// The factor that slots are multiplied by.
    pub(crate) scale: f64,
}

impl Ciphertext {
    /// A ciphertext from its parts: evaluations modulo the first primes of the chain, and the factor that slots are multiplied by.
    ///
    /// # Errors
    /// As [`Ciphertext::check`].
    pub fn new(parameters: &Parameters, c0: Polynomial, c1: Polynomial, scale: f64) -> Result<Self, CkksError> {
        let ciphertext = Self { c0, c1, scale };
        ciphertext.check(parameters)?;
        Ok(ciphertext)
    }

    /// Whether this is a ciphertext of the parameters: both parts have as many limbs, of N residues below their primes, and
    /// the scale is a finite number above zero. To be asked of everything that came from elsewhere.
    ///
    /// # Errors
    /// [`CkksError::Ciphertext`] with what is wrong.
    pub fn check(&self, parameters: &Parameters) -> Result<(), CkksError> {
        let refuse = |reason: String| Err(CkksError::Ciphertext { reason });
        let (n, most, limbs) = (parameters.n(), parameters.max_limbs(), self.limbs());
        if !(1..=most).contains(&limbs) || self.c1.len() != limbs {
            return refuse(format!("its parts have {limbs} and {} limbs, the chain has 1 to {most}", self.c1.len()));
        }
        for (number, limb) in self.c0.limbs.iter().enumerate().chain(self.c1.limbs.iter().enumerate()) {
            let q = parameters.prime(number);
            if limb.len() != n {
                return refuse(format!("limb {number} has {} residues instead of {n}", limb.len()));
            }
            // Every residue is looked at, which is faster than stopping.
            if limb.iter().fold(0, |largest, &x| x.max(largest)) >= q {
                return refuse(format!("limb {number} has a residue that is not below its prime {q}"));
            }
        }
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return refuse(format!("its scale is {}", self.scale));
        }
        Ok(())
    }

    /// The part without the secret key.
    pub fn c0(&self) -> &Polynomial {
        &self.c0
    }

    /// The factor of the secret key.
    pub fn c1(&self) -> &Polynomial {
        &self.c1
    }

    /// The factor that slots are multiplied by.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The ring dimension N.
    pub fn n(&self) -> usize {
        self.c0.limbs.first().map_or(0, |limb| limb.len())
    }

    /// Number of limbs of each part.
    pub fn limbs(&self) -> usize {
        self.c0.len()
    }

    /// Number of rescales that are left.
    pub fn level(&self) -> usize {
        self.limbs() - 1
    }

    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        self.c0.bytes() + self.c1.bytes()
    }

    /// The same encryption modulo the first `limbs` primes.
    pub(super) fn prefix(&self, limbs: usize) -> Self {
        Self { c0: self.c0.prefix(limbs), c1: self.c1.prefix(limbs), scale: self.scale }
    }
}
