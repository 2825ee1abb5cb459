//! The rings of a plan, each with what is known of it.

use super::client_plan::ClientPlan;
use crate::ckks::keys::KeyRequest;
use crate::ckks::security::{Table, Verdict};
use crate::ckks::{Parameters, RingSwitch};

/// One of a plan's rings.
#[derive(Debug, Clone, Copy)]
pub struct PlanRing<'p> {
    /// Its number, 0 for the largest.
    pub number: usize,
    /// Its parameters.
    pub parameters: &'p Parameters,
    /// The keys that the server needs in it.
    pub request: &'p KeyRequest,
    /// The switch into the next smaller ring; none: it is the smallest.
    pub switch: Option<&'p RingSwitch>,
}

impl ClientPlan {
    /// Ring number `number`, the smallest if there are not as many.
    pub fn ring(&self, number: usize) -> PlanRing<'_> {
        let number = number.min(self.smaller.len());
        let (parameters, request) = match self.smaller[..number].last() {
            Some(ring) => (ring.switch.target(), &ring.request),
            None => (&self.parameters, &self.request),
        };
        PlanRing { number, parameters, request, switch: self.smaller.get(number).map(|next| &next.switch) }
    }

    /// All rings, the largest first.
    pub fn rings(&self) -> impl Iterator<Item = PlanRing<'_>> {
        (0..=self.smaller.len()).map(|number| self.ring(number))
    }

    /// The switches between them.
    pub fn switches(&self) -> impl Iterator<Item = &RingSwitch> {
        self.rings().filter_map(|ring| ring.switch)
    }

    /// The verdict on all keys, each in the ring of its secret: the worst of them.
    pub fn verdict(&self, table: Table) -> Verdict {
        let keys = self.rings().map(|ring| ring.parameters).chain(self.switches().map(RingSwitch::through));
        let verdicts: Vec<Verdict> = keys.map(|keys| keys.security().verdict(table)).collect();
        let worst = [Verdict::Insecure, Verdict::Unknown].into_iter().find(|verdict| verdicts.contains(verdict));
        worst.unwrap_or(Verdict::Secure)
    }

    /// Whether the keys of all rings, and those between them, are 128-bit secure under the stricter table.
    pub fn is_secure(&self) -> bool {
        self.verdict(Table::Guidelines2024) == Verdict::Secure
    }

    /// One evaluator for each ring, each with the next one in it: `ring` makes one, from the smallest ring on, and `switch` puts the second
    /// into the first.
    pub fn nested<E>(
        &self,
        mut ring: impl FnMut(PlanRing<'_>) -> E,
        mut switch: impl FnMut(E, &RingSwitch, E) -> E,
    ) -> E {
        let mut evaluator = ring(self.ring(self.smaller.len()));
        for (number, next) in self.smaller.iter().enumerate().rev() {
            evaluator = switch(ring(self.ring(number)), &next.switch, evaluator);
        }
        evaluator
    }
}
