//! Linear transforms on clear slots.

use std::collections::HashMap;

use rayon::prelude::*;

use super::Simulated;
use super::slots::{SimulatedCiphertext, mix};
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check;
use crate::ckks::linear_transform::{Fold, LinearTransform};
use crate::ckks::noise;

/// Diagonals as their plaintexts decode, with the errors of encoding.
#[derive(Debug)]
pub struct SimulatedTransform {
    diagonals: Vec<Diagonal>,
    scale: f64,
    /// For each output the root of the summed squares of the diagonals that a rotated input meets, slot by slot: what the
    /// noise of baby steps is multiplied by.
    rotated: Vec<Vec<f64>>,
}

#[derive(Debug)]
struct Diagonal {
    re: Vec<f32>,
    im: Vec<f32>,
}

impl SimulatedTransform {
    pub(super) fn bytes(&self) -> u64 {
        self.diagonals.iter().map(|d| 8 * d.re.len() as u64).sum()
    }
}

/// `sum[i] += w[i] * x[i + steps]`, everything periodic: `w` with its length, `x` with its own.
#[inline(always)]
fn accumulate(sum: (&mut [f64], &mut [f64]), w: &Diagonal, x: (&[f64], &[f64]), steps: usize) {
    let n = sum.0.len();
    let period = w.re.len();
    // Runs that wrap around neither the diagonal nor the input.
    let mut at = 0;
    while at < n {
        let (from, to) = (at % period, (at + steps) % n);
        let length = (period - from).min(n - to).min(n - at);
        let (wr, wi) = (&w.re[from..from + length], &w.im[from..from + length]);
        let (xr, xi) = (&x.0[to..to + length], &x.1[to..to + length]);
        let (sr, si) = (&mut sum.0[at..at + length], &mut sum.1[at..at + length]);
        for i in 0..length {
            let (wr, wi) = (f64::from(wr[i]), f64::from(wi[i]));
            sr[i] += wr * xr[i] - wi * xi[i];
            si[i] += wr * xi[i] + wi * xr[i];
        }
        at += length;
    }
}

impl Simulated {
    pub(super) fn encoded(&self, transform: &LinearTransform, scale: f64) -> Result<SimulatedTransform, CkksError> {
        let diagonals = (0..transform.diagonals.len())
            .into_par_iter()
            .map(|index| {
                let plaintext = self.encoder.encode(&transform.source.slots(index)?, scale)?;
                let slots = self.encoder.slots_of(&plaintext)?;
                let part = |f: fn(&crate::ckks::Complex) -> f64| slots.iter().map(|z| f(z) as f32).collect();
                Ok(Diagonal { re: part(|z| z.re), im: part(|z| z.im) })
            })
            .collect::<Result<Vec<_>, CkksError>>()?;
        let period = transform.source.period();
        let mut rotated = vec![vec![0.0; period]; transform.outputs];
        for (place, diagonal) in transform.diagonals.iter().zip(&diagonals) {
            if transform.babies[place.baby] == 0 {
                continue;
            }
            // The giant step rotates the product to the left.
            let giant = transform.giants[place.giant].rem_euclid(period as i64) as usize;
            for (i, power) in rotated[place.output].iter_mut().enumerate() {
                let at = (i + giant) % period;
                *power += f64::from(diagonal.re[at]).powi(2) + f64::from(diagonal.im[at]).powi(2);
            }
        }
        rotated.iter_mut().flatten().for_each(|power| *power = power.sqrt());
        Ok(SimulatedTransform { diagonals, scale, rotated })
    }

    pub(super) fn transformed(
        &self,
        inputs: &[&SimulatedCiphertext],
        transform: &LinearTransform,
        encoded: &SimulatedTransform,
    ) -> Result<Vec<SimulatedCiphertext>, CkksError> {
        let states: Vec<_> = inputs.iter().map(|x| (*x).into()).collect();
        let state = check::transform_inputs(transform.inputs, &states)?;
        let (limbs, n) = (state.limbs, self.parameters.slots());
        let seed = inputs.iter().fold(transform.diagonals.len() as u64, |seed, x| mix(seed, x.seed));

        let groups = transform.used_giants();
        let mut members: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
        for (index, d) in transform.diagonals.iter().enumerate() {
            members.entry((d.output, d.giant)).or_default().push(index);
        }
        let sums: HashMap<(usize, usize), (Vec<f64>, Vec<f64>)> = groups
            .into_par_iter()
            .map(|group| {
                let (mut re, mut im) = (vec![0.0; n], vec![0.0; n]);
                let members = members.get(&group).map_or(&[][..], Vec::as_slice);
                // Compiled for every instruction set, chosen at run time.
                pulp::Arch::new().dispatch(|| {
                    for &index in members {
                        let place = &transform.diagonals[index];
                        let x = inputs[place.input];
                        let steps = transform.babies[place.baby].rem_euclid(n as i64) as usize;
                        accumulate((&mut re, &mut im), &encoded.diagonals[index], (&x.re, &x.im), steps);
                    }
                });
                (group, (re, im))
            })
            .collect();

        let scale = state.scale * encoded.scale / self.parameters.prime(limbs - 1) as f64;
        let switching = noise::switching(&self.parameters, limbs);
        // Giant steps and folds act on products, whose scale is larger by that of the weights.
        let late = self.deviation(noise::key_switch(&self.parameters, limbs), state.scale * encoded.scale);
        let early = self.deviation(switching, state.scale);
        let end = self.deviation(noise::rounding(self.parameters.log_n()), scale);
        Ok(transform
            .giant_chains()
            .into_iter()
            .enumerate()
            .map(|(output, chain)| {
                let mut total = SimulatedCiphertext {
                    re: vec![0.0; n],
                    im: vec![0.0; n],
                    scale,
                    limbs: limbs - 1,
                    seed: mix(seed, output as u64),
                };
                let switches = chain.iter().filter(|(_, steps)| *steps != 0).count();
                for (giant, _) in chain {
                    let Some((re, im)) = sums.get(&(output, giant)) else { continue };
                    let steps = transform.giants[giant].rem_euclid(n as i64) as usize;
                    for (part, sum) in [(&mut total.re, re), (&mut total.im, im)] {
                        let (head, tail) = sum.split_at(steps);
                        part.iter_mut().zip(tail.iter().chain(head)).for_each(|(x, y)| *x += y);
                    }
                }
                // Independent sources in one draw.
                let deviations: Vec<f64> = encoded.rotated[output]
                    .iter()
                    .map(|power| (early * power).hypot(late * (switches as f64).sqrt()))
                    .collect();
                total.add_varying_noise(&deviations);
                for fold in &transform.folds {
                    let image = match fold {
                        Fold::Rotation(steps) => total.turned(*steps),
                        Fold::Conjugation => total.mapped(|z| z.conj()),
                    };
                    total = total.combined(&image, |x, y| x + y);
                }
                total.add_noise(end.hypot(late * (transform.folds.len() as f64).sqrt()));
                total
            })
            .collect())
    }
}
