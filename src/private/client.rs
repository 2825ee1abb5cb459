//! The client: holds the secret key, encrypts images, decrypts logits, and notices overflows.

use super::error::PrivateError;
use super::plan::Plan;
use crate::ckks::encryption::{SeededCiphertext, decrypt, encrypt_symmetric};
use crate::ckks::keys::{EvaluationKeys, SecretKey};
use crate::ckks::{Ciphertext, Complex, Encoder};
use crate::ring::sampling::Seed;

/// Decrypted logits.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits {
    /// One value for each class. Meaningless after an overflow.
    pub values: Vec<f64>,
    /// Whether the result fails the client's range check.
    pub overflow: bool,
}

impl Logits {
    /// The class with the largest logit; `None` after an overflow.
    pub fn class(&self) -> Option<usize> {
        if self.overflow {
            return None;
        }
        (0..self.values.len()).max_by(|a, b| self.values[*a].total_cmp(&self.values[*b]))
    }
}

/// Copies of one logit may differ by this much; noise is a hundred times smaller, garbage a thousand times larger.
const COPY_TOLERANCE: f64 = 1.0;

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
        let plan = self.plan;
        let expected = plan.image_shape().len();
        if image.len() != expected {
            return Err(PrivateError::ImageSize { expected, found: image.len() });
        }
        let layout = super::Layout::Packed(plan.input);
        let periods = plan.input_packing.pack(&layout.scatter(&plan.network_input(image)));
        let copies = (0..plan.input_copies).map(|copy| copy * plan.input.grid_slots());
        let rotated = periods.iter().flat_map(|period| copies.clone().map(move |steps| (period, steps)));
        rotated
            .enumerate()
            .map(|(index, (period, steps))| {
                let slots: Vec<Complex> =
                    period.iter().cycle().skip(steps).take(plan.parameters.slots()).copied().collect();
                let scale = plan.parameters.input_scale();
                let seed = self.seed.derive("image", &[number, index as u64]);
                let (parameters, limbs) = (&plan.parameters, plan.input_limbs);
                Ok(encrypt_symmetric(parameters, &self.encoder, &self.secret, &slots, scale, limbs, &seed)?)
            })
            .collect()
    }

    /// All slots of a ciphertext.
    pub fn slots(&self, ciphertext: &Ciphertext) -> Vec<Complex> {
        decrypt(&self.plan.parameters, &self.encoder, &self.secret, ciphertext)
    }

    /// Decrypts logits. Every logit comes in many copies; if an activation overflowed the modulus they are random, so
    /// copies that differ, or exceed what the modulus can hold, reveal it.
    pub fn decrypt(&self, result: &[Ciphertext]) -> Logits {
        let (Some(ciphertext), Some(layer)) = (result.first(), self.plan.layers.last()) else {
            return Logits { values: Vec::new(), overflow: true };
        };
        let (period, classes) = (layer.layout.period(), layer.layout.shape().channels);
        let slots = self.slots(ciphertext);
        let bound = self.plan.logit_bound();
        let copies = slots.len() / period;
        let mut overflow = false;
        let values = (0..classes)
            .map(|class| {
                let all = slots.iter().skip(class).step_by(period);
                let mean = all.clone().map(|z| z.re).sum::<f64>() / copies as f64;
                overflow |= all.clone().any(|z| !(z.re.abs() <= bound && (z.re - mean).abs() <= COPY_TOLERANCE));
                mean
            })
            .collect();
        Logits { values, overflow }
    }
}
