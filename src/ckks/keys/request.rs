//! Which switching keys are needed, and up to which level.

use std::collections::BTreeMap;

use super::switching::SwitchingKey;
use crate::ckks::parameters::Parameters;
use crate::ring::automorphism::{conjugation_element, rotation_element};

/// What a switching key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// From the square of the secret key.
    Relinearization,
    /// For the automorphism X -> X^g.
    Galois(usize),
}

/// The keys that a computation needs: for each purpose and band, the largest number of limbs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRequest {
    keys: BTreeMap<(KeyKind, usize), usize>,
}

impl KeyRequest {
    /// An empty request.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a key of `kind` that serves ciphertexts of `limbs` limbs.
    pub fn add(&mut self, parameters: &Parameters, kind: KeyKind, limbs: usize) {
        let entry = self.keys.entry((kind, parameters.band_index(limbs))).or_insert(0);
        *entry = limbs.max(*entry);
    }

    /// Asks for a rotation by `steps` of ciphertexts of `limbs` limbs; a rotation by nothing needs no key.
    pub fn add_rotation(&mut self, parameters: &Parameters, steps: i64, limbs: usize) {
        let element = rotation_element(parameters.log_n(), steps);
        if element != 1 {
            self.add(parameters, KeyKind::Galois(element), limbs);
        }
    }

    /// Asks for the conjugation of ciphertexts of `limbs` limbs.
    pub fn add_conjugation(&mut self, parameters: &Parameters, limbs: usize) {
        self.add(parameters, KeyKind::Galois(conjugation_element(parameters.log_n())), limbs);
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Purpose, band and number of limbs of every key.
    pub fn iter(&self) -> impl Iterator<Item = (KeyKind, usize, usize)> + '_ {
        self.keys.iter().map(|(&(kind, band), &limbs)| (kind, band, limbs))
    }

    /// Number of distinct Galois elements.
    pub fn galois_elements(&self) -> usize {
        let mut elements: Vec<_> =
            self.keys.keys().map(|(kind, _)| kind).filter(|k| matches!(k, KeyKind::Galois(_))).collect();
        elements.dedup();
        elements.len()
    }

    /// Bytes of all keys in memory, both halves.
    pub fn bytes(&self, parameters: &Parameters) -> u64 {
        self.iter().map(|(_, band, limbs)| SwitchingKey::predicted_bytes(parameters, band, limbs)).sum()
    }
}
