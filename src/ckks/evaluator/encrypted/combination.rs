//! Combinations of rotated ciphertexts, prime by prime and tile by tile.
//!
//! Everything after the rotations is pointwise, so for a handful of words all rotated inputs fit into the outer cache
//! while every output reads them. Inputs go through in blocks that the working memory holds.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::Encrypted;
use super::key_switch::Pair;
use super::rotation::INPUTS_PER_KEY;
use super::transform::times_p;
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::combination::{Combination, Matrix};
use crate::ckks::encoder::{nearest, split_scale};
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check;
use crate::ckks::evaluator::load::RANGE;
use crate::ckks::rotated;
use crate::ring::automorphism::conjugation_element;
use crate::ring::simd::{Factors, SumProgram, TILE, TILES, Tile};
use crate::ring::{Factor, Limb, Modulus, Polynomial, simd};

/// Bases as unrounded coefficients.
#[derive(Debug)]
pub struct EncodedCombination {
    combination: Arc<Combination>,
    bases: Vec<Vec<f64>>,
    scale: f64,
    /// The scale of plaintexts; results are multiplied by 2^shift.
    rounded_at: f64,
    shift: u32,
}

impl EncodedCombination {
    pub(super) fn bytes(&self) -> u64 {
        self.bases.iter().map(|b| 8 * b.len() as u64).sum()
    }
}

/// Positions that are packed together.
const STEP: usize = TILES * TILE;

/// Bytes of evaluated plaintexts at a time; their coefficients take half of that besides.
const PLAINTEXT_BYTES: usize = 340 << 20;

/// A part of a combination that is evaluated in one go.
struct Part {
    outputs: Range<usize>,
    program: SumProgram,
    matrices: Vec<Matrix>,
    plaintexts: Vec<u32>,
}

/// Limbs of one prime and half, for each output.
type Sums = Vec<Limb>;

impl Encrypted {
    pub(super) fn encoded_combination(
        &self,
        combination: &Arc<Combination>,
        scale: f64,
    ) -> Result<EncodedCombination, CkksError> {
        let plaintexts = combination.plaintexts();
        let bases = plaintexts.bases().iter().map(|b| self.encoder.interpolate(b)).collect::<Result<Vec<_>, _>>()?;
        let (rounded_at, shift) = split_scale(scale)?;
        plaintexts.check_coefficients(&bases, rounded_at)?;
        Ok(EncodedCombination { combination: combination.clone(), bases, scale, rounded_at, shift })
    }

    pub(super) fn combined(
        &self,
        inputs: &[&Ciphertext],
        encoded: &EncodedCombination,
        working_bytes: u64,
    ) -> Result<Vec<Ciphertext>, CkksError> {
        let combination = &*encoded.combination;
        let states: Vec<_> = inputs.iter().map(|x| self.state(x)).collect();
        let state = check::transform_inputs(combination.inputs(), &states)?;
        let limbs = state.limbs;
        let most = check::rotated_in_memory(combination.sources(), self.parameters.n(), limbs, working_bytes)?;
        let bits = (0..limbs).map(|i| self.modulus(i).bits()).max().unwrap_or(0);
        let mut sums: Vec<[Sums; 2]> = (0..limbs).map(|_| [Sums::new(), Sums::new()]).collect();
        let n = self.parameters.n();
        for (number, block) in rotated::blocks(combination.sources(), most).into_iter().enumerate() {
            let sources = self.rotated_sources(inputs, &combination.sources()[block.clone()])?;
            for part in self.parts(combination, &block, bits)? {
                let coefficients = rounded(encoded, &part.plaintexts);
                for (limb, sums) in sums.iter_mut().enumerate() {
                    if sums[0].is_empty() {
                        let outputs = combination.outputs();
                        sums.iter_mut().for_each(|half| half.resize_with(outputs, || Limb::scratch(n)));
                    }
                    self.accumulate(limb, &sources, &part, &coefficients, number == 0, sums);
                }
            }
        }
        let mut polynomials: Vec<[Polynomial; 2]> = (0..combination.outputs()).map(|_| Default::default()).collect();
        for halves in sums {
            for (half, mut limbs) in halves.into_iter().enumerate() {
                limbs.resize_with(combination.outputs(), || Limb::zero(n));
                polynomials.iter_mut().zip(limbs).for_each(|(p, limb)| p[half].limbs.push(limb));
            }
        }
        let scale = state.scale * encoded.scale / self.parameters.prime(limbs - 1) as f64;
        let primes: Vec<usize> = (0..limbs).collect();
        let mut sums: Vec<Pair> = polynomials.into_iter().map(|[c0, c1]| (c0, c1)).collect();
        sums.iter_mut().for_each(|sum| self.shift_left(sum, &primes, encoded.shift));
        if combination.takes_real_part() {
            return self.real_parts(&sums, limbs, scale);
        }
        Ok(sums
            .into_iter()
            .map(|sum| {
                let (c0, c1) = self.divide_pair(sum, &primes, limbs - 1, |_, _, limb| limb);
                Ciphertext { c0, c1, scale }
            })
            .collect())
    }

