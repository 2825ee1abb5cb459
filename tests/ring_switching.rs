//! Late layers in smaller rings, on small random networks, encrypted in small, insecure rings, against clear text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::sync::Arc;

use leveled::ckks::SecurityPolicy;
use leveled::inference::probe::probe;
use leveled::inference::program::Operation;
use leveled::inference::{
    Choices, Client, Executor, LayoutKind, Plan, PlanOptions, RingSwitching, Simulation, simulator,
};
use leveled::network::lowered::{LoweredNetwork, Shape};
use leveled::network::{Architecture, Network, Stage};
use leveled::ring::sampling::Seed;

use common::small::{agrees, image, network};

/// One grid of 16 x 16 in the end, four in the beginning.
fn three_stages() -> Arc<LoweredNetwork> {
    let stage = |channels, stride| Stage { blocks: 1, channels, stride };
    Arc::new(network(Shape::new(3, 16, 16), &[stage(4, 1), stage(8, 2), stage(16, 2)], 4))
}

fn options(ring_switching: RingSwitching) -> PlanOptions {
    PlanOptions {
        log_n: 11,
        scale_bits: 27.0,
        weight_bits: 20.0,
        input_bits: 34.0,
        base_bits: 40,
        security: SecurityPolicy::None,
        ring_switching,
        ..PlanOptions::default()
    }
}

fn switches(plan: &Plan) -> usize {
    plan.program.steps.iter().filter(|step| step.operation == Operation::SwitchRing).count()
}

#[test]
fn late_layers_move_into_smaller_rings_and_agree_with_clear_text() {
    let network = three_stages();
    for (complex_packing, input_copies) in [(true, 4), (false, 1)] {
        let options = PlanOptions { complex_packing, input_copies, ..options(RingSwitching::Auto) };
        let plan = Plan::new(network.clone(), &options).unwrap();
        // Into the rings of 2^10 and of 2^9, where the last stage fills all slots.
        let last = plan.client.rings().last().unwrap().parameters;
        assert_eq!((plan.client.switches().count(), last.log_n()), (2, 9));
        assert!(switches(&plan) >= 2);
        agrees(&network, &options, &[image(&network, 0.3)], (8.0, 5e-3), &format!("complex {complex_packing}"));
        // What is derived from the plan follows.
        let one = Plan::new(network.clone(), &PlanOptions { ring_switching: RingSwitching::None, ..options }).unwrap();
        assert_eq!((switches(&one), one.client.switches().count()), (0, 0));
        assert!(plan.client.key_bytes() <= one.client.key_bytes());
        assert!(plan.predicted_seconds(1) < one.predicted_seconds(1));
        assert_eq!(plan.levels_used(), one.levels_used());
    }
}

/// Scales differ from level to level then, also where a shortcut enters the first layer of a ring.
#[test]
fn rings_are_switched_without_tower_reuse_too() {
    let network = three_stages();
    let options = PlanOptions { tower_reuse: false, ..options(RingSwitching::Auto) };
    let plan = Plan::new(network.clone(), &options).unwrap();
    let mut switched = Vec::new();
    for layer in &plan.layers {
        let switch = layer.limbs;
        let chosen = Choices { tiles: None, switches: vec![switch], digit_limbs: Vec::new() };
        let options = PlanOptions { chosen: Some(chosen), ..options.clone() };
        match Plan::new(network.clone(), &options) {
            Ok(_) => {
                agrees(&network, &options, &[image(&network, 0.3)], (8.0, 5e-3), &format!("{switch} limbs"));
                switched.push(&layer.name[..]);
            }
            Err(error) => assert!(error.to_string().contains("does not fit into the slots"), "{error}"),
        }
    }
    assert_eq!(switched, ["layer3.0.conv1", "layer3.0.conv2", "linear"]);
}

