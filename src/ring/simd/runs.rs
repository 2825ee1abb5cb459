//! Sums of products with values that are the same for a run of words, as evaluations of a polynomial in X^stride are.
//!
//! Values are spread in the inner cache, a block of words at a time, where they are multiplied: a limb of them would go out to memory
//! and come back.

use super::dispatch::multiply_accumulate_with;
use super::instructions::{Instructions, instructions};
use super::operands::Term;
use crate::ring::modulus::Modulus;

/// Words of a block.
const BLOCK: usize = 512;

/// Terms whose values are spread together: 16 KiB of them.
const GROUP: usize = 4;

/// `out.k <- [out.k +] sum of shared * pair.k mod q` for k = 0, 1, as [`multiply_accumulate`](super::multiply_accumulate). A shared operand
/// may be shorter than `out` by a power of two: each of its words stands for as many in a row.
pub fn multiply_accumulate_runs(out: (&mut [u64], &mut [u64]), terms: &[Term<'_>], accumulate: bool, q: &Modulus) {
    multiply_accumulate_runs_with(instructions(), out, terms, accumulate, q);
}

pub(super) fn multiply_accumulate_runs_with(
    instructions: Instructions,
    out: (&mut [u64], &mut [u64]),
    terms: &[Term<'_>],
    accumulate: bool,
    q: &Modulus,
) {
    let (out0, out1) = out;
    if terms.is_empty() {
        return multiply_accumulate_with(instructions, (out0, out1), terms, accumulate, q);
    }
    let whole = terms.iter().all(|term| term.shared.len() == out0.len());
    let block = if whole { out0.len() } else { BLOCK.min(out0.len()) };
    let mut spread = [[0; BLOCK]; GROUP];
    for (index, (out0, out1)) in out0.chunks_mut(block.max(1)).zip(out1.chunks_mut(block.max(1))).enumerate() {
        let at = index * block..index * block + out0.len();
        for (step, terms) in terms.chunks(GROUP).enumerate() {
            let mut group = [Term { shared: &[], pair: (&[], &[]) }; GROUP];
            for ((term, spread), own) in terms.iter().zip(&mut spread).zip(&mut group) {
                let pair = (&term.pair.0[at.clone()], &term.pair.1[at.clone()]);
                let run = term.pair.0.len() / term.shared.len().max(1);
                let shared = if run == 1 {
                    &term.shared[at.clone()]
                } else {
                    let spread = &mut spread[..pair.0.len()];
                    spread_runs(&term.shared[at.start / run..at.end.div_ceil(run)], run, spread);
                    spread
                };
                *own = Term { shared, pair };
            }
            multiply_accumulate_with(
                instructions,
                (&mut *out0, &mut *out1),
                &group[..terms.len()],
                accumulate || step > 0,
                q,
            );
        }
    }
}

/// Writes every value `run` times, as often as there is room for.
pub fn spread_runs(values: &[u64], run: usize, out: &mut [u64]) {
    match run {
        2 => spread_by::<2>(values, out),
        4 => spread_by::<4>(values, out),
        8 => spread_by::<8>(values, out),
        _ => out.chunks_mut(run).zip(values).for_each(|(words, value)| words.fill(*value)),
    }
}

fn spread_by<const RUN: usize>(values: &[u64], out: &mut [u64]) {
    for (words, value) in out.as_chunks_mut::<RUN>().0.iter_mut().zip(values) {
        *words = [*value; RUN];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::primes::ntt_primes;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn runs_multiply_like_spread_values(
            log_n in 4u32..12, log_runs in prop::collection::vec(0u32..12, 0..7), bits in 25u32..60,
            accumulate: bool, seed: u64
        ) {
            let n = 1usize << log_n;
            let q = Modulus::new(ntt_primes(log_n, bits, 1, &[]).unwrap()[0]).unwrap();
            let limb = |salt: u64, length: usize| -> Vec<u64> {
                (0..length as u64).map(|i| q.reduce((seed ^ salt << 32 ^ i).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 2)).collect()
            };
            let operands: Vec<[Vec<u64>; 3]> = log_runs.iter().zip(0..)
                .map(|(log_run, t)| [limb(3 * t, n >> (*log_run).min(log_n)), limb(3 * t + 1, n), limb(3 * t + 2, n)])
                .collect();
            let terms: Vec<Term<'_>> = operands.iter().map(|[s, a, b]| Term { shared: s, pair: (a, b) }).collect();
            let dot = |k: usize, i: usize| {
                operands.iter().fold(if accumulate { 5 + 2 * k as u64 } else { 0 }, |sum, list| q.add(sum, q.mul(list[0][i * list[0].len() / n], list[k][i])))
            };
            for instructions in Instructions::available() {
                let (mut x, mut y) = (vec![7; n], vec![9; n]);
                multiply_accumulate_runs_with(instructions, (&mut x, &mut y), &terms, accumulate, &q);
                for i in 0..n {
                    prop_assert_eq!((x[i], y[i]), (dot(1, i), dot(2, i)), "{:?}", instructions);
                }
            }
        }
    }
}
