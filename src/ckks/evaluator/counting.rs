//! The evaluator that computes nothing: it tracks levels and scales, counts operations and adds up bytes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::check::{self, State};
use super::interface::Evaluator;
use super::load::Blocks;
use super::operations::{Load, Operations};
use crate::ckks::combination::Combination;
use crate::ckks::encoder::{Complex, check_period, check_scale};
use crate::ckks::error::CkksError;
use crate::ckks::linear_transform::LinearTransform;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring_switch::RingSwitch;
use crate::ckks::rotated;
use crate::ckks::scalar_matrix::ScalarMatrix;

/// Level and scale, standing for a ciphertext.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted {
    /// Number of limbs.
    pub limbs: usize,
    /// Scale.
    pub scale: f64,
}

/// Counts what is asked of it.
#[derive(Debug)]
pub struct Counting {
    parameters: Parameters,
    switch: Option<Box<(RingSwitch, Self)>>,
    /// By the limbs of the ciphertexts that are read.
    loads: Mutex<BTreeMap<usize, Load>>,
}

impl Counting {
    /// A counter at zero.
    pub fn new(parameters: Parameters) -> Self {
        Self { parameters, switch: None, loads: Mutex::default() }
    }

    /// The same with a way into the ring of half the dimension, and what evaluates there; [`Evaluator::switch_ring`] refuses another ring.
    pub fn with_ring_switch(self, switch: RingSwitch, smaller: Self) -> Self {
        Self { switch: Some(Box::new((switch, smaller))), ..self }
    }

    /// A fresh ciphertext.
    pub fn fresh(&self, limbs: usize, scale: f64) -> Counted {
        Counted { limbs, scale }
    }

    /// What has been counted since the last call, which sets the counter to zero, by the limbs of the ciphertexts that are read.
    pub fn take_by_limbs(&self) -> BTreeMap<usize, Load> {
        std::mem::take(&mut self.loads.lock().unwrap_or_else(|e| e.into_inner()))
    }

    /// As [`Counting::take_by_limbs`], all together.
    pub fn take(&self) -> Load {
        let mut sum = Load::default();
        self.take_by_limbs().values().for_each(|load| sum.add_times(1, load));
        sum
    }

    /// Work of a linear transform on ciphertexts of `limbs` limbs whose diagonals have `plaintext_share` of N coefficients.
    pub fn transform(parameters: &Parameters, transform: &LinearTransform, limbs: usize, plaintext_share: f64) -> Load {
        Blocks::new(parameters, limbs).transform(transform, plaintext_share, false)
    }

    fn blocks(&self, limbs: usize) -> Blocks<'_> {
        Blocks::new(&self.parameters, limbs)
    }

    fn count(&self, limbs: usize, load: &Load) {
        let mut loads = self.loads.lock().unwrap_or_else(|e| e.into_inner());
        loads.entry(limbs).or_default().add_times(1, load);
    }

    /// Counts work that goes limb by limb.
    fn by_limb(&self, x: &Counted, operations: Operations) {
        let mut load = Load::default();
        load.add(x.limbs, &operations);
        self.count(x.limbs, &load);
    }

    /// Evaluates a plaintext for every limb.
    fn plaintext(&self, x: &Counted, slots: &[Complex]) -> Result<Operations, CkksError> {
        let share = self.share(slots.len())?;
        Ok(self.blocks(x.limbs).plaintexts(x.limbs as f64, share))
    }

    /// The share of N coefficients of a plaintext that repeats with this period.
    fn share(&self, period: usize) -> Result<f64, CkksError> {
        check_period(period, self.parameters.slots())?;
        Ok(2.0 * period as f64 / self.parameters.n() as f64)
    }

    fn relinearized(&self, limbs: usize, scale: f64) -> Counted {
        self.count(limbs, &self.blocks(limbs).relinearized());
        Counted { limbs, scale }
    }

    fn addition(&self, x: &Counted) {
        self.by_limb(x, Operations { additions: 1, limb_passes: 2.0 * x.limbs as f64, ..Default::default() });
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
    /// For inputs of so many limbs plaintexts are evaluated.
    evaluated: Option<usize>,
}

