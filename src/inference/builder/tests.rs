//! Linear parts on clear slots against the maps that they are laid out from.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::{Builder, LinearPart};
use crate::ckks::parameters::ParametersLiteral;
use crate::ckks::{Complex, Parameters, SecurityPolicy};
use crate::inference::error::InferenceError;
use crate::inference::layout::Layout;
use crate::inference::linear::{Packing, Work};
use crate::inference::options::{ConvolutionKind, LayoutKind, PlanOptions};
use crate::inference::rings::Rings;
use crate::network::lowered::{Activation, Layer, LinearMap, LoweredNetwork, Placement, Shape, Source, Term};

/// A convolution without its weights.
#[derive(Debug, Clone, Copy)]
struct Convolution {
    channels: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
}

fn convolution() -> impl Strategy<Value = Convolution> {
    (1usize..7, 1usize..6, 0u32..2, 0usize..3).prop_map(|(channels, kernel, stride, padding)| Convolution {
        channels,
        kernel,
        stride: 1 << stride,
        padding: padding.min(kernel / 2),
    })
}

fn options() -> impl Strategy<Value = PlanOptions> {
    let convolutions =
        prop_oneof![Just(ConvolutionKind::Classical), Just(ConvolutionKind::Clustered), Just(ConvolutionKind::Integer)];
    let layouts = prop_oneof![3 => Just(LayoutKind::Packed), 1 => Just(LayoutKind::Channel)];
    (LOG_N, layouts, convolutions, any::<bool>()).prop_map(|(log_n, layout, convolution, complex_packing)| {
        PlanOptions { log_n, layout, convolution, complex_packing, ..PlanOptions::default() }
    })
}

const LOG_N: std::ops::Range<u32> = 8..11;

static PARAMETERS: LazyLock<HashMap<u32, Parameters>> = LazyLock::new(|| {
    let parameters = |log_n| {
        let PlanOptions { scale_bits, weight_bits, base_bits, key_switching, .. } = PlanOptions::default();
        Parameters::new(ParametersLiteral {
            log_n,
            levels: 2,
            scale_bits,
            weight_bits,
            base_bits,
            key_switching,
            security: SecurityPolicy::None,
            ..ParametersLiteral::default()
        })
    };
    LOG_N.map(|log_n| (log_n, parameters(log_n).unwrap())).collect()
});

fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 32) as f64 / 2f64.powi(31) - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// A layer of one convolution, with a channel scaling beside it where that has the same shape.
fn layer(name: &str, source: Source, from: Shape, what: Convolution, seed: u64) -> Option<Layer> {
    let Convolution { channels, kernel, stride, padding } = what;
    let map = LinearMap::Convolution {
        weights: numbers(seed, channels * from.channels * kernel * kernel),
        out_channels: channels,
        in_channels: from.channels,
        kernel,
        stride,
        padding,
        groups: 1,
    };
    let shape = map.output_shape(from).filter(|shape| !shape.is_empty())?;
    let mut terms = vec![Term { source, map }];
    // Channels are padded at every second seed on one side only.
    let zeros = channels.saturating_sub(from.channels);
    let before = if seed.is_multiple_of(2) { zeros / 2 } else { 0 };
    let placement = Placement { stride, before, after: zeros - before, groups: 1 };
    let map = LinearMap::ChannelScale { factors: numbers(seed + 1, from.channels), placement };
    if map.output_shape(from) == Some(shape) {
        terms.push(Term { source, map });
    }
    let (bias, centre) = (vec![0.0; shape.len()], vec![0.0; channels]);
    Some(Layer { name: name.into(), terms, bias, shape, activation: Activation::Square, centre })
}

/// All slots of a value's ciphertexts, as a layer reads them.
fn slots(layout: &Layout, packing: Packing, values: &[f64], slots: usize) -> Vec<Vec<Complex>> {
    let packed = packing.pack(&layout.scatter(values));
    packed.into_iter().map(|period| period.into_iter().cycle().take(slots).collect()).collect()
}

