//! Slots that came out of a decryption, or go into an encryption.

use std::ops::{Deref, DerefMut};

use rustfft::num_complex::Complex64 as Complex;
use zeroize::Zeroize;

/// Slots or coefficients of a message, zeroized on drop. Those of a decryption hold its noise, and with the ciphertext that gives
/// the secret key away.
#[must_use]
#[derive(Clone, PartialEq)]
pub struct SecretSlots(Vec<Complex>);

impl SecretSlots {
    /// `count` zeros.
    pub(super) fn zeros(count: usize) -> Self {
        Self(vec![Complex::default(); count])
    }
}

impl From<Vec<Complex>> for SecretSlots {
    fn from(slots: Vec<Complex>) -> Self {
        Self(slots)
    }
}

impl FromIterator<Complex> for SecretSlots {
    /// The number of values must be known beforehand, or copies stay behind as the vector grows.
    fn from_iter<I: IntoIterator<Item = Complex>>(slots: I) -> Self {
        Self(slots.into_iter().collect())
    }
}

impl std::fmt::Debug for SecretSlots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretSlots(..)")
    }
}

impl Deref for SecretSlots {
    type Target = [Complex];
    fn deref(&self) -> &[Complex] {
        &self.0
    }
}

impl DerefMut for SecretSlots {
    fn deref_mut(&mut self) -> &mut [Complex] {
        &mut self.0
    }
}

impl Zeroize for SecretSlots {
    fn zeroize(&mut self) {
        for Complex { re, im } in &mut self.0 {
            re.zeroize();
            im.zeroize();
        }
    }
}

impl Drop for SecretSlots {
    fn drop(&mut self) {
        self.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clearing_leaves_zeros_and_nothing_is_printed() {
        let mut slots = SecretSlots::from(vec![Complex::new(1.0, -2.0); 3]);
        assert_eq!(format!("{slots:?}"), "SecretSlots(..)");
        slots.zeroize();
        assert_eq!(slots[..], [Complex::default(); 3]);
    }
}
