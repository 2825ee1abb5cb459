//! Runs a plan on an evaluator.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::error::PrivateError;
use super::linear::{Packing, Work};
use super::plan::{Plan, PlannedLayer};
use crate::ckks::evaluator::SCALE_TOLERANCE;
use crate::ckks::{CkksError, Complex, Evaluator};
use crate::network::lowered::Source;

/// Where the time of one layer went, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
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

/// The value of a source in the forms that later layers read.
type Forms<C> = Vec<(Packing, Vec<C>)>;

/// Called after each layer: number of the layer, its linear output before the squaring, and its seconds.
pub type Observer<'a, C> = dyn FnMut(usize, &[C], LayerSeconds) + 'a;

/// Runs a plan; keeps encoded diagonals within a budget between images.
pub struct Executor<'a, E: Evaluator> {
    plan: &'a Plan,
    evaluator: &'a E,
    budget: u64,
    encoded: Mutex<Cache<E>>,
}

/// An encoded layer.
enum Encoded<E: Evaluator> {
    Diagonals(E::Transform),
    Combination(E::Combination),
}

struct Cache<E: Evaluator> {
    layers: HashMap<usize, Arc<Encoded<E>>>,
    bytes: u64,
}

impl<'a, E: Evaluator> Executor<'a, E> {
    /// An executor that keeps at most `diagonal_bytes` of encoded diagonals.
    pub fn new(plan: &'a Plan, evaluator: &'a E, diagonal_bytes: u64) -> Self {
        let encoded = Mutex::new(Cache { layers: HashMap::new(), bytes: 0 });
        Self { plan, evaluator, budget: diagonal_bytes, encoded }
    }

    /// The encoded diagonals of a layer, at the scale that leads from its inputs' scale to D.
    fn encoded(&self, index: usize) -> Result<Arc<Encoded<E>>, CkksError> {
        let lock = || self.encoded.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(encoded) = lock().layers.get(&index) {
            return Ok(encoded.clone());
        }
        let layer = &self.plan.layers[index];
        let parameters = &self.plan.parameters;
        let scale = parameters.weight_scale_for(layer.limbs, self.plan.read_scale(index));
        let scale = scale * layer.scale(parameters) / parameters.scale();
        let encoded = Arc::new(match &layer.work {
            Work::Diagonals(transform) => Encoded::Diagonals(self.evaluator.encode_transform(transform, scale)?),
            Work::Combination(combination) => {
                Encoded::Combination(self.evaluator.encode_combination(combination, scale)?)
            }
        });
        let bytes = match &*encoded {
            Encoded::Diagonals(encoded) => self.evaluator.transform_bytes(encoded),
            Encoded::Combination(encoded) => self.evaluator.combination_bytes(encoded),
        };
        let mut cache = lock();
        if cache.bytes + bytes <= self.budget {
            cache.bytes += bytes;
            cache.layers.insert(index, encoded.clone());
        }
        Ok(encoded)
    }

    /// Encodes as many layers as the budget holds, in order; `encoded` is told after each layer.
    ///
    /// # Errors
    /// [`PrivateError::Layer`] for weights that cannot be encoded.
    pub fn prepare(&self, mut encoded: impl FnMut(usize)) -> Result<(), PrivateError> {
        for (index, layer) in self.plan.layers.iter().enumerate() {
            self.encoded(index).map_err(|source| layer_error(layer, source))?;
            encoded(index);
        }
        Ok(())
    }

    /// Evaluates the encrypted image; the result holds the logits.
    ///
    /// # Errors
    /// [`PrivateError::Layer`], naming the layer and its level.
    pub fn run(
        &self,
        image: Vec<E::Ciphertext>,
        observer: &mut Observer<'_, E::Ciphertext>,
    ) -> Result<Vec<E::Ciphertext>, PrivateError> {
        let input = vec![(self.plan.input_packing, image)];
        let last_use = self.last_uses();
        let mut values: Vec<Option<Forms<E::Ciphertext>>> = Vec::new();
        let mut logits = Vec::new();
        for (index, layer) in self.plan.layers.iter().enumerate() {
            let fail = |source| layer_error(layer, source);
            let (linear, mut seconds) = self.linear(index, &input, &values).map_err(fail)?;
            for (source, last) in last_use.iter().enumerate().take(values.len()) {
                if *last == index {
                    values[source] = None;
                }
            }
            let start = Instant::now();
            let squared = if layer.squared { Some(self.activate(&linear, layer).map_err(fail)?) } else { None };
            seconds.square = start.elapsed().as_secs_f64();
            let start = Instant::now();
            let is_last = index + 1 == self.plan.layers.len();
            let value = squared.unwrap_or_else(|| linear.clone());
            if is_last {
                logits = value;
                values.push(None);
            } else {
                values.push(Some(self.offer(value, &layer.offered).map_err(fail)?));
            }
            seconds.pack = start.elapsed().as_secs_f64();
            observer(index, &linear, seconds);
        }
        Ok(logits)
    }

