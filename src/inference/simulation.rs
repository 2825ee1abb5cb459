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
    plan.client.nested(
        |ring| Simulated::new(ring.parameters.clone(), Encoder::new(ring.parameters.log_n())),
        |larger, switch, smaller| larger.with_ring_switch(switch.clone(), smaller),
    )
}

impl<'a> Simulation<'a> {
    /// A simulation that keeps at most `diagonal_bytes` of diagonals.
    pub fn new(plan: &'a Plan, evaluator: &'a Simulated, diagonal_bytes: u64) -> Self {
        Self { plan, evaluator, executor: Executor::new(&plan.program, evaluator, diagonal_bytes) }
    }

    /// The logits of normalised images, each row-major [channels, rows, columns] with the seed that its noise follows from;
    /// `observer` sees every layer, of all images, as [`Executor::run`] shows it. Several at a time are faster, since they share
    /// what is read of the weights. What comes out for an image does not depend on the others, but in the tiled layout, where as
    /// many as a batch has share their ciphertexts and with them the noise.
    ///
    /// # Errors
    /// [`InferenceError::ImageSize`], and what the scheme refuses.
    pub fn images(
        &self,
        images: &[(&[f64], u64)],
        observer: &mut dyn FnMut(usize, &[SimulatedCiphertext], LayerSeconds),
    ) -> Result<Vec<Logits>, InferenceError> {
        let plan = &self.plan.client;
        let Value { ciphertexts, limbs, scale, .. } = plan.encrypted;
        let groups: Vec<&[(&[f64], u64)]> = images.chunks(plan.shared_images().max(1)).collect();
        let slots =
            |group: &&[(&[f64], u64)]| plan.input_slots(&group.iter().map(|(image, _)| *image).collect::<Vec<_>>());
        let slots = groups.iter().map(slots).collect::<Result<Vec<_>, _>>()?;
        let encrypted = (0..ciphertexts).map(|index| {
            let of_groups: Vec<&[Complex]> = slots.iter().map(|ciphertexts| &ciphertexts[index][..]).collect();
            let seeds: Vec<u64> = groups.iter().map(|group| group[0].1.rotate_left(32) ^ index as u64).collect();
            self.evaluator.encrypt_all(&of_groups, scale, limbs, &seeds)
        });
        let result = self.executor.run(encrypted.collect(), observer)?;
        let read = |(number, group): (usize, &&[(&[f64], u64)])| -> Vec<Logits> {
            let slots: Vec<Vec<Complex>> = result.iter().map(|ciphertext| ciphertext.slots(number)).collect();
            (0..group.len()).map(|image| Logits::read(plan, &slots, image)).collect()
        };
        Ok(groups.iter().enumerate().flat_map(read).collect())
    }
}
