//! The evaluator that computes nothing: it tracks levels and scales, counts operations and adds up bytes.

use std::sync::{Arc, Mutex};

use super::check::{self, State};
use super::interface::Evaluator;
use crate::ckks::combination::Combination;
use crate::ckks::encoder::Complex;
use crate::ckks::error::CkksError;
use crate::ckks::linear_transform::LinearTransform;
use crate::ckks::parameters::Parameters;
use crate::ring::packed_terms::packed_words;

/// Level and scale, standing for a ciphertext.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted {
    /// Number of limbs.
    pub limbs: usize,
    /// Scale.
    pub scale: f64,
}

/// Operations of a computation. Units: operations on ciphertexts, except where limbs or bytes are named.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Operations {
    /// Additions and subtractions of ciphertexts (partial sums of transforms included) and of plaintexts.
    pub additions: u64,
    /// Products of ciphertext and plaintext.
    pub plain_products: u64,
    /// Products of ciphertext and integer.
    pub integer_products: u64,
    /// Products of ciphertexts, squarings included.
    pub products: u64,
    /// Rotations and conjugations.
    pub rotations: u64,
    /// Decompositions: a group of hoisted rotations counts once.
    pub hoisting_groups: u64,
    /// Rescales.
    pub rescales: u64,
    /// Transforms (NTT) of a limb, scaled to the full size.
    pub limb_transforms: f64,
    /// Multiply-accumulates of a limb pair (two products that share a factor).
    pub limb_products: f64,
    /// Other passes over a limb: additions, permutations, scalings.
    pub limb_passes: f64,
    /// Additions of a limb to a sum in a tile (see [`crate::ring::simd::grouped_products`]).
    pub limb_additions: f64,
    /// Bytes of switching keys read.
    pub key_bytes: f64,
}

impl Operations {
    /// Adds `other`.
    pub fn add(&mut self, other: &Self) {
        self.additions += other.additions;
        self.plain_products += other.plain_products;
        self.integer_products += other.integer_products;
        self.products += other.products;
        self.rotations += other.rotations;
        self.hoisting_groups += other.hoisting_groups;
        self.rescales += other.rescales;
        self.limb_transforms += other.limb_transforms;
        self.limb_products += other.limb_products;
        self.limb_passes += other.limb_passes;
        self.limb_additions += other.limb_additions;
        self.key_bytes += other.key_bytes;
    }

    /// Work of decomposing one polynomial of `limbs` limbs and raising its digits.
    fn raise(parameters: &Parameters, limbs: usize) -> Self {
        let shape = parameters.band(limbs).band.shape;
        let extended = (limbs + shape.special) as f64;
        let digits = shape.digits(limbs) as f64;
        let converted = digits * extended - limbs as f64;
        Self {
            hoisting_groups: 1,
            limb_transforms: limbs as f64 + converted,
            // A converted limb takes half a pair product for each limb of its digit.
            limb_products: converted * shape.digit_limbs as f64 / 2.0,
            limb_passes: 2.0 * limbs as f64,
            ..Self::default()
        }
    }

    /// Work of multiplying raised digits with a key.
    fn switch(parameters: &Parameters, limbs: usize) -> Self {
        let shape = parameters.band(limbs).band.shape;
        let digits = shape.digits(limbs);
        let words = |prime: usize| packed_words(parameters.n(), digits, parameters.ntts()[prime].modulus());
        Self {
            limb_products: (digits * (limbs + shape.special)) as f64,
            key_bytes: 4.0 * parameters.extended(limbs).into_iter().map(words).sum::<usize>() as f64,
            ..Self::default()
        }
    }

    /// Work of dividing `polynomials` polynomials of `limbs` limbs, of which `removed` go.
    fn divide(limbs: usize, removed: usize, polynomials: usize) -> Self {
        let kept = (limbs - removed) as f64;
        let factor = polynomials as f64;
        Self {
            limb_transforms: factor * limbs as f64,
            limb_products: factor * kept * (removed + 1) as f64 / 2.0,
            limb_passes: factor * limbs as f64,
            ..Self::default()
        }
    }

