//! What is known while layers are laid out.

use std::sync::Arc;

use crate::ckks::Parameters;
use crate::inference::error::InferenceError;
use crate::inference::layout::Layout;
use crate::inference::linear::{Packing, Work};
use crate::inference::options::PlanOptions;
use crate::inference::rings::Rings;
use crate::network::lowered::{Layer, LinearMap, LoweredNetwork, Source};

/// An input of a layer: the value of a source, in the form that the layer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerInput {
    /// Where the value comes from.
    pub source: Source,
    /// In which form.
    pub packing: Packing,
}

/// Whether a dense layer reads the image, which then has one value in a slot.
pub fn dense_reads_image(network: &LoweredNetwork) -> bool {
    network.layers.iter().any(|layer| layer.is_dense() && layer.terms.iter().any(|term| term.source == Source::Input))
}

/// The inputs of a layer in the order of its map's, each once.
#[derive(Default)]
pub struct LayerInputs {
    /// The inputs.
    pub inputs: Vec<LayerInput>,
    /// For each the number of its first ciphertext.
    firsts: Vec<usize>,
    /// Ciphertexts of all.
    pub ciphertexts: usize,
}

impl LayerInputs {
    /// Number of the first ciphertext of an input, which has `ciphertexts`.
    pub fn first(&mut self, input: LayerInput, ciphertexts: usize) -> usize {
        if let Some(known) = self.inputs.iter().position(|known| *known == input) {
            return self.firsts[known];
        }
        let first = self.ciphertexts;
        self.inputs.push(input);
        self.firsts.push(first);
        self.ciphertexts += ciphertexts;
        first
    }
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
    /// Of the ring of the layer in hand.
    pub parameters: Parameters,
    pub rings: Rings,
    pub options: PlanOptions,
    pub input: Layout,
    pub input_packing: Packing,
    /// Rotated copies of each ciphertext of the image.
    pub input_copies: usize,
    /// Layouts of the layers so far.
    pub layouts: Vec<Layout>,
}

impl Builder {
    /// Layout of a source that layer `reader` reads.
    ///
    /// # Errors
    /// [`InferenceError::Unsupported`] behind a dense layer, and for a layout that does not fit into the slots of a smaller ring.
    pub fn source_layout(&self, source: Source, reader: &Layer) -> Result<Layout, InferenceError> {
        match source {
            Source::Input => Ok(self.input.clone()),
            Source::Layer(index) => match &self.layouts[index] {
                Layout::Classes(_) => Err(after_dense(reader)),
                Layout::Tiled(_) if self.network.layers[index].is_dense() => Err(after_dense(reader)),
                Layout::Packed(layout) => layout.within(self.parameters.slots()).map(Layout::Packed).ok_or_else(|| {
                    unsupported(reader, "what it reads does not fit into the slots of the smaller ring")
                }),
                layout => Ok(layout.clone()),
            },
        }
    }
}

/// Stride of a map, relative to the layout that it reads.
pub(super) fn stride(map: &LinearMap) -> usize {
    match map {
        LinearMap::Convolution { stride, .. } => *stride,
        LinearMap::ChannelScale { placement, .. } => placement.stride,
        LinearMap::Dense { .. } => 1,
    }
}

fn after_dense(reader: &Layer) -> InferenceError {
    unsupported(reader, "it reads the output of a dense layer; only the last layer may be dense")
}

pub(super) fn unsupported(layer: &Layer, reason: &str) -> InferenceError {
    InferenceError::Unsupported { name: layer.name.clone(), reason: reason.into() }
}
