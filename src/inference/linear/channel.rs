//! Convolutions in the channel layout, as combinations of rotated ciphertexts.
//!
//! A kernel tap is a rotation, a weight a factor. Taps above and below the plane read zeros; taps beside it are masked: the
//! plaintext of a weight is the weight in the outputs whose tap is inside, by kernel column (method section 5). All members
//! of an ensemble share the ciphertext, so a plaintext has one value for each of them.

use std::collections::{BTreeSet, HashMap};

use super::integer;
use super::window::{Window, valid};
use crate::ckks::combination::{Combination, Group, Plaintexts, Rotated};
use crate::ckks::{CkksError, Complex};
use crate::inference::layout::ChannelLayout;
use crate::inference::options::ConvolutionKind;
use crate::network::lowered::{Layer, LinearMap, Shape};

/// One term of the layer with the layout that it reads.
#[derive(Debug, Clone, Copy)]
pub struct ChannelTerm {
    /// Layout of the source.
    pub layout: ChannelLayout,
    /// Whether ciphertext k holds channels 2k and 2k + 1 as real and imaginary parts.
    pub pairs: bool,
    /// Number of the first input ciphertext of this source.
    pub first_input: usize,
}

impl ChannelTerm {
    /// Number of input ciphertexts of this source.
    pub const fn ciphertexts(&self) -> usize {
        let channels = self.layout.ciphertexts();
        if self.pairs { channels.div_ceil(2) } else { channels }
    }
}

/// One weight of every member: where it reads, in which columns it counts, and the values.
pub(super) struct Weights {
    pub source: Rotated,
    /// Output columns whose input is inside the plane.
    pub columns: std::ops::Range<usize>,
    pub values: Vec<f64>,
    /// Whether it belongs to an identity shortcut.
    pub identity: bool,
    /// Whether the channel that it reads is an imaginary part.
    pub imaginary: bool,
}

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

/// The weights of one output ciphertext; those that are zero in every member are left out.
fn weights(layer: &Layer, terms: &[ChannelTerm], output: &ChannelLayout, channel: usize) -> Option<Vec<Weights>> {
    let (channels, members) = (output.ciphertexts(), output.blocks());
    let outputs = || (0..members).map(|m| m * channels + channel);
    let mut all = Vec::new();
    for (term, input) in layer.terms.iter().zip(terms) {
        let window = Window::of(&term.map)?;
        let inputs = input.layout.ciphertexts();
        // The conjugate that is added at the end doubles the real part.
        let share = if terms.iter().any(|t| t.pairs) { 0.5 } else { 1.0 };
        let mut push = |from: usize, tap: usize, mut values: Vec<f64>| {
            values.iter_mut().for_each(|v| *v *= share);
            if values.iter().all(|v| *v == 0.0) {
                return;
            }
            let (dy, dx) = (tap / window.kernel, tap % window.kernel);
            let offset = |tap: usize| tap as i64 - window.padding as i64;
            let steps = input.layout.step(offset(dy), offset(dx));
            let (from, imaginary) = if input.pairs { (from / 2, from % 2 == 1) } else { (from, false) };
            let source = Rotated { input: input.first_input + from, steps };
            let columns = valid(dx, &window, output.shape().width, input.layout.shape().width);
            let identity = matches!(term.map, LinearMap::ChannelScale { .. });
            all.push(Weights { source, columns, values, identity, imaginary });
        };
        match &term.map {
            LinearMap::Convolution { weights, kernel, in_channels, .. } => {
                let taps = kernel * kernel;
                for from in 0..inputs {
                    for tap in 0..taps {
                        let weight = |(member, o): (usize, usize)| {
                            // All members read one image, and each its own channels.
                            let channel = if *in_channels == inputs { from } else { member * inputs + from };
                            let own = term.map.inputs_of(o, *in_channels);
                            let at = (o * own.len() + channel.wrapping_sub(own.start)) * taps + tap;
                            if own.contains(&channel) { weights.get(at).copied().unwrap_or(0.0) } else { 0.0 }
                        };
                        push(from, tap, outputs().enumerate().map(weight).collect());
                    }
                }
            }
            LinearMap::ChannelScale { factors } => push(channel, 0, outputs().map(|o| factors[o]).collect()),
            LinearMap::Dense { .. } => return None,
        }
    }
    Some(all)
}

/// Identifies a plaintext: base and bits of the value, for every member.
type Key = Vec<(u32, u64)>;

/// Masks by columns and member, numbered as they are met.
pub(super) struct Bases<'a> {
    output: &'a ChannelLayout,
    numbers: HashMap<(std::ops::Range<usize>, usize, bool), u32>,
    pub masks: Vec<Vec<Complex>>,
}

impl<'a> Bases<'a> {
    pub fn new(output: &'a ChannelLayout) -> Self {
        Self { output, numbers: HashMap::new(), masks: Vec::new() }
    }

    /// `imaginary`: for a channel that is an imaginary part, which -i takes into the real one.
    pub fn number(&mut self, columns: &std::ops::Range<usize>, member: usize, imaginary: bool) -> u32 {
        let Self { output, numbers, masks } = self;
        *numbers.entry((columns.clone(), member, imaginary)).or_insert_with(|| {
            let Shape { height, .. } = output.shape();
            let one = if imaginary { Complex::new(0.0, -1.0) } else { Complex::new(1.0, 0.0) };
            let mut mask = vec![Complex::default(); output.period()];
            for row in 0..height {
                columns.clone().for_each(|column| mask[output.slot(member, row, column)] = one);
            }
            masks.push(mask);
            masks.len() as u32 - 1
        })
    }
}

/// The rotated inputs that some weight reads, in order.
pub(super) fn sources(outputs: &[Vec<Weights>]) -> Vec<Rotated> {
    let sources: BTreeSet<Rotated> = outputs.iter().flatten().map(|w| w.source).collect();
    sources.into_iter().collect()
}

/// Number of input ciphertexts of all terms.
pub(super) fn inputs(terms: &[ChannelTerm]) -> usize {
    terms.iter().map(|t| t.first_input + t.ciphertexts()).max().unwrap_or(0)
}

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
