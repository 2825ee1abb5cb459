//! Scalar kernels with 128-bit products: for moduli of more than 50 bits, and for processors without vectors.

use super::factors::Factors;
use super::integer_matrix::{IntegerMatrix, ROWS, TILES, TilePair};
use super::operands::{CHUNK, Term, chunk_words, operand_words, unpack_chunk, unpack_operand};
use super::panel::{PANEL_ROWS, PanelPart};
use super::sum_program::{Step, SumProgram, TILE, Tile};
use crate::ring::modulus::{Factor, Modulus};

/// Products of two words below 2^60 that fit into a 128-bit sum.
const LAZY_TERMS: usize = 128;

pub fn multiply_by_factor(x: &mut [u64], factor: Factor, q: &Modulus) {
    x.iter_mut().for_each(|x| *x = q.mul_factor(*x, factor));
}

pub fn subtract_and_multiply(x: &mut [u64], y: &[u64], factor: Factor, q: &Modulus) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x = q.mul_factor(q.sub(*x, *y), factor));
}

pub fn multiply_assign(x: &mut [u64], y: &[u64], q: &Modulus) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x = q.mul(*x, *y));
}

pub fn add_products(x: &mut [u64], products: &[(&[u64], &[u64])], q: &Modulus) {
    for (a, b) in products {
        x.iter_mut().zip(*a).zip(*b).for_each(|((x, a), b)| *x = q.add(*x, q.mul(*a, *b)));
    }
}

