//! The scheme: encoder, evaluator and key generation at N = 2^15 and 19 limbs of 38 bits.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that fails ends by a panic")]

#[path = "../src/bin/bench_ops/setup.rs"]
mod setup;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use leveled::ckks::keys::KeyKind;
use leveled::ckks::{EvaluationKeys, Evaluator, KeyRequest};
use setup::{HOISTED, Setup};

const LOG_N: u32 = 15;
const LIMBS: usize = 19;

fn ckks(c: &mut Criterion) {
    let Setup { parameters, secret, evaluator, slots, ciphertext: x } = Setup::new(LOG_N, LIMBS).unwrap();
    let scale = parameters.scale();

    c.bench_function("ckks/encode", |b| b.iter(|| evaluator.encoder().encode(black_box(&slots), scale).unwrap()));
    c.bench_function("ckks/add", |b| b.iter(|| evaluator.add(&x, black_box(&x)).unwrap()));
    c.bench_function("ckks/encode_and_multiply_plain", |b| {
        b.iter(|| evaluator.multiply_plain(&x, black_box(&slots), scale).unwrap())
    });
    c.bench_function("ckks/square", |b| b.iter(|| evaluator.square(black_box(&x)).unwrap()));
    c.bench_function("ckks/rotate", |b| b.iter(|| evaluator.rotate(black_box(&x), 1).unwrap()));
    c.bench_function("ckks/rotate_hoisted_8", |b| {
        b.iter(|| evaluator.rotate_hoisted(black_box(&x), &HOISTED).unwrap())
    });
    c.bench_function("ckks/rescale", |b| b.iter(|| evaluator.rescale(black_box(&x)).unwrap()));
    let mut one_key = KeyRequest::new();
    one_key.add(&parameters, KeyKind::Relinearization, LIMBS);
    c.bench_function("ckks/generate_key", |b| {
        b.iter(|| EvaluationKeys::generate(black_box(&secret), &one_key, |_| ()));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = ckks
}
criterion_main!(benches);
