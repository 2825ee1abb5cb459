//! Linear transforms on clear slots.

use std::sync::Arc;

use rayon::prelude::*;

use super::Simulated;
use super::slots::SimulatedCiphertext;
use crate::ckks::encoder::split_scale;
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check;
use crate::ckks::linear_transform::{Fold, LinearTransform};
use crate::ckks::noise;

/// Diagonals as their plaintexts decode, with the errors of encoding.
#[derive(Debug)]
pub struct SimulatedTransform {
    transform: Arc<LinearTransform>,
    outputs: Vec<Output>,
    scale: f64,
}

/// The diagonals of one output.
#[derive(Debug)]
struct Output {
    /// For each diagonal its input, and how far that is rotated to the left where the output is computed.
    places: Vec<(usize, usize)>,
    /// Slots of a tile: their sums stay in the inner cache while all diagonals add to them.
    tile: usize,
    /// `[tiles of a period, diagonals, real and imaginary parts, slots of a tile]`: read from front to back.
    values: Vec<f32>,
    /// The root of the summed squares of the diagonals that a rotated input meets, slot by slot: what the noise of baby steps is
    /// multiplied by.
    rotated: Vec<f64>,
}

/// Diagonals that are encoded side by side before they are stored.
const ENCODED_TOGETHER: usize = 64;

/// The most slots of a tile.
const TILE: usize = 256;

impl SimulatedTransform {
    pub(super) fn bytes(&self) -> u64 {
        self.outputs.iter().map(|output| 4 * output.values.len() as u64).sum()
    }
}

/// `sum += w * x` on complex numbers: `sum`, `w` and `x` are real and imaginary parts.
#[inline(always)]
fn accumulate(sum: (&mut [f64], &mut [f64]), w: (&[f32], &[f32]), x: (&[f64], &[f64])) {
    let length = sum.0.len();
    let (sr, si) = (&mut sum.0[..length], &mut sum.1[..length]);
    let (wr, wi, xr, xi) = (&w.0[..length], &w.1[..length], &x.0[..length], &x.1[..length]);
    for i in 0..length {
        let (wr, wi) = (f64::from(wr[i]), f64::from(wi[i]));
        sr[i] += wr * xr[i] - wi * xi[i];
        si[i] += wr * xi[i] + wi * xr[i];
    }
}

/// The tiles of an output that the same slots of the diagonals meet, a period apart and in all images: diagonals come from memory, so they
/// are read once.
struct TileSums<'a> {
    output: &'a Output,
    inputs: &'a [&'a SimulatedCiphertext],
    /// Number of the tile within the period.
    number: usize,
    /// Of each: image, first slot, real parts and imaginary parts.
    sums: Vec<(usize, usize, &'a mut [f64], &'a mut [f64])>,
}

impl pulp::NullaryFnOnce for TileSums<'_> {
    type Output = ();

    // A closure would not be inlined into the function that has the instruction set.
    #[inline(always)]
    fn call(self) {
        let Self { output, inputs, number, mut sums } = self;
        let Output { places, tile, values, .. } = output;
        let row = 2 * tile * places.len();
        for ((input, steps), w) in places.iter().zip(values[number * row..][..row].chunks_exact(2 * tile)) {
            let x = inputs[*input];
            let n = x.length();
            let (wr, wi) = w.split_at(*tile);
            for (image, first, re, im) in &mut sums {
                // The rotated input may wrap around within a tile; n is a power of two.
                let from = (*first + steps) & (n - 1);
                let head = (*tile).min(n - from);
                let (head_re, tail_re) = re.split_at_mut(head);
                let (head_im, tail_im) = im.split_at_mut(head);
                let (xr, xi) = (&x.re[*image * n..][..n], &x.im[*image * n..][..n]);
                accumulate((head_re, head_im), (wr, wi), (&xr[from..], &xi[from..]));
                accumulate((tail_re, tail_im), (&wr[head..], &wi[head..]), (xr, xi));
            }
        }
    }
}

impl Simulated {
    pub(super) fn encoded(
        &self,
        transform: &Arc<LinearTransform>,
        scale: f64,
    ) -> Result<SimulatedTransform, CkksError> {
        let (rounded_at, _) = split_scale(scale)?;
        self.encoder.check_period(transform.source.period())?;
        let outputs = (0..transform.outputs)
            .map(|output| {
                let members: Vec<usize> = (0..transform.diagonals.len())
                    .filter(|index| transform.diagonals[*index].output == output)
                    .collect();
                self.encoded_output(transform, &members, rounded_at)
            })
            .collect::<Result<_, CkksError>>()?;
        Ok(SimulatedTransform { transform: transform.clone(), outputs, scale })
    }

