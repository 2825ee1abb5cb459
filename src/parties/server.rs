//! What a server does: it has a plan, a client's evaluation keys, and no secret.

use std::path::Path;

use super::bundle::PlanId;
use super::error::PartyError;
use super::keys::read_keys;
use super::packets::{PacketWriter, Packets};
use crate::ckks::{Ciphertext, Encrypted};
use crate::inference::{Executor, LayerSeconds, Plan};
use crate::wire::{KeyId, Kind};

/// A layer of some images that is evaluated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvaluatedLayer {
    /// Images that were done before these.
    pub done: usize,
    /// Images in all.
    pub images: usize,
    /// Number of the layer.
    pub layer: usize,
    /// Scale of its output, before the squaring.
    pub scale: f64,
    /// Its seconds.
    pub seconds: LayerSeconds,
}

/// A server of one client.
#[derive(Debug)]
pub struct Server<'p> {
    plan: &'p Plan,
    id: PlanId,
    key: KeyId,
    evaluator: Encrypted,
}

impl<'p> Server<'p> {
    /// A server of the plan that `id` names with the evaluation keys of a client; `read` is told how many are there.
    ///
    /// # Errors
    /// [`PartyError::Wire`] for keys that are not those of the plan.
    pub fn open(plan: &'p Plan, id: PlanId, keys: &Path, read: impl FnMut(usize)) -> Result<Self, PartyError> {
        let (evaluator, key) = read_keys(keys, &id, &plan.client, read)?;
        Ok(Self { plan, id, key, evaluator })
    }

    /// Evaluates all encrypted images of a file and writes the encrypted logits; at most `weight_bytes` of encoded weights are kept
    /// between batches. `observer` is told after each layer.
    ///
    /// # Errors
    /// [`PartyError::Wire`], also for images that were encrypted under another key than the evaluation keys are of;
    /// [`PartyError::Inference`].
    pub fn evaluate(
        &self,
        upload: &Path,
        result: &Path,
        weight_bytes: u64,
        observer: &mut dyn FnMut(EvaluatedLayer),
    ) -> Result<(), PartyError> {
        let plan = &self.plan.client;
        let packets = Packets::open(upload, &self.id, plan, Kind::Upload)?;
        packets.check_key(&self.key)?;
        let contents = packets.contents;
        let of = (Kind::Result, self.key, contents.images);
        let mut writer = PacketWriter::create(result, &self.id, plan, of)?;
        // Nothing is kept for an evaluation that is the last.
        let kept = if contents.batches() > 1 { weight_bytes } else { 0 };
        let executor = Executor::new(&self.plan.program, &self.evaluator, kept);
        let mut done = 0;
        for batch in 0..contents.batches() {
            let encrypted = packets.batch(batch)?;
            let mut tell = |layer, output: &[Ciphertext], seconds| {
                let scale = output.first().map_or(0.0, Ciphertext::scale);
                observer(EvaluatedLayer { done, images: contents.images, layer, scale, seconds });
            };
            for ciphertext in executor.run(encrypted, &mut tell)? {
                plan.check_result(ciphertext.limbs(), ciphertext.scale())?;
                writer.put(&ciphertext.to_record(plan.ring(plan.result.ring).parameters))?;
            }
            done += contents.images_of(batch);
        }
        writer.finish()
    }
}