    /// Sums with their conjugates, rescaled: the key switch and the rescale leave the extended basis in one division.
    fn real_parts(&self, sums: &[Pair], limbs: usize, scale: f64) -> Result<Vec<Ciphertext>, CkksError> {
        let element = conjugation_element(self.parameters.log_n());
        let key = self.galois_key(element, None, limbs)?;
        let automorphism = self.tables.automorphism(element);
        let extended = self.parameters.extended(limbs);
        let special: Vec<Factor> =
            (0..limbs).map(|prime| self.parameters.product_modulo(&extended[limbs..], prime)).collect();
        let mut results = Vec::with_capacity(sums.len());
        for sums in sums.chunks(INPUTS_PER_KEY) {
            let switched: Vec<&Polynomial> = sums.iter().map(|(_, c1)| c1).collect();
            for ((c0, c1), pairs) in sums.iter().zip(self.switch_hoisted(&switched, &[key])) {
                let Some((mut b, a)) = pairs.into_iter().next() else { continue };
                // P c0 joins the switched part before the automorphism, P (c0, c1) the image.
                let add_times_p = |target: &mut Polynomial, source: &Polynomial| {
                    let limbs = target.limbs.par_iter_mut().zip(&source.limbs).zip(&special);
                    limbs.enumerate().for_each(|(prime, ((target, source), special))| {
                        let q = self.modulus(prime);
                        simd::add_assign(target, &times_p(source, *special, q), q);
                    });
                };
                add_times_p(&mut b, c0);
                let (mut b, mut a) = (self.permute(&b, &automorphism), self.permute(&a, &automorphism));
                add_times_p(&mut b, c0);
                add_times_p(&mut a, c1);
                let (c0, c1) = self.divide_pair((b, a), &extended, limbs - 1, |_, _, limb| limb);
                results.push(Ciphertext { c0, c1, scale });
            }
        }
        Ok(results)
    }

    /// Cuts the outputs so that the plaintexts of each part fit into memory.
    fn parts(&self, combination: &Combination, block: &Range<usize>, bits: u32) -> Result<Vec<Part>, CkksError> {
        let most = PLAINTEXT_BYTES / (16 * combination.plaintexts().period()).max(1);
        let mut cuts = vec![0];
        if combination.plaintexts().len() > most {
            let mut held = 0;
            for output in 0..combination.outputs() {
                let groups = combination.groups(output).count();
                if held > 0 && held + groups > most {
                    cuts.push(output);
                    held = 0;
                }
                held += groups;
            }
        }
        cuts.push(combination.outputs());
        cuts.windows(2)
            .map(|cut| {
                let (program, matrices, plaintexts) = combination.program(cut[0]..cut[1], block, bits)?;
                Ok(Part { outputs: cut[0]..cut[1], program, matrices, plaintexts })
            })
            .collect()
    }