pub fn multiply_accumulate(out: (&mut [u64], &mut [u64]), terms: &[Term<'_>], accumulate: bool, q: &Modulus) {
    for (k, out) in [out.0, out.1].into_iter().enumerate() {
        for (i, out) in out.iter_mut().enumerate() {
            let mut sum = if accumulate { u128::from(*out) } else { 0 };
            for chunk in terms.chunks(LAZY_TERMS) {
                for term in chunk {
                    let other = if k == 0 { term.pair.0[i] } else { term.pair.1[i] };
                    sum += u128::from(term.shared[i]) * u128::from(other);
                }
                sum = u128::from(q.reduce_u128(sum));
            }
            *out = sum as u64;
        }
    }
}

pub fn multiply_accumulate_packed(
    out: (&mut [u64], &mut [u64]),
    shared: &[&[u64]],
    words: &[u32],
    terms: usize,
    q: &Modulus,
) {
    let size = chunk_words(q);
    let (out0, out1) = (out.0.as_chunks_mut::<CHUNK>().0, out.1.as_chunks_mut::<CHUNK>().0);
    for (step, (out0, out1)) in out0.iter_mut().zip(out1).enumerate() {
        let mut sums = [[0u128; CHUNK]; 2];
        for (d, shared) in shared.iter().enumerate() {
            if d > 0 && d % LAZY_TERMS == 0 {
                sums = sums.map(|sum| sum.map(|x| u128::from(q.reduce_u128(x))));
            }
            let pair = unpack_chunk(&words[(step * terms + d) * size..][..size]);
            let shared = &shared[step * CHUNK..][..CHUNK];
            for (sum, operand) in sums.iter_mut().zip([&pair.0, &pair.1]) {
                for ((sum, x), y) in sum.iter_mut().zip(shared).zip(operand) {
                    *sum += u128::from(*x) * u128::from(*y);
                }
            }
        }
        [*out0, *out1] = sums.map(|sum| sum.map(|x| q.reduce_u128(x)));
    }
}

pub fn multiply_packed_runs(
    out: (&mut [u64], &mut [u64]),
    pairs: &[(&[u64], &[u64])],
    words: &[u32],
    run: usize,
    q: &Modulus,
) {
    let size = operand_words(q);
    let (out0, out1) = (out.0.as_chunks_mut::<CHUNK>().0, out.1.as_chunks_mut::<CHUNK>().0);
    for (part, (out0, out1)) in out0.iter_mut().zip(out1).enumerate() {
        let chunk = &words[part / run * pairs.len() * size..][..pairs.len() * size];
        let mut sums = [[0u128; CHUNK]; 2];
        for (d, (pair, words)) in pairs.iter().zip(chunk.chunks_exact(size)).enumerate() {
            if d > 0 && d % LAZY_TERMS == 0 {
                sums = sums.map(|sum| sum.map(|x| u128::from(q.reduce_u128(x))));
            }
            let (low, high) = words.split_at(CHUNK);
            let values = unpack_operand(low, high);
            for (sum, operand) in sums.iter_mut().zip([pair.0, pair.1]) {
                let operand = &operand[part * CHUNK..][..CHUNK];
                for (i, (sum, y)) in sum.iter_mut().zip(operand).enumerate() {
                    *sum += u128::from(values[(part % run * CHUNK + i) / run]) * u128::from(*y);
                }
            }
        }
        [*out0, *out1] = sums.map(|sum| sum.map(|x| q.reduce_u128(x)));
    }
}

pub fn grouped_products(
    out: &mut [Tile],
    sources: &[Tile],
    factors: &Factors,
    program: &SumProgram,
    accumulate: bool,
    q: &Modulus,
) {
    let mut sums = [0u128; TILE];
    program.walk(|step| match step {
        Step::Group { factor, sources: members } => {
            for (i, (sum, factor)) in sums.iter_mut().zip(factors.tile(factor)).enumerate() {
                let total: u128 = members.iter().map(|&m| u128::from(sources[m as usize].0[i])).sum();
                // For a modulus that a program for vectors suits, totals have 52 bits and all products of a run fit.
                *sum += if program.suits(q) { total } else { u128::from(q.reduce_u128(total)) } * u128::from(factor);
                if !program.suits(q) {
                    *sum = u128::from(q.reduce_u128(*sum));
                }
            }
        }
        Step::Reduce => sums = sums.map(|sum| u128::from(q.reduce_u128(sum))),
        Step::Finish(output) => {
            for (out, sum) in out[output].0.iter_mut().zip(&mut sums) {
                let before = if accumulate { *out } else { 0 };
                *out = q.reduce_u128(*sum + u128::from(before));
                *sum = 0;
            }
        }
    });
}

pub fn weighted_products(
    out: [&mut [Tile]; TILES],
    sources: TilePair<'_>,
    factors: [&Factors; TILES],
    matrix: &IntegerMatrix,
    q: &Modulus,
) {
    for ((out, sources), factors) in out.into_iter().zip(sources).zip(factors) {
        for (panel, (first, out)) in matrix.signed_panels().zip(out.chunks_mut(ROWS).enumerate()) {
            for (row, out) in out.iter_mut().enumerate() {
                let mut sums = [0i128; TILE];
                for (weights, source) in panel.iter().zip(sources) {
                    // Weights have 16 bits and residues 60, so no sum of sources in memory overflows.
                    let weight = weights[row] as i128;
                    sums.iter_mut().zip(&source.0).for_each(|(sum, x)| *sum += weight * i128::from(*x));
                }
                let factor = factors.tile(first * ROWS + row);
                for ((out, sum), factor) in out.0.iter_mut().zip(sums).zip(factor) {
                    *out = q.add(*out, q.mul(q.reduce_i128(sum), factor));
                }
            }
        }
    }
}

pub fn panel_operands(_words: &mut [u64], _q: &Modulus) {}

pub fn panel_products(
    out: &mut [Tile; PANEL_ROWS],
    sources: &[Tile],
    whole: PanelPart<'_>,
    points: &[u32],
    residues: PanelPart<'_>,
    q: &Modulus,
) {
    for (row, out) in out.iter_mut().enumerate() {
        let mut from = 0;
        for &to in points {
            let mut sums = [0i64; TILE];
            for term in &whole.terms[from..to as usize] {
                let (weight, words) = (whole.weights[term.column as usize][row], &sources[term.source as usize].0);
                // Two's complement: what is below 2^63 in the end may wrap in between.
                sums.iter_mut().zip(words).for_each(|(sum, x)| *sum = sum.wrapping_add(x.wrapping_mul(weight) as i64));
            }
            out.0.iter_mut().zip(sums).for_each(|(out, sum)| *out = q.add(*out, q.reduce_i64(sum)));
            from = to as usize;
        }
        for terms in residues.terms.chunks(LAZY_TERMS) {
            let mut sums = [0u128; TILE];
            for term in terms {
                let (weight, words) = (residues.weights[term.column as usize][row], &sources[term.source as usize].0);
                sums.iter_mut().zip(words).for_each(|(sum, x)| *sum += u128::from(*x) * u128::from(weight));
            }
            out.0.iter_mut().zip(sums).for_each(|(out, sum)| *out = q.add(*out, q.reduce_u128(sum)));
        }
    }
}

pub fn linear_combination(out: &mut [u64], sources: &[&[u64]], factors: &[u64], _source_bits: u32, q: &Modulus) {
    for (i, out) in out.iter_mut().enumerate() {
        let mut sum = 0u128;
        for (sources, factors) in sources.chunks(LAZY_TERMS).zip(factors.chunks(LAZY_TERMS)) {
            for (source, factor) in sources.iter().zip(factors) {
                sum += u128::from(source[i]) * u128::from(*factor);
            }
            sum = u128::from(q.reduce_u128(sum));
        }
        *out = sum as u64;
    }
}

pub fn reduce_signed(out: &mut [u64], values: &[i32], q: &Modulus) {
    out.iter_mut().zip(values).for_each(|(o, v)| *o = q.reduce_i64(i64::from(*v)));
}

pub fn centered_quotients(out: &mut [u64], sources: &[&[u64]], reciprocals: &[f64], _source_bits: u32) {
    for (i, out) in out.iter_mut().enumerate() {
        let sum: f64 = sources.iter().zip(reciprocals).map(|(source, reciprocal)| source[i] as f64 * reciprocal).sum();
        *out = sum.round_ties_even() as u64;
    }
}
