//! Encrypted inference: planning, encoding diagonals, and one convolution.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that fails ends by a panic")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use leveled::ckks::{
    Ciphertext, Complex, Encoder, Encrypted, Encryptor, EvaluationKeys, Evaluator, SecretKey, SecurityPolicy,
};
use leveled::inference::{Plan, PlanOptions};
use leveled::network::lowered::LoweredNetwork;
use leveled::network::{Architecture, Network};
use leveled::ring::sampling::Seed;

fn resnet20(width: usize) -> Arc<LoweredNetwork> {
    let architecture = Architecture::named("resnet20", width, 10).unwrap();
    Arc::new(Network::random(&architecture, 1).unwrap().lower().unwrap())
}

/// The convolution after the first.
const LAYER: usize = 1;

fn full_size(c: &mut Criterion) {
    let network = resnet20(16);
    let options = PlanOptions::default();
    c.bench_function("inference/plan_resnet20", |b| {
        b.iter(|| Plan::new(network.clone(), black_box(&options)).unwrap())
    });

    let plan = Plan::new(network, &options).unwrap();
    let parameters = &plan.parameters;
    let encoder = Encoder::new(parameters.log_n());
    let evaluator = Encrypted::new(parameters.clone(), encoder, Arc::new(EvaluationKeys::default()));
    let layer = &plan.layers[LAYER];
    let Some(transform) = plan.program.layers[LAYER].map.diagonals() else { return };
    let scale = parameters.weight_scale(layer.limbs);
    c.bench_function("inference/encode_layer", |b| {
        b.iter(|| evaluator.encode_transform(black_box(transform), scale).unwrap());
    });
}

fn small(c: &mut Criterion) {
    let options = PlanOptions { log_n: 12, security: SecurityPolicy::None, ..PlanOptions::default() };
    let plan = Plan::new(resnet20(4), &options).unwrap();
    let parameters = &plan.parameters;
    let encryptor = Encryptor::new(SecretKey::reproducible(parameters, &Seed::from_number(1)));
    let keys = Arc::new(EvaluationKeys::generate(encryptor.secret(), &plan.client.request, |_| ()).unwrap());
    let evaluator = Encrypted::new(parameters.clone(), encryptor.encoder().clone(), keys);
    let layer = &plan.layers[LAYER];
    let Some(transform) = plan.program.layers[LAYER].map.diagonals() else { return };
    let encoded = evaluator.encode_transform(transform, parameters.weight_scale(layer.limbs)).unwrap();
    let slots: Vec<Complex> = (0..parameters.slots()).map(|i| Complex::new((i as f64).sin(), 0.0)).collect();
    let scale = parameters.scale().powi(2);
    let inputs: Vec<Ciphertext> =
        (0..transform.inputs).map(|_| encryptor.encrypt(&slots, scale, layer.limbs).unwrap().expand()).collect();
    let inputs: Vec<&Ciphertext> = inputs.iter().collect();
    c.bench_function("inference/convolution_small", |b| {
        b.iter(|| evaluator.apply_transform(black_box(&inputs), &encoded).unwrap());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = full_size, small
}
criterion_main!(benches);
