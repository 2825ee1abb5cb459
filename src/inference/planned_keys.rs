//! All keys of a plan in their order, and the server's evaluator that they make.

use std::sync::Arc;

use super::client_plan::ClientPlan;
use crate::ckks::keys::{EvaluationKeys, KeyKind, SwitchingKey};
use crate::ckks::{Encoder, Encrypted, Parameters, RingSwitchingKey};

/// A key that a plan asks for.
#[derive(Debug, Clone, Copy)]
pub struct PlannedKey<'p> {
    /// The ring of the ciphertexts that it is for.
    pub ring: usize,
    /// What it does with them there; none: it moves them into the next smaller ring.
    pub kind: Option<KeyKind>,
    /// The parameters that it is made with.
    pub parameters: &'p Parameters,
    /// Its band among theirs.
    pub band: usize,
    /// Limbs of the largest ciphertexts that it is for.
    pub limbs: usize,
}

impl ClientPlan {
    /// All keys, ring by ring from the largest, the one into the next ring last.
    pub fn planned_keys(&self) -> impl Iterator<Item = PlannedKey<'_>> {
        (0..=self.smaller.len()).flat_map(move |ring| {
            let parameters = self.ring_parameters(ring);
            let request = ring.checked_sub(1).map_or(&self.request, |smaller| &self.smaller[smaller].request);
            let within = request.iter().map(move |(kind, band, limbs)| PlannedKey {
                ring,
                kind: Some(kind),
                parameters,
                band,
                limbs,
            });
            let into = self.smaller.get(ring).map(|next| {
                let (parameters, limbs) = (next.switch.through(), next.switch.limbs());
                PlannedKey { ring, kind: None, parameters, band: parameters.band_index(limbs), limbs }
            });
            within.chain(into)
        })
    }

    /// A server's evaluator, in all rings, with all keys of [`ClientPlan::planned_keys`] in any order.
    ///
    /// # Errors
    /// The first that is among the keys.
    pub fn evaluator<'p, E>(
        &self,
        keys: impl Iterator<Item = Result<(PlannedKey<'p>, SwitchingKey), E>>,
    ) -> Result<Encrypted, E> {
        let mut within: Vec<Vec<(KeyKind, usize, SwitchingKey)>> = Vec::new();
        within.resize_with(self.smaller.len() + 1, Vec::new);
        let mut into: Vec<Option<SwitchingKey>> = Vec::new();
        into.resize_with(self.smaller.len(), || None);
        for key in keys {
            let (planned, key) = key?;
            match planned.kind {
                Some(kind) => within[planned.ring].push((kind, planned.band, key)),
                None => into[planned.ring] = Some(key),
            }
        }
        let mut smaller: Option<Encrypted> = None;
        for (ring, keys) in within.into_iter().enumerate().rev() {
            let parameters = self.ring_parameters(ring);
            let keys = Arc::new(EvaluationKeys::of(keys));
            let mut evaluator = Encrypted::new(parameters.clone(), Encoder::new(parameters.log_n()), keys);
            if let Some((next, key)) = smaller.take().zip(into.get_mut(ring).and_then(Option::take)) {
                evaluator = evaluator.with_ring_switch(RingSwitchingKey::of(&self.smaller[ring].switch, key), next);
            }
            smaller = Some(evaluator);
        }
        // There is one ring at least.
        Ok(smaller.unwrap_or_else(|| {
            let parameters = self.parameters.clone();
            let encoder = Encoder::new(parameters.log_n());
            Encrypted::new(parameters, encoder, Arc::default())
        }))
    }
}
