//! The tiled layout on small random networks, encrypted in small, insecure rings, against clear text.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::sync::Arc;

use leveled::ckks::SecurityPolicy;
use leveled::inference::{Client, Executor, LayoutKind, Plan, PlanOptions, Simulation, simulator};
use leveled::network::lowered::{LoweredNetwork, Shape};
use leveled::network::{Shortcut, Stage, merge};
use leveled::ring::sampling::Seed;

use common::small::{agrees, assert_logits, image, network, padded, plain, two_stages};

/// Bits that the worst value of every layer must keep, and how far off a logit may be.
const BOUNDS: (f64, f64) = (8.0, 5e-3);

/// Insecure options whose noise hides no mistake.
fn options(log_n: u32, tiles: Option<usize>) -> PlanOptions {
    PlanOptions {
        log_n,
        scale_bits: 27.0,
        weight_bits: 18.0,
        input_bits: 34.0,
        base_bits: 40,
        security: SecurityPolicy::None,
        layout: LayoutKind::Tiled,
        tiles,
        ..PlanOptions::default()
    }
}

fn three_stages(seed: u64) -> LoweredNetwork {
    let stage = |channels, stride| Stage { blocks: 1, channels, stride };
    network(Shape::new(2, 8, 8), &[stage(2, 1), stage(3, 2), stage(4, 2)], seed)
}

#[test]
fn every_number_of_tiles_agrees_with_clear_text() {
    let network = Arc::new(three_stages(1));
    // Once a tile is one pixel, a stride leaves tiles without one.
    for tiles in [1, 4, 16, 64] {
        let slots = 1 << 8;
        let images: Vec<Vec<f64>> = (0..(slots / tiles).min(5)).map(|i| image(&network, i as f64)).collect();
        let plan = Plan::new(network.clone(), &options(9, Some(tiles))).unwrap();
        assert_eq!(plan.client.batch, slots / tiles);
        agrees(&network, &options(9, Some(tiles)), &images, BOUNDS, &format!("{tiles} tiles"));
    }
    // Fewer images than there is room for come in several copies.
    let few = PlanOptions { batch: Some(3), ..options(9, Some(16)) };
    agrees(&network, &few, &[0.0, 1.0, 2.0].map(|phase| image(&network, phase)), BOUNDS, "three images");
}

#[test]
fn padded_shortcuts_agree_with_clear_text() {
    for (shortcut, tiles) in [(Shortcut::Pad, 16), (Shortcut::PadAfter, 64)] {
        let network = Arc::new(padded(shortcut, 1));
        let images = [0.0, 1.0].map(|phase| image(&network, phase));
        agrees(&network, &options(9, Some(tiles)), &images, BOUNDS, &format!("{shortcut:?}, {tiles} tiles"));
    }
    let merged = Arc::new(merge(&[padded(Shortcut::Pad, 1), padded(Shortcut::Pad, 2)]).unwrap());
    agrees(&merged, &options(9, Some(16)), &[image(&merged, 0.0)], BOUNDS, "two members");
}

#[test]
fn averages_before_activations_agree_with_clear_text() {
    // Down to one pixel, which is in the first tile of each image.
    for tiles in [1, 4, 16, 64] {
        let network = Arc::new(plain(1));
        let images = [0.0, 1.0].map(|phase| image(&network, phase));
        agrees(&network, &options(9, Some(tiles)), &images, BOUNDS, &format!("{tiles} tiles"));
    }
    let merged = Arc::new(merge(&[plain(1), plain(2)]).unwrap());
    agrees(&merged, &options(9, Some(16)), &[image(&merged, 0.0)], BOUNDS, "two members");
}

#[test]
fn members_are_evaluated_one_after_the_other() {
    let members: Vec<LoweredNetwork> = (0..3).map(two_stages).collect();
    let merged = Arc::new(merge(&members).unwrap());
    let images = [0.0, 1.0].map(|phase| image(&merged, phase));
    agrees(&merged, &options(9, Some(16)), &images, BOUNDS, "three members");
    let plan = |network| Plan::new(Arc::new(network), &options(9, Some(16))).unwrap();
    let (one, three) = (plan(members[0].clone()), plan(merge(&members).unwrap()));
    assert_eq!(three.layers.len(), 3 * (one.layers.len() - 1) + 1);
    // Values of one member at a time.
    let bytes = [&one, &three].map(|plan| plan.predicted_bytes(1, 0) - plan.client.request.bytes(&plan.parameters));
    assert!(bytes[1] < bytes[0] + bytes[0] / 2, "{bytes:?}");
}