    /// Work of a combination on ciphertexts of `limbs` limbs whose plaintexts have `plaintext_share` of N coefficients,
    /// taken in `blocks` blocks of sources.
    fn combination(
        parameters: &Parameters,
        combination: &Combination,
        limbs: usize,
        plaintext_share: f64,
        blocks: usize,
    ) -> Self {
        let mut work = Self::default();
        for input in combination.sources().chunk_by(|a, b| a.input == b.input) {
            let rotated = input.iter().filter(|s| s.steps != 0).count();
            if rotated > 0 {
                work.add(&Self::rotations(parameters, limbs, rotated));
            }
        }
        let integers = combination.integer_products() as u64;
        let (members, products) = (combination.member_count() as u64 + integers, combination.products() as u64);
        let outputs = combination.outputs();
        work.additions += members.saturating_sub(outputs as u64);
        work.plain_products += products;
        work.integer_products += integers;
        // A product with an integer costs half of an addition: its operands stay in registers.
        work.limb_additions += (2 * limbs) as f64 * (members as f64 - integers as f64 / 2.0);
        // A block may hold a part of every group, whose products it then makes again.
        let repeated = (products as f64 * blocks as f64).min(members as f64);
        work.limb_products += limbs as f64 * repeated / TILE_PRODUCTS;
        work.limb_transforms += (limbs * combination.plaintexts().len() * blocks) as f64 * plaintext_share;
        work.limb_passes += (2 * limbs * (combination.sources().len() + outputs * blocks)) as f64;
        for _ in 0..outputs {
            work.rescales += 1;
            if !combination.takes_real_part() {
                work.add(&Self::divide(limbs, 1, 2));
                continue;
            }
            let special = parameters.band(limbs).band.shape.special;
            work.add(&Self::raise(parameters, limbs));
            work.add(&Self::switch(parameters, limbs));
            work.add(&Self::divide(limbs + special, special + 1, 2));
            work.add(&Self {
                rotations: 1,
                additions: 1,
                limb_passes: 5.0 * (limbs + special) as f64,
                ..Self::default()
            });
        }
        work
    }

    /// Work of `count` rotations of one ciphertext of `limbs` limbs.
    fn rotations(parameters: &Parameters, limbs: usize, count: usize) -> Self {
        let special = parameters.band(limbs).band.shape.special;
        let mut work = Self::raise(parameters, limbs);
        for _ in 0..count {
            work.add(&Self { rotations: 1, limb_passes: 3.0 * limbs as f64, ..Self::default() });
            work.add(&Self::switch(parameters, limbs));
            work.add(&Self::divide(limbs + special, special, 2));
        }
        work
    }

    /// Work of an automorphism on a pair in the extended basis.
    fn rotate_extended(parameters: &Parameters, limbs: usize) -> Self {
        let special = parameters.band(limbs).band.shape.special;
        let extended = limbs + special;
        let mut work = Self { rotations: 1, limb_passes: 3.0 * extended as f64, ..Self::default() };
        work.add(&Self::divide(extended, special, 1));
        work.add(&Self::raise(parameters, limbs));
        work.add(&Self::switch(parameters, limbs));
        work
    }

    /// Work of a linear transform on ciphertexts of `limbs` limbs whose diagonals have `plaintext_share` of N coefficients.
    pub fn transform(parameters: &Parameters, transform: &LinearTransform, limbs: usize, plaintext_share: f64) -> Self {
        let special = parameters.band(limbs).band.shape.special;
        let extended = (limbs + special) as f64;
        let mut work = Self::default();
        let babies = transform.used_babies();
        let mut hoisted: Vec<usize> =
            babies.iter().filter(|(_, b)| transform.babies[*b] != 0).map(|(input, _)| *input).collect();
        for _ in &hoisted {
            work.add(&Self::switch(parameters, limbs));
            work.rotations += 1;
            work.limb_passes += 3.0 * extended;
        }
        hoisted.dedup();
        for _ in &hoisted {
            work.add(&Self::raise(parameters, limbs));
        }
        let diagonals = transform.diagonals.len();
        work.plain_products += diagonals as u64;
        work.limb_transforms += diagonals as f64 * extended * plaintext_share;
        work.limb_products += diagonals as f64 * extended;
        // Reduction of a plaintext, and spreading it where it is periodic.
        work.limb_passes +=
            diagonals as f64 * extended * if plaintext_share < 1.0 { 1.0 + plaintext_share } else { 1.0 };
        let giants = transform.used_giants();
        work.additions += (diagonals - giants.len()) as u64;
        for (_, steps) in transform.giant_chains().into_iter().flatten() {
            if steps != 0 {
                work.add(&Self::rotate_extended(parameters, limbs));
            }
            work.limb_passes += 2.0 * extended;
        }
        work.additions += (giants.len() - transform.outputs.min(giants.len())) as u64;
        for _ in 0..transform.outputs {
            for _ in &transform.folds {
                work.add(&Self::rotate_extended(parameters, limbs));
                work.additions += 1;
                work.limb_passes += 2.0 * extended;
            }
            work.add(&Self::divide(limbs + special, special + 1, 2));
            work.rescales += 1;
        }
        work
    }
}

