//! The evaluator on real ciphertexts, split by concern.

mod arithmetic;
mod combination;
mod division;
mod key_switch;
mod ring_switch;
mod rotation;
mod scalar_matrix;
mod tables;
mod transform;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use ring_switch::Switcher;
use tables::Tables;

use super::interface::Evaluator;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::combination::Combination;
use crate::ckks::encoder::{Complex, Encoder};
use crate::ckks::error::CkksError;
use crate::ckks::keys::EvaluationKeys;
use crate::ckks::linear_transform::LinearTransform;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring_switch::RingSwitchingKey;
use crate::ckks::scalar_matrix::ScalarMatrix;

/// Computes on ciphertexts; needs no secret.
#[derive(Debug)]
pub struct Encrypted {
    parameters: Parameters,
    encoder: Encoder,
    keys: Arc<EvaluationKeys>,
    tables: Tables,
    switcher: Option<Box<Switcher>>,
}

impl Encrypted {
    /// An evaluator with the given keys. Instead of an encoder of another ring it has one of that of the parameters.
    pub fn new(parameters: Parameters, encoder: Encoder, keys: Arc<EvaluationKeys>) -> Self {
        let encoder = encoder.for_ring(parameters.log_n());
        let tables = Tables::new(parameters.clone());
        Self { parameters, encoder, keys, tables, switcher: None }
    }

    /// The same with a way into the ring of half the dimension, and what evaluates there; [`Evaluator::switch_ring`] refuses another ring.
    pub fn with_ring_switch(self, key: RingSwitchingKey, smaller: Self) -> Self {
        let switcher = Switcher::new(key, self.encoder.clone(), smaller);
        Self { switcher: Some(Box::new(switcher)), ..self }
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Bytes of all keys, those into and in smaller rings included.
    pub fn key_bytes(&self) -> u64 {
        let smaller = self.switcher.as_ref().map_or(0, |switcher| switcher.key_bytes());
        self.keys.bytes() + smaller
    }

    /// The keys.
    pub fn keys(&self) -> &EvaluationKeys {
        &self.keys
    }
}

impl Evaluator for Encrypted {
    type Ciphertext = Ciphertext;
    type Transform = transform::EncodedTransform;
    type Combination = combination::EncodedCombination;
    type ScalarMatrix = scalar_matrix::EncodedScalarMatrix;

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }
    fn limbs(&self, x: &Ciphertext) -> usize {
        x.limbs()
    }
    fn scale(&self, x: &Ciphertext) -> f64 {
        x.scale
    }
    fn add(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, CkksError> {
        self.add_ciphertext(x, y)
    }
    fn subtract(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, CkksError> {
        self.sub_ciphertext(x, y)
    }
    fn negate(&self, x: &Ciphertext) -> Ciphertext {
        self.negate_ciphertext(x)
    }
    fn add_plain(&self, x: &Ciphertext, slots: &[Complex]) -> Result<Ciphertext, CkksError> {
        self.add_plaintext(x, slots)
    }
    fn multiply_plain(&self, x: &Ciphertext, slots: &[Complex], scale: f64) -> Result<Ciphertext, CkksError> {
        self.multiply_plaintext(x, slots, scale)
    }
    fn multiply_integer(&self, x: &Ciphertext, factor: i64) -> Ciphertext {
        self.multiply_by_integer(x, factor)
    }
    fn multiply_imaginary_unit(&self, x: &Ciphertext) -> Ciphertext {
        self.multiply_by_imaginary_unit(x)
    }
    fn multiply(&self, x: &Ciphertext, y: &Ciphertext) -> Result<Ciphertext, CkksError> {
        self.multiply_ciphertext(x, y)
    }
    fn square(&self, x: &Ciphertext) -> Result<Ciphertext, CkksError> {
        Ok(self.square_ciphertexts(&[x])?.remove(0))
    }
    fn square_all(&self, inputs: &[&Ciphertext]) -> Result<Vec<Ciphertext>, CkksError> {
        self.square_ciphertexts(inputs)
    }
    fn rescale(&self, x: &Ciphertext) -> Result<Ciphertext, CkksError> {
        self.rescale_ciphertext(x)
    }
    fn drop_to(&self, x: &Ciphertext, limbs: usize) -> Result<Ciphertext, CkksError> {
        self.drop_limbs(x, limbs)
    }
    fn rotate(&self, x: &Ciphertext, steps: i64) -> Result<Ciphertext, CkksError> {
        Ok(self.rotated(&[x], &[steps])?.remove(0).remove(0))
    }
    fn rotate_hoisted(&self, x: &Ciphertext, steps: &[i64]) -> Result<Vec<Ciphertext>, CkksError> {
        Ok(self.rotated(&[x], steps)?.remove(0))
    }
    fn conjugate(&self, x: &Ciphertext) -> Result<Ciphertext, CkksError> {
        self.conjugate_ciphertext(x)
    }
    fn smaller_ring(&self) -> Option<&Self> {
        self.switcher.as_ref().map(|switcher| &switcher.smaller)
    }
    fn switch_ring(&self, x: &Ciphertext) -> Result<Ciphertext, CkksError> {
        let switcher = self.switcher.as_ref().ok_or(CkksError::NoRingSwitch { limbs: x.limbs() })?;
        switcher.switch().check_move(x.limbs(), &self.parameters, &switcher.smaller.parameters)?;
        Ok(switcher.switched(x))
    }
    fn encode_transform(&self, transform: &Arc<LinearTransform>, scale: f64) -> Result<Self::Transform, CkksError> {
        self.encoded(transform, scale)
    }
    fn evaluate_transform(&self, encoded: Self::Transform, limbs: usize) -> Self::Transform {
        self.with_evaluations(encoded, limbs)
    }
    fn transform_bytes(&self, encoded: &Self::Transform) -> u64 {
        encoded.bytes()
    }
    fn apply_transform(&self, inputs: &[&Ciphertext], encoded: &Self::Transform) -> Result<Vec<Ciphertext>, CkksError> {
        self.transformed(inputs, encoded)
    }
    fn encode_combination(&self, combination: &Arc<Combination>, scale: f64) -> Result<Self::Combination, CkksError> {
        self.encoded_combination(combination, scale)
    }
    fn combination_bytes(&self, encoded: &Self::Combination) -> u64 {
        encoded.bytes()
    }
    fn apply_combination(
        &self,
        inputs: &[&Ciphertext],
        encoded: &Self::Combination,
        working_bytes: u64,
    ) -> Result<Vec<Ciphertext>, CkksError> {
        self.combined(inputs, encoded, working_bytes)
    }
    fn encode_scalar_matrix(&self, matrix: &Arc<ScalarMatrix>, scale: f64) -> Result<Self::ScalarMatrix, CkksError> {
        self.encoded_scalar_matrix(matrix, scale)
    }
    fn scalar_matrix_bytes(&self, encoded: &Self::ScalarMatrix) -> u64 {
        encoded.bytes()
    }
    fn apply_scalar_matrix(
        &self,
        inputs: &[&Ciphertext],
        encoded: &Self::ScalarMatrix,
        working_bytes: u64,
    ) -> Result<Vec<Ciphertext>, CkksError> {
        self.matrix_product(inputs, encoded, working_bytes)
    }
}
