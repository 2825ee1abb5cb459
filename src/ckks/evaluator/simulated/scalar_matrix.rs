//! Matrices of numbers over rotated clear slots.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::Simulated;
use super::slots::SimulatedCiphertext;
use crate::ckks::encoder::{Complex, split_scale};
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check;
use crate::ckks::noise;
use crate::ckks::scalar_matrix::{Panel, ScalarMatrix};

/// Plaintexts as they decode, with the errors of rounding; real, as masks are.
#[derive(Debug)]
pub struct SimulatedScalarMatrix {
    matrix: Arc<ScalarMatrix>,
    panels: Vec<SimulatedPanel>,
    scale: f64,
}

#[derive(Debug)]
struct SimulatedPanel {
    /// Weights as whole numbers of the scale's units, row by row.
    whole: Vec<f64>,
    /// For each column and mask that meet, the slots of every row.
    masked: HashMap<(usize, u8), Vec<Vec<f32>>>,
}

impl SimulatedScalarMatrix {
    pub(super) fn bytes(&self) -> u64 {
        let masked = self.panels.iter().flat_map(|panel| panel.masked.values().flatten());
        let whole: usize = self.panels.iter().map(|panel| panel.whole.len()).sum();
        masked.map(|slots| 4 * slots.len() as u64).sum::<u64>() + 8 * whole as u64
    }
}

impl Simulated {
    pub(super) fn encoded_scalar_matrix(
        &self,
        matrix: &Arc<ScalarMatrix>,
        scale: f64,
    ) -> Result<SimulatedScalarMatrix, CkksError> {
        let masks = matrix.masks().iter().map(|mask| {
            let slots: Vec<Complex> = mask.iter().map(|x| Complex::new(*x, 0.0)).collect();
            self.encoder.interpolate(&slots)
        });
        let masks = masks.collect::<Result<Vec<_>, _>>()?;
        let panels = matrix.panels().iter().map(|panel| self.encoded_panel(panel, &masks, scale));
        Ok(SimulatedScalarMatrix { matrix: matrix.clone(), panels: panels.collect::<Result<_, _>>()?, scale })
    }

    fn encoded_panel(&self, panel: &Panel, masks: &[Vec<f64>], scale: f64) -> Result<SimulatedPanel, CkksError> {
        let (rounded_at, _) = split_scale(scale);
        let columns = panel.places.first().map_or(0, |place| place.columns.len());
        let read = panel.places.iter().flat_map(|place| place.columns.iter().enumerate());
        let mut pairs: Vec<(usize, u8)> =
            read.filter_map(|(index, column)| Some((index, column.as_ref()?.mask?))).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let encode = |&(column, mask): &(usize, u8)| {
            let weights = panel.weights.iter().skip(column).step_by(columns);
            let rows = weights.map(|weight| {
                let factor = weight * rounded_at;
                let round = |c: &f64| (c * factor).round_ties_even() / rounded_at;
                let coefficients: Vec<f64> = masks[usize::from(mask)].iter().map(round).collect();
                Ok(self.encoder.evaluate(&coefficients)?.iter().map(|z| z.re as f32).collect())
            });
            Ok(((column, mask), rows.collect::<Result<_, CkksError>>()?))
        };
        let masked = pairs.par_iter().map(encode).collect::<Result<_, CkksError>>()?;
        let whole = panel.weights.iter().map(|weight| (weight * scale).round_ties_even() / scale).collect();
        Ok(SimulatedPanel { whole, masked })
    }

    pub(super) fn matrix_product(
        &self,
        inputs: &[&SimulatedCiphertext],
        encoded: &SimulatedScalarMatrix,
        working_bytes: u64,
    ) -> Result<Vec<SimulatedCiphertext>, CkksError> {
        let matrix = &*encoded.matrix;
        let states: Vec<_> = inputs.iter().map(|x| (*x).into()).collect();
        let state = check::transform_inputs(matrix.inputs(), &states)?;
        check::rotated_in_memory(matrix.sources(), self.parameters.n(), state.limbs, working_bytes)?;
        let sources: Vec<SimulatedCiphertext> =
            matrix.sources().par_iter().map(|source| self.rotated(inputs[source.input], source.steps)).collect();
        let Some(zeros) = SimulatedCiphertext::zeros_for(inputs, matrix.sources().len() as u64) else {
            return Ok(Vec::new());
        };
        let scale = state.scale * encoded.scale / self.parameters.prime(state.limbs - 1) as f64;
        let rounding = self.deviation(noise::rounding(self.parameters.log_n()), scale);
        let mut outputs: Vec<SimulatedCiphertext> = (0..matrix.outputs() as u64)
            .map(|output| {
                let mut zeros = SimulatedCiphertext { scale, limbs: state.limbs - 1, ..zeros.clone() };
                zeros.reseed(output);
                zeros
            })
            .collect();
        for (panel, encoded) in matrix.panels().iter().zip(&encoded.panels) {
            for place in &panel.places {
                let columns = place.columns.len();
                for (row, output) in place.outputs.iter().enumerate() {
                    let output = &mut outputs[*output as usize];
                    for (index, column) in place.columns.iter().enumerate() {
                        let Some(column) = column else { continue };
                        let source = &sources[column.source as usize];
                        let whole = [encoded.whole[row * columns + index] as f32];
                        let factors = column.mask.map_or(&whole[..], |mask| &encoded.masked[&(index, mask)][row]);
                        add_product(&mut output.re, &source.re, factors);
                        add_product(&mut output.im, &source.im, factors);
                    }
                }
            }
        }
        outputs.par_iter_mut().for_each(|output| output.add_noise(rounding));
        Ok(outputs)
    }
}

/// Adds the product of slots and factors that repeat.
fn add_product(out: &mut [f64], slots: &[f64], factors: &[f32]) {
    for ((out, slot), factor) in out.iter_mut().zip(slots).zip(factors.iter().cycle()) {
        *out += f64::from(*factor) * slot;
    }
}