/// A product from a tile is this much cheaper than one of full limbs: its operands are in registers or the first cache.
const TILE_PRODUCTS: f64 = 4.0;

/// Counts what is asked of it.
#[derive(Debug)]
pub struct Counting {
    parameters: Parameters,
    operations: Mutex<Operations>,
}

impl Counting {
    /// A counter at zero.
    pub fn new(parameters: Parameters) -> Self {
        Self { parameters, operations: Mutex::default() }
    }

    /// A fresh ciphertext.
    pub fn fresh(&self, limbs: usize, scale: f64) -> Counted {
        Counted { limbs, scale }
    }

    /// What has been counted since the last call, which sets the counter to zero.
    pub fn take(&self) -> Operations {
        std::mem::take(&mut self.operations.lock().unwrap_or_else(|e| e.into_inner()))
    }

    fn count(&self, work: &Operations) {
        self.operations.lock().unwrap_or_else(|e| e.into_inner()).add(work);
    }

    fn relinearized(&self, limbs: usize, scale: f64) -> Counted {
        let special = self.parameters.band(limbs).band.shape.special;
        let mut work = Operations {
            products: 1,
            limb_products: 3.0 * limbs as f64,
            limb_passes: 2.0 * limbs as f64,
            ..Default::default()
        };
        work.add(&Operations::raise(&self.parameters, limbs));
        work.add(&Operations::switch(&self.parameters, limbs));
        work.add(&Operations::divide(limbs + special, special, 2));
        self.count(&work);
        Counted { limbs, scale }
    }

    fn rotations(&self, x: &Counted, count: usize) {
        self.count(&Operations::rotations(&self.parameters, x.limbs, count));
    }

    fn addition(&self, x: &Counted) {
        self.count(&Operations { additions: 1, limb_passes: 2.0 * x.limbs as f64, ..Default::default() });
    }
}

impl From<&Counted> for State {
    fn from(x: &Counted) -> Self {
        Self { limbs: x.limbs, scale: x.scale }
    }
}

/// An encoded transform or combination, of which only sizes are known.
#[derive(Debug, Clone)]
pub struct CountedWork<W> {
    work: Arc<W>,
    scale: f64,
    /// Coefficients of a diagonal, as a share of N.
    share: f64,
    bytes: u64,
}

