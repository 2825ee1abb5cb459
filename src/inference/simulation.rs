//! A plan on clear slots with the scheme's noise: what encryption would give, in a fraction of its time.

use super::error::InferenceError;
use super::executor::{Executor, LayerSeconds};
use super::logits::Logits;
use super::plan::Plan;
use super::program::Value;
use crate::ckks::{Complex, Encoder, Simulated, SimulatedCiphertext};

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
        Self { plan, evaluator, executor: Executor::new(&plan.program, evaluator, diagonal_bytes) }
    }

    /// The logits of normalised images, each row-major [channels, rows, columns] with the seed that its noise follows from;
    /// `observer` sees every layer, of all images, as [`Executor::run`] shows it. What comes out for an image does not depend on
    /// the others: several at a time are faster, since they share what is read of the weights.
    ///
    /// # Errors
    /// [`InferenceError::ImageSize`], and what the scheme refuses.
    pub fn images(
        &self,
        images: &[(&[f64], u64)],
        observer: &mut dyn FnMut(usize, &[SimulatedCiphertext], LayerSeconds),
    ) -> Result<Vec<Logits>, InferenceError> {
        let plan = &self.plan.client;
        let Value { ciphertexts, limbs, scale } = plan.encrypted;
        let slots = images.iter().map(|(image, _)| plan.input_slots(&[image])).collect::<Result<Vec<_>, _>>()?;
        let encrypted = (0..ciphertexts).map(|index| {
            let of_images: Vec<&[Complex]> = slots.iter().map(|ciphertexts| &ciphertexts[index][..]).collect();
            let seeds: Vec<u64> = images.iter().map(|(_, seed)| seed.rotate_left(32) ^ index as u64).collect();
            self.evaluator.encrypt_all(&of_images, scale, limbs, &seeds)
        });
        let result = self.executor.run(encrypted.collect(), observer)?;
        let slots = |image| result.first().map(|logits| logits.slots(image)).unwrap_or_default();
        Ok((0..images.len()).map(|image| Logits::read(plan, &slots(image), 0)).collect())
    }
}
