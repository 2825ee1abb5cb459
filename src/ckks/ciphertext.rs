//! Ciphertexts.

use crate::ring::Polynomial;

/// An encryption of slots times `scale`: c0 + c1 s, modulo the first primes of the chain, as evaluations.
#[derive(Debug, Clone, PartialEq)]
pub struct Ciphertext {
    /// The part without the secret key.
    pub c0: Polynomial,
    /// The factor of the secret key.
    pub c1: Polynomial,
    /// The factor that slots are multiplied by.
    pub scale: f64,
}

impl Ciphertext {
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
    pub fn prefix(&self, limbs: usize) -> Self {
        Self { c0: self.c0.prefix(limbs), c1: self.c1.prefix(limbs), scale: self.scale }
    }
}
