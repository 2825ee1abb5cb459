//! Carries out a program on an evaluator.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::error::InferenceError;
use super::kept::Kept;
use super::linear::{Packing, Work};
use super::program::{Operation, Part, PlaintextId, Program, Step, Value, ValueId};
use crate::ckks::{CkksError, Complex, Evaluator};

/// Where the time of one layer went, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerSeconds {
    /// Encoding diagonals that were not in memory.
    pub encode: f64,
    /// The linear transform with its rescale, and the bias.
    pub linear: f64,
    /// Squaring, relinearization and centring.
    pub square: f64,
    /// Packing into complex slots.
    pub pack: f64,
}

impl LayerSeconds {
    /// The sum.
    pub fn total(&self) -> f64 {
        self.encode + self.linear + self.square + self.pack
    }
}

/// Called after each layer: number of the layer, its linear output before the squaring, and its seconds.
pub type Observer<'a, C> = dyn FnMut(usize, &[C], LayerSeconds) + 'a;

/// Carries out a program; keeps encoded weights within a budget between images.
pub struct Executor<'a, E: Evaluator> {
    program: &'a Program,
    evaluator: &'a E,
    /// For each value the last step that reads it.
    last_uses: Vec<Option<usize>>,
    budget: u64,
    kept: Kept,
    encoded: Mutex<Cache<E>>,
}

/// Ciphertexts of all values; none: not made yet, or no longer needed.
type Values<C> = Vec<Option<Vec<C>>>;

/// An encoded layer.
enum Encoded<E: Evaluator> {
    Diagonals(E::Transform),
    Combination(E::Combination),
    Matrix(E::ScalarMatrix),
}

struct Cache<E: Evaluator> {
    layers: HashMap<usize, Arc<Encoded<E>>>,
    bytes: u64,
}

impl<'a, E: Evaluator> Executor<'a, E> {
    /// An executor that keeps at most `weight_bytes` of encoded weights: evaluated, as far as there is room.
    pub fn new(program: &'a Program, evaluator: &'a E, weight_bytes: u64) -> Self {
        let encoded = Mutex::new(Cache { layers: HashMap::new(), bytes: 0 });
        let kept = Kept::within(program, &evaluator.rings().map(E::parameters).collect::<Vec<_>>(), weight_bytes);
        Self { program, evaluator, last_uses: program.last_uses(), budget: weight_bytes, kept, encoded }
    }

