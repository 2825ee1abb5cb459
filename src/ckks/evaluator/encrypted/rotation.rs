//! Rotations and conjugation.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::Encrypted;
use super::key_switch::{Half, Pair};
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::error::CkksError;
use crate::ckks::keys::{KeyKind, SwitchingKey};
use crate::ckks::rotated::{self, Rotated};
use crate::ring::automorphism::{conjugation_element, rotation_element};
use crate::ring::{Automorphism, Limb, Polynomial, simd};

/// Ciphertexts that go through the keys together: few enough that their digits leave room for a key in the outer cache.
pub(super) const INPUTS_PER_KEY: usize = 4;

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

    /// Applies the automorphisms of several Galois elements to several ciphertexts of one level, each decomposed once.
    fn automorphisms(
        &self,
        inputs: &[&Ciphertext],
        elements: &[(usize, Option<i64>)],
    ) -> Result<Vec<Vec<Ciphertext>>, CkksError> {
        let limbs = inputs.first().map_or(1, |x| x.limbs());
        let keys = elements
            .iter()
            .map(
                |&(element, steps)| {
                    if element == 1 { Ok(None) } else { self.galois_key(element, steps, limbs).map(Some) }
                },
            )
            .collect::<Result<Vec<_>, _>>()?;
        let needed: Vec<&SwitchingKey> = keys.iter().copied().flatten().collect();
        let mut results = Vec::with_capacity(inputs.len());
        for batch in inputs.chunks(INPUTS_PER_KEY) {
            let polynomials: Vec<&Polynomial> = batch.iter().map(|x| &x.c1).collect();
            for (x, switched) in batch.iter().zip(self.switch_hoisted(&polynomials, &needed)) {
                let mut switched = switched.into_iter();
                let images = elements.iter().zip(&keys).map(|(&(element, _), key)| {
                    let Some(pair) = key.and_then(|_| switched.next()) else { return (*x).clone() };
                    self.rotated_image(x, pair, element)
                });
                results.push(images.collect());
            }
        }
        Ok(results)
    }

    /// The image of a ciphertext whose c1 has been switched to `pair`.
    fn rotated_image(&self, x: &Ciphertext, pair: Pair, element: usize) -> Ciphertext {
        let automorphism = self.tables.automorphism(element);
        let (c0, c1) = self.mod_down(pair, x.limbs(), |half, i, mut limb| {
            if half == Half::First {
                simd::add_assign(&mut limb, &x.c0.limbs[i], self.modulus(i));
            }
            let mut image = Limb::scratch(limb.len());
            automorphism.apply(&limb, &mut image);
            image
        });
        Ciphertext { c0, c1, scale: x.scale }
    }

    /// Several rotations of several ciphertexts of one level.
    pub(super) fn rotated(&self, inputs: &[&Ciphertext], steps: &[i64]) -> Result<Vec<Vec<Ciphertext>>, CkksError> {
        let elements: Vec<_> = steps.iter().map(|&s| (rotation_element(self.parameters.log_n(), s), Some(s))).collect();
        self.automorphisms(inputs, &elements)
    }

    /// Rotated inputs; each input is decomposed once, and inputs with the same rotations go through their keys together.
    pub(super) fn rotated_sources<'a>(
        &self,
        inputs: &[&'a Ciphertext],
        sources: &[Rotated],
    ) -> Result<Vec<Cow<'a, Ciphertext>>, CkksError> {
        let mut alike: BTreeMap<Vec<i64>, Vec<usize>> = BTreeMap::new();
        for group in rotated::by_input(sources) {
            alike.entry(rotated::switched(group)).or_default().push(group[0].input);
        }
        let mut images: HashMap<Rotated, Ciphertext> = HashMap::new();
        for (steps, alike) in alike.iter().filter(|(steps, _)| !steps.is_empty()) {
            for some in alike.chunks(INPUTS_PER_KEY) {
                let together: Vec<&Ciphertext> = some.iter().map(|input| inputs[*input]).collect();
                for (input, rotated) in some.iter().zip(self.rotated(&together, steps)?) {
                    images.extend(steps.iter().map(|steps| Rotated { input: *input, steps: *steps }).zip(rotated));
                }
            }
        }
        let mut image =
            |source: &Rotated| images.remove(source).map_or(Cow::Borrowed(inputs[source.input]), Cow::Owned);
        Ok(sources.iter().map(&mut image).collect())
    }

    pub(super) fn conjugate_ciphertext(&self, x: &Ciphertext) -> Result<Ciphertext, CkksError> {
        let element = conjugation_element(self.parameters.log_n());
        Ok(self.automorphisms(&[x], &[(element, None)])?.remove(0).remove(0))
    }
}
