//! Convolutions in the channel layout, as combinations of rotated ciphertexts.
//!
//! A kernel tap is a rotation, a weight a factor. Taps above and below the plane read zeros; taps beside it are masked: the
//! plaintext of a weight is the weight in the outputs whose tap is inside, by kernel column (method section 5). All members
//! of an ensemble share the ciphertext, so a plaintext has one value for each of them.

use std::collections::HashMap;

use super::channel_weights::{Bases, ChannelTerm, Weights, inputs, sources, weights};
use super::integer;
use crate::ckks::combination::{Combination, Group, Plaintexts, Rotated};
use crate::ckks::{CkksError, Complex};
use crate::inference::layout::ChannelLayout;
use crate::inference::options::ConvolutionKind;
use crate::network::lowered::Layer;

/// The combination of a layer whose terms read `inputs` and whose value is laid out as `output`; `None` for a map that is
/// neither a convolution nor a channel scaling.
///
/// # Errors
/// [`CkksError::Combination`].
pub fn combination(
    layer: &Layer,
    terms: &[ChannelTerm],
    output: &ChannelLayout,
    kind: ConvolutionKind,
    weight_scale: f64,
) -> Option<Result<Combination, CkksError>> {
    let mut outputs = Vec::with_capacity(output.ciphertexts());
    for channel in 0..output.ciphertexts() {
        outputs.push(weights(layer, terms, output, channel)?);
    }
    Some(match kind {
        ConvolutionKind::Integer => integer::assemble(&outputs, terms, output, weight_scale),
        _ => assemble(&outputs, terms, output, kind),
    })
}

/// Identifies a plaintext: base and bits of the value, for every member.
type Key = Vec<(u32, u64)>;

fn assemble(
    outputs: &[Vec<Weights>],
    terms: &[ChannelTerm],
    output: &ChannelLayout,
    kind: ConvolutionKind,
) -> Result<Combination, CkksError> {
    let sources = sources(outputs);
    let number: HashMap<Rotated, usize> = sources.iter().zip(0..).map(|(s, i)| (*s, i)).collect();
    let mut bases = Bases::new(output);
    let mut plaintexts: HashMap<Key, u32> = HashMap::new();
    let mut keys: Vec<Key> = Vec::new();
    // For each output the groups: plaintext and members.
    let mut grouped: Vec<Vec<(u32, Vec<u16>)>> = Vec::with_capacity(outputs.len());
    for weights in outputs {
        let mut groups: Vec<(u32, Vec<u16>)> = Vec::new();
        let mut place: HashMap<u32, usize> = HashMap::new();
        for weight in weights {
            let key: Key = (0..)
                .zip(&weight.values)
                .map(|(m, v)| (bases.number(&weight.columns, m, weight.imaginary), v.to_bits()))
                .collect();
            let plaintext = *plaintexts.entry(key).or_insert_with_key(|key| {
                keys.push(key.clone());
                keys.len() as u32 - 1
            });
            let at = match kind {
                ConvolutionKind::Clustered => *place.entry(plaintext).or_insert(groups.len()),
                _ => groups.len(),
            };
            if at == groups.len() {
                groups.push((plaintext, Vec::new()));
            }
            groups[at].1.push(number[&weight.source] as u16);
        }
        grouped.push(groups);
    }
    // An output without weights still needs a period.
    if bases.masks.is_empty() {
        bases.masks.push(vec![Complex::default(); output.period()]);
    }
    let mut table = Plaintexts::new(bases.masks);
    for key in &keys {
        table.push(key.iter().map(|(base, bits)| (*base, f64::from_bits(*bits))));
    }
    let mut combination = Combination::new(inputs(terms), sources, table)?;
    for groups in &grouped {
        combination.push(groups.iter().map(|(plaintext, members)| Group { plaintext: *plaintext, members }))?;
    }
    if terms.iter().any(|t| t.pairs) {
        combination.take_real_part();
    }
    Ok(combination)
}