/// The linear part of layer number `index` on the values of its source, which all of its terms read; and the same from its maps.
fn both(
    network: &LoweredNetwork,
    builder: &Builder,
    (index, part): (usize, &LinearPart),
    values: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let layer = &network.layers[index];
    let from = builder.source_layout(layer.terms[0].source, layer).unwrap();
    let count = builder.parameters.slots();
    let inputs: Vec<Vec<Complex>> =
        part.inputs.iter().flat_map(|input| slots(&from, input.packing, values, count)).collect();
    let outputs = match &part.work {
        Work::Diagonals(transform) => transform.apply_clear(&inputs),
        Work::Combination(combination) => combination.apply_clear(&inputs),
        Work::Matrix(_) => unreachable!("the packed layout"),
    };
    let outputs: Vec<Vec<f64>> = outputs.iter().map(|slots| slots.iter().map(|z| z.re).collect()).collect();
    let found = part.layout.gather(&outputs);
    let mut expected = vec![0.0; layer.shape.len()];
    for term in &layer.terms {
        term.map.apply_add(values, from.shape(), &mut expected, layer.shape, &mut Vec::new());
    }
    (found, expected)
}

proptest! {
    #[test]
    fn linear_parts_on_clear_slots_are_their_maps(
        channels in 1usize..5,
        side in (1usize..9, 1usize..9),
        first in convolution(),
        second in convolution(),
        seed in 0u64..1 << 40,
        options in options(),
    ) {
        let input = Shape::new(channels, side.0, side.1);
        let Some(one) = layer("one", Source::Input, input, first, seed) else { return Ok(()) };
        let Some(two) = layer("two", Source::Layer(0), one.shape, second, seed + 2) else { return Ok(()) };
        let network = Arc::new(LoweredNetwork { input, layers: vec![one, two], members: 1 });
        network.check().unwrap();
        let parameters = PARAMETERS[&options.log_n].clone();
        // Integer weights are rounded to a few bits.
        let tolerance = match (options.layout, options.convolution) {
            (LayoutKind::Channel, ConvolutionKind::Integer) => 0.1,
            _ => 1e-9,
        };
        let mut builder = match Builder::new(network.clone(), Rings::one(parameters), false, &options) {
            Ok(builder) => builder,
            // Only an image whose block, gaps included, is larger than a ciphertext is refused.
            Err(InferenceError::TooManyBlocks { block, slots, .. }) => {
                prop_assert!(block > slots, "{} slots hold a block of {}", slots, block);
                return Ok(());
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        for (index, from) in [(0, input), (1, network.layers[0].shape)] {
            let part = match builder.layer(index, 3 - index) {
                Ok(part) => part,
                // Only what outgrows the image is refused.
                Err(error) => {
                    let (Shape { height, width, .. }, pitch) = (network.layers[index].shape, [first.stride, first.stride * second.stride][index]);
                    prop_assert!(matches!(error, InferenceError::Unsupported { .. }), "{}", error);
                    prop_assert!(height * pitch > input.height || width * pitch > input.width, "{}", error);
                    return Ok(());
                }
            };
            let (found, expected) = both(&network, &builder, (index, &part), &numbers(seed + 3, from.len()));
            let largest = expected.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
            for (found, expected) in found.iter().zip(&expected) {
                prop_assert!((found - expected).abs() < tolerance * largest, "layer {}: {} instead of {}", index, found, expected);
            }
        }
    }
}

#[test]
fn planes_beyond_the_image_are_refused() {
    let input = Shape::new(2, 8, 8);
    for layout in [LayoutKind::Packed, LayoutKind::Channel] {
        let options = PlanOptions { log_n: 9, layout, ..PlanOptions::default() };
        let refusal = |input: Shape, kernel: usize, stride: usize, padding: usize| {
            let convolution = Convolution { channels: 3, kernel, stride, padding };
            let layer = layer("one", Source::Input, input, convolution, 1).unwrap();
            let network = Arc::new(LoweredNetwork { input, layers: vec![layer], members: 1 });
            let mut builder = Builder::new(network, Rings::one(PARAMETERS[&9].clone()), false, &options).unwrap();
            builder.layer(0, 2).err().map(|error| error.to_string())
        };
        assert_eq!(refusal(input, 3, 2, 1), None);
        // Nine rows on a plane of eight.
        let text = refusal(input, 2, 1, 1).unwrap();
        assert!(text.starts_with("layer one: its plane") && text.contains("reaches beyond the image"), "{text}");
    }
}
