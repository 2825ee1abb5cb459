//! Matrices of small integers times tiles.

use super::field::Field;
use super::lanes;
use crate::ring::modulus::Modulus;
use crate::ring::simd::factors::Factors;
use crate::ring::simd::generic::ROUNDER;
use crate::ring::simd::integer_matrix::{IntegerMatrix, ROWS, TILES, TilePair};
use crate::ring::simd::lanes::Lanes;
use crate::ring::simd::sum_program::{TILE, Tile};
use crate::ring::simd::wide;

/// Where residues are cut: products of weights of 16 bits with either part stay exact in sums of [`MOST_SOURCES`].
const LOW_BITS: u32 = 25;

/// Products of 16 and 25 bits that a double holds without loss.
const MOST_SOURCES: usize = 1 << 12;

#[inline(always)]
pub fn weighted_products<L: Lanes>(
    token: L,
    out: [&mut [Tile]; TILES],
    sources: TilePair<'_>,
    factors: [&Factors; TILES],
    matrix: &IntegerMatrix,
    q: &Modulus,
) {
    if matrix.sources() > MOST_SOURCES {
        return wide::weighted_products(out, sources, factors, matrix, q);
    }
    let field = Field::new(token, q);
    let rounder = token.splat(ROUNDER * f64::from(1 << LOW_BITS));
    // High and low parts of one vector of each source, in the order in which they are read.
    let mut parts: Vec<[L::Vector; 2]> = Vec::with_capacity(matrix.sources());
    for ((out, sources), factors) in out.into_iter().zip(sources).zip(factors) {
        for u in 0..TILE / lanes::<L>() {
            let vector = |tile: &[u64; TILE]| bytemuck::cast_slice::<u64, L::Words>(tile)[u];
            parts.clear();
            for source in sources {
                let x = token.load_integers(vector(&source.0));
                let high = token.sub(token.add(x, rounder), rounder);
                parts.push([high, token.sub(x, high)]);
            }
            for (panel, (first, out)) in matrix.signed_panels().zip(out.chunks_mut(ROWS).enumerate()) {
                let mut high = [token.splat(0.0); ROWS];
                let mut low = high;
                for (weights, [x_high, x_low]) in panel.iter().zip(&parts) {
                    for row in 0..ROWS {
                        let weight = token.splat(weights[row]);
                        high[row] = token.mul_add(*x_high, weight, high[row]);
                        low[row] = token.mul_add(*x_low, weight, low[row]);
                    }
                }
                for (row, out) in out.iter_mut().enumerate() {
                    let sum = field.reduce(token.add(field.reduce(high[row]), low[row]));
                    let factor = token.load_integers(vector(&factors.tile(first * ROWS + row)));
                    let block = &mut bytemuck::cast_slice_mut::<u64, L::Words>(&mut out.0)[u];
                    let result = token.add(field.multiply(sum, factor), token.load_integers(*block));
                    *block = field.leave(field.reduce(result));
                }
            }
        }
    }
}
