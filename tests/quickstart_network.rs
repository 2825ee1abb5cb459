//! ResNet-20 on real images, encrypted at N = 2^15: minutes of work, so outside the default set.
//!
//! `cargo test --release --test quickstart_network -- --ignored --nocapture`

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use leveled::ckks::SecurityPolicy;
use leveled::dataset::{DatasetName, shipped_test_images};
use leveled::inference::probe::probe;
use leveled::inference::{Client, Executor, Plan, PlanOptions, Simulation, simulator};
use leveled::network::Model;
use leveled::ring::sampling::Seed;

#[test]
#[ignore = "takes a minute and several GiB"]
fn resnet20_agrees_with_clear_text_on_shipped_images() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/resnet20_w16_cifar10_herpn_seed0.safetensors");
    let model = Model::load(&path).unwrap();
    let network = Arc::new(model.lower().unwrap());
    let start = Instant::now();
    let env = |name: &str, default: f64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let options = PlanOptions {
        scale_bits: env("SCALE", PlanOptions::default().scale_bits),
        weight_bits: env("WEIGHT", PlanOptions::default().weight_bits),
        base_bits: env("BASE", 28.0) as u32,
        complex_packing: env("REAL", 0.0) == 0.0,
        input_copies: env("COPIES", 4.0) as usize,
        security: if env("INSECURE", 0.0) > 0.0 { SecurityPolicy::None } else { SecurityPolicy::Bits128 },
        ..PlanOptions::default()
    };
    let plan = Plan::new(network.clone(), &options).unwrap();
    eprintln!(
        "plan in {:?}: {} levels, log2 QP {:.2}, keys {} = {:.2} GB, predicted {:.2} s on 1 thread, memory {:.2} GB, diagonals {:.2} GB",
        start.elapsed(),
        plan.levels_used(),
        plan.parameters.security().log2_qp,
        plan.client.request.len(),
        plan.client.request.bytes(&plan.parameters) as f64 / 1e9,
        plan.predicted_seconds(1),
        plan.predicted_bytes(2, 2 << 30) as f64 / 1e9,
        plan.diagonal_bytes() as f64 / 1e9,
    );
    for band in plan.parameters.bands() {
        eprintln!("  {:?}", band.band);
    }

    let start = Instant::now();
    let client = Client::reproducible(&plan.client, &Seed::from_number(1));
    let evaluator = client.evaluator(|_| ()).unwrap();
    eprintln!("keys in {:?}", start.elapsed());
    let executor = Executor::new(&plan.program, &evaluator, 2 << 30);
    let start = Instant::now();
    executor.prepare(|_| ()).unwrap();
    eprintln!("diagonals in {:?}", start.elapsed());

    let simulator = simulator(&plan);
    let simulation = Simulation::new(&plan, &simulator, 2 << 30);
    let start = Instant::now();
    simulation.images(&[(&vec![0.0; network.input.len()], 0)], &mut |_, _, _| ()).unwrap();
    eprintln!("simulation prepared in {:?}", start.elapsed());

    let images = shipped_test_images(DatasetName::Cifar10).unwrap();
    let count = env("IMAGES", 2.0) as usize;
    let mut errors = Vec::new();
    for (number, image) in images.images.iter().take(count).enumerate() {
        let input = model.input(image);
        let trace = network.forward(&input).unwrap();
        let encrypted: Vec<_> = client.encrypt(&input).unwrap().into_iter().map(|c| c.expand()).collect();
        let start = Instant::now();
        let mut probes = Vec::new();
        let mut outputs = Vec::new();
        let result = executor
            .run(encrypted, &mut |index, output, seconds| {
                outputs.push(seconds);
                if number == 0 {
                    probes.push(client.probe(&plan, &trace, index, output).unwrap().unwrap());
                }
            })
            .unwrap();
        let elapsed = start.elapsed();
        if number == 0 {
            // The simulation against the real thing: the deviation of every layer's errors, and the time of an image.
            let mut models = Vec::new();
            simulation
                .images(&[(&input, 7)], &mut |index, x, _| {
                    let slots: Vec<_> = x.iter().map(|x| x.slots(0)).collect();
                    models.push(probe(&plan, &trace, index, x[0].scale, &slots).unwrap());
                })
                .unwrap();
            let start = Instant::now();
            simulation.images(&[(&input[..], 8); 4], &mut |_, _, _| ()).unwrap();
            eprintln!("an image simulated in {:?}", start.elapsed() / 4);
            for ((layer, p), m) in plan.layers.iter().zip(&probes).zip(&models) {
                let ratio = m.precision.deviation / p.precision.deviation;
                eprintln!("{:18} simulated / encrypted deviation {ratio:.3}", layer.name);
                assert!((ratio - 1.0).abs() < 0.2 || layer.name == "linear", "{}: {ratio}", layer.name);
            }
            for (index, (layer, p)) in plan.layers.iter().zip(&probes).enumerate() {
                let s = outputs[index];
                eprintln!(
                    "{:18} L{:2} diag {:3} baby {:2} giant {:2} | predicted {:.3} total {:.3} linear {:.3} square {:.3} pack {:.3} | bits {:5.2} dev {:.5} largest {:6.2} scale {:.1e}",
                    layer.name,
                    layer.limbs,
                    layer.size.products,
                    layer.size.babies,
                    layer.size.giants,
                    plan.layer_seconds(layer, 1),
                    s.total(),
                    s.linear,
                    s.square,
                    s.pack,
                    p.relative.min,
                    p.precision.deviation,
                    p.largest_activation,
                    p.scale_deviation
                );
                assert!((p.relative.median > 9.0 || env("LOOSE", 0.0) > 0.0) && p.scale_deviation < 2f64.powi(-40));
            }
        }
        let logits = client.decrypt(&result).unwrap();
        assert!(!logits.overflow);
        let error: Vec<f64> = logits.values.iter().zip(trace.logits()).map(|(a, b)| (a - b).abs()).collect();
        eprintln!(
            "image {number}: {elapsed:?} ({:.3} s in layers), class {:?}, errors {error:.4?}",
            outputs.iter().map(|s| s.total()).sum::<f64>(),
            logits.class()
        );
        errors.extend(error);
    }
    errors.sort_by(f64::total_cmp);
    eprintln!("median error {:.4}, largest {:.4}", errors[errors.len() / 2], errors[errors.len() - 1]);
    // The median of twenty images is 0.013; a few scatter about it.
    assert!(errors[errors.len() / 2] <= 0.03);
}
