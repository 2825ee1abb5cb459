//! The rings that a plan is derived for: each half of the one before it (method section 9). Those of a finished plan, with their keys,
//! are [`ClientPlan::rings`](super::ClientPlan::rings).

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

    /// The same rings with other digits, see [`ParametersLiteral::digit_limbs`](crate::ckks::ParametersLiteral); none: those of the ring.
    ///
    /// # Errors
    /// As [`Parameters::new`], and for more lists than there are rings.
    pub fn with_digits(&self, digit_limbs: &[Option<Vec<usize>>]) -> Result<Self, CkksError> {
        let rings = self.switches.len() + 1;
        if digit_limbs.len() > rings {
            let reason = format!("there are {rings} rings");
            return Err(CkksError::Parameter { name: "digit_limbs", value: digit_limbs.len().to_string(), reason });
        }
        let mut digits = digit_limbs.iter().cloned();
        let mut next = || digits.next().flatten();
        let mut rings = Self::one(match next() {
            Some(digit_limbs) => self.first.with_digits(digit_limbs)?,
            None => self.first.clone(),
        });
        for switch in &self.switches {
            let made = RingSwitch::new(rings.last(), switch.limbs())?;
            rings.switches.push(match next() {
                Some(digit_limbs) => made.with_digits(digit_limbs)?,
                None => made,
            });
        }
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

    /// The ring in which ciphertexts of `limbs` limbs are read.
    pub fn ring_of(&self, limbs: usize) -> usize {
        self.switches.iter().take_while(|switch| limbs <= switch.limbs()).count()
    }
}