    /// Adds what a block contributes to the outputs of a part modulo one prime; the `first` block writes.
    fn accumulate(
        &self,
        limb: usize,
        sources: &[Cow<'_, Ciphertext>],
        part: &Part,
        coefficients: &[Vec<i32>],
        first: bool,
        sums: &mut [Sums; 2],
    ) {
        let n = self.parameters.n();
        let ntt = &self.parameters.ntts()[limb];
        let sources = [0, 1].map(|half| -> Vec<&Limb> {
            sources.iter().map(|x| if half == 0 { &x.c0.limbs[limb] } else { &x.c1.limbs[limb] }).collect()
        });
        let plaintexts: Vec<Limb> = coefficients.par_iter().map(|coefficients| ntt.evaluated(coefficients)).collect();
        let mut tasks: Vec<[Vec<&mut [u64]>; 2]> = (0..n.div_ceil(RANGE)).map(|_| Default::default()).collect();
        for (half, sums) in sums.iter_mut().enumerate() {
            for sum in &mut sums[part.outputs.clone()] {
                tasks.iter_mut().zip(sum.chunks_mut(RANGE)).for_each(|(task, words)| task[half].push(words));
            }
        }
        tasks.into_par_iter().enumerate().for_each_init(Tiles::default, |tiles, (task, mut halves)| {
            let length = halves[0].first().map_or(0, |words| words.len());
            for at in (0..length).step_by(STEP) {
                tiles.pack_factors(&plaintexts, n, task * RANGE + at);
                for (sources, outputs) in sources.iter().zip(&mut halves) {
                    tiles.pack(sources, task * RANGE + at);
                    tiles.run(part, outputs, at, !first, ntt.modulus());
                }
            }
        });
    }
}

/// The coefficients of the plaintexts with these numbers, the same for every prime.
fn rounded(encoded: &EncodedCombination, plaintexts: &[u32]) -> Vec<Vec<i32>> {
    let round = |index: &u32| {
        let coefficients = encoded.combination.plaintexts().combine(*index as usize, &encoded.bases);
        coefficients.map(|c| nearest(c * encoded.rounded_at)).collect()
    };
    plaintexts.par_iter().map(round).collect()
}

/// Tiles of sources, factors and outputs for [`STEP`] positions, tile by tile.
#[derive(Default)]
struct Tiles {
    sources: [Vec<Tile>; TILES],
    factors: [Factors; TILES],
    outputs: [Vec<Tile>; TILES],
    /// Factors of the outputs of a matrix.
    own: [Factors; TILES],
}

impl Tiles {
    fn pack(&mut self, sources: &[&Limb], at: usize) {
        self.sources.iter_mut().for_each(Vec::clear);
        for source in sources {
            let words = source[at..at + STEP].as_chunks::<TILE>().0;
            self.sources.iter_mut().zip(words).for_each(|(tile, words)| tile.push(Tile(*words)));
        }
    }

    fn pack_factors(&mut self, plaintexts: &[Limb], n: usize, at: usize) {
        // Evaluations of a polynomial in X^stride come in runs of equal values.
        let shift = plaintexts.first().map_or(0, |p| (n / p.len()).trailing_zeros());
        let distinct = (TILE >> shift).max(1);
        for (tile, factors) in self.factors.iter_mut().enumerate() {
            factors.clear(distinct);
            let first = (at + tile * TILE) >> shift;
            plaintexts.iter().for_each(|plaintext| factors.push(&plaintext[first..first + distinct]));
        }
    }

    fn run(&mut self, part: &Part, outputs: &mut [&mut [u64]], at: usize, accumulate: bool, q: &Modulus) {
        let range = |tile: usize| at + tile * TILE..at + (tile + 1) * TILE;
        for tile in 0..TILES {
            let out = &mut self.outputs[tile];
            out.clear();
            if accumulate {
                let words = outputs.iter().filter_map(|words| words[range(tile)].first_chunk::<TILE>());
                out.extend(words.copied().map(Tile));
            } else {
                out.resize(outputs.len(), Tile::default());
            }
            simd::grouped_products(out, &self.sources[tile], &self.factors[tile], &part.program, accumulate, q);
        }
        for matrix in &part.matrices {
            self.own.iter_mut().zip(&self.factors).for_each(|(own, all)| own.select(all, &matrix.plaintexts));
            let sources = self.sources.each_ref().map(|s| &s[..]);
            let out = self.outputs.each_mut().map(|o| &mut o[..]);
            simd::weighted_products(out, sources, self.own.each_ref(), &matrix.weights, q);
        }
        for (tile, out) in self.outputs.iter().enumerate() {
            for (words, tile_words) in outputs.iter_mut().zip(out) {
                words[range(tile)].copy_from_slice(&tile_words.0);
            }
        }
    }
}
