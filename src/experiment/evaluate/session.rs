//! Keys, an evaluator, and images through it.

use std::time::Instant;

use super::outcome::{ImageOutcome, LayerOutcome};
use super::preparation::Prepared;
use super::task::Task;
use super::together::{Evaluate, Evaluated, Together};
use crate::ckks::{Encrypted, SeededCiphertext};
use crate::dataset::Image;
use crate::experiment::ExperimentError;
use crate::experiment::event::{EventSink, Stage};
use crate::inference::{Client, Executor, InferenceError};

/// A client with its secret key, and an evaluator with the keys that the plan needs.
#[derive(Debug)]
pub struct Session<'p> {
    prepared: &'p Prepared,
    client: Client<'p>,
    evaluator: Encrypted,
    /// Seconds to make all keys.
    pub keygen_seconds: f64,
    /// Bytes of all evaluation keys in memory.
    pub key_bytes: u64,
}

impl<'p> Session<'p> {
    /// Makes all keys.
    ///
    /// # Errors
    /// [`ExperimentError::Private`] without entropy, or for a plan whose keys cannot be made.
    pub fn open(prepared: &'p Prepared, task: &Task, events: &mut dyn EventSink) -> Result<Self, ExperimentError> {
        let plan = &prepared.plan;
        let total = plan.client.keys() as u64;
        events.progress(Stage::KeyGeneration, 0, total, "");
        let start = Instant::now();
        let client = match task.fixed_seed() {
            Some(seed) => Client::reproducible(&plan.client, &seed),
            None => Client::new(&plan.client)?,
        };
        let evaluator = client.evaluator(|made| events.progress(Stage::KeyGeneration, made as u64, total, ""))?;
        let keygen_seconds = start.elapsed().as_secs_f64();
        let key_bytes = evaluator.key_bytes();
        Ok(Self { prepared, client, evaluator, keygen_seconds, key_bytes })
    }

    /// Encodes diagonals, as many as their memory holds.
    ///
    /// # Errors
    /// [`ExperimentError::Private`] for weights that cannot be encoded.
    pub fn start(&self, task: &Task, events: &mut dyn EventSink) -> Result<Evaluation<'_>, ExperimentError> {
        let plan = &self.prepared.plan;
        let total = plan.layers.len() as u64;
        let executor = Executor::new(&plan.program, &self.evaluator, task.weight_bytes(&self.prepared.plan));
        events.progress(Stage::Diagonals, 0, total, "");
        executor
            .prepare(|layer| events.progress(Stage::Diagonals, layer as u64 + 1, total, &plan.layers[layer].name))?;
        Ok(Evaluation { session: self, executor })
    }
}

/// A session that is ready for images.
pub struct Evaluation<'s> {
    session: &'s Session<'s>,
    executor: Executor<'s, Encrypted>,
}

impl Evaluate for Evaluation<'_> {
    fn skip_batch(&self, evaluations: usize) {
        self.session.client.skip_batches(evaluations);
    }

    fn batch(
        &self,
        images: &[&Image],
        probe: bool,
        events: &mut dyn EventSink,
    ) -> Result<Vec<ImageOutcome>, ExperimentError> {
        let Session { prepared, client, .. } = self.session;
        let plan = &prepared.plan;
        let together = Together::of(prepared, images)?;
        let probed = together.to_probe().filter(|_| probe);

        let start = Instant::now();
        let inputs: Vec<&[f64]> = together.inputs.iter().map(Vec::as_slice).collect();
        let upload = client.encrypt_batch(&inputs)?;
        let encryption_seconds = start.elapsed().as_secs_f64();
        let upload_bytes = upload.iter().map(|ciphertext| ciphertext.bytes()).sum();
        let encrypted = upload.into_iter().map(SeededCiphertext::expand).collect();

        let total = plan.layers.len();
        let name = |layer: usize| plan.layers.get(layer).map_or("", |layer| layer.name.as_str());
        events.progress(Stage::Layers, 0, total as u64, name(0));
        let mut layers = Vec::with_capacity(total);
        let mut unreadable = None;
        let result = self.executor.run(encrypted, &mut |layer, output, seconds| {
            let scale = output.first().map_or(0.0, |ciphertext| ciphertext.scale());
            let probe = probed.and_then(|trace| {
                client.probe(plan, trace, layer, output).unwrap_or_else(|error| {
                    unreadable.get_or_insert(error);
                    None
                })
            });
            layers.push(LayerOutcome { seconds, scale, probe });
            events.progress(Stage::Layers, layer as u64 + 1, total as u64, name(layer + 1));
        })?;
        if let Some(error) = unreadable {
            return Err(InferenceError::from(error).into());
        }

        let start = Instant::now();
        let decrypted = client.decrypt_batch(&result, images.len())?;
        let decryption_seconds = start.elapsed().as_secs_f64();
        let result_bytes = result.iter().map(|ciphertext| ciphertext.bytes()).sum();
        Ok(together.outcomes(Evaluated {
            decrypted,
            layers,
            encryption_seconds,
            decryption_seconds,
            upload_bytes,
            result_bytes,
            exchanged: None,
        }))
    }
}
