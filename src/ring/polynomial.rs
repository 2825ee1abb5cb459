//! RNS polynomials: one limb of N residues for each prime of a basis.
//!
//! A polynomial does not know its basis; whoever holds it does (limb i belongs to prime i of the modulus chain unless
//! said otherwise). Whether the limbs are coefficients or evaluations is likewise the holder's knowledge; in this crate
//! polynomials rest as evaluations.

use zeroize::{Zeroize, Zeroizing};

use super::limb::Limb;

/// A polynomial as limbs.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Polynomial {
    /// One limb for each prime of the basis.
    pub limbs: Vec<Limb>,
}

/// A polynomial from which the secret key follows: zeroized before its limbs go back to the pool.
pub type SecretPolynomial = Zeroizing<Polynomial>;

impl Polynomial {
    /// `count` limbs of `n` zeros.
    pub fn zero(n: usize, count: usize) -> Self {
        Self { limbs: (0..count).map(|_| Limb::zero(n)).collect() }
    }

    /// `count` limbs of `n` words with unspecified contents.
    pub fn scratch(n: usize, count: usize) -> Self {
        Self { limbs: (0..count).map(|_| Limb::scratch(n)).collect() }
    }

    /// Number of limbs.
    pub fn len(&self) -> usize {
        self.limbs.len()
    }

    /// Whether there is no limb.
    pub fn is_empty(&self) -> bool {
        self.limbs.is_empty()
    }

    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        self.limbs.iter().map(|l| 8 * l.len() as u64).sum()
    }

    /// A copy of the first `count` limbs: the same polynomial modulo a divisor of its modulus.
    pub fn prefix(&self, count: usize) -> Self {
        Self { limbs: self.limbs[..count].to_vec() }
    }
}

impl Zeroize for Polynomial {
    fn zeroize(&mut self) {
        self.limbs.iter_mut().for_each(Limb::zeroize);
    }
}

impl FromIterator<Limb> for Polynomial {
    fn from_iter<I: IntoIterator<Item = Limb>>(limbs: I) -> Self {
        Self { limbs: limbs.into_iter().collect() }
    }
}
