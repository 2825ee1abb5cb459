//! One limb: N residues modulo one prime, in a recycled, cache-line aligned buffer.
//!
//! Limbs are large (256 KiB at N = 2^15) and short-lived. Handing each back to the operating system and faulting it in
//! again costs as much as a transform, so dropped limbs wait in a pool for the next user of the same size. The pool
//! grows by arenas that ask for huge pages: a key switch walks through tens of limbs at once, more than the translation
//! buffer and the prefetchers follow across pages of 4 KiB.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use zeroize::{Zeroize, Zeroizing};

use super::arena;
use super::error::RingError;

const CLASSES: usize = 64;

static POOL: [Mutex<Vec<&'static mut [u64]>>; CLASSES] = [const { Mutex::new(Vec::new()) }; CLASSES];

/// A buffer of N words, N a power of two.
#[derive(Debug)]
pub struct Limb(&'static mut [u64]);

/// A limb from which the secret key follows: zeroized before it goes back to the pool.
pub type SecretLimb = Zeroizing<Limb>;

impl Limb {
    /// A limb of `n` words with unspecified contents (zeros or what an earlier limb left behind).
    ///
    /// What the secret key follows from belongs into a [`SecretLimb`].
    ///
    /// # Panics
    /// Unless `n` is a power of two: the pool would hand out another size.
    pub fn scratch(n: usize) -> Self {
        assert!(n.is_power_of_two(), "a limb of {n} words: the number must be a power of two");
        #[cfg(test)]
        reserved::check(n);
        let mut free = POOL[n.trailing_zeros() as usize].lock().unwrap_or_else(|e| e.into_inner());
        if free.is_empty() {
            free.extend(arena::limbs(n));
        }
        Self(free.pop().unwrap_or(&mut []))
    }

    /// A limb of `n` zeros.
    ///
    /// # Panics
    /// As [`Limb::scratch`].
    pub fn zero(n: usize) -> Self {
        let mut limb = Self::scratch(n);
        limb.fill(0);
        limb
    }

    /// A limb with the given contents.
    ///
    /// # Errors
    /// [`RingError::LimbLength`] unless their number is a power of two.
    pub fn from_slice(values: &[u64]) -> Result<Self, RingError> {
        if !values.len().is_power_of_two() {
            return Err(RingError::LimbLength { found: values.len() });
        }
        Ok(Self::copy_of(values))
    }

    fn copy_of(values: &[u64]) -> Self {
        let mut limb = Self::scratch(values.len());
        limb.copy_from_slice(values);
        limb
    }
}

impl Zeroize for Limb {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// Limbs of a size that the tests of `ckks::secrets_tests` alone take: nobody else writes over what a secret left in the pool.
#[cfg(test)]
pub(crate) mod reserved {
    use std::sync::atomic::{AtomicBool, Ordering};

    /// log2 of their words.
    pub(crate) const LOG_N: u32 = 16;

    static OPEN: AtomicBool = AtomicBool::new(false);

    /// Lets them be taken, or ends that.
    pub(crate) fn open(open: bool) {
        OPEN.store(open, Ordering::Relaxed);
    }

    pub(super) fn check(n: usize) {
        assert!(
            n != 1 << LOG_N || OPEN.load(Ordering::Relaxed),
            "limbs of 2^{LOG_N} words are for ckks::secrets_tests"
        );
    }
}

/// The limbs of `n` words that wait in the pool, as they were left: what a secret leaves behind is found there, and nobody writes over it until
/// they are dropped.
#[cfg(test)]
pub(crate) fn left_in_pool(n: usize) -> Vec<Limb> {
    let mut free = POOL[n.trailing_zeros() as usize].lock().unwrap_or_else(|e| e.into_inner());
    free.drain(..).map(Limb).collect()
}

impl Drop for Limb {
    fn drop(&mut self) {
        let storage = std::mem::take(&mut self.0);
        if storage.len().is_power_of_two() {
            POOL[storage.len().trailing_zeros() as usize].lock().unwrap_or_else(|e| e.into_inner()).push(storage);
        }
    }
}

impl Clone for Limb {
    fn clone(&self) -> Self {
        Self::copy_of(self)
    }
}

impl PartialEq for Limb {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl Eq for Limb {}

impl Deref for Limb {
    type Target = [u64];
    #[inline]
    fn deref(&self) -> &[u64] {
        self.0
    }
}

impl DerefMut for Limb {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u64] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recycled_limbs_are_aligned_and_zero_means_zero() {
        for _ in 0..3 {
            let mut limb = Limb::scratch(1 << 10);
            assert_eq!(limb.len(), 1 << 10);
            assert_eq!(limb.as_ptr() as usize % 64, 0);
            limb.fill(7);
        }
        assert!(Limb::zero(1 << 10).iter().all(|&x| x == 0));
    }

    #[test]
    fn other_lengths_than_powers_of_two_are_refused() {
        assert_eq!(Limb::from_slice(&[1, 2, 3, 4]).unwrap()[..], [1, 2, 3, 4]);
        for length in [0, 3, 24] {
            let error = Limb::from_slice(&vec![0; length]).unwrap_err();
            assert_eq!(error, RingError::LimbLength { found: length });
            assert!(std::panic::catch_unwind(|| Limb::scratch(length)).is_err(), "{length}");
        }
    }

    #[test]
    fn secret_limbs_leave_nothing_in_the_pool() {
        // A size below all rings, which no other test has.
        let n = 2;
        let marked = || left_in_pool(n).iter().any(|limb| limb.iter().all(|&x| x == 0xdead_beef));
        let mut open = Limb::scratch(n);
        open.fill(0xdead_beef);
        drop(open);
        assert!(marked());
        let mut secret = SecretLimb::new(Limb::scratch(n));
        secret.fill(0xdead_beef);
        drop(secret);
        assert!(!marked());
    }
}
