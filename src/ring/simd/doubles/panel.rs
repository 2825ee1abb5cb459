//! Rows of a matrix times tiles.
//!
//! Sources are doubles of magnitude q/2, so that sums of products with whole numbers stay exact until they reach 2^53: one fused operation
//! a product, and a reduction where the caller says so.

use super::field::Field;
use super::lanes;
use super::sum::{Sums, lazy_products};
use crate::ring::modulus::Modulus;
use crate::ring::simd::lanes::Lanes;
use crate::ring::simd::panel::{PANEL_ROWS, PanelPart};
use crate::ring::simd::sum_program::{TILE, Tile};

/// Rows, and vectors of words, whose sums are in registers together.
const ROWS: usize = 4;
const VECTORS: usize = 2;

#[inline(always)]
pub fn panel_operands<L: Lanes>(token: L, words: &mut [u64], q: &Modulus) {
    let field = Field::new(token, q);
    for block in bytemuck::cast_slice_mut::<u64, L::Words>(words) {
        *block = token.store_bits(field.reduce(token.load_integers(*block)));
    }
}

/// Vector `u` of a tile.
#[inline(always)]
fn part<L: Lanes>(tile: &Tile, u: usize) -> L::Words {
    bytemuck::cast_slice::<u64, L::Words>(&tile.0)[u]
}

/// [`ROWS`] weights of a column.
#[inline(always)]
fn weights(part: PanelPart<'_>, column: u32, rows: usize) -> [f64; ROWS] {
    part.weights[column as usize].as_chunks::<ROWS>().0[rows].map(f64::from_bits)
}

#[inline(always)]
pub fn panel_products<L: Lanes>(
    token: L,
    out: &mut [Tile; PANEL_ROWS],
    sources: &[Tile],
    whole: PanelPart<'_>,
    points: &[u32],
    residues: PanelPart<'_>,
    q: &Modulus,
) {
    let field = Field::new(token, q);
    let sums = Sums::new(token, q.bits(), q);
    for (rows, out) in out.as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
        for first in (0..TILE / lanes::<L>()).step_by(VECTORS) {
            let mut total = [[token.splat(0.0); VECTORS]; ROWS];
            let mut from = 0;
            for &to in points {
                for term in &whole.terms[from..to as usize] {
                    let tile = &sources[term.source as usize];
                    let words: [L::Vector; VECTORS] =
                        std::array::from_fn(|u| token.load_bits(part::<L>(tile, first + u)));
                    for (total, weight) in total.iter_mut().zip(weights(whole, term.column, rows)) {
                        let weight = token.splat(weight);
                        for (total, words) in total.iter_mut().zip(words) {
                            *total = token.mul_add(words, weight, *total);
                        }
                    }
                }
                for total in total.as_flattened_mut() {
                    *total = field.reduce(*total);
                }
                from = to as usize;
            }
            #[allow(clippy::needless_range_loop, reason = "it is an index of the sources as well")]
            for u in 0..VECTORS {
                let word = |out: &Tile| token.load_integers(part::<L>(out, first + u));
                let mut sum: [_; ROWS] =
                    std::array::from_fn(|row| sums.from(token.add(total[row][u], word(&out[row]))));
                for (chunk, terms) in residues.terms.chunks(lazy_products(q.bits(), q)).enumerate() {
                    if chunk > 0 {
                        sum = sum.map(|sum| sums.fold(sum));
                    }
                    for term in terms {
                        let words = token.load_bits(part::<L>(&sources[term.source as usize], first + u));
                        for (sum, weight) in sum.iter_mut().zip(weights(residues, term.column, rows)) {
                            sum.add_product(token, words, token.splat(weight));
                        }
                    }
                }
                for (out, sum) in out.iter_mut().zip(sum) {
                    bytemuck::cast_slice_mut::<u64, L::Words>(&mut out.0)[first + u] = sums.finish(sum);
                }
            }
        }
    }
}
