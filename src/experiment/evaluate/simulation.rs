//! Images through a plan on clear slots with the scheme's noise: several side by side, no keys.

use rand_core::Rng;
use rayon::prelude::*;

use super::outcome::{ImageOutcome, LayerOutcome, explodes};
use super::preparation::Prepared;
use super::task::Task;
use super::together::Clear;
use crate::ckks::{Complex, Simulated};
use crate::dataset::Image;
use crate::experiment::ExperimentError;
use crate::experiment::event::{EventSink, Stage};
use crate::inference::probe::probe;
use crate::inference::{Plan, Simulation, simulator};
use crate::ring::sampling::Seed;

/// Program, weights and clear-text copies.
const BASE_BYTES: u64 = 300 << 20;

/// Images that share what is read of the weights, on one thread.
const TOGETHER: usize = 4;

/// Images that a simulation takes at a time on `threads` threads, and those of them that one thread has, or all.
#[must_use]
pub const fn batch(plan: &Plan, threads: usize) -> (usize, usize) {
    match plan.client.shared_images() {
        1 => (threads * TOGETHER, TOGETHER),
        shared => (shared, shared),
    }
}

/// Predicted peak memory in bytes.
#[must_use]
pub fn predicted_bytes(plan: &Plan, threads: usize, diagonal_bytes: u64) -> u64 {
    let values = plan.program.layers.iter().map(|layer| {
        let work = &layer.map;
        let partial = work.diagonals().map_or_else(
            || work.size().babies * work.inputs() as u64,
            |transform| transform.used_giants().len() as u64,
        );
        partial + 2 * work.inputs() as u64 + 3 * work.outputs() as u64
    });
    let slot_bytes = (plan.parameters.n() / 2 * size_of::<Complex>()) as u64;
    let image = values.max().unwrap_or(0) * slot_bytes;
    let weights = || plan.program.layers.iter().map(|layer| layer.map.simulated_bytes());
    let weights = weights().sum::<u64>().min(diagonal_bytes).max(weights().max().unwrap_or(0));
    BASE_BYTES + weights + (batch(plan, threads).0 / plan.client.shared_images()) as u64 * image
}

/// A network whose evaluation is simulated.
pub struct Simulator<'p> {
    prepared: &'p Prepared,
    evaluator: Simulated,
    seed: Seed,
}

impl<'p> Simulator<'p> {
    /// A simulator; no noise is drawn yet.
    ///
    /// # Errors
    /// [`ExperimentError::Randomness`].
    pub fn new(prepared: &'p Prepared, task: &Task) -> Result<Self, ExperimentError> {
        Ok(Self { prepared, evaluator: simulator(&prepared.plan), seed: task.seed()? })
    }

    /// Evaluates the images side by side and gives them to `each` in order. `probe`: each layer of the first image that does not
    /// explode is compared with clear text.
    ///
    /// # Errors
    /// What the plan and the network refuse, and what `each` says.
    pub fn images(
        &self,
        images: &[&Image],
        task: &Task,
        with_probe: bool,
        events: &mut dyn EventSink,
        mut each: impl FnMut(usize, ImageOutcome) -> Result<(), ExperimentError>,
    ) -> Result<(), ExperimentError> {
        let simulation = Simulation::new(&self.prepared.plan, &self.evaluator, task.weight_bytes(&self.prepared.plan));
        let mut probe_next = with_probe;
        events.progress(Stage::Images, 0, images.len() as u64, "");
        let mut done = 0;
        while done < images.len() {
            // One image alone encodes the diagonals, and is the one that is probed unless it explodes.
            let (several, together) = batch(&self.prepared.plan, task.settings.threads.count() as usize);
            let alone = (done == 0 || probe_next) && self.prepared.plan.client.shared_images() == 1;
            let take = if alone { 1 } else { several };
            let part = &images[done..images.len().min(done + take)];
            let outcomes: Vec<Vec<ImageOutcome>> = part
                .par_chunks(together)
                .enumerate()
                .map(|(chunk, images)| self.outcomes(&simulation, images, (done + chunk * together) as u64, probe_next))
                .collect::<Result<_, _>>()?;
            for (offset, outcome) in outcomes.into_iter().flatten().enumerate() {
                probe_next &= outcome.layers.iter().all(|layer| layer.probe.is_none());
                each(done + offset, outcome)?;
            }
            done += part.len();
            events.progress(Stage::Images, done as u64, images.len() as u64, "");
        }
        Ok(())
    }

    /// Images that go through the network together, the first of which has this number.
    fn outcomes(
        &self,
        simulation: &Simulation<'_>,
        images: &[&Image],
        first: u64,
        with_probe: bool,
    ) -> Result<Vec<ImageOutcome>, ExperimentError> {
        let Prepared { card, plan, .. } = self.prepared;
        let inputs: Vec<Vec<f64>> = images.iter().map(|image| card.normalisation.apply(image)).collect();
        // A probe looks at the slots of the first image of a ciphertext.
        let shared = plan.client.shared_images();
        let clear = |(image, input): (usize, &Vec<f64>)| Clear::of(plan, input, with_probe && image % shared == 0);
        let clear: Vec<Clear> = inputs.par_iter().enumerate().map(clear).collect::<Result<_, _>>()?;
        let exploded: Vec<bool> = clear.iter().map(|clear| explodes(plan, &clear.largest)).collect();
        let seed = |number: u64| self.seed.derive("simulated image", &[number]).generator().next_u64();
        let seeded: Vec<(&[f64], u64)> =
            inputs.iter().zip(first..).map(|(input, number)| (&input[..], seed(number))).collect();
        let mut layers: Vec<Vec<LayerOutcome>> = vec![Vec::with_capacity(plan.layers.len()); images.len()];
        let decrypted = simulation.images(&seeded, &mut |layer, output, seconds| {
            let scale = output.first().map_or(0.0, |ciphertext| ciphertext.scale);
            for (image, layers) in layers.iter_mut().enumerate() {
                let trace = clear[image].trace.as_ref().filter(|_| !exploded[image]);
                let probe = trace.and_then(|trace| {
                    let slots: Vec<Vec<Complex>> =
                        output.iter().map(|ciphertext| ciphertext.slots(image / shared)).collect();
                    probe(plan, trace, layer, scale, &slots)
                });
                layers.push(LayerOutcome { seconds, scale, probe });
            }
        })?;
        let found = decrypted.into_iter().zip(clear).zip(exploded).zip(layers);
        Ok(found
            .map(|(((decrypted, Clear { logits, largest, .. }), exploded), layers)| ImageOutcome {
                largest,
                exploded,
                layers,
                ..ImageOutcome::new(decrypted, logits)
            })
            .collect())
    }
}
