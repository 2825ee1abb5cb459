//! Convolutions and channel scalings between packed layouts.

use std::collections::HashMap;
use std::sync::Arc;

use super::packing::Packing;
use super::steps::{Offset, Steps};
use super::window::{Window, reads, valid};
use crate::ckks::linear_transform::DiagonalSource;
use crate::ckks::{CkksError, Complex};
use crate::inference::layout::PackedLayout;
use crate::network::lowered::{LinearMap, LoweredNetwork, Shape, Term};

/// One term of the layer with the layout that it reads.
#[derive(Debug, Clone)]
pub struct TermInput {
    /// Layout of the source, before packing into complex slots.
    pub layout: PackedLayout,
    /// How the source is offered.
    pub packing: Packing,
    /// Number of the first input ciphertext of this source.
    pub first_input: usize,
    /// How many rotated copies of each ciphertext there are: copy k is rotated to the left by k grids.
    pub copies: usize,
}

/// One weight: output channel, input channel and kernel position of a term.
#[derive(Debug, Clone, Copy)]
struct Entry {
    term: u8,
    tap: u8,
    output: u16,
    input: u16,
}

/// The diagonals of a convolutional layer.
#[derive(Debug)]
pub struct ConvolutionDiagonals {
    network: Arc<LoweredNetwork>,
    layer: usize,
    inputs: Vec<TermInput>,
    output: PackedLayout,
    /// 1/2 where the conjugate is added at the end.
    factor: f64,
    period: usize,
    offsets: Vec<Offset>,
    entries: Vec<Vec<Entry>>,
    /// How far the input of each diagonal is rotated already.
    rotated: Vec<i64>,
    /// Giant step of each diagonal, and the offset that giant and baby make.
    placed: Vec<(i64, i64)>,
}

fn weight(map: &LinearMap, entry: Entry) -> f64 {
    let (o, c, tap) = (usize::from(entry.output), usize::from(entry.input), usize::from(entry.tap));
    match map {
        LinearMap::Convolution { weights, in_channels, kernel, groups, .. } => {
            let own = in_channels / groups;
            weights[(o * own + c % own) * kernel * kernel + tap]
        }
        LinearMap::ChannelScale { factors, .. } => factors[c],
        LinearMap::Dense { .. } => 0.0,
    }
}

impl ConvolutionDiagonals {
    /// Finds the diagonals of layer number `layer`, whose terms read `inputs` and whose value is laid out as `output`.
    ///
    /// `None` if some term is neither a convolution nor a channel scaling, or if there are too many of them, of channels or of taps.
    pub fn new(
        network: &Arc<LoweredNetwork>,
        layer: usize,
        inputs: Vec<TermInput>,
        output: PackedLayout,
    ) -> Option<Self> {
        let terms = &network.layers[layer].terms;
        let mut found: HashMap<Offset, Vec<Entry>> = HashMap::new();
        let input_period = inputs.iter().map(|i| i.layout.period()).max()?;
        for (term, (Term { map, .. }, input)) in terms.iter().zip(&inputs).enumerate() {
            let window = Window::of(map)?;
            let (outs, ins) = (output.shape().channels, input.layout.shape().channels);
            u16::try_from(outs.max(ins)).ok()?;
            let term = u8::try_from(term).ok()?;
            u8::try_from(window.kernel * window.kernel).ok()?;
            let inside = |tap: &usize| reads(*tap, &window, output.shape(), input.layout.shape());
            let taps: Vec<usize> = (0..window.kernel * window.kernel).filter(inside).collect();
            for o in 0..outs {
                for c in map.inputs_of(o, ins) {
                    for &tap in &taps {
                        let entry = Entry { term, tap: tap as u8, output: o as u16, input: c as u16 };
                        if weight(map, entry) == 0.0 {
                            continue;
                        }
                        for offset in offsets_of(&window, input, &output, entry) {
                            found.entry(offset).or_default().push(entry);
                        }
                    }
                }
            }
        }
        let mut diagonals: Vec<(Offset, Vec<Entry>)> = found.into_iter().collect();
        diagonals.sort_unstable_by_key(|d| d.0);
        let (offsets, entries): (Vec<_>, Vec<_>) = diagonals.into_iter().unzip();
        let rotated = offsets
            .iter()
            .map(|offset| {
                let own = inputs.iter().rfind(|i| i.first_input <= offset.input);
                own.map_or(0, |i| ((offset.input - i.first_input) % i.copies * i.layout.grid_slots()) as i64)
            })
            .collect();
        let factor = if inputs.iter().any(|i| i.packing.is_complex()) { 0.5 } else { 1.0 };
        Some(Self {
            network: network.clone(),
            layer,
            period: input_period.max(output.period()),
            inputs,
            output,
            factor,
            rotated,
            placed: Vec::new(),
            offsets,
            entries,
        })
    }

