//! Factors times sums of tiles.

use super::lanes;
use super::sum::{Sum, Sums, lazy_products};
use crate::ring::modulus::Modulus;
use crate::ring::simd::factors::Factors;
use crate::ring::simd::lanes::Lanes;
use crate::ring::simd::sum_program::{SumProgram, TILE, Tile};

/// Vectors that are worked on together: of four lanes they make a tile, of eight half of them do.
const VECTORS: usize = 4;

#[inline(always)]
pub fn grouped_products<L: Lanes>(
    token: L,
    out: &mut [Tile],
    sources: &[Tile],
    factors: &Factors,
    program: &SumProgram,
    accumulate: bool,
    q: &Modulus,
) {
    match factors.distinct() {
        1 => grouped::<L, 1>(token, out, sources, factors, program, accumulate, q),
        2 => grouped::<L, 2>(token, out, sources, factors, program, accumulate, q),
        4 => grouped::<L, 4>(token, out, sources, factors, program, accumulate, q),
        8 => grouped::<L, 8>(token, out, sources, factors, program, accumulate, q),
        _ => grouped::<L, TILE>(token, out, sources, factors, program, accumulate, q),
    }
}

/// Vector `u` of a tile as words.
#[inline(always)]
fn part<L: Lanes>(tile: &[u64; TILE], u: usize) -> L::Words {
    bytemuck::cast_slice::<u64, L::Words>(tile)[u]
}

/// `DISTINCT`: words of a factor.
#[inline(always)]
fn grouped<L: Lanes, const DISTINCT: usize>(
    token: L,
    out: &mut [Tile],
    sources: &[Tile],
    factors: &Factors,
    program: &SumProgram,
    accumulate: bool,
    q: &Modulus,
) {
    let vectors = const { TILE / lanes::<L>() };
    let sums = Sums::new(token, program.sum_bits(), q);
    let lazy = lazy_products(program.sum_bits(), q);
    let factors = factors.distinct_words::<DISTINCT>();
    let code = program.code();
    let mut at = 0;
    for out in out {
        let mut sum: [Sum<L>; VECTORS] = [sums.zero(); VECTORS];
        let mut products = 0;
        let runs = code[at];
        at += 1;
        for _ in 0..runs {
            let (length, count) = (code[at] as usize, code[at + 1] as usize);
            at += 2;
            for group in code[at..at + count * (length + 1)].chunks_exact(length + 1) {
                if products == lazy {
                    for sum in sum.iter_mut().take(vectors) {
                        *sum = sums.fold(*sum);
                    }
                    products = 0;
                }
                products += 1;
                let words = &factors[group[0] as usize];
                let words: [u64; TILE] = std::array::from_fn(|i| words[i * DISTINCT / TILE]);
                for (u, sum) in sum.iter_mut().enumerate().take(vectors) {
                    let mut total = token.zero_words();
                    for &source in &group[1..] {
                        // SAFETY: `SumProgram::push` has checked that the source exists.
                        let source = unsafe { sources.get_unchecked(source as usize) };
                        total = token.add_words(total, part::<L>(&source.0, u));
                    }
                    sum.add_product(token, token.load_integers(total), token.load_integers(part::<L>(&words, u)));
                }
            }
            at += count * (length + 1);
        }
        let before = if accumulate { out.0 } else { [0; TILE] };
        let blocks = bytemuck::cast_slice_mut::<u64, L::Words>(&mut out.0);
        for (u, (block, sum)) in blocks.iter_mut().zip(sum).enumerate() {
            let residue = token.add(sums.residue(sum), token.load_integers(part::<L>(&before, u)));
            *block = sums.leave(residue);
        }
    }
}
