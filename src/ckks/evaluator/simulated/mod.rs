//! The evaluator that computes on clear slots: exact levels and scales, and the scheme's noise from formulas
//! (`docs/noise.md`), so that a whole test set takes minutes.
//!
//! Weights carry the very errors that encoding gives them; the noise of encryption, key switching and rescaling is drawn
//! from normal distributions. A ciphertext carries the seed of its noise, derived from those of its operands: results do
//! not depend on the order of evaluation or on threads.

mod arithmetic;
mod combination;
mod scalar_matrix;
mod slots;
mod transform;

use std::sync::Arc;

pub use combination::SimulatedCombination;
pub use scalar_matrix::SimulatedScalarMatrix;
pub use slots::SimulatedCiphertext;
pub use transform::SimulatedTransform;

use super::check;
use super::interface::Evaluator;
use crate::ckks::combination::Combination;
use crate::ckks::encoder::{Complex, Encoder};
use crate::ckks::error::CkksError;
use crate::ckks::linear_transform::LinearTransform;
use crate::ckks::noise;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring_switch::RingSwitch;
use crate::ckks::scalar_matrix::ScalarMatrix;

/// Computes on clear slots with noise.
#[derive(Debug)]
pub struct Simulated {
    parameters: Parameters,
    encoder: Encoder,
    switch: Option<Box<(RingSwitch, Self)>>,
}

impl Simulated {
    /// A simulator of the given parameters. Instead of an encoder of another ring it has one of theirs.
    pub fn new(parameters: Parameters, encoder: Encoder) -> Self {
        let encoder = encoder.for_ring(parameters.log_n());
        Self { parameters, encoder, switch: None }
    }

    /// The same with a way into the ring of half the dimension, and what evaluates there; [`Evaluator::switch_ring`] refuses another ring.
    pub fn with_ring_switch(self, switch: RingSwitch, smaller: Self) -> Self {
        Self { switch: Some(Box::new((switch, smaller))), ..self }
    }

    /// What a fresh encryption of `slots` (one for each slot) at `scale` with `limbs` limbs decrypts to. `seed` is the
    /// seed of its noise and of all noise that follows from it.
    pub fn encrypt(&self, slots: &[Complex], scale: f64, limbs: usize, seed: u64) -> SimulatedCiphertext {
        self.encrypt_all(&[slots], scale, limbs, &[seed])
    }

    /// As [`Simulated::encrypt`], for several images with a seed each that go through the same operations: what comes out for one
    /// does not depend on the others.
    pub fn encrypt_all(&self, images: &[&[Complex]], scale: f64, limbs: usize, seeds: &[u64]) -> SimulatedCiphertext {
        let mut x = SimulatedCiphertext::new(images, scale, limbs, seeds);
        let coefficient = noise::symmetric_encryption().hypot(noise::encoding());
        x.add_noise(self.deviation(coefficient, scale));
        x
    }

    /// Deviation of each part of a slot, in units of values.
    fn deviation(&self, coefficient: f64, scale: f64) -> f64 {
        noise::slot_deviation(self.parameters.log_n(), coefficient) / scale
    }
}

