//! Division by primes with rounding: rescaling, and leaving the extended basis of key switching.

use rayon::prelude::*;

use super::Encrypted;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check;
use crate::ring::{Limb, Polynomial, simd};

impl Encrypted {
    /// Divides a polynomial in the basis `primes` by the product R of all primes from position `keep` on, rounding to the
    /// nearest integer: (x - centred x mod R) / R modulo the first `keep` primes.
    pub(super) fn divide(&self, mut polynomial: Polynomial, primes: &[usize], keep: usize) -> Polynomial {
        let conversion = self.tables.conversion(&primes[keep..], &primes[..keep]);
        let ntts = self.parameters.ntts();
        let mut removed: Vec<Limb> = polynomial.limbs.drain(keep..).collect();
        removed.par_iter_mut().enumerate().for_each(|(j, limb)| {
            ntts[primes[keep + j]].inverse_unscaled(limb);
            conversion.scale_source(j, limb);
        });
        let prepared = conversion.prepare(removed);
        polynomial.limbs.par_iter_mut().enumerate().for_each(|(t, limb)| {
            let ntt = &ntts[primes[t]];
            let mut remainder = Limb::scratch(limb.len());
            conversion.convert(&prepared, t, &mut remainder);
            ntt.forward(&mut remainder);
            simd::subtract_and_multiply(limb, &remainder, conversion.inverse(t), ntt.modulus());
        });
        polynomial
    }

    /// Divides both polynomials of a pair.
    pub(super) fn divide_pair(
        &self,
        pair: (Polynomial, Polynomial),
        primes: &[usize],
        keep: usize,
    ) -> (Polynomial, Polynomial) {
        rayon::join(|| self.divide(pair.0, primes, keep), || self.divide(pair.1, primes, keep))
    }

    pub(super) fn rescaled(&self, x: &Ciphertext) -> Result<Ciphertext, CkksError> {
        check::can_rescale("rescale", self.state(x))?;
        let limbs = x.limbs();
        let primes: Vec<usize> = (0..limbs).collect();
        let (c0, c1) = self.divide_pair((x.c0.clone(), x.c1.clone()), &primes, limbs - 1);
        Ok(Ciphertext { c0, c1, scale: x.scale / self.parameters.prime(limbs - 1) as f64 })
    }
}