impl Evaluator for Counting {
    type Ciphertext = Counted;
    type Transform = CountedWork<LinearTransform>;
    type Combination = CountedWork<Combination>;
    type ScalarMatrix = CountedWork<ScalarMatrix>;

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
        self.by_limb(x, Operations { limb_passes: 2.0 * x.limbs as f64, ..Default::default() });
        *x
    }
    fn add_plain(&self, x: &Counted, slots: &[Complex]) -> Result<Counted, CkksError> {
        check_scale(x.scale)?;
        let mut work = self.plaintext(x, slots)?;
        work.additions = 1;
        work.limb_passes += 2.0 * x.limbs as f64;
        self.by_limb(x, work);
        Ok(*x)
    }
    fn multiply_plain(&self, x: &Counted, slots: &[Complex], scale: f64) -> Result<Counted, CkksError> {
        check_scale(scale)?;
        let mut work = self.plaintext(x, slots)?;
        work.plain_products = 1;
        work.limb_products = x.limbs as f64;
        self.by_limb(x, work);
        Ok(Counted { limbs: x.limbs, scale: x.scale * scale })
    }
    fn multiply_integer(&self, x: &Counted, _: i64) -> Counted {
        self.by_limb(x, Operations { integer_products: 1, limb_passes: 2.0 * x.limbs as f64, ..Default::default() });
        *x
    }
    fn multiply_imaginary_unit(&self, x: &Counted) -> Counted {
        self.by_limb(x, Operations { limb_passes: 2.0 * x.limbs as f64, ..Default::default() });
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
        self.count(x.limbs, &self.blocks(x.limbs).rescale());
        Ok(Counted { limbs: x.limbs - 1, scale: x.scale / self.parameters.prime(x.limbs - 1) as f64 })
    }
    fn drop_to(&self, x: &Counted, limbs: usize) -> Result<Counted, CkksError> {
        check::can_drop(x.into(), limbs)?;
        Ok(Counted { limbs, scale: x.scale })
    }
    fn rotate(&self, x: &Counted, steps: i64) -> Result<Counted, CkksError> {
        if steps.rem_euclid(self.parameters.slots() as i64) != 0 {
            self.count(x.limbs, &self.blocks(x.limbs).rotations(1));
        }
        Ok(*x)
    }
    fn rotate_hoisted(&self, x: &Counted, steps: &[i64]) -> Result<Vec<Counted>, CkksError> {
        let count = steps.iter().filter(|s| s.rem_euclid(self.parameters.slots() as i64) != 0).count();
        if count > 0 {
            self.count(x.limbs, &self.blocks(x.limbs).rotations(count));
        }
        Ok(vec![*x; steps.len()])
    }
    fn conjugate(&self, x: &Counted) -> Result<Counted, CkksError> {
        self.count(x.limbs, &self.blocks(x.limbs).rotations(1));
        Ok(*x)
    }
    fn smaller_ring(&self) -> Option<&Self> {
        self.switch.as_ref().map(|switch| &switch.1)
    }
    fn switch_ring(&self, x: &Counted) -> Result<Counted, CkksError> {
        let (switch, smaller) = self.switch.as_deref().ok_or(CkksError::NoRingSwitch { limbs: x.limbs })?;
        switch.check_move(x.limbs, &self.parameters, &smaller.parameters)?;
        self.count(x.limbs, &Blocks::new(switch.through(), x.limbs).ring_switch());
        Ok(*x)
    }
    fn encode_transform(&self, transform: &Arc<LinearTransform>, scale: f64) -> Result<Self::Transform, CkksError> {
        check_scale(scale)?;
        let share = self.share(transform.source.period())?;
        let bytes = 4 * (transform.evaluations() * transform.diagonals.len()) as u64;
        Ok(CountedWork { work: transform.clone(), scale, share, bytes, evaluated: None })
    }
    fn evaluate_transform(&self, encoded: Self::Transform, limbs: usize) -> Self::Transform {
        let bytes = encoded.bytes + encoded.work.evaluation_bytes(&self.parameters, limbs);
        CountedWork { bytes, evaluated: Some(limbs), ..encoded }
    }
    fn transform_bytes(&self, encoded: &Self::Transform) -> u64 {
        encoded.bytes
    }
    fn apply_transform(&self, inputs: &[&Counted], encoded: &Self::Transform) -> Result<Vec<Counted>, CkksError> {
        let transform = &encoded.work;
        let states: Vec<State> = inputs.iter().map(|x| (*x).into()).collect();
        let state = check::transform_inputs(transform.inputs, &states)?;
        let evaluated = encoded.evaluated == Some(state.limbs);
        self.count(state.limbs, &self.blocks(state.limbs).transform(transform, encoded.share, evaluated));
        let scale = state.scale * encoded.scale / self.parameters.prime(state.limbs - 1) as f64;
        Ok(vec![Counted { limbs: state.limbs - 1, scale }; transform.outputs])
    }
    fn encode_combination(&self, combination: &Arc<Combination>, scale: f64) -> Result<Self::Combination, CkksError> {
        check_scale(scale)?;
        let plaintexts = combination.plaintexts();
        // Without plaintexts nothing is evaluated.
        let share = if plaintexts.bases().is_empty() { 1.0 } else { self.share(plaintexts.period())? };
        let bytes = 16 * (plaintexts.bases().len() * plaintexts.period()) as u64;
        Ok(CountedWork { work: combination.clone(), scale, share, bytes, evaluated: None })
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
        let most = check::rotated_in_memory(combination.sources(), self.parameters.n(), state.limbs, working_bytes)?;
        let blocks = rotated::blocks(combination.sources(), most).len();
        self.count(state.limbs, &self.blocks(state.limbs).combination(combination, encoded.share, blocks));
        let scale = state.scale * encoded.scale / self.parameters.prime(state.limbs - 1) as f64;
        Ok(vec![Counted { limbs: state.limbs - 1, scale }; combination.outputs()])
    }
    fn encode_scalar_matrix(&self, matrix: &Arc<ScalarMatrix>, scale: f64) -> Result<Self::ScalarMatrix, CkksError> {
        check_scale(scale)?;
        let share = self.share(matrix.period())?;
        let bytes = 16 * (matrix.masks().len() * matrix.period()) as u64;
        Ok(CountedWork { work: matrix.clone(), scale, share, bytes, evaluated: None })
    }
    fn scalar_matrix_bytes(&self, encoded: &Self::ScalarMatrix) -> u64 {
        encoded.bytes
    }
    fn apply_scalar_matrix(
        &self,
        inputs: &[&Counted],
        encoded: &Self::ScalarMatrix,
        working_bytes: u64,
    ) -> Result<Vec<Counted>, CkksError> {
        let matrix = &encoded.work;
        let states: Vec<State> = inputs.iter().map(|x| (*x).into()).collect();
        let state = check::transform_inputs(matrix.inputs(), &states)?;
        let most = check::rotated_in_memory(matrix.sources(), self.parameters.n(), state.limbs, working_bytes)?;
        let blocks = rotated::blocks(matrix.sources(), most).len();
        self.count(state.limbs, &self.blocks(state.limbs).scalar_matrix(matrix, encoded.scale, encoded.share, blocks));
        let scale = state.scale * encoded.scale / self.parameters.prime(state.limbs - 1) as f64;
        Ok(vec![Counted { limbs: state.limbs - 1, scale }; matrix.outputs()])
    }
}