    /// Linear transform, rescale and bias of one layer.
    fn linear(
        &self,
        index: usize,
        input: &Forms<E::Ciphertext>,
        values: &[Option<Forms<E::Ciphertext>>],
    ) -> Result<(Vec<E::Ciphertext>, LayerSeconds), CkksError> {
        let layer = &self.plan.layers[index];
        let start = Instant::now();
        let encoded = self.encoded(index)?;
        let encode = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let mut inputs = Vec::with_capacity(layer.work.inputs());
        let scale = self.plan.read_scale(index);
        for wanted in &layer.inputs {
            let forms = match wanted.source {
                Source::Input => Some(input),
                Source::Layer(source) => values[source].as_ref(),
            };
            let form = forms.and_then(|forms| forms.iter().find(|(packing, _)| *packing == wanted.packing));
            for x in form.map_or(&[][..], |(_, x)| x) {
                inputs.push(if self.evaluator.limbs(x) == layer.limbs {
                    Cow::Borrowed(x)
                } else {
                    Cow::Owned(self.lowered(x, layer.limbs, scale)?)
                });
            }
        }
        let references: Vec<&E::Ciphertext> = inputs.iter().map(|x| &**x).collect();
        let outputs = match &*encoded {
            Encoded::Diagonals(encoded) => self.evaluator.apply_transform(&references, encoded)?,
            Encoded::Combination(encoded) => {
                self.evaluator.apply_combination(&references, encoded, self.plan.working_bytes)?
            }
        };
        let outputs = outputs
            .iter()
            .zip(&layer.bias)
            .map(|(x, bias)| self.evaluator.add_plain(x, &real(bias.iter().copied())))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((outputs, LayerSeconds { encode, linear: start.elapsed().as_secs_f64(), ..LayerSeconds::default() }))
    }

    /// A value with more limbs than its reader has, at the reader's limbs and scale.
    fn lowered(&self, x: &E::Ciphertext, limbs: usize, scale: f64) -> Result<E::Ciphertext, CkksError> {
        let (evaluator, found) = (self.evaluator, self.evaluator.scale(x));
        if (found / scale - 1.0).abs() < SCALE_TOLERANCE {
            return evaluator.drop_to(x, limbs);
        }
        // Without tower reuse scales differ a little from level to level: a factor of one at the scale that makes up for it.
        let prime = self.plan.parameters.prime(limbs) as f64;
        let one = real(std::iter::repeat_n(1.0, 8));
        evaluator.rescale(&evaluator.multiply_plain(&evaluator.drop_to(x, limbs + 1)?, &one, prime * scale / found)?)
    }

    /// The activations of a layer's linear outputs: their squares, divided by a prime of their own without tower reuse, times the
    /// leading coefficient and a rescale if there is one, plus a multiple of themselves if there is one, less the centre.
    fn activate(&self, linear: &[E::Ciphertext], layer: &PlannedLayer) -> Result<Vec<E::Ciphertext>, CkksError> {
        let (evaluator, parameters) = (self.evaluator, &self.plan.parameters);
        let scale = parameters.scale();
        let references: Vec<&E::Ciphertext> = linear.iter().collect();
        let squares = evaluator.square_all(&references)?;
        let one = |(number, (x, mut value)): (usize, (&E::Ciphertext, E::Ciphertext))| {
            if layer.own_prime {
                value = evaluator.rescale(&value)?;
            }
            if let Some(leading) = layer.leading.get(number) {
                // At the scale of the prime that the rescale divides by: the same before and after.
                let prime = parameters.weight_scale_for(evaluator.limbs(&value), scale);
                let product = evaluator.multiply_plain(&value, &real(leading.iter().copied()), prime)?;
                value = evaluator.rescale(&product)?;
            }
            if let Some(multiples) = layer.linear.get(number) {
                let mut multiple = evaluator.multiply_plain(x, &real(multiples.iter().copied()), scale)?;
                if layer.own_prime {
                    multiple = evaluator.rescale(&multiple)?;
                }
                value = evaluator.add(&value, &evaluator.drop_to(&multiple, layer.value_limbs())?)?;
            }
            match layer.centre.get(number) {
                Some(centre) => evaluator.add_plain(&value, &real(centre.iter().map(|c| -c))),
                None => Ok(value),
            }
        };
        linear.iter().zip(squares).enumerate().map(one).collect()
    }

    /// The forms in which later layers read a value.
    fn offer(&self, value: Vec<E::Ciphertext>, offered: &[Packing]) -> Result<Forms<E::Ciphertext>, CkksError> {
        let evaluator = self.evaluator;
        // Layers of one ciphertext a channel are large: no copy where none is needed.
        if offered == [Packing::Real] {
            return Ok(vec![(Packing::Real, value)]);
        }
        offered
            .iter()
            .map(|packing| {
                let packed = match packing {
                    Packing::Real => value.clone(),
                    Packing::Halves { half } => value
                        .iter()
                        .map(|x| {
                            let second = evaluator.rotate(x, *half as i64)?;
                            evaluator.add(x, &evaluator.multiply_imaginary_unit(&second))
                        })
                        .collect::<Result<_, CkksError>>()?,
                    Packing::Pairs => value
                        .chunks(2)
                        .map(|pair| match pair {
                            [x, y] => evaluator.add(x, &evaluator.multiply_imaginary_unit(y)),
                            _ => Ok(pair[0].clone()),
                        })
                        .collect::<Result<_, CkksError>>()?,
                };
                Ok((*packing, packed))
            })
            .collect()
    }

    /// For each layer the last layer that reads it.
    fn last_uses(&self) -> Vec<usize> {
        let mut last = vec![usize::MAX; self.plan.layers.len()];
        for (index, layer) in self.plan.layers.iter().enumerate() {
            for input in &layer.inputs {
                if let Source::Layer(source) = input.source {
                    last[source] = index;
                }
            }
        }
        last
    }
}

fn real(values: impl Iterator<Item = f64>) -> Vec<Complex> {
    values.map(|v| Complex::new(v, 0.0)).collect()
}

fn layer_error(layer: &PlannedLayer, source: CkksError) -> PrivateError {
    PrivateError::Layer { name: layer.name.clone(), level: layer.limbs - 1, source }
}
