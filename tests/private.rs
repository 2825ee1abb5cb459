//! Small random networks, encrypted end to end in small, insecure rings, against clear text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use std::process::Command;
use std::sync::Arc;

use leveled::ckks::keys::KeyKind;
use leveled::ckks::{CkksError, Counting, Encrypted, EvaluationKeys, KeyRequest, SecretKey, SecurityPolicy};
use leveled::inference::failure::{logit_deviation, wrong_class};
use leveled::inference::levels::{LevelSwitches, levels};
use leveled::inference::prices::{PriceList, Prices};
use leveled::inference::probe::{LayerProbe, probe};
use leveled::inference::program::Value;
use leveled::inference::{
    Client, ClientPlan, Executor, InferenceError, LayoutKind, Logits, Plan, PlanOptions, Simulation, simulator,
};
use leveled::network::lowered::{Activation, LoweredNetwork, Shape};
use leveled::network::{ActivationForm, Architecture, LowerOptions, LoweredTrace, Network, Stage, merge};
use leveled::ring::sampling::Seed;
use leveled::ring::simd::{Instructions, instructions};

/// Every test encrypts with these keys.
const SEED: u64 = 5;

/// A residual network with one block for each width; all blocks but the first have stride 2.
fn network(side: usize, widths: &[usize]) -> Arc<LoweredNetwork> {
    let stages = widths.iter().enumerate();
    let architecture = Architecture {
        input: Shape::new(3, side, side),
        stem_channels: widths[0],
        stages: stages
            .map(|(i, &channels)| Stage { blocks: 1, channels, stride: if i == 0 { 1 } else { 2 } })
            .collect(),
        ..Architecture::named("resnet20", 4, 10).unwrap()
    };
    Arc::new(Network::random(&architecture, side as u64).unwrap().lower().unwrap())
}

/// Insecure options with primes of 54 bits, so that noise hides no mistake.
fn options(log_n: u32) -> PlanOptions {
    PlanOptions {
        log_n,
        scale_bits: 30.0,
        weight_bits: 24.0,
        input_bits: 34.0,
        base_bits: 40,
        security: SecurityPolicy::None,
        ..PlanOptions::default()
    }
}

fn image(network: &LoweredNetwork, size: f64) -> Vec<f64> {
    (0..network.input.len()).map(|i| size * (i as f64 * 0.73).sin()).collect()
}

struct Outcome {
    probes: Vec<LayerProbe>,
    logits: Logits,
    trace: LoweredTrace,
}

fn evaluate(network: &LoweredNetwork, plan: &Plan, image: &[f64]) -> Outcome {
    let trace = network.forward(image).unwrap();
    let client = Client::reproducible(&plan.client, &Seed::from_number(SEED));
    let evaluator = client.evaluator(|_| ()).unwrap();
    let executor = Executor::new(&plan.program, &evaluator, 1 << 20);
    let encrypted = client.encrypt(image).unwrap().into_iter().map(|x| x.expand()).collect();
    let mut probes = Vec::new();
    let result = executor
        .run(encrypted, &mut |index, output, _| probes.extend(client.probe(plan, &trace, index, output).unwrap()))
        .unwrap();
    assert_eq!(probes.len(), plan.layers.len(), "layers that could not be probed");
    Outcome { probes, logits: client.decrypt(&result).unwrap(), trace }
}

fn clear_class(trace: &LoweredTrace) -> Option<usize> {
    let logits = trace.logits();
    (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]))
}

/// Evaluates one network in every form, and returns the most ciphertexts that a layer had.
fn agrees(side: usize, widths: &[usize], log_n: u32) -> usize {
    let network = network(side, widths);
    let image = image(&network, 1.0);
    let mut most = 0;
    for (complex_packing, input_copies) in [(true, 1), (true, 4), (false, 1), (false, 4)] {
        let options = PlanOptions { complex_packing, input_copies, ..options(log_n) };
        let what = format!("{side}x{side} {widths:?} N = 2^{log_n}, complex {complex_packing}, copies {input_copies}");
        let plan = Plan::new(network.clone(), &options).unwrap();
        let Outcome { probes, logits, trace } = evaluate(&network, &plan, &image);
        assert_eq!(probes.len(), network.layers.len(), "{what}");
        for (layer, probe) in plan.layers.iter().zip(&probes) {
            assert!(probe.relative.min > 12.0, "{what}: {} has {:.1} bits", layer.name, probe.relative.min);
            assert!(probe.scale_deviation < 2f64.powi(-40), "{what}: {} has another scale", layer.name);
            most = most.max(layer.layout.ciphertexts());
        }
        assert!(!logits.overflow, "{what}");
        assert_eq!(logits.class(), clear_class(&trace), "{what}");
    }
    most
}

