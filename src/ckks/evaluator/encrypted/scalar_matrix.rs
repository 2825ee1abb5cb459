//! Matrices of numbers over rotated ciphertexts, prime by prime and run by run.
//!
//! Plaintexts that repeat have values that are the same for a run of words, so within a run everything is a product of a matrix of
//! numbers with the words of all sources: eight rows at a time, with the sources of a few words in the inner cache. Inputs go through in
//! blocks that the working memory holds.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::Encrypted;
use super::arithmetic::multiply_by_power;
use super::key_switch::Pair;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::encoder::{nearest, split_scale};
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check;
use crate::ckks::evaluator::load::SPAN;
use crate::ckks::evaluator::panels::{Column, PlaceOfRows, RowsOfPanel};
use crate::ckks::rotated;
use crate::ckks::scalar_matrix::{PLAINTEXT_BYTES, ScalarMatrix};
use crate::ring::simd::{PANEL_ROWS, PanelPart, TILE, Tile, reduction_points, whole_limit, whole_numbers};
use crate::ring::{Limb, Ntt, Polynomial, simd};

/// Masks as unrounded coefficients.
#[derive(Debug)]
pub struct EncodedScalarMatrix {
    pub(super) matrix: Arc<ScalarMatrix>,
    masks: Vec<Vec<f64>>,
    pub(super) scale: f64,
    /// The scale of plaintexts, whose values are multiplied by 2^shift.
    rounded_at: f64,
    shift: u32,
}

impl EncodedScalarMatrix {
    pub(super) fn bytes(&self) -> u64 {
        self.masks.iter().map(|mask| 8 * mask.len() as u64).sum()
    }
}

/// Words of each source that a task packs at a time: what all sources have of them stays in the outer cache.
const PACKED: usize = 64;

/// Sources whose words are fetched ahead. Limbs lie powers of two apart, where caches hold a few lines only.
const AHEAD: usize = 8;

impl Encrypted {
    pub(super) fn encoded_scalar_matrix(
        &self,
        matrix: &Arc<ScalarMatrix>,
        scale: f64,
    ) -> Result<EncodedScalarMatrix, CkksError> {
        let masks = self.encoder.interpolate_masks(matrix.masks())?;
        let (rounded_at, shift) = split_scale(scale)?;
        matrix.check_coefficients(&masks, scale)?;
        Ok(EncodedScalarMatrix { matrix: matrix.clone(), masks, scale, rounded_at, shift })
    }

    pub(super) fn matrix_product(
        &self,
        inputs: &[&Ciphertext],
        encoded: &EncodedScalarMatrix,
        working_bytes: u64,
    ) -> Result<Vec<Ciphertext>, CkksError> {
        let matrix = &*encoded.matrix;
        let states: Vec<_> = inputs.iter().map(|x| self.state(x)).collect();
        let state = check::transform_inputs(matrix.inputs(), &states)?;
        let (n, limbs) = (self.parameters.n(), state.limbs);
        let most = check::rotated_in_memory(matrix.sources(), n, limbs, working_bytes)?;
        let largest = self.parameters.largest_prime(limbs);
        let blocks = rotated::blocks(matrix.sources(), most);
        // The first block writes.
        let polynomial = || if blocks.is_empty() { Polynomial::zero(n, limbs) } else { Polynomial::scratch(n, limbs) };
        let mut sums: Vec<Pair> = (0..matrix.outputs()).map(|_| (polynomial(), polynomial())).collect();
        // Tens of megabytes that are not given back between primes.
        let mut values: Vec<Vec<[u64; PANEL_ROWS]>> = Vec::new();
        for (number, block) in blocks.into_iter().enumerate() {
            let sources = self.rotated_sources(inputs, &matrix.sources()[block.clone()])?;
            let runs = if matrix.masks().is_empty() { 1 } else { 2 * matrix.period() };
            let panels = RowsOfPanel::all(matrix, &block, encoded.scale, whole_limit(largest));
            let panels: Vec<Weighted> = panels.into_iter().map(|rows| Weighted::new(rows, largest)).collect();
            for (part, panels) in cut(&panels, PLAINTEXT_BYTES / (8 * PANEL_ROWS * runs)).into_iter().enumerate() {
                values.resize_with(panels.len(), Vec::new);
                for limb in 0..limbs {
                    for (values, panel) in values.iter_mut().zip(panels) {
                        self.run_values(encoded, panel, limb, runs, values);
                    }
                    let fresh = number == 0 && part == 0;
                    let work = Work { panels, values: &values, runs, sources: &sources, limb, fresh };
                    self.add_products_of_limb(&work, &mut sums);
                }
            }
        }
        let scale = state.scale * encoded.scale / self.parameters.prime(limbs - 1) as f64;
        let primes: Vec<usize> = (0..limbs).collect();
        let rescaled = |sum| {
            let (c0, c1) = self.divide_pair(sum, &primes, limbs - 1, |_, _, limb| limb);
            Ciphertext { c0, c1, scale }
        };
        Ok(sums.into_par_iter().map(rescaled).collect())
    }

