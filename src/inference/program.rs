//! The program of a plan: steps as plain data, for any evaluator.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::linear::{Packing, Work};
use super::rings::Rings;
use crate::ckks::Parameters;
use crate::ckks::encoder::largest_magnitude;
use crate::ckks::evaluator::SCALE_TOLERANCE;
use crate::ckks::keys::{KeyKind, KeyRequest};

/// Number of a value: 0 is the encrypted image, k + 1 the result of step k.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ValueId(pub usize);

impl ValueId {
    /// The encrypted image.
    pub const IMAGE: Self = Self(0);
}

/// Number of a plaintext in [`Program::plaintexts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaintextId(pub usize);

/// A plaintext for every ciphertext of a value: one period of each.
pub type Plaintext = Vec<Vec<f64>>;

/// What is known of a value before it is computed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// Number of ciphertexts.
    pub ciphertexts: usize,
    /// Limbs of each; the level is one less.
    pub limbs: usize,
    /// Scale.
    pub scale: f64,
    /// Number of the ring, 0 for the largest.
    #[serde(default, skip_serializing_if = "is_largest")]
    pub ring: usize,
}

/// Whether a ring is the largest one.
const fn is_largest(ring: &usize) -> bool {
    *ring == 0
}

impl Value {
    /// Whether a ciphertext with these limbs at this scale is one of the value.
    pub fn is_met(&self, limbs: usize, scale: f64) -> bool {
        limbs == self.limbs && (scale / self.scale - 1.0).abs() < SCALE_TOLERANCE
    }
}

/// What a step does, ciphertext by ciphertext where it is not a linear map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Diagonals with baby and giant steps: the layer's map, weights encoded at this scale; then a rescale.
    Transform {
        /// Scale of the weights.
        weight_scale: f64,
    },
    /// Sums of rotated ciphertexts: the layer's map, weights encoded at this scale; then a rescale.
    Combine {
        /// Scale of the weights.
        weight_scale: f64,
    },
    /// A matrix of numbers over rotated ciphertexts: the layer's map, weights encoded at this scale; then a rescale.
    MultiplyMatrix {
        /// Scale of the weights.
        weight_scale: f64,
    },
    /// Adds to every ciphertext its rotation to the left.
    AddRotated {
        /// Slots.
        steps: i64,
    },
    /// Adds a plaintext.
    AddPlain {
        /// Which.
        plaintext: PlaintextId,
    },
    /// Multiplies by a plaintext.
    MultiplyPlain {
        /// Which.
        plaintext: PlaintextId,
        /// Scale at which it is encoded.
        scale: f64,
    },
    /// Squares and relinearizes.
    Square,
    /// Divides by the last prime.
    Rescale,
    /// Adds two values.
    Add,
    /// Gives up limbs.
    Drop,
    /// Moves into the next smaller ring.
    SwitchRing,
    /// Puts real parts into real and imaginary ones.
    Pack {
        /// How.
        packing: Packing,
    },
}

impl Operation {
    /// The scale at which a layer's map has its weights; none: this is not the step that applies the map.
    pub const fn weight_scale(self) -> Option<f64> {
        match self {
            Self::Transform { weight_scale }
            | Self::Combine { weight_scale }
            | Self::MultiplyMatrix { weight_scale } => Some(weight_scale),
            _ => None,
        }
    }
}

/// To which of a layer's times a step belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The linear map, with what brings its inputs to one level.
    Linear,
    /// The activation.
    Square,
    /// The forms that later layers read.
    Pack,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Number of its layer.
    pub layer: usize,
    /// Part of the layer.
    pub part: Part,
    /// What it does.
    pub operation: Operation,
    /// What it reads: one value, two for an addition, all inputs one after the other for a linear map.
    pub operands: Vec<ValueId>,
    /// What comes out.
    pub value: Value,
}

/// What the steps of a layer share.
#[derive(Debug)]
pub struct ProgramLayer {
    /// Name of the layer.
    pub name: String,
    /// Its linear map.
    pub map: Work,
    /// The linear output, before the activation: what a probe looks at.
    pub output: ValueId,
}

/// Steps in the order in which they are carried out; the last one makes the result.
#[derive(Debug)]
pub struct Program {
    /// The encrypted image.
    pub image: Value,
    /// The steps.
    pub steps: Vec<Step>,
    /// The layers that they belong to.
    pub layers: Vec<ProgramLayer>,
    /// What steps add and multiply by.
    pub plaintexts: Vec<Plaintext>,
    /// Bytes of rotated ciphertexts that a combination may hold at a time.
    pub working_bytes: u64,
}