#[test]
fn channels_in_several_ciphertexts_agree_with_clear_text() {
    assert_eq!(agrees(8, &[4, 8], 8), 2);
    assert_eq!(agrees(16, &[4, 8], 10), 2);
}

#[test]
fn channels_in_one_ciphertext_agree_with_clear_text() {
    assert_eq!(agrees(8, &[4, 8], 11), 1);
    assert_eq!(agrees(16, &[4, 6], 11), 1);
}

#[test]
fn odd_numbers_of_channels_agree_with_clear_text() {
    assert_eq!(agrees(8, &[5, 7], 8), 3);
    assert_eq!(agrees(8, &[7, 5], 9), 2);
}

#[test]
fn three_stages_agree_with_clear_text() {
    assert_eq!(agrees(8, &[4, 8, 8], 9), 1);
}

#[test]
fn an_ensemble_agrees_with_the_mean_of_its_members() {
    let member = |seed: u64| {
        let stages = vec![Stage { blocks: 1, channels: 4, stride: 1 }, Stage { blocks: 1, channels: 6, stride: 2 }];
        let architecture = Architecture {
            input: Shape::new(3, 8, 8),
            stem_channels: 4,
            stages,
            ..Architecture::named("resnet20", 4, 10).unwrap()
        };
        Network::random(&architecture, seed).unwrap().lower().unwrap()
    };
    let members = [member(1), member(2)];
    let merged = Arc::new(merge(&members).unwrap());
    let image = image(&merged, 1.0);
    // Members share ciphertexts, or have their own.
    for (log_n, ciphertexts) in [(10, 1), (8, 4)] {
        let plan = Plan::new(merged.clone(), &options(log_n)).unwrap();
        assert_eq!(plan.layers[0].layout.ciphertexts(), ciphertexts);
        let Outcome { probes, logits, .. } = evaluate(&merged, &plan, &image);
        assert!(!logits.overflow && probes.iter().all(|probe| probe.relative.min > 12.0));
        let clear = members.each_ref().map(|member| member.forward(&image).unwrap());
        for (class, logit) in logits.values.iter().enumerate() {
            let mean = (clear[0].logits()[class] + clear[1].logits()[class]) / 2.0;
            assert!((logit - mean).abs() < 1e-3, "N = 2^{log_n}: {logit} for {mean}");
        }
    }
}

#[test]
fn every_form_of_activations_agrees_with_clear_text() {
    let architecture = Architecture {
        input: Shape::new(3, 8, 8),
        stem_channels: 4,
        stages: vec![Stage { blocks: 2, channels: 4, stride: 1 }, Stage { blocks: 1, channels: 6, stride: 2 }],
        ..Architecture::named("resnet20", 4, 10).unwrap()
    };
    let graph = architecture.graph().unwrap();
    let network = Network::random(&architecture, 3).unwrap();
    for layout in [LayoutKind::Packed, LayoutKind::Channel, LayoutKind::Tiled] {
        for form in ActivationForm::ALL {
            for (fuse, tower_reuse) in [(false, true), (true, true), (false, false), (true, false)] {
                let what = format!("{layout:?}, {form:?}, fused {fuse}, reuse {tower_reuse}");
                let lowered = Arc::new(network.lower_with(LowerOptions { form, fuse }).unwrap());
                let plan = Plan::new(lowered.clone(), &PlanOptions { layout, tower_reuse, ..options(9) }).unwrap();
                let switches = LevelSwitches { node_fusing: fuse, activation_form: form, tower_reuse };
                let expected = levels(&graph, switches).last().unwrap().spent.total();
                assert_eq!(plan.levels_used(), expected, "{what}");
                let Outcome { probes, logits, trace } = evaluate(&lowered, &plan, &image(&lowered, 1.0));
                for (layer, probe) in plan.layers.iter().zip(&probes) {
                    assert!(probe.relative.min > 10.0, "{what}: {} has {:.1} bits", layer.name, probe.relative.min);
                    assert!(probe.scale_deviation < 2f64.powi(-40), "{what}: {} has another scale", layer.name);
                }
                assert!(!logits.overflow, "{what}");
                for (found, clear) in logits.values.iter().zip(trace.logits()) {
                    assert!((found - clear).abs() < 1e-3, "{what}: {found} for {clear}");
                }
            }
        }
    }
}