#[test]
fn a_plan_is_made_again_from_what_it_chose() {
    let network = three_stages();
    let again = |options: &PlanOptions, chosen: Choices| {
        Plan::new(network.clone(), &PlanOptions { chosen: Some(chosen), ..options.clone() })
    };
    let packed = options(RingSwitching::Auto);
    let tiled = PlanOptions { layout: LayoutKind::Tiled, ..options(RingSwitching::None) };
    for (options, rings) in [(&packed, 2), (&tiled, 0)] {
        let plan = Plan::new(network.clone(), options).unwrap();
        let chosen = plan.choices();
        assert_eq!((chosen.switches.len(), chosen.tiles.is_some()), (rings, rings == 0));
        let made = again(options, chosen.clone()).unwrap();
        assert_eq!((made.fingerprint().unwrap(), made.choices()), (plan.fingerprint().unwrap(), chosen));
    }
    // Other choices are other plans, and impossible ones are refused.
    let plan = Plan::new(network.clone(), &packed).unwrap();
    let choices = |tiles, switches| Choices { tiles, switches, digit_limbs: Vec::new() };
    let other = again(&packed, choices(None, Vec::new())).unwrap();
    assert_ne!(other.fingerprint().unwrap(), plan.fingerprint().unwrap());
    for switches in [vec![0], vec![1], vec![usize::MAX], vec![2; 99]] {
        let error = again(&packed, choices(None, switches.clone())).unwrap_err().to_string();
        let expected = if switches.len() == 1 {
            "a ciphertext that moves into a smaller ring has 2 to 9 limbs"
        } else {
            "log_n = 4 is impossible"
        };
        assert!(error.contains(expected), "{switches:?}: {error}");
    }
    for digits in [vec![], vec![0; plan.parameters.max_limbs()], vec![1; plan.parameters.max_limbs() + 1]] {
        let chosen = Choices { digit_limbs: vec![Some(digits.clone())], ..plan.choices() };
        let error = again(&packed, chosen).unwrap_err().to_string();
        assert!(error.contains("sizes of digits, each at least 1"), "{error}");
    }
    let plan = Plan::new(network.clone(), &tiled).unwrap();
    let odd = again(&tiled, choices(Some(7), Vec::new())).unwrap();
    assert_eq!(odd.choices(), plan.choices());
}

/// Where weights are evaluated anew for every image, special primes cost more than digits.
#[test]
fn digits_suit_the_diagonals_of_a_network() {
    let network = three_stages();
    for switching in [RingSwitching::None, RingSwitching::Auto] {
        let options = PlanOptions { weight_bytes: Some(0), ..options(switching) };
        let plan = Plan::new(network.clone(), &options).unwrap();
        let rings = plan.choices().digit_limbs.len();
        let of_rotations = Choices { digit_limbs: vec![None; rings], ..plan.choices() };
        let other = PlanOptions { chosen: Some(of_rotations), ..options.clone() };
        let other = Plan::new(network.clone(), &other).unwrap();
        let special = |plan: &Plan| {
            let rings = plan.client.rings();
            rings.flat_map(|ring| ring.parameters.bands()).map(|band| band.special.len()).sum::<usize>()
        };
        assert!(plan.choices().digit_limbs.iter().any(Option::is_some));
        assert!(special(&plan) < special(&other), "{} and {}", special(&plan), special(&other));
        assert!(plan.predicted_seconds(1) < other.predicted_seconds(1));
        assert!(plan.client.key_bytes() <= other.client.key_bytes());
        assert_ne!(plan.fingerprint().unwrap(), other.fingerprint().unwrap());
        agrees(&network, &options, &[image(&network, 0.3)], (8.0, 5e-3), "digits of the diagonals");
    }
}

#[test]
fn keys_of_all_rings_are_as_large_as_predicted_and_the_client_s_half_can_be_written() {
    let network = three_stages();
    let plan = Plan::new(network, &options(RingSwitching::Auto)).unwrap();
    let client = Client::reproducible(&plan.client, &Seed::from_number(3));
    let mut made = Vec::new();
    let evaluator = client.evaluator(|number| made.push(number)).unwrap();
    assert_eq!(evaluator.key_bytes(), plan.client.key_bytes());
    assert_eq!(made, (1..=plan.client.keys()).collect::<Vec<_>>());
    let text = serde_json::to_string(&plan.client).unwrap();
    let again: leveled::inference::ClientPlan = serde_json::from_str(&text).unwrap();
    assert_eq!((again.keys(), again.key_bytes()), (plan.client.keys(), plan.client.key_bytes()));
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
}

