//! The rings of a plan: each half of the one before it (method section 9).

use crate::ckks::security::{Table, Verdict};
use crate::ckks::{CkksError, Parameters, RingSwitch};

/// The first ring, and the switches into smaller ones in order.
#[derive(Debug, Clone)]
pub struct Rings {
    first: Parameters,
    switches: Vec<RingSwitch>,
}

impl Rings {
    /// One ring.
    pub const fn one(parameters: Parameters) -> Self {
        Self { first: parameters, switches: Vec::new() }
    }

    /// The same with a smaller ring for what reads ciphertexts of at most `limbs` limbs.
    ///
    /// # Errors
    /// As [`RingSwitch::new`].
    pub fn with(&self, limbs: usize) -> Result<Self, CkksError> {
        let mut rings = self.clone();
        rings.switches.push(RingSwitch::new(self.last(), limbs)?);
        Ok(rings)
    }

    /// The switches.
    pub fn switches(&self) -> &[RingSwitch] {
        &self.switches
    }

    /// Parameters of ring number `ring`.
    pub fn parameters(&self, ring: usize) -> &Parameters {
        ring.checked_sub(1).and_then(|switch| self.switches.get(switch)).map_or(&self.first, RingSwitch::target)
    }

    /// Parameters of all rings, the largest first.
    pub fn all(&self) -> impl Iterator<Item = &Parameters> {
        std::iter::once(&self.first).chain(self.switches.iter().map(RingSwitch::target))
    }

    /// Parameters of the smallest ring.
    pub fn last(&self) -> &Parameters {
        self.parameters(self.switches.len())
    }

    /// The verdict on all keys, each in the ring of its secret: the worst of them.
    pub fn verdict(&self, table: Table) -> Verdict {
        let switches = self.switches.iter().map(RingSwitch::through);
        let verdicts: Vec<Verdict> = self.all().chain(switches).map(|keys| keys.security().verdict(table)).collect();
        let worst = [Verdict::Insecure, Verdict::Unknown].into_iter().find(|verdict| verdicts.contains(verdict));
        worst.unwrap_or(Verdict::Secure)
    }

    /// The ring in which ciphertexts of `limbs` limbs are read.
    pub fn ring_of(&self, limbs: usize) -> usize {
        self.switches.iter().take_while(|switch| limbs <= switch.limbs()).count()
    }

    /// One evaluator for each ring, each with the next one in it: `ring` makes one, `switch` puts the second into the first.
    pub fn nested<E>(&self, ring: impl Fn(&Parameters) -> E, switch: impl Fn(E, &RingSwitch, E) -> E) -> E {
        let (mut evaluator, mut number) = (ring(self.last()), self.switches.len());
        while let Some(before) = number.checked_sub(1) {
            evaluator = switch(ring(self.parameters(before)), &self.switches[before], evaluator);
            number = before;
        }
        evaluator
    }
}
