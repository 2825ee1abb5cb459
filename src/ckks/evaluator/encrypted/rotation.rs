//! Rotations and conjugation.

use rayon::prelude::*;

use super::Encrypted;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::error::CkksError;
use crate::ckks::keys::{KeyKind, SwitchingKey};
use crate::ring::automorphism::{conjugation_element, rotation_element};
use crate::ring::{Automorphism, Limb, Polynomial};

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
        let primes: Vec<usize> = (0..limbs).collect();
        let raised = keys.iter().any(Option::is_some).then(|| self.raise(&x.c1));
        Ok(elements
            .iter()
            .zip(keys)
            .map(|(&(element, _), key)| {
                let (Some(key), Some(raised)) = (key, &raised) else { return x.clone() };
                let (mut c0, c1) = self.lower(self.switch(raised, key), limbs);
                self.add_polynomial(&mut c0, &x.c0, &primes);
                let automorphism = self.tables.automorphism(element);
                Ciphertext {
                    c0: self.permute(&c0, &automorphism),
                    c1: self.permute(&c1, &automorphism),
                    scale: x.scale,
                }
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
