//! What the building blocks of the encrypted evaluator cost; a block here is a function there.

use super::operations::{Load, Operations};
use super::panels::PanelProducts;
use crate::ckks::combination::Combination;
use crate::ckks::linear_transform::LinearTransform;
use crate::ckks::parameters::Parameters;
use crate::ckks::rotated::{self, Rotated};
use crate::ckks::scalar_matrix::{PLAINTEXT_BYTES, ScalarMatrix};
use crate::ring::packed_terms::packed_words;
use crate::ring::simd::whole_limit;

/// Positions of one task of a combination.
pub(super) const RANGE: usize = 1024;

/// Positions of one task of a scalar matrix.
pub(super) const SPAN: usize = 256;

/// Work on ciphertexts of some number of limbs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocks<'p> {
    parameters: &'p Parameters,
    limbs: usize,
    /// Limbs and special primes.
    extended: usize,
    special: usize,
    digits: usize,
    digit_limbs: usize,
}

impl<'p> Blocks<'p> {
    pub(super) fn new(parameters: &'p Parameters, limbs: usize) -> Self {
        let shape = parameters.band(limbs).band.shape;
        let (special, digits, digit_limbs) = (shape.special, shape.digits(limbs), shape.digit_limbs);
        Self { parameters, limbs, extended: limbs + special, special, digits, digit_limbs }
    }

    /// Passes over `passes` limbs.
    fn passes(tasks: usize, passes: f64) -> (usize, Operations) {
        (tasks, Operations { limb_passes: passes, ..Operations::default() })
    }

    /// Decomposing one polynomial into digits, and mod up; `tasks` tasks share the mod up.
    fn mod_up(self, tasks: usize) -> Load {
        let mut load = Load::default();
        let limbs = self.limbs as f64;
        let converted = (self.digits * self.extended) as f64 - limbs;
        load.add(
            self.limbs,
            &Operations {
                hoisting_groups: 1,
                limb_transforms: limbs,
                limb_passes: 2.0 * limbs,
                ..Operations::default()
            },
        );
        // A converted limb takes a product with every limb of its digit, and one with the quotient.
        let products = converted * (self.digit_limbs.min(self.limbs) + 1) as f64;
        load.add(
            tasks,
            &Operations { limb_transforms: converted, limb_conversions: products, ..Operations::default() },
        );
        load
    }

    /// Multiplying extended digits with a key.
    fn switch(self) -> Operations {
        let (parameters, digits) = (self.parameters, self.digits);
        let words = |prime: usize| packed_words(parameters.n(), digits, parameters.ntts()[prime].modulus());
        Operations {
            key_products: (digits * self.extended) as f64,
            key_bytes: 4.0 * parameters.extended(self.limbs).into_iter().map(words).sum::<usize>() as f64,
            ..Operations::default()
        }
    }

    /// Multiplying extended digits with a key, and mod down. In between, the extended pairs of a whole group of
    /// rotations go to memory and come back.
    fn switch_and_mod_down(self) -> Load {
        let mut load = Load::default();
        let stored = 2.0 * self.extended as f64;
        load.add(self.extended, &Operations { limb_passes: stored, ..self.switch() });
        load.add_times(1, &Self::divide(self.extended, self.special, 2));
        load
    }

    /// Dividing `polynomials` polynomials of `limbs` limbs, of which `removed` go, side by side.
    fn divide(limbs: usize, removed: usize, polynomials: usize) -> Load {
        let mut load = Load::default();
        let (kept, factor) = (limbs - removed, polynomials as f64);
        let gone = factor * removed as f64;
        load.add(
            polynomials * removed,
            &Operations { limb_transforms: gone, limb_passes: 2.0 * gone, ..Operations::default() },
        );
        let work = Operations {
            limb_transforms: factor * kept as f64,
            limb_conversions: factor * (kept * (removed + 1)) as f64,
            limb_passes: factor * kept as f64,
            ..Operations::default()
        };
        load.add(polynomials * kept, &work);
        load
    }

    /// Rescaling.
    pub(super) fn rescale(self) -> Load {
        let mut load = Self::divide(self.limbs, 1, 2);
        load.add(1, &Operations { rescales: 1, ..Operations::default() });
        load
    }