#[test]
fn an_image_needs_a_ring_that_holds_a_channel() {
    let network = network(32, &[4, 8]);
    for (layout, expected) in [
        (LayoutKind::Packed, "one channel needs 1024 slots, but N = 2^8 has 128; use log_n = 11 or more"),
        (LayoutKind::Channel, "1 images of 2048 slots each do not fit into the 128 slots of N = 2^8"),
    ] {
        let error = Plan::new(network.clone(), &PlanOptions { layout, ..options(8) }).unwrap_err().to_string();
        assert!(error.contains(expected), "{layout:?}: {error}");
    }
}

#[test]
fn more_classes_than_slots_of_the_last_value_are_refused() {
    let architecture = Architecture {
        input: Shape::new(3, 4, 4),
        stem_channels: 2,
        stages: vec![Stage { blocks: 1, channels: 2, stride: 1 }],
        ..Architecture::named("resnet20", 4, 100).unwrap()
    };
    let network = Arc::new(Network::random(&architecture, 1).unwrap().lower().unwrap());
    let error = Plan::new(network, &options(9)).unwrap_err().to_string();
    assert!(error.contains("layer linear: it has more outputs than its input has slots"), "{error}");
}

#[test]
fn copies_of_the_image_are_as_many_as_differ() {
    let network = network(8, &[4, 8]);
    // The unfolded image has 27 channels in 32 grids of 64 slots, of which halves are packed, or not.
    for (complex_packing, copies) in [(true, 16), (false, 32)] {
        let options = PlanOptions { input_copies: 64, complex_packing, ..options(12) };
        let plan = Plan::new(network.clone(), &options).unwrap();
        assert_eq!(plan.client.copies, copies);
        let Outcome { logits, trace, .. } = evaluate(&network, &plan, &image(&network, 1.0));
        assert_eq!(logits.class(), clear_class(&trace));
    }
}

#[test]
fn an_exploding_image_is_an_overflow_without_a_class() {
    check_exploding(&network(8, &[4, 8]), [1e3, 1e4, 1e5, 1e6, 1e7, 1e8]);
}

#[test]
fn a_leading_coefficient_takes_from_the_room_of_a_square() {
    let architecture = Architecture {
        input: Shape::new(3, 8, 8),
        stages: vec![Stage { blocks: 1, channels: 4, stride: 1 }],
        ..Architecture::named("resnet20", 4, 10).unwrap()
    };
    let network = Network::random(&architecture, 3).unwrap();
    let mut network = network.lower_with(LowerOptions { form: ActivationForm::Full, fuse: true }).unwrap();
    let headroom = |network: &LoweredNetwork| -> Vec<f64> {
        let plan = Plan::new(Arc::new(network.clone()), &options(9)).unwrap();
        plan.layers.iter().map(|layer| layer.log2_headroom).collect()
    };
    let before = headroom(&network);
    for layer in &mut network.layers {
        if let Activation::Full { leading, .. } = &mut layer.activation {
            leading.iter_mut().for_each(|leading| *leading *= 4.0);
        }
    }
    // Four times the coefficient, half the magnitude.
    for ((layer, before), after) in network.layers.iter().zip(before).zip(headroom(&network)) {
        let expected = if layer.activation == Activation::None { before } else { before - 1.0 };
        assert!((after - expected).abs() < 1e-9, "{}: {before} {after}", layer.name);
    }
    check_exploding(&Arc::new(network), (0..24).map(|step| 0.1 * 1.3_f64.powi(step)));
}