    /// The residues of a panel's columns, for each column those of all runs.
    fn run_values(
        &self,
        encoded: &EncodedScalarMatrix,
        panel: &Weighted,
        limb: usize,
        runs: usize,
        values: &mut Vec<[u64; PANEL_ROWS]>,
    ) {
        let ntt = &self.parameters.ntts()[limb];
        values.clear();
        values.resize(panel.rows.columns.len() * runs, [0; PANEL_ROWS]);
        values.par_chunks_mut(runs).zip(&panel.rows.columns).for_each(|(values, column)| match column {
            Column::Large(weights) => values.fill(weights.map(|w| ntt.modulus().reduce_i64(w))),
            Column::Masked(weights, mask) => {
                for (row, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                    let plaintext = encoded.evaluated(*weight, *mask, ntt);
                    values.iter_mut().zip(plaintext.iter()).for_each(|(rows, value)| rows[row] = *value);
                }
            }
        });
    }

    /// Adds the products modulo one prime to the sums.
    fn add_products_of_limb(&self, work: &Work<'_>, sums: &mut [Pair]) {
        let n = self.parameters.n();
        let mut tasks: Vec<[Vec<&mut [u64]>; 2]> = (0..n.div_ceil(SPAN)).map(|_| Default::default()).collect();
        for (c0, c1) in sums {
            for (half, polynomial) in [c0, c1].into_iter().enumerate() {
                let words = polynomial.limbs[work.limb].chunks_mut(SPAN);
                tasks.iter_mut().zip(words).for_each(|(task, words)| task[half].push(words));
            }
        }
        let ntt = &self.parameters.ntts()[work.limb];
        tasks.into_par_iter().enumerate().for_each_init(Packed::default, |packed, (task, mut halves)| {
            let length = SPAN.min(n);
            // A part of a run, or the whole.
            let run = (n / work.runs).min(length);
            let step = PACKED.min(run);
            for first in (0..length).step_by(run) {
                packed.weigh(work, (task * SPAN + first) / (n / work.runs), ntt);
                for at in (first..first + run).step_by(step) {
                    for (half, outputs) in halves.iter_mut().enumerate() {
                        if work.fresh {
                            outputs.iter_mut().for_each(|words| words[at..at + step].fill(0));
                        }
                        packed.pack(work, half, task * SPAN + at..task * SPAN + at + step, ntt);
                        packed.multiply(work, outputs, at..at + step, ntt);
                    }
                }
            }
        });
    }
}

impl EncodedScalarMatrix {
    /// The values of a weight times a mask modulo a prime, one for each run.
    fn evaluated(&self, weight: f64, mask: usize, ntt: &Ntt) -> Limb {
        let factor = weight * self.rounded_at;
        let coefficients: Vec<i32> = self.masks[mask].iter().map(|c| nearest(c * factor)).collect();
        let mut values = ntt.evaluated(&coefficients);
        multiply_by_power(&mut values, self.shift, ntt.modulus());
        values
    }
}

/// Rows with their weights in the form of the kernels.
struct Weighted {
    rows: RowsOfPanel,
    whole: Vec<[u64; PANEL_ROWS]>,
    /// For each place where sums of products with whole numbers are reduced.
    points: Vec<Vec<u32>>,
}

impl Weighted {
    /// For primes up to `largest`.
    fn new(rows: RowsOfPanel, largest: u64) -> Self {
        // What is too large is a plaintext, and not read here.
        let whole = rows.numbers.iter().map(|column| whole_numbers(*column)).collect();
        let points = |place: &PlaceOfRows| {
            reduction_points(place.whole.iter().map(|term| &rows.numbers[term.column as usize]), largest)
        };
        let points = rows.places.iter().map(points).collect();
        Self { rows, whole, points }
    }
}

