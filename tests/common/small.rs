//! Small random networks, encrypted in small, insecure rings, against clear text.

use std::sync::Arc;

use leveled::inference::{Client, Executor, Logits, Plan, PlanOptions};
use leveled::network::lowered::{LoweredNetwork, Shape};
use leveled::network::{Architecture, Head, Network, Shortcut, Stage};
use leveled::ring::sampling::Seed;

/// A network of random weights.
pub fn network(input: Shape, stages: &[Stage], seed: u64) -> LoweredNetwork {
    network_with(Shortcut::Projection, input, stages, seed)
}

/// One of two stages on 8 x 8 pixels, whose shortcut pads 4 channels to 7.
#[allow(dead_code, reason = "not every test uses it")]
pub fn padded(shortcut: Shortcut, seed: u64) -> LoweredNetwork {
    let stage = |channels, stride| Stage { blocks: 1, channels, stride };
    network_with(shortcut, Shape::new(3, 8, 8), &[stage(4, 1), stage(7, 2)], seed)
}

fn network_with(shortcut: Shortcut, input: Shape, stages: &[Stage], seed: u64) -> LoweredNetwork {
    let architecture = Architecture {
        input,
        shortcut,
        stem_channels: stages[0].channels,
        stages: stages.to_vec(),
        ..Architecture::named("resnet20", 4, 5).unwrap()
    };
    Network::random(&architecture, seed).unwrap().lower().unwrap()
}

/// One of plain blocks on 8 x 8 pixels, with averages down to one pixel and a connected layer.
#[allow(dead_code, reason = "not every test uses it")]
pub fn plain(seed: u64) -> LoweredNetwork {
    let stage = |blocks, channels| Stage { blocks, channels, stride: 2 };
    let architecture = Architecture {
        input: Shape::new(3, 8, 8),
        stem_channels: 2,
        stages: vec![stage(1, 2), stage(1, 3), stage(2, 4)],
        head: Head::Connected { layers: 1, units: 5 },
        ..Architecture::named("vgg16", 2, 5).unwrap()
    };
    Network::random(&architecture, seed).unwrap().lower().unwrap()
}

/// One of two stages on 8 x 8 pixels.
pub fn two_stages(seed: u64) -> LoweredNetwork {
    let stage = |channels, stride| Stage { blocks: 1, channels, stride };
    network(Shape::new(3, 8, 8), &[stage(4, 1), stage(6, 2)], seed)
}

/// An image without a pattern.
pub fn image(network: &LoweredNetwork, phase: f64) -> Vec<f64> {
    (0..network.input.len()).map(|i| (i as f64 * 0.73 + phase).sin()).collect()
}

/// Evaluates images together and asserts that every layer of the first, to `bits` bits, and all logits, to `logit_error`, agree with clear text.
pub fn agrees(
    network: &Arc<LoweredNetwork>,
    options: &PlanOptions,
    images: &[Vec<f64>],
    (bits, logit_error): (f64, f64),
    what: &str,
) {
    let plan = Plan::new(network.clone(), options).unwrap();
    let client = Client::reproducible(&plan.client, &Seed::from_number(3));
    let evaluator = client.evaluator(|_| ()).unwrap();
    let executor = Executor::new(&plan.program, &evaluator, 1 << 20);
    let references: Vec<&[f64]> = images.iter().map(|i| &i[..]).collect();
    let upload = client.encrypt_batch(&references).unwrap();
    let traces: Vec<_> = images.iter().map(|image| network.forward(image).unwrap()).collect();
    // Of the network as the plan has it: unfolded, or with the members of an ensemble one after the other.
    let first = plan.network.forward(&plan.client.network_input(&images[0])).unwrap();
    let (mut worst, mut probed) = (f64::INFINITY, 0);
    let result = executor
        .run(upload.into_iter().map(|x| x.expand()).collect(), &mut |index, output, _| {
            let probe = client.probe(&plan, &first, index, output).unwrap().unwrap();
            assert!(probe.scale_deviation < 2f64.powi(-40), "{what}: {}", plan.layers[index].name);
            worst = worst.min(probe.relative.min);
            probed += 1;
        })
        .unwrap();
    assert!(worst > bits, "{what}: {worst:.1} bits");
    assert_eq!(probed, plan.layers.len(), "{what}");
    let decrypted = client.decrypt_batch(&result, images.len()).unwrap();
    assert_eq!(decrypted.len(), images.len(), "{what}");
    for (logits, trace) in decrypted.iter().zip(&traces) {
        assert_logits(logits, trace.logits(), logit_error, what);
    }
}

/// Asserts that logits are those of clear text but for `error`.
pub fn assert_logits(logits: &Logits, clear: &[f64], error: f64, what: &str) {
    assert!(!logits.overflow, "{what}");
    assert_eq!(logits.values.len(), clear.len(), "{what}");
    for (x, y) in logits.values.iter().zip(clear) {
        assert!((x - y).abs() < error, "{what}: {x} for {y}");
    }
}