    /// The diagonals with these numbers, which are all of one output.
    fn encoded_output(&self, transform: &LinearTransform, members: &[usize], scale: f64) -> Result<Output, CkksError> {
        let period = transform.source.period();
        let tile = period.min(TILE);
        let mut output = Output {
            places: Vec::with_capacity(members.len()),
            tile,
            values: vec![0.0; 2 * period * members.len()],
            rotated: vec![0.0; period],
        };
        for (step, some) in members.chunks(ENCODED_TOGETHER).enumerate() {
            let encode = |index: &usize| {
                let plaintext = self.encoder.encode(&transform.source.slots(*index)?, scale)?;
                self.encoder.slots_of(&plaintext)
            };
            let encoded = some.par_iter().map(encode).collect::<Result<Vec<_>, CkksError>>()?;
            for (offset, slots) in encoded.iter().enumerate() {
                let number = step * ENCODED_TOGETHER + offset;
                let place = &transform.diagonals[members[number]];
                let (giant, baby) = (transform.giants[place.giant], transform.babies[place.baby]);
                output.places.push((place.input, (giant + baby).rem_euclid(self.parameters.slots() as i64) as usize));
                // The giant step rotates the product to the left.
                let turned = slots.iter().cycle().skip(giant.rem_euclid(period as i64) as usize).take(period);
                for (at, slot) in turned.enumerate() {
                    let first = (at / tile * members.len() + number) * 2 * tile + at % tile;
                    output.values[first] = slot.re as f32;
                    output.values[first + tile] = slot.im as f32;
                    if baby != 0 {
                        output.rotated[at] += slot.norm_sqr();
                    }
                }
            }
        }
        output.rotated.iter_mut().for_each(|power| *power = power.sqrt());
        Ok(output)
    }

    pub(super) fn transformed(
        &self,
        inputs: &[&SimulatedCiphertext],
        encoded: &SimulatedTransform,
    ) -> Result<Vec<SimulatedCiphertext>, CkksError> {
        let transform = &encoded.transform;
        let states: Vec<_> = inputs.iter().map(|x| (*x).into()).collect();
        let state = check::transform_inputs(transform.inputs, &states)?;
        let limbs = state.limbs;
        let Some(zeros) = SimulatedCiphertext::zeros_for(inputs, transform.diagonals.len() as u64) else {
            return Ok(Vec::new());
        };

        let scale = state.scale * encoded.scale / self.parameters.prime(limbs - 1) as f64;
        let switching = noise::switching(&self.parameters, limbs);
        // Giant steps and folds act on products, whose scale is larger by that at which weights are rounded; the rest of the weights'
        // scale is made up for at the end.
        let (rounded_at, _) = split_scale(encoded.scale)?;
        let late = self.deviation(noise::key_switch(&self.parameters, limbs), state.scale * rounded_at);
        let early = self.deviation(switching, state.scale);
        let end = self.deviation(noise::rounding(self.parameters.log_n()), scale);
        Ok(transform
            .giant_chains()
            .into_iter()
            .enumerate()
            .map(|(output, chain)| {
                let mut total = SimulatedCiphertext { scale, limbs: limbs - 1, ..zeros.clone() };
                total.reseed(output as u64);
                let diagonals = &encoded.outputs[output];
                let (tile, length) = (diagonals.tile, total.length());
                let mut tiles: Vec<Vec<_>> = (0..diagonals.rotated.len() / tile).map(|_| Vec::new()).collect();
                let count = tiles.len();
                for (number, (re, im)) in total.re.chunks_mut(tile).zip(total.im.chunks_mut(tile)).enumerate() {
                    let (image, first) = (number * tile / length, number * tile % length);
                    tiles[number % count].push((image, first, re, im));
                }
                tiles.into_par_iter().enumerate().for_each(|(number, sums)| {
                    // Compiled for every instruction set, chosen at run time.
                    pulp::Arch::new().dispatch(TileSums { output: diagonals, inputs, number, sums });
                });
                let switches = chain.iter().filter(|(_, steps)| *steps != 0).count();
                // Independent sources in one draw.
                let deviations: Vec<f64> = diagonals
                    .rotated
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
                        total = total.zip_with(&total.map(|z| z.conj()), |x, y| x + y);
                        total.add_varying_noise(&with_end(2.0), &[end]);
                        return total;
                    }
                    _ => total.add_varying_noise(&deviations, &deviations),
                }
                for fold in &transform.folds {
                    let image = match fold {
                        Fold::Rotation(steps) => total.rotated_slots(*steps),
                        Fold::Conjugation => total.map(|z| z.conj()),
                    };
                    total = total.zip_with(&image, |x, y| x + y);
                }
                total.add_noise(end);
                total
            })
            .collect())
    }
}
