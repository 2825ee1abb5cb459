//! A plan on clear slots with the scheme's noise: what encryption would give, in a fraction of its time.

use super::error::PrivateError;
use super::executor::{Executor, LayerSeconds};
use super::logits::Logits;
use super::plan::Plan;
use crate::ckks::{Encoder, Simulated, SimulatedCiphertext};

/// Simulates a plan.
pub struct Simulation<'a> {
    plan: &'a Plan,
    evaluator: &'a Simulated,
    executor: Executor<'a, Simulated>,
}

/// An evaluator for [`Simulation`].
pub fn simulator(plan: &Plan) -> Simulated {
    Simulated::new(plan.parameters.clone(), Encoder::new(plan.parameters.log_n()))
}

impl<'a> Simulation<'a> {
    /// A simulation that keeps at most `diagonal_bytes` of diagonals.
    pub fn new(plan: &'a Plan, evaluator: &'a Simulated, diagonal_bytes: u64) -> Self {
        Self { plan, evaluator, executor: Executor::new(plan, evaluator, diagonal_bytes) }
    }

    /// The logits of a normalised image, row-major [channels, rows, columns], under the noise that follows from `seed`;
    /// `observer` sees every layer as [`Executor::run`] shows it.
    ///
    /// # Errors
    /// [`PrivateError::ImageSize`], and what the scheme refuses.
    pub fn image(
        &self,
        image: &[f64],
        seed: u64,
        observer: &mut dyn FnMut(usize, &[SimulatedCiphertext], LayerSeconds),
    ) -> Result<Logits, PrivateError> {
        let plan = self.plan;
        let scale = plan.parameters.input_scale();
        let encrypted = plan
            .input_slots(&[image])?
            .iter()
            .zip(0u64..)
            .map(|(slots, index)| self.evaluator.encrypt(slots, scale, plan.input_limbs, seed.rotate_left(32) ^ index))
            .collect();
        let result = self.executor.run(encrypted, observer)?;
        Ok(Logits::read(plan, &result.first().map(SimulatedCiphertext::slots).unwrap_or_default(), 0))
    }
}
