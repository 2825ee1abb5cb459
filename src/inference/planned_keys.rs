//! All keys of a plan in their order, and the server's evaluator that they make.

use std::sync::Arc;

use super::client_plan::ClientPlan;
use super::plan_ring::PlanRing;
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

impl PlannedKey<'_> {
    /// Its bytes in memory.
    pub fn bytes(&self) -> u64 {
        SwitchingKey::predicted_bytes(self.parameters, self.band, self.limbs)
    }
}

impl ClientPlan {
    /// All keys, ring by ring from the largest, the one into the next ring last.
    pub fn planned_keys(&self) -> impl Iterator<Item = PlannedKey<'_>> {
        self.rings().flat_map(|PlanRing { number: ring, parameters, request, switch }| {
            let within = request.iter().map(move |(kind, band, limbs)| PlannedKey {
                ring,
                kind: Some(kind),
                parameters,
                band,
                limbs,
            });
            let into = switch.map(|switch| {
                let (parameters, limbs) = (switch.through(), switch.limbs());
                PlannedKey { ring, kind: None, parameters, band: parameters.band_index(limbs), limbs }
            });
            within.chain(into)
        })
    }

    /// A server's evaluator, in all rings, with all keys of [`ClientPlan::planned_keys`] in any order; `encoder` gives that of a ring.
    ///
    /// # Errors
    /// The first that is among the keys.
    pub fn evaluator<'p, E>(
        &self,
        keys: impl Iterator<Item = Result<(PlannedKey<'p>, SwitchingKey), E>>,
        encoder: impl Fn(PlanRing<'_>) -> Encoder,
    ) -> Result<Encrypted, E> {
        let mut within: Vec<Vec<(KeyKind, usize, SwitchingKey)>> = self.rings().map(|_| Vec::new()).collect();
        let mut into: Vec<Option<SwitchingKey>> = self.switches().map(|_| None).collect();
        for key in keys {
            let (planned, key) = key?;
            match planned.kind {
                Some(kind) => within[planned.ring].push((kind, planned.band, key)),
                None => into[planned.ring] = Some(key),
            }
        }
        // From the smallest ring on, so the last keys come first.
        Ok(self.nested(
            |ring| {
                let keys = Arc::new(EvaluationKeys::of(within.pop().unwrap_or_default()));
                Encrypted::new(ring.parameters.clone(), encoder(ring), keys)
            },
            |larger, switch, smaller| match into.pop().flatten() {
                Some(key) => larger.with_ring_switch(RingSwitchingKey::of(switch, key), smaller),
                None => larger,
            },
        ))
    }
}