/// Cuts panels so that no part has more than `most` columns of plaintexts, if a panel alone has not.
fn cut(panels: &[Weighted], most: usize) -> Vec<&[Weighted]> {
    let mut parts = Vec::new();
    let (mut start, mut held) = (0, 0);
    for (index, panel) in panels.iter().enumerate() {
        let columns = panel.rows.columns.len();
        if held > 0 && held + columns > most {
            parts.push(&panels[start..index]);
            (start, held) = (index, 0);
        }
        held += columns;
    }
    parts.push(&panels[start..]);
    parts
}

/// Products with some panels modulo one prime.
struct Work<'w> {
    panels: &'w [Weighted],
    /// For each panel the residues of its columns, run by run.
    values: &'w [Vec<[u64; PANEL_ROWS]>],
    runs: usize,
    sources: &'w [Cow<'w, Ciphertext>],
    limb: usize,
    /// Whether these are the first products of this prime.
    fresh: bool,
}

impl Work<'_> {
    /// One half of a ciphertext modulo the prime.
    fn limb_of<'c>(&self, x: &'c Ciphertext, half: usize) -> &'c Limb {
        if half == 0 { &x.c0.limbs[self.limb] } else { &x.c1.limbs[self.limb] }
    }
}

/// What a task has at hand.
#[derive(Default)]
struct Packed {
    /// For each panel the residues of its columns in one run.
    residues: Vec<Vec<[u64; PANEL_ROWS]>>,
    /// Tile by tile the words of all sources.
    sources: Vec<Tile>,
}

impl Packed {
    /// Takes the residues of a run.
    fn weigh(&mut self, work: &Work<'_>, run: usize, ntt: &Ntt) {
        self.residues.resize_with(work.panels.len(), Vec::new);
        for (residues, values) in self.residues.iter_mut().zip(work.values) {
            residues.clear();
            residues.extend(values.iter().skip(run).step_by(work.runs));
            simd::panel_operands(residues.as_flattened_mut(), ntt.modulus());
        }
    }

    /// Takes these words of all sources.
    fn pack(&mut self, work: &Work<'_>, half: usize, words: Range<usize>, ntt: &Ntt) {
        let count = work.sources.len();
        self.sources.resize(count * words.len().div_ceil(TILE), Tile::default());
        for (index, source) in work.sources.iter().enumerate() {
            if let Some(source) = work.sources.get(index + AHEAD) {
                simd::fetch(&work.limb_of(source, half)[words.clone()]);
            }
            let (tiles, rest) = work.limb_of(source, half)[words.clone()].as_chunks();
            for (tile, words) in tiles.iter().enumerate() {
                self.sources[tile * count + index] = Tile(*words);
            }
            // A run that does not fill a tile.
            if !rest.is_empty() {
                self.sources[index].0[..rest.len()].copy_from_slice(rest);
            }
        }
        simd::panel_operands(bytemuck::cast_slice_mut(&mut self.sources), ntt.modulus());
    }

    /// Adds the products to these words of the outputs.
    fn multiply(&self, work: &Work<'_>, outputs: &mut [&mut [u64]], words: Range<usize>, ntt: &Ntt) {
        let count = work.sources.len().max(1);
        for (panel, residues) in work.panels.iter().zip(&self.residues) {
            for (place, points) in panel.rows.places.iter().zip(&panel.points) {
                let whole = PanelPart { terms: &place.whole, weights: &panel.whole };
                let residues = PanelPart { terms: &place.plaintexts, weights: residues };
                for (tile, sources) in self.sources.chunks_exact(count).enumerate() {
                    let mut out = [Tile::default(); PANEL_ROWS];
                    let first = words.start + tile * TILE;
                    let words = first..words.end.min(first + TILE);
                    for (out, output) in out.iter_mut().zip(&place.outputs) {
                        copy(&mut out.0, &outputs[*output as usize][words.clone()]);
                    }
                    simd::panel_products(&mut out, sources, whole, points, residues, ntt.modulus());
                    for (out, output) in out.iter().zip(&place.outputs) {
                        copy(&mut outputs[*output as usize][words.clone()], &out.0);
                    }
                }
            }
        }
    }
}

/// Copies as many words as both have; a whole tile, mostly, without asking for the length of each.
fn copy(to: &mut [u64], from: &[u64]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<TILE>(), from.first_chunk::<TILE>()) {
        *to = *from;
        return;
    }
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