#[test]
fn the_noise_of_every_layer_is_that_of_the_simulation() {
    let network = three_stages();
    let options = PlanOptions { scale_bits: 22.0, weight_bits: 19.5, input_bits: 24.0, ..options(RingSwitching::Auto) };
    let plan = Plan::new(network, &options).unwrap();
    assert!(plan.client.switches().count() > 0);
    let client = Client::reproducible(&plan.client, &Seed::from_number(3));
    let evaluator = client.evaluator(|_| ()).unwrap();
    let executor = Executor::new(&plan.program, &evaluator, 1 << 24);
    let simulator = simulator(&plan);
    let simulation = Simulation::new(&plan, &simulator, 1 << 24);
    let layers = plan.layers.len();
    let (mut encrypted, mut simulated) = (vec![0.0; layers], vec![0.0; layers]);
    for number in 0..4 {
        let phase = f64::from(number);
        let image: Vec<f64> = (0..plan.client.image.len()).map(|i| (i as f64 * 0.73 + phase).sin()).collect();
        let trace = plan.network.forward(&plan.client.network_input(&image)).unwrap();
        let upload = client.encrypt(&image).unwrap().into_iter().map(|x| x.expand()).collect();
        executor
            .run(upload, &mut |index, output, _| {
                let found = client.probe(&plan, &trace, index, output).unwrap().unwrap();
                encrypted[index] += found.precision.deviation.powi(2);
            })
            .unwrap();
        simulation
            .images(&[(&image, 7 + number as u64)], &mut |index, output, _| {
                let slots: Vec<_> = output.iter().map(|x| x.slots(0)).collect();
                let found = probe(&plan, &trace, index, output[0].scale, &slots).unwrap();
                simulated[index] += found.precision.deviation.powi(2);
            })
            .unwrap();
    }
    for ((layer, encrypted), simulated) in plan.layers.iter().zip(encrypted).zip(simulated) {
        let ratio = (encrypted / simulated).sqrt();
        // A layer has hundreds of values; the classifier ten.
        let tolerance = if layer.kind == "dense" { 0.6 } else { 0.2 };
        assert!((ratio - 1.0).abs() < tolerance, "{}: {ratio:.3} of the simulation", layer.name);
    }
}

#[test]
fn resnet20_moves_where_the_limits_allow_it() {
    let architecture = Architecture::named("resnet20", 16, 10).unwrap();
    let network = Arc::new(Network::random(&architecture, 1).unwrap().lower().unwrap());
    let plan =
        |ring_switching| Plan::new(network.clone(), &PlanOptions { ring_switching, ..PlanOptions::default() }).unwrap();
    let (one, many) = (plan(RingSwitching::None), plan(RingSwitching::Auto));
    let rings: Vec<(u32, usize)> =
        many.client.switches().map(|switch| (switch.target().log_n(), switch.limbs())).collect();
    assert_eq!(rings.iter().map(|ring| ring.0).collect::<Vec<_>>(), [14, 13], "{rings:?}");
    for ring in many.client.rings() {
        assert!(ring.parameters.security().is_secure(), "{:?}", ring.parameters.security());
    }
    for switch in many.client.switches() {
        assert!(
            switch.through().security().is_secure() && switch.through().security().log_n == switch.target().log_n()
        );
    }
    // With the digits that are cheapest for a rotation, which are where the search for others begins.
    let chosen = Some(Choices { tiles: None, switches: Vec::new(), digit_limbs: Vec::new() });
    let of_rotations = Plan::new(network.clone(), &PlanOptions { chosen, ..PlanOptions::default() }).unwrap();
    for plan in [&one, &many] {
        assert!(plan.client.key_bytes() <= of_rotations.client.key_bytes());
    }
    assert!(many.predicted_seconds(2) < 0.95 * one.predicted_seconds(2));
}