    /// The offsets of the diagonals.
    pub fn offsets(&self) -> &[Offset] {
        &self.offsets
    }

    /// Period up to which offsets matter.
    pub fn input_period(&self) -> usize {
        self.inputs.iter().map(modulus).max().unwrap_or(1)
    }

    /// Fixes giant and baby steps; must be called before slots are asked for.
    pub fn place(&mut self, steps: &Steps) {
        let placed = steps.placed().into_iter().zip(&self.rotated);
        self.placed = placed.map(|((giant, offset), rotated)| (giant, offset + rotated)).collect();
    }
}

/// Offsets are known modulo this: the period of the input, or half of it when the halves are packed.
fn modulus(input: &TermInput) -> usize {
    match input.packing {
        Packing::Halves { half } => half,
        _ => input.layout.period(),
    }
}

/// Input slot minus output slot of an entry, the same for all pixels; may leave the grid at the borders.
fn displacement(window: &Window, input: &TermInput, output: &PackedLayout, entry: Entry) -> (usize, usize, i64) {
    let tap = usize::from(entry.tap);
    let (dy, dx) = ((tap / window.kernel) as i64, (tap % window.kernel) as i64);
    let padding = window.padding as i64;
    let (from, from_slot) = input.layout.position(usize::from(entry.input), 0, 0);
    let (to, to_slot) = output.position(usize::from(entry.output), 0, 0);
    (from, to, from_slot as i64 + input.layout.step(dy - padding, dx - padding) - to_slot as i64)
}

/// The diagonals that an entry belongs to: more than one if the output repeats more often than the offsets.
fn offsets_of(
    window: &Window,
    input: &TermInput,
    output: &PackedLayout,
    entry: Entry,
) -> impl Iterator<Item = Offset> + use<> {
    let (from, to, displacement) = displacement(window, input, output, entry);
    let (modulus, grid) = (modulus(input) as i64, input.layout.grid_slots() as i64);
    let out_period = output.period() as i64;
    let packed = match input.packing {
        Packing::Pairs => from / 2,
        _ => from,
    };
    let (first, copies) = (input.first_input + packed * input.copies, input.copies);
    (0..(modulus / out_period).max(1)).map(move |copy| {
        let offset = (displacement - copy * out_period).rem_euclid(modulus);
        // Whole grids forward, and the pixel offset centred.
        let pixel = (offset + grid / 2).rem_euclid(grid) - grid / 2;
        let grids = (offset - pixel).rem_euclid(modulus) / grid;
        let copy = grids as usize % copies;
        Offset { output: to, input: first + copy, slots: (grids - copy as i64) * grid + pixel }
    })
}

impl DiagonalSource for ConvolutionDiagonals {
    fn period(&self) -> usize {
        self.period
    }

    fn slots(&self, index: usize) -> Result<Vec<Complex>, CkksError> {
        let Some(&(giant, offset)) = self.placed.get(index) else {
            return Err(CkksError::Diagonal { index, reason: "its steps have not been chosen".into() });
        };
        let period = self.period as i64;
        let mut slots = vec![Complex::default(); self.period];
        let Shape { height, width, .. } = self.output.shape();
        let terms = &self.network.layers[self.layer].terms;
        for entry in &self.entries[index] {
            let term = usize::from(entry.term);
            let (map, input) = (&terms[term].map, &self.inputs[term]);
            let Some(window) = Window::of(map) else { continue };
            let value = self.factor * weight(map, *entry);
            let (from, _, displacement) = displacement(&window, input, &self.output, *entry);
            let in_period = input.layout.period() as i64;
            let tap = usize::from(entry.tap);
            let rows = valid(tap / window.kernel, &window, height, input.layout.shape().height);
            let columns = valid(tap % window.kernel, &window, width, input.layout.shape().width);
            let out_period = self.output.period() as i64;
            for copy in 0..period / out_period {
                // What the rotated input holds where this copy of the output is computed.
                let distance = (displacement - copy * out_period - offset).rem_euclid(in_period);
                let product = match input.packing {
                    Packing::Real if distance == 0 => Complex::new(value, 0.0),
                    Packing::Pairs if distance == 0 && from % 2 == 0 => Complex::new(value, 0.0),
                    Packing::Pairs if distance == 0 => Complex::new(0.0, -value),
                    Packing::Halves { .. } if distance == 0 => Complex::new(value, 0.0),
                    Packing::Halves { half } if distance == half as i64 => Complex::new(0.0, -value),
                    _ => continue,
                };
                let start = copy * out_period + giant;
                for row in rows.clone() {
                    for column in columns.clone() {
                        let (_, slot) = self.output.position(usize::from(entry.output), row, column);
                        slots[(slot as i64 + start).rem_euclid(period) as usize] += product;
                    }
                }
            }
        }
        Ok(slots)
    }
}
