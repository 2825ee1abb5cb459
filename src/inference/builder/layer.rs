//! What both layouts share: state, and everything about a layer but its linear part.

use std::sync::Arc;

use super::{channel, packed, tiled};
use crate::ckks::Parameters;
use crate::ckks::linear_transform::LinearTransform;
use crate::inference::error::InferenceError;
use crate::inference::layout::{ClassLayout, Layout};
use crate::inference::linear::{DenseDiagonals, Packing, Steps, Work};
use crate::inference::options::{LayoutKind, PlanOptions};
use crate::network::lowered::{Layer, LinearMap, LoweredNetwork, Source, Term};

/// An input of a layer: the value of a source, in the form that the layer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerInput {
    /// Where the value comes from.
    pub source: Source,
    /// In which form.
    pub packing: Packing,
}

/// The linear part of a layer.
pub struct LinearPart {
    /// What it is: `convolution`, `convolution + identity`, `convolution + projection`, `factors` (one per channel and term),
    /// `dense`.
    pub kind: &'static str,
    /// Its inputs, in the order of the map's.
    pub inputs: Vec<LayerInput>,
    /// Rotations after each of which an input is added to itself, before the map.
    pub sums: Vec<i64>,
    /// The map.
    pub work: Work,
    /// Layout of the layer's value.
    pub layout: Layout,
}

/// State of planning.
pub struct Builder {
    pub network: Arc<LoweredNetwork>,
    pub parameters: Parameters,
    pub options: PlanOptions,
    pub input: Layout,
    pub input_packing: Packing,
    /// Rotated copies of each ciphertext of the image.
    pub input_copies: usize,
    layouts: Vec<Layout>,
}

fn kind(layer: &Layer) -> &'static str {
    let dense = layer.terms.iter().any(|t| matches!(t.map, LinearMap::Dense { .. }));
    let is_factor = |t: &Term| matches!(t.map, LinearMap::ChannelScale { .. });
    let identity = layer.terms.iter().any(is_factor);
    if layer.terms.iter().all(is_factor) {
        return "factors";
    }
    match (dense, identity, layer.terms.len()) {
        (true, ..) => "dense",
        (_, true, _) => "convolution + identity",
        (_, _, 1) => "convolution",
        _ => "convolution + projection",
    }
}

/// Stride of a map, relative to the layout that it reads.
pub(super) fn stride(map: &LinearMap) -> usize {
    match map {
        LinearMap::Convolution { stride, .. } => *stride,
        _ => 1,
    }
}

fn after_dense(reader: &Layer) -> InferenceError {
    unsupported(reader, "it reads the output of a dense layer; only the last layer may be dense")
}

pub(super) fn unsupported(layer: &Layer, reason: &str) -> InferenceError {
    InferenceError::Unsupported { name: layer.name.clone(), reason: reason.into() }
}

impl Builder {
    /// Lays out the image, which is unfolded or not.
    ///
    /// # Errors
    /// [`InferenceError`] if an image does not fit into a ciphertext.
    pub fn new(
        network: Arc<LoweredNetwork>,
        parameters: Parameters,
        unfolded: bool,
        options: &PlanOptions,
    ) -> Result<Self, InferenceError> {
        let (input, input_packing, input_copies) = match options.layout {
            LayoutKind::Packed => packed::input(&network, &parameters, unfolded, options)?,
            LayoutKind::Channel => (channel::input(&network, &parameters, options)?, channel::packing(options), 1),
            LayoutKind::Tiled => (tiled::input(&network, &parameters, options)?, Packing::Real, 1),
        };
        let options = options.clone();
        Ok(Self { network, parameters, options, input, input_packing, input_copies, layouts: Vec::new() })
    }

    /// Layout of a source that layer `reader` reads.
    pub fn source_layout(&self, source: Source, reader: &Layer) -> Result<&Layout, InferenceError> {
        match source {
            Source::Input => Ok(&self.input),
            Source::Layer(index) => match &self.layouts[index] {
                Layout::Classes(_) => Err(after_dense(reader)),
                Layout::Tiled(layout) if layout.is_classes() => Err(after_dense(reader)),
                layout => Ok(layout),
            },
        }
    }

    /// Lays out the linear part of layer number `index`, whose inputs have `limbs` limbs.
    pub fn layer(&mut self, index: usize, limbs: usize) -> Result<LinearPart, InferenceError> {
        let network = self.network.clone();
        let layer = &network.layers[index];
        let Some(first) = layer.terms.first() else {
            return Err(unsupported(layer, "it has no inputs"));
        };
        let first_layout = self.source_layout(first.source, layer)?.clone();
        let mut sums = Vec::new();
        let (layout, inputs, work) = match (&first.map, &first_layout) {
            (_, Layout::Tiled(from)) => {
                let (output, inputs, matrix) = tiled::linear(self, layer, from)?;
                if output.is_classes() {
                    sums = from.sums();
                }
                (Layout::Tiled(output), inputs, Work::Matrix(matrix.into()))
            }
            (LinearMap::Dense { outputs, .. }, from) => {
                if layer.terms.len() != 1 {
                    return Err(unsupported(layer, "a dense layer with a shortcut is not supported"));
                }
                let output = ClassLayout::new(*outputs);
                let transform = self.dense(index, from, output, limbs);
                let input = LayerInput { source: first.source, packing: Packing::Real };
                (Layout::Classes(output), vec![input], Work::Diagonals(transform.into()))
            }
            (map, Layout::Packed(from)) => {
                let output = from.strided(layer.shape, stride(map));
                let (inputs, transform) = packed::convolution(self, index, output, limbs)?;
                (Layout::Packed(output), inputs, Work::Diagonals(transform.into()))
            }
            (map, Layout::Channel(from)) => {
                let output = from.strided(layer.shape, stride(map));
                let (inputs, combination) = channel::convolution(self, layer, output)?;
                (Layout::Channel(output), inputs, Work::Combination(combination.into()))
            }
            (_, Layout::Classes(_)) => return Err(unsupported(layer, "it reads the output of a dense layer")),
        };
        self.layouts.push(layout.clone());
        Ok(LinearPart { kind: kind(layer), inputs, sums, work, layout })
    }

    fn dense(&self, index: usize, input: &Layout, output: ClassLayout, limbs: usize) -> LinearTransform {
        let mut source = DenseDiagonals::new(&self.network, index, input, output);
        let offsets = source.offsets().to_vec();
        let period = source.input_period();
        let steps = Steps::cheapest(&self.parameters, &self.options.prices, &offsets, limbs, period, period);
        source.place(&steps);
        LinearTransform {
            inputs: input.ciphertexts(),
            outputs: 1,
            diagonals: steps.diagonals(&offsets),
            babies: steps.babies,
            giants: steps.giants,
            folds: source.folds(),
            source: Box::new(source),
        }
    }
}