/// Images of these and some smaller sizes: those that the modulus holds have their class, and no other has one.
fn check_exploding(network: &Arc<LoweredNetwork>, sizes: impl IntoIterator<Item = f64>) {
    let plan = Plan::new(network.clone(), &options(9)).unwrap();
    let (mut exploded, mut sound) = (0, 0);
    for size in [0.01, 0.1, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 300.0].into_iter().chain(sizes) {
        let Outcome { logits, trace, .. } = evaluate(network, &plan, &image(network, size));
        if trace.largest().iter().zip(&plan.layers).any(|(largest, layer)| !layer.holds(*largest)) {
            exploded += 1;
            assert!(logits.overflow && logits.class().is_none(), "an image of size {size}");
        } else {
            sound += 1;
            assert!(!logits.overflow, "a false alarm: an image of size {size}");
            assert_eq!(logits.class(), clear_class(&trace), "an image of size {size}");
        }
    }
    assert!(exploded > 0 && sound > 3, "{exploded} of {}", exploded + sound);
}

#[test]
fn a_missing_key_is_named_with_its_layer() {
    let network = network(8, &[4, 8]);
    let plan = Plan::new(network.clone(), &options(9)).unwrap();
    let client = Client::reproducible(&plan.client, &Seed::from_number(SEED));
    let secret = SecretKey::reproducible(&plan.parameters, &Seed::from_number(SEED));
    let run = |kept: &dyn Fn(KeyKind) -> bool| {
        let mut request = KeyRequest::new();
        for (kind, _, limbs) in plan.client.request.iter().filter(|(kind, ..)| kept(*kind)) {
            request.add(&plan.parameters, kind, limbs);
        }
        let keys = Arc::new(EvaluationKeys::generate(&secret, &request, |_| ()).unwrap());
        let evaluator = Encrypted::new(plan.parameters.clone(), client.encoder().clone(), keys);
        let encrypted = client.encrypt(&image(&network, 1.0)).unwrap();
        let encrypted = encrypted.into_iter().map(|x| x.expand()).collect();
        Executor::new(&plan.program, &evaluator, 0).run(encrypted, &mut |_, _, _| ())
    };
    assert!(run(&|_| true).is_ok());
    let (first, level) = (&plan.layers[0].name, plan.layers[0].limbs - 1);
    match run(&|kind| kind != KeyKind::Relinearization) {
        Err(InferenceError::Layer { name, level: found, source: CkksError::MissingRelinearizationKey { .. } }) => {
            assert_eq!((&name, found), (first, level));
        }
        other => panic!("{other:?}"),
    }
    match run(&|kind| kind == KeyKind::Relinearization) {
        Err(InferenceError::Layer { source: CkksError::MissingGaloisKey { .. }, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_needs_its_half_of_the_plan_alone() {
    let network = network(8, &[4, 8]);
    let plan = Plan::new(network.clone(), &options(9)).unwrap();
    let text = serde_json::to_string(&plan.client).unwrap();
    assert!(text.len() < 20_000 && !text.contains("weights\":"), "{} bytes", text.len());
    let half: ClientPlan = serde_json::from_str(&text).unwrap();
    let client = Client::reproducible(&half, &Seed::from_number(SEED));
    let evaluator = client.evaluator(|_| ()).unwrap();
    let encrypted = client.encrypt(&image(&network, 1.0)).unwrap().into_iter().map(|x| x.expand()).collect();
    let result = Executor::new(&plan.program, &evaluator, 0).run(encrypted, &mut |_, _, _| ()).unwrap();
    let expected = evaluate(&network, &plan, &image(&network, 1.0)).logits;
    assert_eq!(client.decrypt(&result).unwrap(), expected);
    // Levels and scales of all steps are what the evaluator finds.
    let counting = Counting::new(plan.parameters.clone());
    let Value { ciphertexts, limbs, scale, .. } = plan.program.image;
    let found = Executor::new(&plan.program, &counting, 0)
        .run(vec![counting.fresh(limbs, scale); ciphertexts], &mut |layer, output, _| {
            let planned = plan.layers[layer].output;
            assert_eq!((output.len(), output[0].limbs), (planned.ciphertexts, planned.limbs));
            assert!((output[0].scale / planned.scale - 1.0).abs() < 1e-12);
        })
        .unwrap();
    assert_eq!((found.len(), found[0].limbs), (1, half.result.limbs));
}

#[test]
fn an_image_of_another_size_is_refused() {
    let plan = Plan::new(network(8, &[4]), &options(9)).unwrap();
    let error = Client::reproducible(&plan.client, &Seed::from_number(SEED)).encrypt(&[0.0; 3]).unwrap_err();
    assert!(matches!(error, InferenceError::ImageSize { expected: 192, found: 3 }), "{error}");
}

#[test]
fn a_client_that_goes_on_encrypts_as_an_uninterrupted_one() {
    let network = network(8, &[4]);
    let plan = Plan::new(network.clone(), &options(9)).unwrap();
    let image = image(&network, 1.0);
    let client = || Client::reproducible(&plan.client, &Seed::from_number(SEED));
    let encrypted = |client: &Client<'_>| format!("{:?}", client.encrypt(&image).unwrap());
    let (whole, resumed, again) = (client(), client(), client());
    let both = [encrypted(&whole), encrypted(&whole)];
    resumed.skip_batches(1);
    assert_eq!(encrypted(&resumed), both[1]);
    assert!(both[0] != both[1] && encrypted(&again) == both[0]);
}

#[test]
fn what_is_no_result_of_the_plan_is_refused() {
    let network = network(8, &[4]);
    let plan = Plan::new(network.clone(), &options(9)).unwrap();
    let client = Client::reproducible(&plan.client, &Seed::from_number(SEED));
    let fresh = client.encrypt(&image(&network, 1.0)).unwrap().remove(0).expand();
    let reason = |result: &[_]| client.decrypt(result).unwrap_err().to_string();
    assert!(reason(&[]).contains("0 ciphertexts instead of one"));
    assert!(reason(&[fresh.clone(), fresh.clone()]).contains("2 ciphertexts instead of one"));
    // A ciphertext of another level and scale.
    let text = reason(std::slice::from_ref(&fresh));
    assert!(text.contains(&format!("it has {} limbs and scale 2^34.", fresh.limbs())), "{text}");
    // One of another ring.
    let other = Plan::new(network.clone(), &options(10)).unwrap();
    let foreign = Client::reproducible(&other.client, &Seed::from_number(SEED));
    let foreign = foreign.encrypt(&image(&network, 1.0)).unwrap().remove(0).expand();
    assert!(reason(&[foreign]).contains("no ciphertext of these parameters"));
    let error = client.decrypt_batch(&[fresh], 2).unwrap_err();
    assert!(matches!(error, InferenceError::BatchSize { batch: 1, found: 2 }), "{error}");
    // Pixels that the modulus cannot hold.
    let error = client.encrypt(&vec![1e200; network.input.len()]).unwrap_err();
    assert!(matches!(error, InferenceError::Scheme(CkksError::PlaintextOverflow { .. })), "{error}");
}

#[test]
fn resnet20_has_the_levels_that_a_hand_computes() {
    let architecture = Architecture::named("resnet20", 16, 10).unwrap();
    let network = Arc::new(Network::random(&architecture, 1).unwrap().lower().unwrap());
    let plan = Plan::new(network.clone(), &PlanOptions::default()).unwrap();
    // 19 convolutions one after the other and the classifier; a shortcut goes with the convolution that it joins.
    let expected = [
        ("conv1", 21),
        ("layer1.0.conv1", 20),
        ("layer1.0.conv2", 19),
        ("layer1.1.conv1", 18),
        ("layer1.1.conv2", 17),
        ("layer1.2.conv1", 16),
        ("layer1.2.conv2", 15),
        ("layer2.0.conv1", 14),
        ("layer2.0.conv2", 13),
        ("layer2.1.conv1", 12),
        ("layer2.1.conv2", 11),
        ("layer2.2.conv1", 10),
        ("layer2.2.conv2", 9),
        ("layer3.0.conv1", 8),
        ("layer3.0.conv2", 7),
        ("layer3.1.conv1", 6),
        ("layer3.1.conv2", 5),
        ("layer3.2.conv1", 4),
        ("layer3.2.conv2", 3),
        ("linear", 2),
    ];
    let found: Vec<(&str, usize)> = plan.layers.iter().map(|layer| (layer.name.as_str(), layer.limbs)).collect();
    assert_eq!(found, expected);
    assert_eq!((plan.levels_used(), plan.client.encrypted.limbs, plan.parameters.max_limbs()), (20, 21, 21));
    let security = plan.parameters.security();
    assert!(security.is_secure() && security.log2_qp <= 868.0, "{security:?}");

    let short = PlanOptions { levels: Some(19), ..PlanOptions::default() };
    assert!(matches!(Plan::new(network, &short), Err(InferenceError::ChainTooShort { levels: 19, needed: 20 })));
}

/// Seconds of a plan by prices that are round numbers: what the counts and the formula make of them.
#[test]
fn a_forecast_with_fixed_prices() {
    let list = |unit: f64| PriceList {
        transform: 64.0 * unit,
        product: 32.0 * unit,
        key_product: 24.0 * unit,
        key_byte: 1e-4 * unit,
        conversion: 8.0 * unit,
        pass: 16.0 * unit,
        tile_product: 4.0 * unit,
        tile_addition: 2.0 * unit,
        tile_weight: unit,
        panel_number: unit,
        panel_residue: 2.0 * unit,
    };
    let prices = Prices { instructions: "portable".into(), cores: 4, alone: list(1e-6), together: list(1.25e-6) };
    let network = network(8, &[4, 8]);
    let seconds = |layout| {
        let plan = Plan::new(network.clone(), &PlanOptions { layout, prices: prices.clone(), ..options(9) }).unwrap();
        let sum: f64 = plan.layers.iter().map(|layer| plan.layer_seconds(layer, 2)).sum();
        assert!((sum / plan.predicted_seconds(2) - 1.0).abs() < 1e-12);
        assert_eq!(plan.predicted_seconds(1024), plan.predicted_seconds(4));
        [1, 2, 4].map(|threads| (plan.predicted_seconds(threads) * 1e9).round() as u64)
    };
    let found = [LayoutKind::Packed, LayoutKind::Channel].map(seconds);
    assert_eq!(found, [[3_180_993, 2_057_299, 1_541_687], [11_917_783, 7_503_847, 5_365_692]]);
}

/// Also run by itself, under each form of the kernels.
#[test]
fn one_small_network() {
    if let Some(wanted) =
        Instructions::available().iter().find(|i| std::env::var("LEVELED_SIMD").is_ok_and(|w| w == i.name()))
    {
        assert_eq!(instructions(), *wanted);
    }
    let network = network(8, &[4, 8]);
    // Primes of 40 bits, which all kernels take.
    let options = PlanOptions { scale_bits: 22.0, weight_bits: 18.0, input_bits: 24.0, base_bits: 32, ..options(8) };
    let plan = Plan::new(network.clone(), &options).unwrap();
    let outcome = evaluate(&network, &plan, &image(&network, 1.0));
    assert!(outcome.probes.iter().all(|probe| probe.relative.min > 5.0));
    assert_eq!(outcome.logits.class(), clear_class(&outcome.trace));
    let bits: Vec<u64> = outcome.logits.values.iter().map(|x| x.to_bits()).collect();
    println!("\nlogits {bits:x?}");
}

#[test]
fn every_form_of_the_kernels_gives_the_same_logits() {
    let logits = |form: Instructions| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "one_small_network", "--nocapture"])
            .env("LEVELED_SIMD", form.name())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}: {text}{}", form.name(), String::from_utf8_lossy(&output.stderr));
        text.lines().find(|line| line.starts_with("logits ")).unwrap().to_owned()
    };
    let all: Vec<String> = Instructions::available().into_iter().map(logits).collect();
    assert!(all.iter().all(|one| *one == all[0]), "{all:#?}");
}

