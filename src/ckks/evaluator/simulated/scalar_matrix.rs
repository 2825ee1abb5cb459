//! Matrices of numbers over rotated clear slots.

use std::sync::Arc;

use rayon::prelude::*;

use super::Simulated;
use super::slots::SimulatedCiphertext;
use crate::ckks::encoder::split_scale;
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check;
use crate::ckks::evaluator::panels::{Column, RowsOfPanel};
use crate::ckks::noise;
use crate::ckks::scalar_matrix::ScalarMatrix;
use crate::ring::simd::PANEL_ROWS;

/// Slots that are worked on together; they divide every period.
const WIDTH: usize = 8;

/// Rows whose sums are in registers together.
const ROWS: usize = 4;

/// Slots of a task: what all sources have of them stays in the outer cache.
const SPAN: usize = 64;

/// The slots of a plaintext for each row, [`WIDTH`] of a period.
type Factors = [[f32; WIDTH]; PANEL_ROWS];

/// Whole numbers, and plaintexts as they decode, with the errors of rounding; real, as masks are.
#[derive(Debug)]
pub struct SimulatedScalarMatrix {
    matrix: Arc<ScalarMatrix>,
    panels: Vec<SimulatedPanel>,
    scale: f64,
}

#[derive(Debug)]
struct SimulatedPanel {
    rows: RowsOfPanel,
    /// The columns of whole numbers, in units of values.
    whole: Vec<[f64; PANEL_ROWS]>,
    /// Part by part of a period the factors of all columns of plaintexts.
    factors: Vec<Factors>,
}

impl SimulatedScalarMatrix {
    pub(super) fn bytes(&self) -> u64 {
        let bytes = |panel: &SimulatedPanel| size_of_val(&panel.factors[..]) + size_of_val(&panel.whole[..]);
        self.panels.iter().map(|panel| bytes(panel) as u64).sum()
    }
}

impl Simulated {
    pub(super) fn encoded_scalar_matrix(
        &self,
        matrix: &Arc<ScalarMatrix>,
        scale: f64,
    ) -> Result<SimulatedScalarMatrix, CkksError> {
        let masks = self.encoder.interpolate_masks(matrix.masks())?;
        matrix.check_coefficients(&masks, scale)?;
        let panels = RowsOfPanel::all(matrix, &(0..matrix.sources().len()), scale, u64::MAX)
            .into_iter()
            .map(|rows| {
                let whole = rows.numbers.iter().map(|column| column.map(|number| number as f64 / scale)).collect();
                let factors = self.factors(&rows, &masks, matrix.period(), scale)?;
                Ok(SimulatedPanel { rows, whole, factors })
            })
            .collect::<Result<_, CkksError>>()?;
        Ok(SimulatedScalarMatrix { matrix: matrix.clone(), panels, scale })
    }

