//! Division by primes with rounding: rescaling, and leaving the extended basis of key switching.

use std::borrow::Cow;

use rayon::prelude::*;

use super::Encrypted;
use super::key_switch::{Half, Pair};
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check;
use crate::ring::{Limb, Polynomial, simd};

impl Encrypted {
    /// Divides a polynomial in the basis `primes` by the product R of all primes from position `keep` on, rounding to the
    /// nearest integer: (x - centred x mod R) / R modulo the first `keep` primes. `finish` gets every limb of the result
    /// while it is still in the cache.
    pub(super) fn divide(
        &self,
        mut limbs: Vec<Cow<'_, Limb>>,
        primes: &[usize],
        keep: usize,
        finish: impl Fn(usize, Limb) -> Limb + Sync,
    ) -> Polynomial {
        let conversion = self.tables.conversion(&primes[keep..], &primes[..keep]);
        let ntts = self.parameters.ntts();
        let removed = limbs
            .par_drain(keep..)
            .enumerate()
            .map(|(j, limb)| {
                let mut limb = limb.into_owned();
                ntts[primes[keep + j]].inverse_unscaled(&mut limb);
                conversion.scale_source(j, &mut limb);
                limb
            })
            .collect();
        let prepared = conversion.prepare(removed);
        let quotients: Vec<Limb> = limbs
            .into_par_iter()
            .enumerate()
            .map(|(t, limb)| {
                let ntt = &ntts[primes[t]];
                let mut remainder = Limb::scratch(limb.len());
                conversion.convert(&prepared, t, &mut remainder);
                ntt.forward(&mut remainder);
                let mut limb = limb.into_owned();
                simd::subtract_and_multiply(&mut limb, &remainder, conversion.inverse(t), ntt.modulus());
                finish(t, limb)
            })
            .collect();
        quotients.into_iter().collect()
    }

    /// Divides both polynomials of a pair; `finish` is told which of the two a limb belongs to.
    pub(super) fn divide_pair(
        &self,
        pair: Pair,
        primes: &[usize],
        keep: usize,
        finish: impl Fn(Half, usize, Limb) -> Limb + Sync,
    ) -> Pair {
        rayon::join(
            || self.divide(owned(pair.0), primes, keep, |t, limb| finish(Half::First, t, limb)),
            || self.divide(owned(pair.1), primes, keep, |t, limb| finish(Half::Second, t, limb)),
        )
    }

    pub(super) fn rescale_ciphertext(&self, x: &Ciphertext) -> Result<Ciphertext, CkksError> {
        check::can_rescale("rescale", self.state(x))?;
        let limbs = x.limbs();
        let primes: Vec<usize> = (0..limbs).collect();
        let half = |c: &Polynomial| {
            let limbs_of = c.limbs.iter().map(Cow::Borrowed).collect();
            self.divide(limbs_of, &primes, limbs - 1, |_, limb| limb)
        };
        let (c0, c1) = rayon::join(|| half(&x.c0), || half(&x.c1));
        Ok(Ciphertext { c0, c1, scale: x.scale / self.parameters.prime(limbs - 1) as f64 })
    }
}

/// Limbs that `divide` may overwrite.
pub(super) fn owned<'a>(polynomial: Polynomial) -> Vec<Cow<'a, Limb>> {
    polynomial.limbs.into_iter().map(Cow::Owned).collect()
}
