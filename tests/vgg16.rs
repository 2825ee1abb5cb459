//! VGG-16 at a small width, encrypted in small, insecure rings, against clear text.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::sync::Arc;

use leveled::ckks::SecurityPolicy;
use leveled::inference::{ConvolutionKind, LayoutKind, Plan, PlanOptions};
use leveled::network::{Architecture, Network};

use common::small::{agrees, image};

#[test]
fn every_layout_agrees_with_clear_text() {
    let network = Network::random(&Architecture::named("vgg16", 2, 10).unwrap(), 1).unwrap().lower().unwrap();
    let network = Arc::new(network);
    let options = PlanOptions {
        log_n: 12,
        scale_bits: 27.0,
        weight_bits: 23.0,
        input_bits: 34.0,
        base_bits: 40,
        security: SecurityPolicy::None,
        ..PlanOptions::default()
    };
    let clustered = ConvolutionKind::Clustered;
    for options in [
        PlanOptions { layout: LayoutKind::Packed, ..options.clone() },
        PlanOptions { layout: LayoutKind::Channel, convolution: clustered, ..options.clone() },
        PlanOptions { layout: LayoutKind::Tiled, tiles: Some(16), log_n: 9, weight_bits: 18.0, ..options },
    ] {
        agrees(&network, &options, &[image(&network, 0.0)], (7.0, 5e-3), options.layout.as_str());
    }
}

#[test]
fn sixteen_levels_are_128_bit_secure_at_the_ring_of_the_article() {
    // The chain depends on depth alone, so a narrow network tells about every width.
    let network = Network::random(&Architecture::named("vgg16", 2, 10).unwrap(), 1).unwrap().lower().unwrap();
    let plan = Plan::new(Arc::new(network), &PlanOptions { log_n: 15, ..PlanOptions::default() }).unwrap();
    let security = plan.parameters.security();
    assert!(security.is_secure() && security.log2_qp <= 868.0, "{}", security.log2_qp);
    assert_eq!((plan.layers.len(), plan.levels_used()), (16, 16));
}
