//! What is no scale, on every evaluator.

use std::sync::Arc;

use super::testing::{Values, World, slots};
use super::{Counting, Evaluator, Simulated};
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::combination::{Combination, Plaintexts, Rotated};
use crate::ckks::encoder::Complex;
use crate::ckks::error::CkksError;
use crate::ckks::linear_transform::{Diagonal, LinearTransform};
use crate::ckks::parameters::KeySwitching;
use crate::ckks::scalar_matrix::ScalarMatrix;

const LIMBS: usize = 2;

/// Asserts that nothing is encoded at what is no scale, and that ciphertexts at it are not added; `at` makes one.
fn assert_refused<E: Evaluator>(evaluator: &E, at: impl Fn(f64) -> E::Ciphertext) {
    let constant = [Complex::from(1.0); 8];
    let sources = || vec![Rotated { input: 0, steps: 0 }];
    let transform = Arc::new(LinearTransform {
        inputs: 1,
        outputs: 1,
        babies: vec![0],
        giants: vec![0],
        diagonals: vec![Diagonal { output: 0, input: 0, giant: 0, baby: 0 }],
        folds: Vec::new(),
        source: Box::new(Values(vec![constant.to_vec()])),
    });
    let combination = Arc::new(Combination::new(1, sources(), Plaintexts::new(vec![constant.to_vec()])).unwrap());
    let matrix = Arc::new(ScalarMatrix::new(1, 1, sources(), Vec::new()).unwrap());
    let x = at(1024.0);
    for scale in [0.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let refused = [
            evaluator.multiply_plain(&x, &constant, scale).err(),
            evaluator.add_plain(&at(scale), &constant).err(),
            evaluator.encode_transform(&transform, scale).err(),
            evaluator.encode_combination(&combination, scale).err(),
            evaluator.encode_scalar_matrix(&matrix, scale).err(),
        ];
        for (number, error) in refused.iter().enumerate() {
            assert!(matches!(error, Some(CkksError::Scale { .. })), "{number} at {scale}: {error:?}");
        }
    }
    for scale in [0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let (x, y) = (at(scale), at(scale));
        for error in [evaluator.add(&x, &y).err(), evaluator.subtract(&x, &y).err()] {
            assert!(matches!(error, Some(CkksError::ScaleMismatch { .. })), "{scale}: {error:?}");
        }
    }
}

#[test]
fn no_evaluator_takes_what_is_no_scale() {
    let w = World::new(8, 2, KeySwitching::Automatic);
    let message = slots(1, w.slot_count());
    let fresh = w.encrypt(&message, w.parameters.scale(), LIMBS);
    assert_refused(&w.evaluator, |scale| Ciphertext { scale, ..fresh.clone() });
    let simulated = Simulated::new(w.parameters.clone(), w.encoder.clone());
    assert_refused(&simulated, |scale| simulated.encrypt(&message, scale, LIMBS, 2));
    let counting = Counting::new(w.parameters.clone());
    assert_refused(&counting, |scale| counting.fresh(LIMBS, scale));
}
