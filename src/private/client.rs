//! The client: holds the secret key, encrypts images, decrypts logits, and notices overflows.

use super::error::PrivateError;
use super::logits::Logits;
use super::plan::Plan;
use super::probe::{LayerProbe, probe};
use crate::ckks::encryption::{SeededCiphertext, decrypt, encrypt_symmetric};
use crate::ckks::keys::{EvaluationKeys, SecretKey};
use crate::ckks::{Ciphertext, Complex, Encoder};
use crate::network::LoweredTrace;
use crate::ring::sampling::Seed;

/// What a client holds.
#[derive(Debug)]
pub struct Client<'a> {
    plan: &'a Plan,
    encoder: Encoder,
    secret: SecretKey,
    seed: Seed,
}

impl<'a> Client<'a> {
    /// Draws the secret key from `seed`.
    pub fn new(plan: &'a Plan, seed: &Seed) -> Self {
        let secret = SecretKey::generate(&plan.parameters, seed);
        Self { plan, encoder: Encoder::new(plan.parameters.log_n()), secret, seed: seed.derive("encryption", &[]) }
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Makes the keys that the plan needs; `made` is told how many there are.
    pub fn evaluation_keys(&self, made: impl FnMut(usize)) -> EvaluationKeys {
        EvaluationKeys::generate(&self.plan.parameters, &self.secret, &self.plan.request, made)
    }

    /// Encrypts a normalised image, row-major [channels, rows, columns]. `number` must differ between images.
    ///
    /// # Errors
    /// [`PrivateError::ImageSize`], and what the scheme refuses.
    pub fn encrypt(&self, image: &[f64], number: u64) -> Result<Vec<SeededCiphertext>, PrivateError> {
        self.encrypt_batch(&[image], number)
    }

    /// Encrypts as many images as the plan has in a batch, or fewer. `number` must differ between batches.
    ///
    /// # Errors
    /// [`PrivateError::ImageSize`], [`PrivateError::BatchSize`], and what the scheme refuses.
    pub fn encrypt_batch(&self, images: &[&[f64]], number: u64) -> Result<Vec<SeededCiphertext>, PrivateError> {
        let plan = self.plan;
        let (parameters, limbs, scale) = (&plan.parameters, plan.input_limbs, plan.parameters.input_scale());
        plan.input_slots(images)?
            .iter()
            .enumerate()
            .map(|(index, slots)| {
                let seed = self.seed.derive("image", &[number, index as u64]);
                Ok(encrypt_symmetric(parameters, &self.encoder, &self.secret, slots, scale, limbs, &seed)?)
            })
            .collect()
    }

    /// All slots of a ciphertext.
    pub fn slots(&self, ciphertext: &Ciphertext) -> Vec<Complex> {
        decrypt(&self.plan.parameters, &self.encoder, &self.secret, ciphertext)
    }

    /// Compares the linear output of layer number `index` with clear-text evaluation.
    pub fn probe(&self, trace: &LoweredTrace, index: usize, output: &[Ciphertext]) -> Option<LayerProbe> {
        let slots: Vec<Vec<Complex>> = output.iter().map(|x| self.slots(x)).collect();
        probe(self.plan, trace, index, output.first()?.scale, &slots)
    }

    /// Decrypts the logits of the first image, and notices an overflow.
    pub fn decrypt(&self, result: &[Ciphertext]) -> Logits {
        self.decrypt_batch(result, 1).pop().unwrap_or(Logits { values: Vec::new(), overflow: true })
    }

    /// Decrypts the logits of the first `images` images of a batch.
    pub fn decrypt_batch(&self, result: &[Ciphertext], images: usize) -> Vec<Logits> {
        let slots = result.first().map(|x| self.slots(x)).unwrap_or_default();
        (0..images).map(|image| Logits::read(self.plan, &slots, image)).collect()
    }
}