/// For every layer the deviation of the errors of its values, over several encryptions of one image.
fn deviations(probes: &[Vec<LayerProbe>]) -> Vec<f64> {
    let layers = probes[0].len();
    let mean_square = |k: usize| probes.iter().map(|p| p[k].precision.deviation.powi(2)).sum::<f64>();
    (0..layers).map(|k| (mean_square(k) / probes.len() as f64).sqrt()).collect()
}

#[test]
fn the_simulation_has_the_noise_of_encryption() {
    const DRAWS: u64 = 6;
    let network = network(8, &[4, 8]);
    let image = image(&network, 1.0);
    for complex_packing in [true, false] {
        // Scales at which noise is well above double precision and below the values.
        let options = PlanOptions {
            scale_bits: 20.0,
            weight_bits: 17.0,
            input_bits: 24.0,
            base_bits: 36,
            complex_packing,
            ..options(11)
        };
        let plan = Plan::new(network.clone(), &options).unwrap();
        let trace = network.forward(&image).unwrap();
        let client = Client::reproducible(&plan.client, &Seed::from_number(SEED));
        let evaluator = client.evaluator(|_| ()).unwrap();
        let executor = Executor::new(&plan.program, &evaluator, 1 << 28);
        let simulator = simulator(&plan);
        let simulation = Simulation::new(&plan, &simulator, 1 << 28);
        let (mut encrypted, mut simulated) = (Vec::new(), Vec::new());
        for draw in 0..DRAWS {
            let upload = client.encrypt(&image).unwrap().into_iter().map(|x| x.expand()).collect();
            let mut probes = Vec::new();
            executor
                .run(upload, &mut |index, x, _| probes.extend(client.probe(&plan, &trace, index, x).unwrap()))
                .unwrap();
            assert_eq!(probes.len(), plan.layers.len());
            encrypted.push(probes);
            let mut probes = Vec::new();
            let logits = simulation
                .images(&[(&image, draw)], &mut |index, x, _| {
                    let slots: Vec<_> = x.iter().map(|x| x.slots(0)).collect();
                    probes.extend(probe(&plan, &trace, index, x[0].scale, &slots));
                })
                .unwrap();
            assert_eq!(logits[0].class(), clear_class(&trace));
            assert_eq!(probes.len(), plan.layers.len());
            simulated.push(probes);
        }
        for (layer, (real, model)) in plan.layers.iter().zip(deviations(&encrypted).iter().zip(deviations(&simulated)))
        {
            let ratio = model / real;
            // Ten logits are few values.
            let tolerance = if layer.name == "linear" { 0.6 } else { 0.2 };
            assert!((ratio - 1.0).abs() < tolerance, "complex {complex_packing}: {} has ratio {ratio:.3}", layer.name);
        }
    }
}

