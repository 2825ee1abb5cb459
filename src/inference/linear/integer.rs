//! Convolutions whose weights are small integers times whole ciphertexts, with one mask for each output.
//!
//! A whole ciphertext times an integer is exact and needs no plaintext, but it cannot mask: zeros must lie around every
//! plane, and after the sum one plaintext for each output clears what has gathered there. Weights and mask share the scale
//! W: with a unit u of the integers, a weight is off by up to u/2 and the mask, encoded at u W, by about
//! sqrt(period / 12) / (u W) of every value. The unit of an output is its largest weight over 2^(bits - 1) - 1, and the bits
//! are those with the smallest sum of both errors.
//!
//! Identity shortcuts keep a plaintext of their own: one product, no rounding to integers.

use std::collections::{BTreeMap, HashMap};

use super::channel_weights::{Bases, ChannelTerm, Weights, inputs, sources};
use crate::ckks::CkksError;
use crate::ckks::combination::{Combination, Group, Integers, MAX_INTEGER_BITS, Plaintexts, Rotated};
use crate::inference::layout::ChannelLayout;

/// The weights of a member in one output by what they read, real or imaginary part: where terms read the same, their sum.
fn sums(weights: &[Weights], member: usize) -> BTreeMap<(Rotated, bool), f64> {
    let mut sums = BTreeMap::new();
    for weight in weights.iter().filter(|weight| !weight.identity) {
        *sums.entry((weight.source, weight.imaginary)).or_default() += weight.values[member];
    }
    sums
}

/// The largest weight of a member in one output, and the sum of all squares.
fn magnitude(weights: &[Weights], member: usize) -> (f64, f64) {
    let sums = sums(weights, member);
    sums.values().fold((0.0, 0.0), |(largest, squares), v| (v.abs().max(largest), v.mul_add(*v, squares)))
}

/// Largest integer of `bits` bits with sign.
fn top(bits: u32) -> f64 {
    f64::from((1 << (bits - 1)) - 1)
}

/// The bits for which weights and masks err least in all: relative to an output, the weights by u sqrt(n / 12 / sum of
/// squares), the mask by sqrt(period / 12) / (u W).
fn best_bits(outputs: &[Vec<Weights>], members: usize, period: usize, weight_scale: f64) -> u32 {
    let magnitudes: Vec<(f64, f64, f64)> = outputs
        .iter()
        .flat_map(|weights| (0..members).map(|m| (magnitude(weights, m), weights.len() as f64)))
        .map(|((largest, squares), count)| (largest, squares, count))
        .filter(|(largest, ..)| *largest > 0.0)
        .collect();
    let error = |bits: u32| -> f64 {
        let one = |(largest, squares, count): &(f64, f64, f64)| {
            let unit = largest / top(bits);
            unit * unit * count / 12.0 / squares + period as f64 / 12.0 / (unit * weight_scale).powi(2)
        };
        magnitudes.iter().map(one).sum()
    };
    (3..=MAX_INTEGER_BITS).min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap_or(8)
}

/// The combination; `weight_scale` is W, that at which masks are rounded.
pub(super) fn assemble(
    outputs: &[Vec<Weights>],
    terms: &[ChannelTerm],
    output: &ChannelLayout,
    weight_scale: f64,
) -> Result<Combination, CkksError> {
    let members = output.blocks();
    let bits = best_bits(outputs, members, output.period(), weight_scale);
    let sources = sources(outputs);
    let number: HashMap<Rotated, usize> = sources.iter().zip(0..).map(|(s, i)| (*s, i)).collect();
    let mut bases = Bases::new(output);
    let whole = 0..output.shape().width;
    let pairs = terms.iter().any(|t| t.pairs);
    // One matrix for each member and, of paired channels, for real and imaginary parts.
    let parts: &[bool] = if pairs { &[false, true] } else { &[false] };
    let kinds: Vec<(usize, bool)> = (0..members).flat_map(|m| parts.iter().map(move |part| (m, *part))).collect();
    let masks: Vec<u32> = kinds.iter().map(|(member, part)| bases.number(&whole, *member, *part)).collect();
    let mut plaintexts = Plaintexts::new(bases.masks);
    let mut matrices: Vec<Integers> = kinds
        .iter()
        .map(|_| Integers { bits, plaintexts: Vec::new(), weights: vec![0; outputs.len() * sources.len()] })
        .collect();
    let mut identities: Vec<Vec<(u32, u16)>> = Vec::with_capacity(outputs.len());
    for (row, weights) in outputs.iter().enumerate() {
        for (&(member, part), (matrix, mask)) in kinds.iter().zip(matrices.iter_mut().zip(&masks)) {
            let unit = magnitude(weights, member).0 / top(bits);
            let unit = if unit > 0.0 { unit } else { 1.0 };
            matrix.plaintexts.push(plaintexts.push([(*mask, unit)]));
            for ((source, _), value) in
                sums(weights, member).into_iter().filter(|((_, imaginary), _)| *imaginary == part)
            {
                matrix.weights[row * sources.len() + number[&source]] = (value / unit).round() as i16;
            }
        }
        let identity = weights.iter().filter(|w| w.identity).map(|weight| {
            let own = kinds.iter().zip(&masks).filter(|((_, part), _)| *part == weight.imaginary);
            let factors = own.zip(&weight.values).map(|((_, mask), value)| (*mask, *value));
            (plaintexts.push(factors), number[&weight.source] as u16)
        });
        identities.push(identity.collect());
    }
    let mut combination = Combination::new(inputs(terms), sources, plaintexts)?;
    for groups in &identities {
        combination
            .push(groups.iter().map(|(p, source)| Group { plaintext: *p, members: std::slice::from_ref(source) }))?;
    }
    matrices.into_iter().try_for_each(|matrix| combination.push_integers(matrix))?;
    if pairs {
        combination.take_real_part();
    }
    Ok(combination)
}
