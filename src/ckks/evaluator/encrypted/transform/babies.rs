//! Babies: rotated inputs of a linear transform, modulo one prime of the extended basis and for some positions at a time.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::times_p;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::keys::SwitchingKey;
use crate::ring::{Automorphism, Factor, Limb, Modulus, simd};

/// How one baby is made: from the decomposed input with a key, or (no rotation) from the input itself.
pub struct Baby<'a> {
    /// Number of the input.
    pub input: usize,
    /// What it is rotated with.
    pub rotation: Option<(&'a SwitchingKey, Arc<Automorphism>)>,
}

/// What babies are made from, modulo one prime.
pub struct Sources<'a> {
    inputs: &'a [&'a Ciphertext],
    /// For each input that is rotated its digits.
    digits: &'a [Option<Vec<Cow<'a, Limb>>>],
    /// For each input P times its first half: nothing modulo a special prime, where that is zero.
    first: Vec<Limb>,
    position: usize,
    special: Factor,
    q: &'a Modulus,
}

impl<'a> Sources<'a> {
    /// At number `position` of the extended basis, the prime q; `special` is P modulo q.
    pub fn new(
        inputs: &'a [&'a Ciphertext],
        digits: &'a [Option<Vec<Cow<'a, Limb>>>],
        position: usize,
        special: Factor,
        q: &'a Modulus,
    ) -> Self {
        let limbs = inputs.iter().filter_map(|x| x.c0.limbs.get(position));
        let first = limbs.map(|limb| times_p(limb, special, q)).collect();
        Self { inputs, digits, first, position, special, q }
    }

    /// The prime.
    pub fn modulus(&self) -> &'a Modulus {
        self.q
    }

    /// Writes what a baby has at `positions`, an aligned block whose length is a power of two, at least 16; `scratch` and `out` are as long.
    pub fn write(
        &self,
        baby: &Baby<'_>,
        positions: &Range<usize>,
        out: (&mut [u64], &mut [u64]),
        scratch: (&mut [u64], &mut [u64]),
    ) {
        let (x, q) = (self.inputs[baby.input], self.q);
        let first = self.first.get(baby.input);
        match (&baby.rotation, &self.digits[baby.input]) {
            // P c0 + switched part, then the automorphism.
            (Some((key, automorphism)), Some(digits)) => {
                let from = automorphism.source(positions);
                let digits: Vec<&[u64]> = digits.iter().map(|digit| &digit[from.clone()]).collect();
                let terms = key.terms(self.position, x.limbs()).part(&from, q);
                terms.multiply_accumulate((&mut *scratch.0, &mut *scratch.1), &digits, q);
                if let Some(first) = first {
                    simd::add_assign(scratch.0, &first[from], q);
                }
                automorphism.apply_part(positions, scratch.0, out.0);
                automorphism.apply_part(positions, scratch.1, out.1);
            }
            _ => match (first, x.c1.limbs.get(self.position)) {
                (Some(first), Some(second)) => {
                    out.0.copy_from_slice(&first[positions.clone()]);
                    out.1.copy_from_slice(&second[positions.clone()]);
                    simd::multiply_by_factor(out.1, self.special, q);
                }
                _ => {
                    out.0.fill(0);
                    out.1.fill(0);
                }
            },
        }
    }
}