    /// A product of ciphertexts, and its relinearization.
    pub(super) fn relinearized(self) -> Load {
        let mut load = self.mod_up(self.extended);
        let limbs = self.limbs as f64;
        load.add(
            self.limbs,
            &Operations { products: 1, limb_products: 2.0 * limbs, limb_passes: 2.0 * limbs, ..Operations::default() },
        );
        load.add_times(1, &self.switch_and_mod_down());
        load
    }

    /// `count` rotations of one ciphertext.
    pub(super) fn rotations(self, count: usize) -> Load {
        let mut one = self.switch_and_mod_down();
        one.add(1, &Operations { rotations: 1, ..Operations::default() });
        let (tasks, passes) = Self::passes(2 * self.limbs, 3.0 * self.limbs as f64);
        one.add(tasks, &passes);
        let mut load = self.mod_up(self.extended);
        load.add_times(count, &one);
        load
    }

    /// A key switch to a secret of the ring of half the dimension, and the transforms of what is kept.
    pub(super) fn ring_switch(self) -> Load {
        let mut load = self.mod_up(self.extended);
        load.add_times(1, &self.switch_and_mod_down());
        let limbs = 2.0 * self.limbs as f64;
        // Transforms of N / 2 coefficients take half of the time, about.
        let kept = Operations { limb_transforms: 1.5 * limbs, limb_passes: 2.5 * limbs, ..Operations::default() };
        load.add(2 * self.limbs, &kept);
        load
    }

    /// An automorphism on a pair in the extended basis.
    fn rotate_extended(self) -> Load {
        let mut load = Self::divide(self.extended, self.special, 1);
        load.add_times(1, &self.mod_up(self.extended));
        load.add(self.extended, &Operations { rotations: 1, ..self.switch() });
        let (tasks, passes) = Self::passes(self.extended, 3.0 * self.extended as f64);
        load.add(tasks, &passes);
        load
    }

    /// Transforms of `count` polynomials of `share` of N coefficients modulo one prime.
    fn transforms(self, count: f64, share: f64) -> Operations {
        let log_n = f64::from(self.parameters.log_n());
        Operations { limb_transforms: count * share * (1.0 + share.log2() / log_n), ..Operations::default() }
    }

    /// Evaluating `count` plaintexts of `share` of N coefficients modulo one prime: transforms, and passes that reduce and spread.
    pub(super) fn plaintexts(self, count: f64, share: f64) -> Operations {
        let passes = if share < 1.0 { 1.0 + share } else { 1.0 };
        Operations { limb_passes: count * passes, ..self.transforms(count, share) }
    }

    /// A linear transform whose diagonals have `share` of N coefficients, and are evaluated before or on the way.
    pub(super) fn transform(self, transform: &LinearTransform, share: f64, evaluated: bool) -> Load {
        let extended = self.extended as f64;
        let mut load = Load::default();
        let babies = transform.used_babies();
        let mut hoisted: Vec<usize> =
            babies.iter().filter(|(_, b)| transform.babies[*b] != 0).map(|(input, _)| *input).collect();
        // Prime after prime: inputs, then babies, then partial sums are side by side; with diagonals in memory blocks of both.
        let blocks = self.parameters.n() / transform.block(self.parameters.n());
        let tasks = |count: usize| if evaluated { blocks } else { count };
        for _ in &hoisted {
            let baby = Operations { rotations: 1, limb_passes: 3.0 * extended, ..self.switch() };
            load.add(tasks(babies.len()), &baby);
        }
        hoisted.dedup();
        load.add_times(hoisted.len(), &self.mod_up(hoisted.len()));
        let (diagonals, giants) = (transform.diagonals.len(), transform.used_giants());
        let count = diagonals as f64 * extended;
        // Evaluations come from memory, others are made from coefficients.
        let mut products = if evaluated { Operations::default() } else { self.transforms(count, share) };
        // Those are packed in six bytes of eight.
        products.limb_passes = count * share * if evaluated { 0.75 } else { 1.0 };
        products.plain_products = diagonals as u64;
        products.limb_products = count;
        let sums = transform.outputs.min(giants.len());
        products.additions = (diagonals - sums) as u64;
        load.add(tasks(giants.len()), &products);
        for (_, steps) in transform.giant_chains().into_iter().flatten() {
            if steps != 0 {
                load.add_times(1, &self.rotate_extended());
            }
            let (tasks, passes) = Self::passes(self.extended, 2.0 * extended);
            load.add(tasks, &passes);
        }
        for _ in 0..transform.outputs {
            for _ in &transform.folds {
                load.add_times(1, &self.rotate_extended());
                let addition = Operations { additions: 1, limb_passes: 2.0 * extended, ..Operations::default() };
                load.add(self.extended, &addition);
            }
            load.add_times(1, &Self::divide(self.extended, self.special + 1, 2));
            load.add(1, &Operations { rescales: 1, ..Operations::default() });
        }
        load
    }