#[test]
fn wrong_classes_are_as_frequent_as_the_formula_says() {
    const IMAGES: usize = 400;
    const DRAWS: u64 = 24;
    let mut network = (*network(8, &[4, 8])).clone();
    let pixels = network.input.len();
    let image =
        |number: usize| -> Vec<f64> { (0..pixels).map(|i| (i as f64 * (0.3 + number as f64 * 0.017)).sin()).collect() };
    // All logits of the first image alike, so that margins are as small as the noise.
    let logits = network.forward(&image(0)).unwrap().logits().to_vec();
    let last = network.layers.last_mut().unwrap();
    last.bias.iter_mut().zip(&logits).for_each(|(bias, logit)| *bias -= logit);
    let network = Arc::new(network);
    // Weights so fine that their errors, the same in every draw, are nothing beside those of the data.
    let options = PlanOptions { scale_bits: 13.0, weight_bits: 26.0, input_bits: 24.0, base_bits: 23, ..options(9) };
    let plan = Plan::new(network.clone(), &options).unwrap();
    let simulator = simulator(&plan);
    let simulation = Simulation::new(&plan, &simulator, 1 << 28);
    let (mut expected, mut found) = (0.0, 0);
    for number in 0..IMAGES {
        let image = image(number);
        let trace = network.forward(&image).unwrap();
        let clear = trace.logits();
        let class = clear_class(&trace).unwrap();
        let leads: Vec<f64> = (0..clear.len()).filter(|k| *k != class).map(|k| clear[class] - clear[k]).collect();
        // Half of the draws say how much noise there is, the other half how often it changes the class.
        let draw = |seeds: std::ops::Range<u64>| {
            let images: Vec<(&[f64], u64)> = seeds.map(|seed| (&image[..], seed)).collect();
            simulation.images(&images, &mut |_, _, _| ()).unwrap()
        };
        let first = number as u64 * 2 * DRAWS;
        let squares = draw(first..first + DRAWS)
            .iter()
            .map(|logits| {
                let errors: Vec<f64> = logits.values.iter().zip(clear).map(|(x, y)| x - y).collect();
                logit_deviation(&errors).unwrap().powi(2)
            })
            .sum::<f64>();
        let deviation = (squares / DRAWS as f64).sqrt();
        expected += DRAWS as f64 * wrong_class(&leads, deviation);
        found += draw(first + DRAWS..first + 2 * DRAWS).iter().filter(|logits| logits.class() != Some(class)).count();
    }
    // Errors of logits are not quite independent, nor all alike.
    assert!(expected > 150.0 && (found as f64 / expected - 1.0).abs() < 0.25, "{found} wrong, {expected:.1} expected");
}
