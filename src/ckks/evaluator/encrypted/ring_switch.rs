//! Into the ring of half the dimension.

use std::sync::Arc;

use rayon::prelude::*;

use super::Encrypted;
use super::key_switch::Half;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::encoder::Encoder;
use crate::ckks::keys::EvaluationKeys;
use crate::ckks::ring_switch::RingSwitchingKey;
use crate::ring::{Limb, Ntt, Polynomial, simd};

/// A key, an evaluator for its key switch, and one for what comes after it.
#[derive(Debug)]
pub(super) struct Switcher {
    key: RingSwitchingKey,
    through: Encrypted,
    pub(super) smaller: Encrypted,
}

impl Switcher {
    pub(super) fn new(key: RingSwitchingKey, smaller: Encrypted) -> Self {
        let through = key.switch().through().clone();
        let encoder = Encoder::new(through.log_n());
        let through = Encrypted::new(through, encoder, Arc::new(EvaluationKeys::default()));
        Self { key, through, smaller }
    }

    /// Bytes of its key and of those of the smaller ring.
    pub(super) fn key_bytes(&self) -> u64 {
        self.key.bytes() + self.smaller.key_bytes()
    }

    pub(super) fn limbs(&self) -> usize {
        self.key.switch().limbs()
    }

    pub(super) fn switch(&self, x: &Ciphertext) -> Ciphertext {
        let (through, into) = (&self.through, self.key.switch().target());
        let pair = through.switch(&x.c1, &self.key.key);
        let (c0, c1) = through.mod_down(pair, x.limbs(), |half, i, mut limb| {
            if half == Half::First {
                simd::add_assign(&mut limb, &x.c0.limbs[i], through.modulus(i));
            }
            limb
        });
        let ntts = || through.parameters.ntts().iter().zip(into.ntts());
        let [c0, c1] = [c0, c1].map(|polynomial| {
            let limbs: Vec<Limb> = polynomial.limbs.into_par_iter().zip(ntts().collect::<Vec<_>>()).map(even).collect();
            limbs.into_iter().collect::<Polynomial>()
        });
        Ciphertext { c0, c1, scale: x.scale }
    }
}

/// The coefficients of even index, as evaluations in the small ring; consumes evaluations in the large one.
fn even((mut limb, (large, small)): (Limb, (&Ntt, &Ntt))) -> Limb {
    large.inverse(&mut limb);
    let mut half = Limb::scratch(limb.len() / 2);
    half.iter_mut().zip(limb.iter().step_by(2)).for_each(|(to, from)| *to = *from);
    small.forward(&mut half);
    half
}