impl Evaluator for Counting {
    type Ciphertext = Counted;
    type Transform = CountedWork<LinearTransform>;
    type Combination = CountedWork<Combination>;

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }
    fn limbs(&self, x: &Counted) -> usize {
        x.limbs
    }
    fn scale(&self, x: &Counted) -> f64 {
        x.scale
    }
    fn add(&self, x: &Counted, y: &Counted) -> Result<Counted, CkksError> {
        check::compatible("add", x.into(), y.into())?;
        self.addition(x);
        Ok(*x)
    }
    fn subtract(&self, x: &Counted, y: &Counted) -> Result<Counted, CkksError> {
        check::compatible("subtract", x.into(), y.into())?;
        self.addition(x);
        Ok(*x)
    }
    fn negate(&self, x: &Counted) -> Counted {
        self.count(&Operations { limb_passes: 2.0 * x.limbs as f64, ..Default::default() });
        *x
    }
    fn add_plain(&self, x: &Counted, _: &[Complex]) -> Result<Counted, CkksError> {
        let limbs = x.limbs as f64;
        self.count(&Operations {
            additions: 1,
            limb_transforms: limbs,
            limb_passes: 2.0 * limbs,
            ..Default::default()
        });
        Ok(*x)
    }
    fn multiply_plain(&self, x: &Counted, _: &[Complex], scale: f64) -> Result<Counted, CkksError> {
        let limbs = x.limbs as f64;
        let work = Operations { plain_products: 1, limb_transforms: limbs, limb_products: limbs, ..Default::default() };
        self.count(&work);
        Ok(Counted { limbs: x.limbs, scale: x.scale * scale })
    }
    fn multiply_integer(&self, x: &Counted, _: i64) -> Counted {
        self.count(&Operations { integer_products: 1, limb_passes: 2.0 * x.limbs as f64, ..Default::default() });
        *x
    }
    fn multiply_imaginary_unit(&self, x: &Counted) -> Counted {
        self.count(&Operations { limb_passes: 2.0 * x.limbs as f64, ..Default::default() });
        *x
    }
    fn multiply(&self, x: &Counted, y: &Counted) -> Result<Counted, CkksError> {
        check::same_level("multiply", x.into(), y.into())?;
        Ok(self.relinearized(x.limbs, x.scale * y.scale))
    }
    fn square(&self, x: &Counted) -> Result<Counted, CkksError> {
        Ok(self.relinearized(x.limbs, x.scale * x.scale))
    }
    fn rescale(&self, x: &Counted) -> Result<Counted, CkksError> {
        check::can_rescale("rescale", x.into())?;
        let mut work = Operations::divide(x.limbs, 1, 2);
        work.rescales = 1;
        self.count(&work);
        Ok(Counted { limbs: x.limbs - 1, scale: x.scale / self.parameters.prime(x.limbs - 1) as f64 })
    }
    fn drop_to(&self, x: &Counted, limbs: usize) -> Result<Counted, CkksError> {
        check::can_drop(x.into(), limbs)?;
        Ok(Counted { limbs, scale: x.scale })
    }
    fn rotate(&self, x: &Counted, steps: i64) -> Result<Counted, CkksError> {
        if steps.rem_euclid(self.parameters.slots() as i64) != 0 {
            self.rotations(x, 1);
        }
        Ok(*x)
    }
    fn rotate_hoisted(&self, x: &Counted, steps: &[i64]) -> Result<Vec<Counted>, CkksError> {
        let count = steps.iter().filter(|s| s.rem_euclid(self.parameters.slots() as i64) != 0).count();
        if count > 0 {
            self.rotations(x, count);
        }
        Ok(vec![*x; steps.len()])
    }
    fn conjugate(&self, x: &Counted) -> Result<Counted, CkksError> {
        self.rotations(x, 1);
        Ok(*x)
    }
    fn encode_transform(&self, transform: &Arc<LinearTransform>, scale: f64) -> Result<Self::Transform, CkksError> {
        let coefficients = 2 * transform.source.period();
        Ok(CountedWork {
            work: transform.clone(),
            scale,
            share: coefficients as f64 / self.parameters.n() as f64,
            bytes: 4 * (coefficients * transform.diagonals.len()) as u64,
        })
    }
    fn transform_bytes(&self, encoded: &Self::Transform) -> u64 {
        encoded.bytes
    }
    fn apply_transform(&self, inputs: &[&Counted], encoded: &Self::Transform) -> Result<Vec<Counted>, CkksError> {
        let transform = &encoded.work;
        let states: Vec<State> = inputs.iter().map(|x| (*x).into()).collect();
        let state = check::transform_inputs(transform.inputs, &states)?;
        self.count(&Operations::transform(&self.parameters, transform, state.limbs, encoded.share));
        let scale = state.scale * encoded.scale / self.parameters.prime(state.limbs - 1) as f64;
        Ok(vec![Counted { limbs: state.limbs - 1, scale }; transform.outputs])
    }
    fn encode_combination(&self, combination: &Arc<Combination>, scale: f64) -> Result<Self::Combination, CkksError> {
        let plaintexts = combination.plaintexts();
        let share = 2.0 * plaintexts.period() as f64 / self.parameters.n() as f64;
        let bytes = 16 * (plaintexts.bases().len() * plaintexts.period()) as u64;
        Ok(CountedWork { work: combination.clone(), scale, share, bytes })
    }
    fn combination_bytes(&self, encoded: &Self::Combination) -> u64 {
        encoded.bytes
    }
    fn apply_combination(
        &self,
        inputs: &[&Counted],
        encoded: &Self::Combination,
        working_bytes: u64,
    ) -> Result<Vec<Counted>, CkksError> {
        let combination = &encoded.work;
        let states: Vec<State> = inputs.iter().map(|x| (*x).into()).collect();
        let state = check::transform_inputs(combination.inputs(), &states)?;
        let most = check::rotated_in_memory(combination, self.parameters.n(), state.limbs, working_bytes)?;
        let blocks = combination.blocks(most).len();
        self.count(&Operations::combination(&self.parameters, combination, state.limbs, encoded.share, blocks));
        let scale = state.scale * encoded.scale / self.parameters.prime(state.limbs - 1) as f64;
        Ok(vec![Counted { limbs: state.limbs - 1, scale }; combination.outputs()])
    }
}
