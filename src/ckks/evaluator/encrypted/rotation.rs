//! Rotations and conjugation.

use rayon::prelude::*;

use super::Encrypted;
use super::division::Half;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::error::CkksError;
use crate::ckks::keys::{KeyKind, SwitchingKey};
use crate::ring::automorphism::{conjugation_element, rotation_element};
use crate::ring::{Automorphism, Limb, Polynomial, simd};

impl Encrypted {
    /// The key of a Galois element.
    pub(super) fn galois_key(
        &self,
        element: usize,
        steps: Option<i64>,
        limbs: usize,
    ) -> Result<&SwitchingKey, CkksError> {
        self.keys.get(&self.parameters, KeyKind::Galois(element), limbs).ok_or(CkksError::MissingGaloisKey {
            element,
            steps,
            level: limbs - 1,
        })
    }

    /// Applies an automorphism to every limb.
    pub(super) fn permute(&self, polynomial: &Polynomial, automorphism: &Automorphism) -> Polynomial {
        let limbs: Vec<Limb> = polynomial
            .limbs
            .par_iter()
            .map(|source| {
                let mut target = Limb::scratch(source.len());
                automorphism.apply(source, &mut target);
                target
            })
            .collect();
        limbs.into_iter().collect()
    }

    /// Applies the automorphisms of several Galois elements to one ciphertext, decomposed once.
    fn automorphisms(&self, x: &Ciphertext, elements: &[(usize, Option<i64>)]) -> Result<Vec<Ciphertext>, CkksError> {
        let limbs = x.limbs();
        let keys = elements
            .iter()
            .map(
                |&(element, steps)| {
                    if element == 1 { Ok(None) } else { self.galois_key(element, steps, limbs).map(Some) }
                },
            )
            .collect::<Result<Vec<_>, _>>()?;
        let needed: Vec<&SwitchingKey> = keys.iter().copied().flatten().collect();
        let mut switched = self.switch_hoisted(&x.c1, &needed).into_iter();
        Ok(elements
            .iter()
            .zip(keys)
            .map(|(&(element, _), key)| {
                let Some(pair) = key.and_then(|_| switched.next()) else { return x.clone() };
                let automorphism = self.tables.automorphism(element);
                let (c0, c1) = self.lower(pair, limbs, |half, i, mut limb| {
                    if half == Half::First {
                        simd::add_assign(&mut limb, &x.c0.limbs[i], self.modulus(i));
                    }
                    let mut image = Limb::scratch(limb.len());
                    automorphism.apply(&limb, &mut image);
                    image
                });
                Ciphertext { c0, c1, scale: x.scale }
            })
            .collect())
    }

    pub(super) fn rotated(&self, x: &Ciphertext, steps: &[i64]) -> Result<Vec<Ciphertext>, CkksError> {
        let elements: Vec<_> = steps.iter().map(|&s| (rotation_element(self.parameters.log_n(), s), Some(s))).collect();
        self.automorphisms(x, &elements)
    }

    pub(super) fn conjugated(&self, x: &Ciphertext) -> Result<Ciphertext, CkksError> {
        Ok(self.automorphisms(x, &[(conjugation_element(self.parameters.log_n()), None)])?.remove(0))
    }
}
