//! Combinations of rotated clear slots.

use std::sync::Arc;

use rayon::prelude::*;

use super::Simulated;
use super::slots::SimulatedCiphertext;
use crate::ckks::combination::Combination;
use crate::ckks::encoder::split_scale;
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check;
use crate::ckks::noise;

/// Plaintexts as they decode, with the errors of rounding: real and imaginary parts.
#[derive(Debug)]
pub struct SimulatedCombination {
    combination: Arc<Combination>,
    plaintexts: Vec<(Vec<f64>, Vec<f64>)>,
    scale: f64,
}

impl SimulatedCombination {
    pub(super) fn bytes(&self) -> u64 {
        self.plaintexts.iter().map(|(re, im)| 8 * (re.len() + im.len()) as u64).sum()
    }
}

impl Simulated {
    pub(super) fn encoded_combination(
        &self,
        combination: &Arc<Combination>,
        scale: f64,
    ) -> Result<SimulatedCombination, CkksError> {
        let plaintexts = combination.plaintexts();
        let bases = plaintexts.bases().iter().map(|b| self.encoder.interpolate(b)).collect::<Result<Vec<_>, _>>()?;
        let (rounded_at, _) = split_scale(scale)?;
        plaintexts.check_coefficients(&bases, rounded_at)?;
        let plaintexts = (0..plaintexts.len())
            .into_par_iter()
            .map(|index| {
                let coefficients: Vec<f64> = plaintexts
                    .combine(index, &bases)
                    .map(|c| (c * rounded_at).round_ties_even() / rounded_at)
                    .collect();
                let slots = self.encoder.evaluate(&coefficients)?;
                Ok((slots.iter().map(|z| z.re).collect(), slots.iter().map(|z| z.im).collect()))
            })
            .collect::<Result<_, CkksError>>()?;
        Ok(SimulatedCombination { combination: combination.clone(), plaintexts, scale })
    }

    pub(super) fn combined(
        &self,
        inputs: &[&SimulatedCiphertext],
        encoded: &SimulatedCombination,
        working_bytes: u64,
    ) -> Result<Vec<SimulatedCiphertext>, CkksError> {
        let combination = &*encoded.combination;
        let states: Vec<_> = inputs.iter().map(|x| (*x).into()).collect();
        let state = check::transform_inputs(combination.inputs(), &states)?;
        check::rotated_in_memory(combination.sources(), self.parameters.n(), state.limbs, working_bytes)?;
        let sources: Vec<SimulatedCiphertext> =
            combination.sources().par_iter().map(|source| self.rotated(inputs[source.input], source.steps)).collect();
        let limbs = state.limbs;
        let Some(zeros) = SimulatedCiphertext::zeros_for(inputs, combination.member_count() as u64) else {
            return Ok(Vec::new());
        };
        let n = zeros.re.len();
        let scale = state.scale * encoded.scale / self.parameters.prime(limbs - 1) as f64;
        let rounding = self.deviation(noise::rounding(self.parameters.log_n()), scale);
        let conjugation = self.deviation(noise::key_switch(&self.parameters, limbs), state.scale * encoded.scale);
        Ok((0..combination.outputs())
            .into_par_iter()
            .map(|output| {
                let (mut re, mut im) = (vec![0.0; n], vec![0.0; n]);
                let (mut sum_re, mut sum_im) = (vec![0.0; n], vec![0.0; n]);
                for group in combination.groups(output) {
                    sum_re.fill(0.0);
                    sum_im.fill(0.0);
                    for &member in group.members {
                        let source = &sources[usize::from(member)];
                        sum_re.iter_mut().zip(&source.re).for_each(|(sum, x)| *sum += x);
                        sum_im.iter_mut().zip(&source.im).for_each(|(sum, x)| *sum += x);
                    }
                    let plaintext = &encoded.plaintexts[group.plaintext as usize];
                    add_product((&mut re, &mut im), (&sum_re, &sum_im), plaintext);
                }
                for integers in combination.integers() {
                    sum_re.fill(0.0);
                    sum_im.fill(0.0);
                    let row = &integers.weights[output * sources.len()..][..sources.len()];
                    for (weight, source) in row.iter().zip(&sources).filter(|(w, _)| **w != 0) {
                        let weight = f64::from(*weight);
                        sum_re.iter_mut().zip(&source.re).for_each(|(sum, x)| *sum += weight * x);
                        sum_im.iter_mut().zip(&source.im).for_each(|(sum, x)| *sum += weight * x);
                    }
                    let plaintext = &encoded.plaintexts[integers.plaintexts[output] as usize];
                    add_product((&mut re, &mut im), (&sum_re, &sum_im), plaintext);
                }
                let mut result = SimulatedCiphertext { re, im, scale, limbs: limbs - 1, seeds: zeros.seeds.clone() };
                result.reseed(output as u64);
                if combination.takes_real_part() {
                    result = result.zip_with(&result.map(|z| z.conj()), |x, y| x + y);
                    result.add_noise(conjugation);
                }
                result.add_noise(rounding);
                result
            })
            .collect())
    }
}

/// Adds the product of slots and a plaintext that repeats.
fn add_product(out: (&mut [f64], &mut [f64]), slots: (&[f64], &[f64]), plaintext: &(Vec<f64>, Vec<f64>)) {
    let factors = plaintext.0.iter().zip(&plaintext.1).cycle();
    let slots = slots.0.iter().zip(slots.1);
    for ((re, im), ((x, y), (f, g))) in out.0.iter_mut().zip(out.1).zip(slots.zip(factors)) {
        *re += f * x - g * y;
        *im += f * y + g * x;
    }
}
