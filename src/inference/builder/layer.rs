//! What the layouts share: everything about a layer but its convolution.

use std::sync::Arc;

use super::state::{Builder, LayerInput, LinearPart, dense_reads_image, stride, unsupported};
use super::{channel, packed, tiled};
use crate::ckks::linear_transform::LinearTransform;
use crate::inference::error::InferenceError;
use crate::inference::layout::{ClassLayout, Layout};
use crate::inference::linear::{DenseDiagonals, Packing, Steps, Work};
use crate::inference::options::{LayoutKind, PlanOptions};
use crate::inference::rings::Rings;
use crate::network::lowered::{Layer, LinearMap, LoweredNetwork, Term};

fn kind(layer: &Layer) -> &'static str {
    let is_factor = |t: &Term| matches!(t.map, LinearMap::ChannelScale { .. });
    let identity = layer.terms.iter().any(is_factor);
    if layer.terms.iter().all(is_factor) {
        return "factors";
    }
    match (layer.is_dense(), identity, layer.terms.len()) {
        (true, ..) => "dense",
        (_, true, _) => "convolution + identity",
        (_, _, 1) => "convolution",
        _ => "convolution + projection",
    }
}

/// Why a layer whose plane exceeds the image's has no layout.
const OUTGROWN: &str = "its plane, spread out by the strides so far, reaches beyond the image, where there are no slots; use \
                        paddings of less than half of the kernel, and strides whose product is at most the image's side";

impl Builder {
    /// Lays out the image, which is unfolded or not.
    ///
    /// # Errors
    /// [`InferenceError`] if an image does not fit into a ciphertext.
    pub fn new(
        network: Arc<LoweredNetwork>,
        rings: Rings,
        unfolded: bool,
        options: &PlanOptions,
    ) -> Result<Self, InferenceError> {
        let parameters = rings.parameters(0).clone();
        let complex = options.complex_packing && !dense_reads_image(&network);
        let (input, input_packing, input_copies) = match options.layout {
            LayoutKind::Packed => packed::input(&network, &parameters, unfolded, complex, options)?,
            LayoutKind::Channel => (channel::input(&network, &parameters, options)?, channel::packing(complex), 1),
            LayoutKind::Tiled => (tiled::input(&network, &parameters, options)?, Packing::Real, 1),
        };
        let options = options.clone();
        Ok(Self { network, parameters, rings, options, input, input_packing, input_copies, layouts: Vec::new() })
    }

    /// Lays out the linear part of layer number `index`, whose inputs have `limbs` limbs.
    ///
    /// # Errors
    /// [`InferenceError::Unsupported`] for a layer without inputs, one that the layout has no rule for, and one that outgrows the slots;
    /// [`InferenceError::Layer`] for weights that the scheme refuses.
    pub fn layer(&mut self, index: usize, limbs: usize) -> Result<LinearPart, InferenceError> {
        let network = self.network.clone();
        self.parameters = self.rings.parameters(self.rings.ring_of(limbs)).clone();
        let layer = &network.layers[index];
        let Some(first) = layer.terms.first() else {
            return Err(unsupported(layer, "it has no inputs"));
        };
        let first_layout = self.source_layout(first.source, layer)?;
        let mut sums = Vec::new();
        let (layout, inputs, work) = match (&first.map, &first_layout) {
            (_, Layout::Tiled(from)) => {
                let (output, inputs, first, matrix) = tiled::linear(self, layer, from)?;
                sums = first;
                (Layout::Tiled(output), inputs, Work::Matrix(matrix.into()))
            }
            (LinearMap::Dense { outputs, .. }, from) => {
                if layer.terms.len() != 1 {
                    return Err(unsupported(layer, "a dense layer with a shortcut is not supported"));
                }
                let output = ClassLayout::new(*outputs);
                if output.period() > from.period() {
                    return Err(unsupported(
                        layer,
                        "it has more outputs than its input has slots; use a larger image or more channels",
                    ));
                }
                let transform = self.dense(index, from, output, limbs);
                let input = LayerInput { source: first.source, packing: Packing::Real };
                (Layout::Classes(output), vec![input], Work::Diagonals(transform.into()))
            }
            (map, Layout::Packed(from)) => {
                let output = from.strided(layer.shape, stride(map));
                if !output.fits() {
                    return Err(unsupported(layer, OUTGROWN));
                }
                let (inputs, transform) = packed::convolution(self, index, output, limbs)?;
                (Layout::Packed(output), inputs, Work::Diagonals(transform.into()))
            }
            (map, Layout::Channel(from)) => {
                let output = from.strided(layer.shape, stride(map));
                if !output.fits(network.input) {
                    return Err(unsupported(layer, OUTGROWN));
                }
                let (inputs, combination) = channel::convolution(self, index, output, limbs)?;
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