#[test]
fn small_memory_changes_nothing() {
    let network = Arc::new(two_stages(7));
    let plan = Plan::new(network.clone(), &options(9, Some(16))).unwrap();
    let ciphertext = (2 * 8 * (plan.client.encrypted.limbs as u64)) << 9;
    let small = PlanOptions { working_bytes: 8 * ciphertext, ..options(9, Some(16)) };
    agrees(&network, &small, &[image(&network, 0.0)], BOUNDS, "small memory");
    let error = Plan::new(network, &PlanOptions { working_bytes: ciphertext, ..small }).unwrap_err().to_string();
    assert!(error.contains("bytes of working memory, but the limit is"), "{error}");
}

#[test]
fn one_image_that_overflows_spoils_the_batch_and_is_noticed() {
    let network = Arc::new(two_stages(3));
    let plan = Plan::new(network.clone(), &options(9, Some(16))).unwrap();
    let client = Client::reproducible(&plan.client, &Seed::from_number(3));
    let evaluator = client.evaluator(|_| ()).unwrap();
    let executor = Executor::new(&plan.program, &evaluator, 1 << 20);
    let overflows = |factor: f64| -> Vec<bool> {
        let mut images: Vec<Vec<f64>> = (0..4).map(|i| image(&network, i as f64)).collect();
        images[2].iter_mut().for_each(|x| *x *= factor);
        let upload = client.encrypt_batch(&images.iter().map(|i| &i[..]).collect::<Vec<_>>()).unwrap();
        let result = executor.run(upload.into_iter().map(|x| x.expand()).collect(), &mut |_, _, _| ()).unwrap();
        client.decrypt_batch(&result, 4).unwrap().iter().map(|logits| logits.overflow).collect()
    };
    assert_eq!(overflows(1.0), [false; 4]);
    assert_eq!(overflows(60.0), [true; 4]);
}

#[test]
fn tiles_are_chosen_by_time_within_the_memory() {
    let network = Arc::new(three_stages(4));
    let tiles = |options: &PlanOptions| {
        let plan = Plan::new(network.clone(), options).unwrap();
        plan.parameters.slots() / plan.client.batch
    };
    let seconds = |tiles| {
        let plan = Plan::new(network.clone(), &options(9, Some(tiles))).unwrap();
        plan.predicted_seconds(1) / plan.client.batch as f64
    };
    let best = [1, 4, 16, 64].into_iter().min_by(|a, b| seconds(*a).total_cmp(&seconds(*b))).unwrap();
    assert_eq!(tiles(&options(9, None)), best);
    // What does not fit is not taken.
    let bytes = |tiles| {
        let plan = Plan::new(network.clone(), &options(9, Some(tiles))).unwrap();
        plan.predicted_bytes(1, plan.diagonal_bytes())
    };
    let limit = bytes(best) - 1;
    let chosen = tiles(&PlanOptions { memory_bytes: limit, ..options(9, None) });
    assert!(chosen != best && (bytes(chosen) <= limit || chosen == 64), "{chosen}");
}

#[test]
fn tiles_that_the_image_does_not_have_are_refused() {
    let network = Arc::new(two_stages(1));
    let refused = |log_n, tiles, batch| {
        let options = PlanOptions { batch, ..options(log_n, Some(tiles)) };
        Plan::new(network.clone(), &options).unwrap_err().to_string()
    };
    let error = refused(9, 32, None);
    assert!(error.contains("tiles = 32: a plane of 8x8 is cut into 1, 4, 16"), "{error}");
    assert!(refused(9, 256, None).contains("tiles = 256"));
    let error = refused(9, 16, Some(17));
    assert!(
        error.contains("17 images of 16 tiles do not fit into the 256 slots of N = 2^9, which hold 1 to 16"),
        "{error}"
    );
    assert!(error.contains("log_n = 10 or more"), "{error}");
    assert!(refused(9, 16, Some(0)).contains("0 images"));
}

#[test]
fn the_simulation_gives_the_same_logits_for_batches() {
    let network = Arc::new(two_stages(5));
    let plan = Plan::new(network.clone(), &PlanOptions { batch: Some(2), ..options(9, Some(16)) }).unwrap();
    let simulator = simulator(&plan);
    let simulation = Simulation::new(&plan, &simulator, 0);
    let images: Vec<Vec<f64>> = (0..5).map(|i| image(&network, i as f64)).collect();
    let seeded: Vec<(&[f64], u64)> = images.iter().zip(1..).map(|(image, seed)| (&image[..], seed)).collect();
    let logits = simulation.images(&seeded, &mut |_, _, _| ()).unwrap();
    assert_eq!(logits.len(), images.len());
    for (logits, image) in logits.iter().zip(&images) {
        assert_logits(logits, network.forward(image).unwrap().logits(), BOUNDS.1, "simulated");
    }
}