impl Program {
    /// What is known of a value.
    ///
    /// # Panics
    /// If there is no such value.
    pub fn value(&self, id: ValueId) -> Value {
        id.0.checked_sub(1).map_or(self.image, |step| self.steps[step].value)
    }

    /// What is known of the values that a step reads: their level, scale and ring, by the first of them.
    pub fn input(&self, step: &Step) -> Value {
        step.operands.first().map_or(self.image, |operand| self.value(*operand))
    }

    /// The result.
    pub fn result(&self) -> Value {
        self.value(ValueId(self.steps.len()))
    }

    /// A layer's value, after its activation.
    pub fn layer_value(&self, layer: usize) -> Value {
        let own = |step: &&Step| step.layer == layer && step.part != Part::Pack;
        self.steps.iter().rfind(own).map_or(self.image, |step| step.value)
    }

    /// For each value the last step that reads it; none: nothing reads it.
    pub fn last_uses(&self) -> Vec<Option<usize>> {
        let mut last = vec![None; self.steps.len() + 1];
        for (index, step) in self.steps.iter().enumerate() {
            step.operands.iter().for_each(|operand| last[operand.0] = Some(index));
        }
        last
    }

    /// The keys that the steps need in each ring, each up to the level that needs it; those between rings are not among them.
    pub fn keys(&self, rings: &Rings) -> Vec<KeyRequest> {
        let mut requests: Vec<KeyRequest> = rings.all().map(|_| KeyRequest::new()).collect();
        for step in &self.steps {
            let Value { limbs, ring, .. } = self.input(step);
            let (parameters, request) = (rings.parameters(ring), &mut requests[ring]);
            match step.operation {
                Operation::Transform { .. } | Operation::Combine { .. } | Operation::MultiplyMatrix { .. } => {
                    self.layers[step.layer].map.request(parameters, limbs, request);
                }
                Operation::AddRotated { steps } => request.add_rotation(parameters, steps, limbs),
                Operation::Square => request.add(parameters, KeyKind::Relinearization, limbs),
                Operation::Pack { packing: Packing::Halves { half } } => {
                    request.add_rotation(parameters, half as i64, limbs);
                }
                _ => {}
            }
        }
        requests
    }

    /// For every layer the bytes of its weights when encoded.
    pub fn weight_bytes(&self) -> impl Iterator<Item = u64> {
        self.layers.iter().map(|layer| layer.map.plaintext_bytes())
    }

    /// log2 of the largest magnitude of a layer's linear output for which all of the layer's values decrypt to themselves: |x|
    /// times the scale is below half of the modulus, and for what has been squared x^2 times the scale and the leading coefficient is.
    pub fn log2_headroom(&self, layer: usize, parameters: &Parameters) -> f64 {
        let mut squared = false;
        // log2 of the largest factor of the square in a value.
        let mut factors: HashMap<ValueId, f64> = HashMap::new();
        let mut log2 = f64::INFINITY;
        let own = |(_, step): &(usize, &Step)| step.layer == layer && step.part != Part::Pack;
        for (index, step) in self.steps.iter().enumerate().filter(own) {
            squared |= step.operation == Operation::Square;
            let before = step.operands.first().and_then(|operand| factors.get(operand)).copied();
            let factor = match step.operation {
                Operation::Square => Some(0.0),
                Operation::MultiplyPlain { plaintext, .. } => before
                    .map(|before| before + largest_magnitude(self.plaintexts[plaintext.0].iter().flatten()).log2()),
                Operation::Rescale => before,
                _ => None,
            };
            factors.extend(factor.map(|factor| (ValueId(index + 1), factor)));
            // What brings the inputs to one level comes before the linear map; a multiple of its value is smaller than the square.
            let counts = match step.operation {
                Operation::Square => true,
                Operation::Rescale => step.part == Part::Square,
                operation => operation.weight_scale().is_some(),
            };
            if counts {
                let room = parameters.log2_q(step.value.limbs) - 1.0 - step.value.scale.log2();
                log2 = log2.min(if squared { (room - factor.unwrap_or(0.0)) / 2.0 } else { room });
            }
        }
        log2
    }
}
