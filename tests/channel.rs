//! The channel layout on small random networks, encrypted in small, insecure rings, against clear text.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::sync::Arc;

use leveled::ckks::{PrecisionReport, SecurityPolicy};
use leveled::inference::{
    Client, ConvolutionKind, InferenceError, LayoutKind, Plan, PlanOptions, Simulation, simulator,
};
use leveled::network::cluster::{ClusterMode, ClusterOptions, cluster};
use leveled::network::lowered::{Activation, Layer, LinearMap, LoweredNetwork, Shape, Source, Term};
use leveled::network::{Shortcut, Stage, merge};
use leveled::ring::sampling::Seed;
use proptest::prelude::*;

use common::small::{agrees, assert_logits, image, network, padded, plain, two_stages};

/// Convolutions of one kind after the other.
const KINDS: [ConvolutionKind; 3] = [ConvolutionKind::Classical, ConvolutionKind::Clustered, ConvolutionKind::Integer];

/// Bits that the worst value of every layer must keep, and how far off a logit may be: integer weights are rounded.
fn bounds(kind: ConvolutionKind) -> (f64, f64) {
    if kind == ConvolutionKind::Integer { (5.0, 0.05) } else { (10.0, 2e-3) }
}

/// Insecure options with primes of 50 bits, so that noise hides no mistake.
fn options(log_n: u32, convolution: ConvolutionKind) -> PlanOptions {
    PlanOptions {
        log_n,
        scale_bits: 27.0,
        weight_bits: 23.0,
        input_bits: 34.0,
        base_bits: 40,
        security: SecurityPolicy::None,
        layout: LayoutKind::Channel,
        convolution,
        complex_packing: false,
        ..PlanOptions::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Odd planes, one and several blocks, both strides with both shortcuts, kernels of 1 and 3.
    #[test]
    fn every_convolution_agrees_with_clear_text(
        height in 4usize..8, width in 4usize..8, channels in prop::collection::vec(1usize..4, 2), blocks in 1usize..3,
        stride in 1usize..3, seed: u64
    ) {
        let stages = [Stage { blocks, channels: channels[0], stride: 1 }, Stage { blocks: 1, channels: channels[1], stride }];
        let network = Arc::new(network(Shape::new(2, height, width), &stages, seed));
        for kind in KINDS {
            for complex_packing in [false, true] {
                let what = format!("{height}x{width} {channels:?} {blocks} {stride} {kind:?} {complex_packing}");
                let options = PlanOptions { complex_packing, ..options(9, kind) };
                agrees(&network, &options, &[image(&network, 0.0)], bounds(kind), &what);
            }
        }
    }
}

#[test]
fn integers_have_the_bits_that_the_scale_of_their_masks_allows() {
    let network = Arc::new(two_stages(3));
    // Without tower reuse masks are rounded at a scale of 26 bits, whatever the bits of the weights.
    let options = PlanOptions {
        tower_reuse: false,
        scale_bits: 40.0,
        weight_bits: 14.0,
        base_bits: 50,
        ..options(9, ConvolutionKind::Integer)
    };
    agrees(&network, &options, &[image(&network, 0.0)], (9.0, 0.02), "without tower reuse");
}

#[test]
fn members_share_ciphertexts_and_images_too() {
    let members: Vec<LoweredNetwork> = (0..4).map(two_stages).collect();
    for kind in KINDS {
        for (count, batch, log_n) in [(1, 2, 9), (2, 1, 9), (2, 3, 11), (4, 1, 10), (4, 2, 11)] {
            let network = Arc::new(merge(&members[..count]).unwrap());
            let images: Vec<Vec<f64>> = (0..batch).map(|i| image(&network, i as f64)).collect();
            let options = PlanOptions { batch: Some(batch), complex_packing: batch % 2 == 1, ..options(log_n, kind) };
            agrees(&network, &options, &images, bounds(kind), &format!("{count} members, {batch} images, {kind:?}"));
            // A batch need not be full.
            agrees(
                &network,
                &options,
                &images[..1],
                bounds(kind),
                &format!("{count} members, one of {batch} images, {kind:?}"),
            );
        }
    }
}

#[test]
fn averages_before_activations_agree_with_clear_text() {
    for network in [plain(3), merge(&[plain(1), plain(2)]).unwrap()] {
        let network = Arc::new(network);
        for complex_packing in [false, true] {
            for kind in KINDS {
                let options = PlanOptions { complex_packing, ..options(10, kind) };
                let what = format!("{kind:?}, {complex_packing}, {} members", network.members);
                agrees(&network, &options, &[image(&network, 0.0)], bounds(kind), &what);
            }
            let options =
                PlanOptions { layout: LayoutKind::Packed, complex_packing, ..options(9, ConvolutionKind::Diagonals) };
            let what = format!("packed, {complex_packing}, {} members", network.members);
            agrees(&network, &options, &[image(&network, 0.0)], (10.0, 2e-3), &what);
        }
    }
    // Of a kernel of 4 x 4 on 2 x 2 pixels, 2 x 2 taps are inside.
    let plan = Plan::new(Arc::new(plain(1)), &options(9, ConvolutionKind::Classical)).unwrap();
    let products =
        |name: &str| plan.layers.iter().find(|layer| layer.name == name).map(|layer| layer.operations.plain_products);
    assert_eq!((products("layer3.1.conv1"), products("layer3.0.conv1")), (Some(4 * 4 * 4), Some(4 * 3 * 9)));
}

#[test]
fn padded_shortcuts_agree_with_clear_text() {
    for kind in KINDS {
        for complex_packing in [false, true] {
            let members = [padded(Shortcut::Pad, 1), padded(Shortcut::Pad, 2)];
            for network in [padded(Shortcut::PadAfter, 3), merge(&members).unwrap()] {
                let network = Arc::new(network);
                let options = PlanOptions { complex_packing, ..options(10, kind) };
                let what = format!("{kind:?}, {complex_packing}, {} members", network.members);
                agrees(&network, &options, &[image(&network, 0.0)], bounds(kind), &what);
            }
        }
    }
    // One product for each channel that there is.
    let plan = Plan::new(Arc::new(padded(Shortcut::Pad, 1)), &options(9, ConvolutionKind::Classical)).unwrap();
    let products =
        |name: &str| plan.layers.iter().find(|layer| layer.name == name).map(|layer| layer.operations.plain_products);
    assert_eq!(products("layer2.0.conv2"), Some(7 * 7 * 9 + 4));
}

#[test]
fn padded_shortcuts_agree_with_clear_text_in_the_packed_layout() {
    let members = [padded(Shortcut::Pad, 1), padded(Shortcut::Pad, 2)];
    for network in [padded(Shortcut::Pad, 4), padded(Shortcut::PadAfter, 3), merge(&members).unwrap()] {
        let network = Arc::new(network);
        // Channels in several ciphertexts, and in one.
        for (log_n, complex_packing) in [(8, false), (9, true), (11, true)] {
            let options = PlanOptions {
                layout: LayoutKind::Packed,
                complex_packing,
                ..options(log_n, ConvolutionKind::Diagonals)
            };
            let what = format!("N = 2^{log_n}, {} members", network.members);
            agrees(&network, &options, &[image(&network, 0.0)], (10.0, 2e-3), &what);
        }
    }
}

#[test]
fn shared_weights_are_multiplied_once_and_small_memory_changes_nothing() {
    let mut networks = [two_stages(7)];
    cluster(&mut networks, &ClusterOptions { clusters: 4, mode: ClusterMode::Slice, ..ClusterOptions::default() })
        .unwrap();
    let [network] = networks;
    let network = Arc::new(network);
    let products = |kind| {
        let plan = Plan::new(network.clone(), &options(9, kind)).unwrap();
        plan.layers.iter().map(|layer| layer.operations.plain_products).collect::<Vec<_>>()
    };
    let [classical, clustered, integer] = KINDS.map(products);
    // The second layer: 4 x 4 channels of 3 x 3 weights; three slices of at most 4 values for each output.
    assert_eq!(classical[1], 144);
    assert!(clustered[1] <= 4 * 3 * 4, "{clustered:?}");
    // One mask for each output, and one factor for each identity shortcut.
    assert_eq!((integer[1], integer[2]), (4, 8));
    // Rotations of one input at a time.
    let plan = Plan::new(network.clone(), &options(9, ConvolutionKind::Clustered)).unwrap();
    let ciphertext = (2 * 8 * (plan.client.encrypted.limbs as u64)) << 9;
    let small = PlanOptions { working_bytes: 8 * ciphertext, ..options(9, ConvolutionKind::Clustered) };
    agrees(&network, &small, &[image(&network, 0.0)], bounds(small.convolution), "small memory");
    let error = Plan::new(network, &PlanOptions { working_bytes: ciphertext, ..small }).unwrap_err().to_string();
    assert!(
        error.contains("layer layer1.0.conv1") && error.contains("bytes of working memory, but the limit is"),
        "{error}"
    );
}

#[test]
fn too_many_members_or_images_are_refused_with_what_would_fit() {
    let network = Arc::new(merge(&(0..4).map(two_stages).collect::<Vec<_>>()).unwrap());
    // 8 x 8 pixels and the gap below them: 128 slots a member.
    let refused = |log_n, batch| {
        let options = PlanOptions { batch: Some(batch), ..options(log_n, ConvolutionKind::Clustered) };
        Plan::new(network.clone(), &options).unwrap_err().to_string()
    };
    let error = refused(9, 1);
    assert!(
        error.contains("4 members and 1 images of 128 slots each do not fit into the 256 slots of N = 2^9"),
        "{error}"
    );
    assert!(error.contains("which hold 2 such blocks; use fewer, or log_n = 10 or more"), "{error}");
    assert!(refused(10, 2).contains("log_n = 11"), "{}", refused(10, 2));
    let packed = PlanOptions { layout: LayoutKind::Packed, batch: Some(2), ..options(11, ConvolutionKind::Clustered) };
    let error = Plan::new(network.clone(), &packed).unwrap_err().to_string();
    assert!(error.contains("batch = 2 needs the channel layout"), "{error}");
    let plan = Plan::new(network.clone(), &options(10, ConvolutionKind::Clustered)).unwrap();
    let image = image(&network, 0.0);
    let error = Client::reproducible(&plan.client, &Seed::from_number(1)).encrypt_batch(&[&image, &image]).unwrap_err();
    assert!(matches!(error, InferenceError::BatchSize { batch: 1, found: 2 }), "{error}");
}

#[test]
fn the_simulation_gives_the_same_logits() {
    let network = Arc::new(two_stages(5));
    let plan = Plan::new(network.clone(), &options(9, ConvolutionKind::Clustered)).unwrap();
    let simulator = simulator(&plan);
    let image = image(&network, 0.0);
    let simulation = Simulation::new(&plan, &simulator, 0);
    let logits = simulation.images(&[(&image, 1)], &mut |_, _, _| ()).unwrap().remove(0);
    // Several at a time give what each gives alone.
    let several = simulation.images(&[(&image, 2), (&image, 1), (&image, 3)], &mut |_, _, _| ()).unwrap();
    assert_eq!(several[1].values, logits.values);
    assert_ne!(several[0].values, several[2].values);
    let trace = network.forward(&image).unwrap();
    assert_logits(&logits, trace.logits(), 2e-3, "simulated");
    let complex = |x: &[f64]| x.iter().map(|v| leveled::ckks::Complex::new(*v, 0.0)).collect::<Vec<_>>();
    assert!(PrecisionReport::new(&complex(&logits.values), &complex(trace.logits())).unwrap().min > 8.0);
}

#[test]
fn terms_that_read_the_same_values_are_added() {
    let mut network = two_stages(8);
    let layer =
        network.layers.iter_mut().find(|layer| layer.terms.len() == 1 && layer.name == "layer1.0.conv1").unwrap();
    let channels = layer.shape.channels;
    let weights = (0..channels * channels).map(|i| (i as f64 * 1.3).sin()).collect();
    let map = LinearMap::Convolution {
        weights,
        out_channels: channels,
        in_channels: channels,
        kernel: 1,
        stride: 1,
        padding: 0,
        groups: 1,
    };
    layer.terms.push(Term { source: layer.terms[0].source, map });
    let network = Arc::new(network);
    for kind in KINDS {
        for complex_packing in [false, true] {
            let options = PlanOptions { complex_packing, ..options(10, kind) };
            agrees(&network, &options, &[image(&network, 0.0)], bounds(kind), &format!("{kind:?} {complex_packing}"));
        }
    }
    let packed = PlanOptions { layout: LayoutKind::Packed, ..options(10, ConvolutionKind::Classical) };
    agrees(&network, &packed, &[image(&network, 0.0)], (10.0, 2e-3), "packed");
}

/// A dense layer alone: logistic regression.
#[test]
fn a_dense_layer_may_read_the_image() {
    let input = Shape::new(3, 4, 4);
    let weights = (0..5 * input.len()).map(|i| (i as f64 * 0.37).sin() / 8.0).collect();
    let layer = Layer {
        name: "linear".into(),
        terms: vec![Term { source: Source::Input, map: LinearMap::Dense { weights, outputs: 5 } }],
        bias: vec![0.5, 0.25, 0.0, -0.25, -0.5],
        shape: Shape::new(5, 1, 1),
        activation: Activation::None,
        centre: Vec::new(),
    };
    let network = Arc::new(LoweredNetwork { input, layers: vec![layer], members: 1 });
    for layout in [LayoutKind::Packed, LayoutKind::Channel] {
        for complex_packing in [false, true] {
            let options = PlanOptions { layout, complex_packing, ..options(9, ConvolutionKind::Classical) };
            agrees(&network, &options, &[image(&network, 0.0)], (10.0, 2e-3), &format!("{layout:?} {complex_packing}"));
        }
    }
}