    fn factors(
        &self,
        rows: &RowsOfPanel,
        masks: &[Vec<f64>],
        period: usize,
        scale: f64,
    ) -> Result<Vec<Factors>, CkksError> {
        let (rounded_at, _) = split_scale(scale)?;
        let slots = |column: &Column| -> Result<Vec<Vec<f32>>, CkksError> {
            let decoded = |weight: f64, mask: usize| {
                let factor = weight * rounded_at;
                let round = |c: &f64| (c * factor).round_ties_even() / rounded_at;
                let coefficients: Vec<f64> = masks[mask].iter().map(round).collect();
                Ok(self.encoder.evaluate(&coefficients)?.iter().map(|z| z.re as f32).collect())
            };
            match column {
                Column::Large(numbers) => Ok(numbers.map(|w| vec![(w as f64 / scale) as f32; period]).into()),
                Column::Masked(weights, mask) => weights.iter().map(|weight| decoded(*weight, *mask)).collect(),
            }
        };
        let columns = rows.columns.par_iter().map(slots).collect::<Result<Vec<_>, _>>()?;
        let part = |first: usize, column: &Vec<Vec<f32>>| -> Factors {
            std::array::from_fn(|row| std::array::from_fn(|i| column[row][first + i]))
        };
        Ok((0..period).step_by(WIDTH).flat_map(|first| columns.iter().map(move |c| part(first, c))).collect())
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
        let output = |output| {
            let mut zeros = SimulatedCiphertext { scale, limbs: state.limbs - 1, ..zeros.clone() };
            zeros.reseed(output);
            zeros
        };
        let mut outputs: Vec<SimulatedCiphertext> = (0..matrix.outputs() as u64).map(output).collect();
        let slots = zeros.re.len();
        let mut tasks: Vec<[Vec<&mut [f64]>; 2]> = (0..slots.div_ceil(SPAN)).map(|_| Default::default()).collect();
        for output in &mut outputs {
            for (part, values) in [&mut output.re, &mut output.im].into_iter().enumerate() {
                tasks.iter_mut().zip(values.chunks_mut(SPAN)).for_each(|(task, values)| task[part].push(values));
            }
        }
        tasks.into_par_iter().enumerate().for_each_init(Vec::new, |packed, (task, parts)| {
            for (part, outputs) in parts.into_iter().enumerate() {
                let length = outputs.first().map_or(0, |values| values.len());
                packed.clear();
                for at in (task * SPAN..task * SPAN + length).step_by(WIDTH) {
                    let values = |x: &SimulatedCiphertext| {
                        let values = if part == 0 { &x.re } else { &x.im };
                        std::array::from_fn(|i| values[at + i])
                    };
                    packed.extend(sources.iter().map(values));
                }
                // Compiled for every instruction set, chosen at run time.
                pulp::Arch::new().dispatch(Products { encoded, sources: packed, first: task * SPAN, outputs });
            }
        });
        outputs.par_iter_mut().for_each(|output| output.add_noise(rounding));
        Ok(outputs)
    }
}

/// Sums of products for some slots.
struct Products<'a> {
    encoded: &'a SimulatedScalarMatrix,
    /// Part by part of the slots the values of all sources.
    sources: &'a [[f64; WIDTH]],
    /// Number of the first slot.
    first: usize,
    outputs: Vec<&'a mut [f64]>,
}

impl pulp::NullaryFnOnce for Products<'_> {
    type Output = ();

    // A closure would not be inlined into the function that has the instruction set.
    #[inline(always)]
    fn call(self) {
        let Self { encoded, sources, first, mut outputs } = self;
        let period = encoded.matrix.period();
        let count = encoded.matrix.sources().len().max(1);
        for (at, sources) in (0..).step_by(WIDTH).zip(sources.chunks_exact(count)) {
            let part = (first + at) % period / WIDTH;
            for panel in &encoded.panels {
                let columns = panel.rows.columns.len();
                let factors = &panel.factors[part * columns..][..columns];
                for place in &panel.rows.places {
                    for (rows, outputs_of_rows) in place.outputs.chunks(ROWS).enumerate() {
                        let mut sums = [[0.0; WIDTH]; ROWS];
                        for term in &place.whole {
                            let x = &sources[term.source as usize];
                            let weights = &panel.whole[term.column as usize].as_chunks::<ROWS>().0[rows];
                            for (sums, weight) in sums.iter_mut().zip(weights) {
                                sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += weight * x);
                            }
                        }
                        for term in &place.plaintexts {
                            let x = &sources[term.source as usize];
                            let weights = &factors[term.column as usize].as_chunks::<ROWS>().0[rows];
                            for (sums, weights) in sums.iter_mut().zip(weights) {
                                let products = x.iter().zip(weights).map(|(x, weight)| f64::from(*weight) * x);
                                sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
                            }
                        }
                        for (output, sums) in outputs_of_rows.iter().zip(sums) {
                            let values = &mut outputs[*output as usize][at..at + WIDTH];
                            values.iter_mut().zip(sums).for_each(|(value, sum)| *value += sum);
                        }
                    }
                }
            }
        }
    }
}
