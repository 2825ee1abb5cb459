//! The ring: transforms, kernels and sampling on one limb of N = 2^15.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that fails ends by a panic")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use leveled::ring::automorphism::rotation_element;
use leveled::ring::primes::ntt_primes;
use leveled::ring::sampling::Seed;
use leveled::ring::simd::{Term, linear_combination, multiply_accumulate};
use leveled::ring::{Automorphism, Limb, Ntt};

const LOG_N: u32 = 15;
const BITS: u32 = 40;
/// Digits of a key switching, or limbs of a digit.
const TERMS: usize = 7;

fn ring(c: &mut Criterion) {
    let n = 1 << LOG_N;
    let prime = ntt_primes(LOG_N, BITS, 1, &[]).unwrap()[0];
    let ntt = Ntt::new(LOG_N, prime).unwrap();
    let q = ntt.modulus();
    let uniform = |number: usize| {
        let mut limb = Limb::zero(n);
        Seed::from_number(number as u64).fill_uniform(&mut limb, q);
        limb
    };
    let sources: Vec<Limb> = (0..3 * TERMS).map(uniform).collect();
    let (mut x, mut y) = (uniform(100), uniform(101));

    c.bench_function("ring/ntt_forward", |b| b.iter(|| ntt.forward(black_box(&mut x))));
    let signed: Vec<i32> = x.iter().map(|word| (*word as i32) >> 12).collect();
    c.bench_function("ring/ntt_forward_signed", |b| b.iter(|| ntt.evaluated(black_box(&signed))));
    c.bench_function("ring/ntt_inverse", |b| b.iter(|| ntt.inverse(black_box(&mut x))));
    let terms: Vec<Term<'_>> = sources.chunks_exact(3).map(|s| Term { shared: &s[0], pair: (&s[1], &s[2]) }).collect();
    c.bench_function("ring/multiply_accumulate_7", |b| {
        b.iter(|| multiply_accumulate((&mut x, &mut y), black_box(&terms), false, q));
    });
    let references: Vec<&[u64]> = sources[..TERMS].iter().map(|limb| &limb[..]).collect();
    let factors: Vec<u64> = (1..=TERMS as u64).map(|i| prime / (i + 1)).collect();
    c.bench_function("ring/linear_combination_7", |b| {
        b.iter(|| linear_combination(&mut x, black_box(&references), &factors, BITS, q));
    });
    let automorphism = Automorphism::new(LOG_N, rotation_element(LOG_N, 5));
    c.bench_function("ring/permute", |b| b.iter(|| automorphism.apply(black_box(&sources[0]), &mut x)));
    let seed = Seed::from_number(7);
    c.bench_function("ring/sample_uniform", |b| b.iter(|| seed.fill_uniform(black_box(&mut x), q)));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500));
    targets = ring
}
criterion_main!(benches);
