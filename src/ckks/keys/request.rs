//! Which switching keys are needed, and up to which level.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kind::KeyKind;
use super::switching::SwitchingKey;
use crate::ckks::error::CkksError;
use crate::ckks::linear_transform::{Fold, LinearTransform};
use crate::ckks::parameters::Parameters;
use crate::ring::automorphism::{conjugation_element, rotation_element};

/// The keys that a computation needs: for each purpose and band, the largest number of limbs.
/// Serialised as a list of purpose, band and limbs; it is checked against parameters when keys are made.
#[must_use]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<(KeyKind, usize, usize)>", from = "Vec<(KeyKind, usize, usize)>")]
pub struct KeyRequest {
    keys: BTreeMap<(KeyKind, usize), usize>,
}

impl From<KeyRequest> for Vec<(KeyKind, usize, usize)> {
    fn from(request: KeyRequest) -> Self {
        request.iter().collect()
    }
}

impl From<Vec<(KeyKind, usize, usize)>> for KeyRequest {
    fn from(keys: Vec<(KeyKind, usize, usize)>) -> Self {
        Self { keys: keys.into_iter().map(|(kind, band, limbs)| ((kind, band), limbs)).collect() }
    }
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

    /// Asks for the rotations and folds of a transform of ciphertexts of `limbs` limbs.
    pub fn add_transform(&mut self, parameters: &Parameters, transform: &LinearTransform, limbs: usize) {
        for steps in transform.rotations() {
            self.add_rotation(parameters, steps, limbs);
        }
        for fold in &transform.folds {
            match fold {
                Fold::Rotation(steps) => self.add_rotation(parameters, *steps, limbs),
                Fold::Conjugation => self.add_conjugation(parameters, limbs),
            }
        }
    }

    /// Asks for the conjugation of ciphertexts of `limbs` limbs.
    pub fn add_conjugation(&mut self, parameters: &Parameters, limbs: usize) {
        self.add(parameters, KeyKind::Galois(conjugation_element(parameters.log_n())), limbs);
    }

    /// Whether every key is one of these parameters: for limbs that the chain has, in the band that serves them, and for an
    /// automorphism of the ring.
    ///
    /// # Errors
    /// [`CkksError::KeyRequest`] with the first that is not.
    pub fn check(&self, parameters: &Parameters) -> Result<(), CkksError> {
        for (kind, band, limbs) in self.iter() {
            let (most, order) = (parameters.max_limbs(), 2 * parameters.n());
            let reason = if !(1..=most).contains(&limbs) {
                format!("the chain has 1 to {most} limbs")
            } else if parameters.band_index(limbs) != band {
                format!(
                    "these limbs belong to band {}: the request is for other parameters",
                    parameters.band_index(limbs)
                )
            } else if let KeyKind::Galois(element) = kind
                && (element.is_multiple_of(2) || element >= order)
            {
                format!("a Galois element is odd and below 2N = {order}")
            } else {
                continue;
            };
            return Err(CkksError::KeyRequest { kind, limbs, reason });
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::SecurityPolicy;
    use crate::ckks::keys::{EvaluationKeys, SecretKey};
    use crate::ckks::parameters::ParametersLiteral;
    use crate::ring::sampling::Seed;

    fn parameters(levels: usize) -> Parameters {
        Parameters::new(ParametersLiteral {
            log_n: 8,
            levels,
            scale_bits: 24.0,
            weight_bits: 18.0,
            base_bits: 40,
            security: SecurityPolicy::None,
            ..ParametersLiteral::default()
        })
        .unwrap()
    }

    #[test]
    fn keys_beyond_the_parameters_are_not_made() {
        let parameters = parameters(3);
        let secret = SecretKey::reproducible(&parameters, &Seed::from_number(1));
        let generate = |request: &KeyRequest| EvaluationKeys::generate(&secret, request, |_| ());
        let requested = |kind, limbs| {
            let mut request = KeyRequest::new();
            request.add(&parameters, kind, limbs);
            generate(&request)
        };
        assert_eq!(requested(KeyKind::Relinearization, 4).unwrap().len(), 1);
        for (kind, limbs, reason) in [
            (KeyKind::Relinearization, 5, "1 to 4 limbs"),
            (KeyKind::Relinearization, 0, "1 to 4 limbs"),
            (KeyKind::Galois(4), 4, "odd"),
            (KeyKind::Galois(513), 4, "below 2N = 512"),
        ] {
            let error = requested(kind, limbs).unwrap_err().to_string();
            assert!(error.contains(reason), "{kind:?}, {limbs}: {error}");
        }
        // A request for a longer chain, whose bands are other ones.
        let longer = self::parameters(9);
        let mut request = KeyRequest::new();
        (1..=4).for_each(|limbs| request.add(&longer, KeyKind::Relinearization, limbs));
        assert!(longer.band_index(1) != parameters.band_index(1) || longer.band_index(4) != parameters.band_index(4));
        assert!(matches!(generate(&request), Err(CkksError::KeyRequest { .. })));
    }
}
