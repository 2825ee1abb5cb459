//! Into the ring of half the dimension.

use std::sync::Arc;

use rayon::prelude::*;

use super::Encrypted;
use super::key_switch::Half;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::encoder::Encoder;
use crate::ckks::keys::EvaluationKeys;
use crate::ckks::ring_switch::{RingSwitch, RingSwitchingKey};
use crate::ring::{Limb, Ntt, Polynomial, simd};

/// A key, an evaluator for its key switch, and one for what comes after it.
#[derive(Debug)]
pub(super) struct Switcher {
    key: RingSwitchingKey,
    through: Encrypted,
    pub(super) smaller: Encrypted,
}

impl Switcher {
    /// `encoder`: of the large ring.
    pub(super) fn new(key: RingSwitchingKey, encoder: Encoder, smaller: Encrypted) -> Self {
        let through = key.switch().through().clone();
        let through = Encrypted::new(through, encoder, Arc::new(EvaluationKeys::default()));
        Self { key, through, smaller }
    }

    /// Bytes of its key and of those of the smaller ring.
    pub(super) fn key_bytes(&self) -> u64 {
        self.key.bytes() + self.smaller.key_bytes()
    }

    pub(super) fn switch(&self) -> &RingSwitch {
        self.key.switch()
    }

    pub(super) fn switched(&self, x: &Ciphertext) -> Ciphertext {
        let (through, into) = (&self.through, self.key.switch().target());
        let pair = through.switch(&x.c1, &self.key.key);
        let (c0, c1) = through.mod_down(pair, x.limbs(), |half, i, mut limb| {
            if half == Half::First {
                simd::add_assign(&mut limb, &x.c0.limbs[i], through.modulus(i));
            }
            limb
        });
        let [c0, c1] = [c0, c1].map(|polynomial| {
            let limbs = polynomial.limbs.into_par_iter().zip(through.parameters.ntts()).zip(into.ntts());
            let halves: Vec<Limb> = limbs.map(|((limb, large), small)| even(limb, large, small)).collect();
            halves.into_iter().collect::<Polynomial>()
        });
        Ciphertext { c0, c1, scale: x.scale }
    }
}

/// The coefficients of even index, as evaluations in the small ring; consumes evaluations in the large one.
fn even(mut limb: Limb, large: &Ntt, small: &Ntt) -> Limb {
    large.inverse(&mut limb);
    let mut half = Limb::scratch(limb.len() / 2);
    half.iter_mut().zip(limb.iter().step_by(2)).for_each(|(to, from)| *to = *from);
    small.forward(&mut half);
    half
}
