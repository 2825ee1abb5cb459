//! The weights of a layer in the channel layout: where they read and where they count.

use std::collections::{BTreeSet, HashMap};

use super::window::{Window, reads, valid};
use crate::ckks::Complex;
use crate::ckks::combination::Rotated;
use crate::inference::layout::ChannelLayout;
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

/// The weights of one output ciphertext; those that are zero in every member are left out.
pub(super) fn weights(
    layer: &Layer,
    terms: &[ChannelTerm],
    output: &ChannelLayout,
    channel: usize,
) -> Option<Vec<Weights>> {
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
            if values.iter().all(|v| *v == 0.0) || !reads(tap, &window, output.shape(), input.layout.shape()) {
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
            LinearMap::ChannelScale { factors, .. } => {
                // All members read the same of their own channels.
                let own = outputs().flat_map(|o| term.map.inputs_of(o, factors.len()));
                if let Some(first) = own.clone().next() {
                    push(first, 0, own.map(|from| factors[from]).collect());
                }
            }
            LinearMap::Dense { .. } => return None,
        }
    }
    Some(all)
}

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