    /// Rotations of the inputs among `sources`.
    fn rotated_sources(self, sources: &[Rotated]) -> Load {
        let mut load = Load::default();
        for input in rotated::by_input(sources) {
            let rotated = rotated::switched(input).len();
            if rotated > 0 {
                load.add_times(1, &self.rotations(rotated));
            }
        }
        load
    }

    /// A matrix encoded at `scale` whose plaintexts have `share` of N coefficients, over sources taken in `blocks` blocks.
    pub(super) fn scalar_matrix(self, matrix: &ScalarMatrix, scale: f64, share: f64, blocks: usize) -> Load {
        let limbs = self.limbs as f64;
        let mut load = self.rotated_sources(matrix.sources());
        let made = PanelProducts::of(matrix, scale, whole_limit(self.parameters.largest_prime(self.limbs)));
        let masked = matrix.masked_products();
        let whole = matrix.products() - masked;
        let outputs = matrix.outputs();
        // Values are transformed at the size of a period, moved to their runs and written in the form of the kernels.
        let plaintexts = limbs * made.plaintexts as f64 * share;
        let evaluation = Operations { limb_passes: 3.0 * plaintexts, ..self.transforms(plaintexts / share, share) };
        load.add(made.plaintexts, &evaluation);
        let values = made.plaintexts as f64 * share * (8 * self.parameters.n()) as f64;
        let parts = (blocks as f64).max((values / PLAINTEXT_BYTES as f64).ceil());
        // Words of sources are copied for every part, those of outputs read and written.
        let passes = matrix.sources().len() as f64 * parts / blocks.max(1) as f64 + (2 * outputs) as f64 * parts;
        let sums = Operations {
            additions: (whole + masked).saturating_sub(outputs) as u64,
            plain_products: masked as u64,
            integer_products: whole as u64,
            panel_numbers: 2.0 * limbs * made.whole as f64,
            panel_residues: 2.0 * limbs * made.masked as f64,
            limb_passes: 2.0 * limbs * passes,
            ..Operations::default()
        };
        load.add(self.parameters.n().div_ceil(SPAN), &sums);
        load.add_times(outputs, &self.rescale());
        load
    }

    /// A combination whose plaintexts have `share` of N coefficients, taken in `blocks` blocks of sources.
    pub(super) fn combination(self, combination: &Combination, share: f64, blocks: usize) -> Load {
        let limbs = self.limbs as f64;
        let mut load = self.rotated_sources(combination.sources());
        let integers = combination.integer_products();
        // Zeros among the integers are multiplied, too.
        let weights: usize = combination.integers().iter().map(|i| i.weights.len()).sum();
        let (members, products) = (combination.member_count(), combination.products());
        let outputs = combination.outputs();
        // A block may hold a part of every group, whose products it then makes again.
        let repeated = (products * blocks).min(members + integers);
        let evaluated = (self.limbs * combination.plaintexts().len() * blocks) as f64;
        load.add(combination.plaintexts().len(), &self.plaintexts(evaluated, share));
        let sums = Operations {
            additions: (members + integers).saturating_sub(outputs) as u64,
            plain_products: products as u64,
            integer_products: integers as u64,
            tile_additions: 2.0 * limbs * members as f64,
            tile_weights: 2.0 * limbs * weights as f64,
            tile_products: 2.0 * limbs * repeated as f64,
            limb_passes: 2.0 * limbs * (combination.sources().len() + outputs * blocks) as f64,
            ..Operations::default()
        };
        load.add(self.parameters.n().div_ceil(RANGE), &sums);
        let end = if combination.takes_real_part() { self.real_part() } else { self.rescale() };
        load.add_times(outputs, &end);
        load
    }

    /// A sum with its conjugate, rescaled.
    fn real_part(self) -> Load {
        let mut load = self.mod_up(self.extended);
        let work = Operations {
            rotations: 1,
            additions: 1,
            rescales: 1,
            limb_passes: 5.0 * self.extended as f64,
            ..self.switch()
        };
        load.add(self.extended, &work);
        load.add_times(1, &Self::divide(self.extended, self.special + 1, 2));
        load
    }
}
