//! Layers in the channel layout.

use super::state::{Builder, LayerInput, LayerInputs, stride, unsupported};
use crate::ckks::Parameters;
use crate::ckks::combination::Combination;
use crate::ckks::encoder::split_scale;
use crate::inference::error::InferenceError;
use crate::inference::layout::{ChannelLayout, ChannelOptions, ClassLayout, Layout};
use crate::inference::linear::{ChannelTerm, Packing, combination};
use crate::inference::options::{ConvolutionKind, PlanOptions};
use crate::inference::stages::LinearScales;
use crate::network::lowered::{LinearMap, LoweredNetwork, Source};

/// Product of the strides and largest padding on the way from the image to any layer.
fn reach(network: &LoweredNetwork) -> (usize, usize) {
    let image = network.input.height;
    let smallest = network.layers.iter().map(|l| l.shape).filter(|s| s.height > 1).map(|s| s.height).min();
    let maps = network.layers.iter().flat_map(|l| &l.terms).map(|t| &t.map);
    let paddings = maps.map(|map| if let LinearMap::Convolution { padding, .. } = map { *padding } else { 0 });
    (image.div_ceil(smallest.unwrap_or(image)).next_power_of_two(), paddings.max().unwrap_or(0))
}

/// Whether convolutions read two channels as real and imaginary parts of one ciphertext: half of the rotations.
pub(super) const fn packing(complex: bool) -> Packing {
    if complex { Packing::Pairs } else { Packing::Real }
}

/// Layout of the image.
pub(super) fn input(
    network: &LoweredNetwork,
    parameters: &Parameters,
    options: &PlanOptions,
) -> Result<Layout, InferenceError> {
    let (largest_pitch, padding) = reach(network);
    let classes = network.layers.last().map_or(1, |l| l.shape.channels);
    let images = options.batch.unwrap_or(1);
    let layout = ChannelLayout::image(
        network.input,
        &ChannelOptions {
            members: network.members,
            batch: images,
            largest_pitch,
            padding,
            // Integers times whole ciphertexts cannot mask the taps beside a plane.
            row_gap: options.convolution == ConvolutionKind::Integer,
            classes_period: ClassLayout::new(classes).period(),
        },
    );
    let (slots, batch) = (parameters.slots(), images.next_power_of_two());
    if images == 0 || layout.capacity(slots) < batch {
        return Err(InferenceError::TooManyBlocks {
            members: network.members,
            batch: images,
            block: layout.block_slots(),
            slots,
            log_n: options.log_n,
            needed: (layout.period() * batch).ilog2() + 1,
            most: slots / layout.block_slots(),
        });
    }
    Ok(Layout::Channel(layout))
}

/// Inputs and combination of the convolutional layer number `index`, whose inputs have `limbs` limbs.
pub(super) fn convolution(
    builder: &Builder,
    index: usize,
    output: ChannelLayout,
    limbs: usize,
) -> Result<(Vec<LayerInput>, Combination), InferenceError> {
    let Builder { network, parameters, options, .. } = builder;
    let layer = &network.layers[index];
    let mut inputs = LayerInputs::default();
    let mut terms = Vec::new();
    for term in &layer.terms {
        let Layout::Channel(layout) = builder.source_layout(term.source, layer)? else {
            return Err(unsupported(layer, "its terms have different layouts"));
        };
        let packing = match term.source {
            Source::Input => builder.input_packing,
            Source::Layer(_) => packing(options.complex_packing),
        };
        let input = LayerInput { source: term.source, packing };
        let term_of = |first_input| ChannelTerm { layout, pairs: packing == Packing::Pairs, first_input };
        let first_input = inputs.first(input, term_of(0).ciphertexts());
        if layout.pitch() * stride(&term.map) != output.pitch() {
            return Err(unsupported(layer, "its terms have different strides in all"));
        }
        terms.push(term_of(first_input));
    }
    // The scale at which the evaluator rounds masks: that of the weights but for a power of two.
    let reads_image = layer.terms.iter().all(|term| term.source == Source::Input);
    let read = if reads_image { parameters.input_scale() } else { parameters.data_scale() };
    let scales = LinearScales::of(network, index, options.tower_reuse, parameters, (limbs, read));
    let (weight_scale, _) = split_scale(scales.weights)?;
    let combination = combination(layer, &terms, &output, options.convolution, weight_scale)
        .ok_or_else(|| unsupported(layer, "it mixes a dense map with convolutions"))?;
    let level = |source| InferenceError::Layer { name: layer.name.clone(), level: 0, source };
    Ok((inputs.inputs, combination.map_err(level)?))
}
