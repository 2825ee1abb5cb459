//! Layers in the packed layout.

use super::state::{Builder, LayerInput, LayerInputs, stride, unsupported};
use crate::ckks::Parameters;
use crate::ckks::linear_transform::{DiagonalSource, Fold, LinearTransform};
use crate::inference::error::InferenceError;
use crate::inference::layout::{Layout, PackedLayout};
use crate::inference::linear::{ConvolutionDiagonals, Packing, Steps, TermInput};
use crate::inference::options::PlanOptions;
use crate::network::lowered::{LoweredNetwork, Shape, Source};

fn packing(layout: &PackedLayout, complex: bool) -> Packing {
    if complex { Packing::best(layout) } else { Packing::Real }
}

/// Layout and packing of the image, and its rotated copies.
pub(super) fn input(
    network: &LoweredNetwork,
    parameters: &Parameters,
    unfolded: bool,
    complex: bool,
    options: &PlanOptions,
) -> Result<(Layout, Packing, usize), InferenceError> {
    if let Some(batch) = options.batch.filter(|batch| *batch != 1) {
        return Err(InferenceError::PackedBatch { batch });
    }
    let input = PackedLayout::image(network.input, parameters.slots()).ok_or_else(|| {
        let Shape { height, width, .. } = network.input;
        let grid = height.next_power_of_two() * width.next_power_of_two();
        InferenceError::ImageTooLarge {
            name: "input".into(),
            grid,
            slots: parameters.slots(),
            log_n: options.log_n,
            needed: grid.ilog2() + 1,
        }
    })?;
    let packing = packing(&input, complex);
    // Of halves that are packed, copies beyond the half are those before it.
    let different = if let Packing::Halves { half } = packing { half } else { input.period() } / input.grid_slots();
    let copies = if unfolded { options.input_copies.clamp(1, different) } else { 1 };
    Ok((Layout::Packed(input), packing, 1 << copies.ilog2()))
}

/// Inputs and diagonals of a convolutional layer.
pub(super) fn convolution(
    builder: &Builder,
    index: usize,
    output: PackedLayout,
    limbs: usize,
) -> Result<(Vec<LayerInput>, LinearTransform), InferenceError> {
    let layer = &builder.network.layers[index];
    let parameters = &builder.parameters;
    let mut inputs = LayerInputs::default();
    let mut terms = Vec::new();
    for term in &layer.terms {
        let Layout::Packed(layout) = builder.source_layout(term.source, layer)? else {
            return Err(unsupported(layer, "its terms have different layouts"));
        };
        let (packing, copies) = match term.source {
            Source::Input => (builder.input_packing, builder.input_copies),
            Source::Layer(_) => (packing(&layout, builder.options.complex_packing), 1),
        };
        let input = LayerInput { source: term.source, packing };
        let first_input = inputs.first(input, packing.ciphertexts(layout.ciphertexts()) * copies);
        if layout.pitch() * stride(&term.map) != output.pitch() {
            return Err(unsupported(layer, "its terms have different strides in all"));
        }
        terms.push(TermInput { layout, packing, first_input, copies });
    }
    let complex = terms.iter().any(|t| t.packing.is_complex());
    let mut source = ConvolutionDiagonals::new(&builder.network, index, terms, output).ok_or_else(|| {
        unsupported(layer, "it mixes a dense map with convolutions, or has more than 65,535 channels, 256 terms or kernels of more than 15x15")
    })?;
    let offsets = source.offsets().to_vec();
    let period = DiagonalSource::period(&source);
    // A gadget's noise is made for data at D^2. An image may have a smaller scale: rotate only its products.
    let reads_image = layer.terms.iter().any(|t| t.source == Source::Input);
    let steps = if reads_image && parameters.literal().input_bits.is_some() {
        Steps::giants(&offsets, source.input_period())
    } else {
        Steps::cheapest(parameters, &builder.options.prices, &offsets, limbs, source.input_period(), period)
    };
    source.place(&steps);
    let transform = LinearTransform {
        inputs: inputs.ciphertexts,
        outputs: output.ciphertexts(),
        diagonals: steps.diagonals(&offsets),
        babies: steps.babies,
        giants: steps.giants,
        folds: if complex { vec![Fold::Conjugation] } else { Vec::new() },
        source: Box::new(source),
    };
    Ok((inputs.inputs, transform))
}
