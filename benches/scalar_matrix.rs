//! Linear layers of the tiled layout: matrices over ciphertexts at N = 2^15, 64 tiles, primes of 36 bits, the three stages of ResNet-20 of
//! width 16. Without rotations: what a tap beside the tile reads is an input of its own. Divide by [`LIMBS`] for the time of a limb.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that fails ends by a panic")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use leveled::ckks::rotated::Rotated;
use leveled::ckks::scalar_matrix::{Column, Panel, Place, ScalarMatrix};
use leveled::ckks::{
    Ciphertext, Complex, Encrypted, Encryptor, EvaluationKeys, Evaluator, Parameters, ParametersLiteral, SecretKey,
};
use leveled::ring::sampling::Seed;

const LOG_N: u32 = 15;
const LIMBS: usize = 3;

/// Tiles in a row of an image.
const TILES: i64 = 8;

/// Channels, and side of a tile, of each stage.
const STAGES: [(usize, i64); 3] = [(16, 4), (32, 2), (64, 1)];

/// Whether a tile has neighbours in this direction, tile by tile.
fn mask((rows, columns): (i64, i64)) -> Vec<f64> {
    let inside = |at: i64| (0..TILES).contains(&at);
    let has = |tile: i64| inside(tile / TILES + rows) && inside(tile % TILES + columns);
    (0..TILES * TILES).map(|tile| if has(tile) { 1.0 } else { 0.0 }).collect()
}

/// A convolution of 3 x 3 taps.
fn convolution(channels: usize, side: i64) -> ScalarMatrix {
    // Positions of a tile with a ring around it, of which each is an input.
    let ring = side + 2;
    let inputs = channels * (ring * ring) as usize;
    let directions: Vec<(i64, i64)> =
        (0..9).map(|i| (i / 3 - 1, i % 3 - 1)).filter(|direction| *direction != (0, 0)).collect();
    let sources = (0..inputs).map(|input| Rotated { input, steps: 0 }).collect();
    let masks = directions.iter().map(|direction| mask(*direction)).collect();
    let outputs = channels * (side * side) as usize;
    let mut matrix = ScalarMatrix::new(inputs, outputs, sources, masks).unwrap();
    let place = |(row, column): (i64, i64)| {
        let tap = |channel: usize, tap: i64| {
            let (y, x) = (row + tap / 3 - 1, column + tap % 3 - 1);
            let direction = (y.div_euclid(side), x.div_euclid(side));
            let mask = directions.iter().position(|known| *known == direction).map(|mask| mask as u8);
            Some(Column { source: (channel as i64 * ring * ring + (y + 1) * ring + x + 1) as u32, mask })
        };
        Place {
            outputs: (0..channels as i64).map(|channel| ((channel * side + row) * side + column) as u32).collect(),
            columns: (0..channels).flat_map(|channel| (0..9).map(move |index| tap(channel, index))).collect(),
        }
    };
    let places = (0..side).flat_map(|row| (0..side).map(move |column| (row, column))).map(place).collect();
    // As large as weights of a network, mostly.
    let weights = (0..channels * channels * 9).map(|i| 0.2 * (i as f64 * 1.7).sin()).collect();
    matrix.push(Panel { weights, places }).unwrap();
    matrix
}

fn products(c: &mut Criterion) {
    let parameters = Parameters::new(ParametersLiteral {
        log_n: LOG_N,
        levels: LIMBS - 1,
        scale_bits: 22.0,
        weight_bits: 14.0,
        base_bits: 28,
        ..ParametersLiteral::default()
    })
    .unwrap();
    let encryptor = Encryptor::new(SecretKey::reproducible(&parameters, &Seed::from_number(1)));
    let keys = Arc::new(EvaluationKeys::default());
    let evaluator = Encrypted::new(parameters.clone(), encryptor.encoder().clone(), keys);
    let encrypt = || encryptor.encrypt(&[Complex::new(0.5, 0.0); 8], parameters.scale(), LIMBS).unwrap().expand();
    let mut ciphertexts: Vec<Ciphertext> = Vec::new();
    for (number, (channels, side)) in (1..).zip(STAGES) {
        let matrix = Arc::new(convolution(channels, side));
        ciphertexts.resize_with(ciphertexts.len().max(matrix.inputs()), encrypt);
        let inputs: Vec<&Ciphertext> = ciphertexts[..matrix.inputs()].iter().collect();
        let encoded = evaluator.encode_scalar_matrix(&matrix, parameters.weight_scale(LIMBS)).unwrap();
        c.bench_function(&format!("scalar_matrix/stage_{number}"), |b| {
            b.iter(|| evaluator.apply_scalar_matrix(black_box(&inputs), &encoded, u64::MAX).unwrap());
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = products
}
criterion_main!(benches);