impl Evaluator for Simulated {
    type Ciphertext = SimulatedCiphertext;
    type Transform = SimulatedTransform;
    type Combination = SimulatedCombination;
    type ScalarMatrix = SimulatedScalarMatrix;

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }
    fn limbs(&self, x: &SimulatedCiphertext) -> usize {
        x.limbs
    }
    fn scale(&self, x: &SimulatedCiphertext) -> f64 {
        x.scale
    }
    fn add(&self, x: &SimulatedCiphertext, y: &SimulatedCiphertext) -> Result<SimulatedCiphertext, CkksError> {
        check::compatible("add", x.into(), y.into())?;
        Ok(x.zip_with(y, |x, y| x + y))
    }
    fn subtract(&self, x: &SimulatedCiphertext, y: &SimulatedCiphertext) -> Result<SimulatedCiphertext, CkksError> {
        check::compatible("subtract", x.into(), y.into())?;
        Ok(x.zip_with(y, |x, y| x - y))
    }
    fn negate(&self, x: &SimulatedCiphertext) -> SimulatedCiphertext {
        x.map(|z| -z)
    }
    fn add_plain(&self, x: &SimulatedCiphertext, slots: &[Complex]) -> Result<SimulatedCiphertext, CkksError> {
        self.add_plaintext(x, slots)
    }
    fn multiply_plain(
        &self,
        x: &SimulatedCiphertext,
        slots: &[Complex],
        scale: f64,
    ) -> Result<SimulatedCiphertext, CkksError> {
        self.multiply_plaintext(x, slots, scale)
    }
    fn multiply_integer(&self, x: &SimulatedCiphertext, factor: i64) -> SimulatedCiphertext {
        x.map(|z| z * factor as f64)
    }
    fn multiply_imaginary_unit(&self, x: &SimulatedCiphertext) -> SimulatedCiphertext {
        x.map(|z| Complex::new(-z.im, z.re))
    }
    fn multiply(&self, x: &SimulatedCiphertext, y: &SimulatedCiphertext) -> Result<SimulatedCiphertext, CkksError> {
        check::same_level("multiply", x.into(), y.into())?;
        Ok(self.multiply_ciphertext(x, y))
    }
    fn square(&self, x: &SimulatedCiphertext) -> Result<SimulatedCiphertext, CkksError> {
        Ok(self.multiply_ciphertext(x, x))
    }
    fn rescale(&self, x: &SimulatedCiphertext) -> Result<SimulatedCiphertext, CkksError> {
        check::can_rescale("rescale", x.into())?;
        Ok(self.rescale_ciphertext(x))
    }
    fn drop_to(&self, x: &SimulatedCiphertext, limbs: usize) -> Result<SimulatedCiphertext, CkksError> {
        check::can_drop(x.into(), limbs)?;
        Ok(SimulatedCiphertext { limbs, ..x.clone() })
    }
    fn rotate(&self, x: &SimulatedCiphertext, steps: i64) -> Result<SimulatedCiphertext, CkksError> {
        Ok(self.rotated(x, steps))
    }
    fn rotate_hoisted(&self, x: &SimulatedCiphertext, steps: &[i64]) -> Result<Vec<SimulatedCiphertext>, CkksError> {
        Ok(steps.iter().map(|steps| self.rotated(x, *steps)).collect())
    }
    fn conjugate(&self, x: &SimulatedCiphertext) -> Result<SimulatedCiphertext, CkksError> {
        Ok(self.switched(x.map(|z| z.conj())))
    }
    fn smaller_ring(&self) -> Option<&Self> {
        self.switch.as_ref().map(|switch| &switch.1)
    }
    fn switch_ring(&self, x: &SimulatedCiphertext) -> Result<SimulatedCiphertext, CkksError> {
        let (switch, smaller) = self.switch.as_deref().ok_or(CkksError::NoRingSwitch { limbs: x.limbs })?;
        switch.check_move(x.limbs, &self.parameters, &smaller.parameters)?;
        let mut half = x.means_of_halves();
        half.add_noise(noise::slot_deviation(switch.target().log_n(), switch.noise()) / x.scale);
        Ok(half)
    }
    fn encode_transform(&self, transform: &Arc<LinearTransform>, scale: f64) -> Result<SimulatedTransform, CkksError> {
        self.encoded(transform, scale)
    }
    fn transform_bytes(&self, encoded: &SimulatedTransform) -> u64 {
        encoded.bytes()
    }
    fn apply_transform(
        &self,
        inputs: &[&SimulatedCiphertext],
        encoded: &SimulatedTransform,
    ) -> Result<Vec<SimulatedCiphertext>, CkksError> {
        self.transformed(inputs, encoded)
    }
    fn encode_combination(
        &self,
        combination: &Arc<Combination>,
        scale: f64,
    ) -> Result<SimulatedCombination, CkksError> {
        self.encoded_combination(combination, scale)
    }
    fn combination_bytes(&self, encoded: &SimulatedCombination) -> u64 {
        encoded.bytes()
    }
    fn apply_combination(
        &self,
        inputs: &[&SimulatedCiphertext],
        encoded: &SimulatedCombination,
        working_bytes: u64,
    ) -> Result<Vec<SimulatedCiphertext>, CkksError> {
        self.combined(inputs, encoded, working_bytes)
    }
    fn encode_scalar_matrix(&self, matrix: &Arc<ScalarMatrix>, scale: f64) -> Result<SimulatedScalarMatrix, CkksError> {
        self.encoded_scalar_matrix(matrix, scale)
    }
    fn scalar_matrix_bytes(&self, encoded: &SimulatedScalarMatrix) -> u64 {
        encoded.bytes()
    }
    fn apply_scalar_matrix(
        &self,
        inputs: &[&SimulatedCiphertext],
        encoded: &SimulatedScalarMatrix,
        working_bytes: u64,
    ) -> Result<Vec<SimulatedCiphertext>, CkksError> {
        self.matrix_product(inputs, encoded, working_bytes)
    }
}
