//! Linear transforms on clear slots.

use rayon::prelude::*;

use super::Simulated;
use super::slots::{SimulatedCiphertext, mix};
use crate::ckks::encoder::split_scale;
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

/// Slots whose sums stay in the inner cache while all diagonals add to them.
const TILE: usize = 1024;

/// `sum[i] += w[first + i] * x[first + i + steps]`, everything periodic: `w` with its length, `x` with its own.
#[inline(always)]
fn accumulate(sum: (&mut [f64], &mut [f64]), first: usize, w: &Diagonal, x: (&[f64], &[f64]), steps: usize) {
    let n = x.0.len();
    let period = w.re.len();
    // Runs that wrap around neither the diagonal nor the input.
    let mut at = 0;
    while at < sum.0.len() {
        let (from, to) = ((first + at) % period, (first + at + steps) % n);
        let length = (period - from).min(n - to).min(sum.0.len() - at);
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
        let (rounded_at, _) = split_scale(scale);
        let diagonals = (0..transform.diagonals.len())
            .into_par_iter()
            .map(|index| {
                let plaintext = self.encoder.encode(&transform.source.slots(index)?, rounded_at)?;
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

        let mut members: Vec<Vec<usize>> = vec![Vec::new(); transform.outputs];
        for (index, place) in transform.diagonals.iter().enumerate() {
            members[place.output].push(index);
        }
        let rotation = |steps: i64| steps.rem_euclid(n as i64) as usize;
        // Giant steps rotate products to the left: the tile of a result reads theirs from further on.
        let tile = |members: &[usize], first: usize, re: &mut [f64], im: &mut [f64]| {
            // Compiled for every instruction set, chosen at run time.
            pulp::Arch::new().dispatch(|| {
                for &index in members {
                    let place = &transform.diagonals[index];
                    let x = inputs[place.input];
                    let first = (first + rotation(transform.giants[place.giant])) % n;
                    let steps = rotation(transform.babies[place.baby]);
                    accumulate((re, im), first, &encoded.diagonals[index], (&x.re, &x.im), steps);
                }
            });
        };

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
                let tiles = total.re.par_chunks_mut(TILE).zip(total.im.par_chunks_mut(TILE));
                tiles.enumerate().for_each(|(number, (re, im))| tile(&members[output], number * TILE, re, im));
                let switches = chain.iter().filter(|(_, steps)| *steps != 0).count();
                // Independent sources in one draw.
                let deviations: Vec<f64> = encoded.rotated[output]
                    .iter()
                    .map(|power| (early * power).hypot(late * (switches as f64).sqrt()))
                    .collect();
                let end = end.hypot(late * (transform.folds.len() as f64).sqrt());
                let with_end = |factor: f64| deviations.iter().map(|x| (factor * x).hypot(end)).collect::<Vec<_>>();
                // A draw takes as long as a dozen diagonals: one instead of two where noise passes through the folds simply.
                match transform.folds[..] {
                    [] => {
                        let both = with_end(1.0);
                        total.add_varying_noise(&both, &both);
                        return total;
                    }
                    [Fold::Conjugation] => {
                        total = total.combined(&total.mapped(|z| z.conj()), |x, y| x + y);
                        total.add_varying_noise(&with_end(2.0), &[end]);
                        return total;
                    }
                    _ => total.add_varying_noise(&deviations, &deviations),
                }
                for fold in &transform.folds {
                    let image = match fold {
                        Fold::Rotation(steps) => total.turned(*steps),
                        Fold::Conjugation => total.mapped(|z| z.conj()),
                    };
                    total = total.combined(&image, |x, y| x + y);
                }
                total.add_noise(end);
                total
            })
            .collect())
    }
}
