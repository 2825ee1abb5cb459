//! One limb: N residues modulo one prime, in a recycled, cache-line aligned buffer.
//!
//! Limbs are large (256 KiB at N = 2^15) and short-lived. Handing each back to the operating system and faulting it in
//! again costs as much as a transform, so dropped limbs wait in a pool for the next user of the same size. The pool
//! grows by arenas that ask for huge pages: a key switch walks through tens of limbs at once, more than the translation
//! buffer and the prefetchers follow across pages of 4 KiB.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use super::arena;

const CLASSES: usize = 64;

static POOL: [Mutex<Vec<&'static mut [u64]>>; CLASSES] = [const { Mutex::new(Vec::new()) }; CLASSES];

/// A buffer of N words, N a power of two.
#[derive(Debug)]
pub struct Limb(&'static mut [u64]);

impl Limb {
    /// A limb of `n` words with unspecified contents (zeros or what an earlier limb left behind).
    ///
    /// Secret limbs must be zeroized by their owner before they are dropped.
    pub fn scratch(n: usize) -> Self {
        debug_assert!(n.is_power_of_two());
        let mut free = POOL[n.trailing_zeros() as usize].lock().unwrap_or_else(|e| e.into_inner());
        if free.is_empty() {
            free.extend(arena::limbs(n).chunks_exact_mut(n));
        }
        Self(free.pop().unwrap_or(&mut []))
    }

    /// A limb of `n` zeros.
    pub fn zero(n: usize) -> Self {
        let mut limb = Self::scratch(n);
        limb.fill(0);
        limb
    }

    /// A limb with the given contents; the length must be a power of two.
    pub fn from_slice(values: &[u64]) -> Self {
        let mut limb = Self::scratch(values.len());
        limb.copy_from_slice(values);
        limb
    }
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
        Self::from_slice(self)
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
}