    /// The evaluator of the ring in which a step reads.
    fn evaluator(&self, step: &Step) -> Result<&'a E, CkksError> {
        let Value { limbs, ring, .. } = self.program.input(step);
        self.evaluator.rings().nth(ring).ok_or(CkksError::NoRingSwitch { limbs })
    }

    /// What is kept of encoded weights.
    fn cache(&self) -> MutexGuard<'_, Cache<E>> {
        self.encoded.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The encoded weights of the layer of a step, at this scale.
    fn encoded(&self, step: &Step, scale: f64) -> Result<Arc<Encoded<E>>, CkksError> {
        let (layer, evaluator) = (step.layer, self.evaluator(step)?);
        if let Some(encoded) = self.cache().layers.get(&layer) {
            return Ok(encoded.clone());
        }
        let encoded = Arc::new(match &self.program.layers[layer].map {
            Work::Diagonals(transform) => {
                let encoded = evaluator.encode_transform(transform, scale)?;
                Encoded::Diagonals(match self.kept.evaluated[layer] {
                    Some(limbs) => evaluator.evaluate_transform(encoded, limbs),
                    None => encoded,
                })
            }
            Work::Combination(combination) => Encoded::Combination(evaluator.encode_combination(combination, scale)?),
            Work::Matrix(matrix) => Encoded::Matrix(evaluator.encode_scalar_matrix(matrix, scale)?),
        });
        let bytes = match &*encoded {
            Encoded::Diagonals(encoded) => evaluator.transform_bytes(encoded),
            Encoded::Combination(encoded) => evaluator.combination_bytes(encoded),
            Encoded::Matrix(encoded) => evaluator.scalar_matrix_bytes(encoded),
        };
        let mut cache = self.cache();
        if cache.bytes + bytes <= self.budget {
            cache.bytes += bytes;
            cache.layers.insert(layer, encoded.clone());
        }
        Ok(encoded)
    }

    /// Encodes as many layers as the budget holds, in order; `encoded` is told after each layer.
    ///
    /// # Errors
    /// [`InferenceError::Layer`] for weights that cannot be encoded.
    pub fn prepare(&self, mut encoded: impl FnMut(usize)) -> Result<(), InferenceError> {
        for step in &self.program.steps {
            let Some(weight_scale) = step.operation.weight_scale() else { continue };
            let bytes = self.program.layers[step.layer].map.plaintext_bytes();
            let kept = self.cache().bytes;
            if kept + bytes <= self.budget {
                self.encoded(step, weight_scale).map_err(|source| self.error(step.layer, source))?;
            }
            encoded(step.layer);
        }
        Ok(())
    }

    /// Evaluates the encrypted image; the result holds the logits.
    ///
    /// # Errors
    /// [`InferenceError::Layer`], naming the layer and its level.
    pub fn run(
        &self,
        image: Vec<E::Ciphertext>,
        observer: &mut Observer<'_, E::Ciphertext>,
    ) -> Result<Vec<E::Ciphertext>, InferenceError> {
        let Program { steps, layers, .. } = self.program;
        let mut values: Values<E::Ciphertext> = vec![Some(image)];
        let mut seconds = LayerSeconds::default();
        for (index, step) in steps.iter().enumerate() {
            let (start, encode) = (Instant::now(), seconds.encode);
            let value = self.step(index, &mut values, &mut seconds.encode).map_err(|e| self.error(step.layer, e))?;
            for operand in &step.operands {
                if self.may_go(index, *operand) {
                    values[operand.0] = None;
                }
            }
            values.push(Some(value));
            let spent = start.elapsed().as_secs_f64() - (seconds.encode - encode);
            match step.part {
                Part::Linear => seconds.linear += spent,
                Part::Square => seconds.square += spent,
                Part::Pack => seconds.pack += spent,
            }
            if steps.get(index + 1).is_none_or(|next| next.layer != step.layer) {
                let output = layers[step.layer].output;
                observer(step.layer, values[output.0].as_deref().unwrap_or_default(), std::mem::take(&mut seconds));
                if self.last_uses[output.0].is_some_and(|last| last <= index) {
                    values[output.0] = None;
                }
            }
        }
        Ok(values.pop().flatten().unwrap_or_default())
    }

    /// Whether step `index` is the last to need a value: an observer sees a layer's linear output after all of its steps.
    fn may_go(&self, index: usize, value: ValueId) -> bool {
        let layer = &self.program.layers[self.program.steps[index].layer];
        self.last_uses[value.0] == Some(index) && layer.output != value
    }

    /// Carries out one step; `encode_seconds` grows by what encoding weights took.
    fn step(
        &self,
        index: usize,
        values: &mut Values<E::Ciphertext>,
        encode_seconds: &mut f64,
    ) -> Result<Vec<E::Ciphertext>, CkksError> {
        let step = &self.program.steps[index];
        let evaluator = self.evaluator(step)?;
        match step.operation {
            Operation::Transform { weight_scale }
            | Operation::Combine { weight_scale }
            | Operation::MultiplyMatrix { weight_scale } => {
                let start = Instant::now();
                let encoded = self.encoded(step, weight_scale)?;
                *encode_seconds += start.elapsed().as_secs_f64();
                let inputs = step.operands.iter().filter_map(|operand| values[operand.0].as_ref()).flatten();
                let inputs: Vec<&E::Ciphertext> = inputs.collect();
                match &*encoded {
                    Encoded::Diagonals(encoded) => evaluator.apply_transform(&inputs, encoded),
                    Encoded::Combination(encoded) => {
                        evaluator.apply_combination(&inputs, encoded, self.program.working_bytes)
                    }
                    Encoded::Matrix(encoded) => {
                        evaluator.apply_scalar_matrix(&inputs, encoded, self.program.working_bytes)
                    }
                }
            }
            Operation::Add => {
                let [x, y] = [0, 1].map(|k| step.operands.get(k).and_then(|operand| values[operand.0].as_ref()));
                x.into_iter().flatten().zip(y.into_iter().flatten()).map(|(x, y)| evaluator.add(x, y)).collect()
            }
            Operation::Square => {
                let inputs = values[step.operands[0].0].as_deref().unwrap_or_default();
                evaluator.square_all(&inputs.iter().collect::<Vec<_>>())
            }
            Operation::AddPlain { plaintext } => {
                self.each(index, values, |number, x| evaluator.add_plain(x, &self.plaintext(plaintext, number)))
            }
            Operation::MultiplyPlain { plaintext, scale } => self.each(index, values, |number, x| {
                evaluator.multiply_plain(x, &self.plaintext(plaintext, number), scale)
            }),
            Operation::AddRotated { steps } => {
                self.each(index, values, |_, x| evaluator.add(x, &evaluator.rotate(x, steps)?))
            }
            Operation::Rescale => self.each(index, values, |_, x| evaluator.rescale(x)),
            Operation::SwitchRing => self.each(index, values, |_, x| evaluator.switch_ring(x)),
            Operation::Drop => self.each(index, values, |_, x| evaluator.drop_to(x, step.value.limbs)),
            Operation::Pack { packing: Packing::Real } => self.each(index, values, |_, x| Ok(x.clone())),
            Operation::Pack { packing: Packing::Halves { half } } => self.each(index, values, |_, x| {
                let second = evaluator.rotate(x, half as i64)?;
                evaluator.add(x, &evaluator.multiply_imaginary_unit(&second))
            }),
            Operation::Pack { packing: Packing::Pairs } => values[step.operands[0].0]
                .as_deref()
                .unwrap_or_default()
                .chunks(2)
                .map(|pair| match pair {
                    [x, y] => evaluator.add(x, &evaluator.multiply_imaginary_unit(y)),
                    _ => Ok(pair[0].clone()),
                })
                .collect(),
        }
    }

    /// Applies `function` to the number and the ciphertext of each of an operand's ciphertexts, which goes at once where nothing
    /// else reads it: layers of one ciphertext a channel are large.
    fn each(
        &self,
        index: usize,
        values: &mut Values<E::Ciphertext>,
        function: impl Fn(usize, &E::Ciphertext) -> Result<E::Ciphertext, CkksError>,
    ) -> Result<Vec<E::Ciphertext>, CkksError> {
        let operand = self.program.steps[index].operands[0];
        if self.may_go(index, operand) {
            let operand = values[operand.0].take().unwrap_or_default();
            return operand.into_iter().enumerate().map(|(number, x)| function(number, &x)).collect();
        }
        let operand = values[operand.0].as_deref().unwrap_or_default();
        operand.iter().enumerate().map(|(number, x)| function(number, x)).collect()
    }

    /// The slots of a plaintext for one ciphertext.
    fn plaintext(&self, plaintext: PlaintextId, number: usize) -> Vec<Complex> {
        self.program.plaintexts[plaintext.0][number].iter().map(|x| Complex::new(*x, 0.0)).collect()
    }

    fn error(&self, layer: usize, source: CkksError) -> InferenceError {
        let layer = &self.program.layers[layer];
        InferenceError::Layer { name: layer.name.clone(), level: self.program.value(layer.output).limbs, source }
    }
}
