//! From the linear maps of all layers to the program.

use std::collections::HashMap;

use super::builder::LinearPart;
use super::layout::Layout;
use super::linear::{Packing, Work};
use super::program::{Operation, Part, Plaintext, PlaintextId, Program, ProgramLayer, Step, Value, ValueId};
use super::rings::Rings;
use super::stages::{LinearScales, Stage};
use crate::ckks::Parameters;
use crate::ckks::evaluator::SCALE_TOLERANCE;
use crate::network::lowered::{Layer, LoweredNetwork, Source};

/// Values of a plaintext of ones; the smallest ring has as many slots.
const ONES: usize = 8;

/// What a program is made from.
pub struct Assembly<'a> {
    pub network: &'a LoweredNetwork,
    /// The parameters of the first ring: all have its scales.
    pub parameters: &'a Parameters,
    pub rings: &'a Rings,
    pub tower_reuse: bool,
    /// Limbs of every layer's inputs.
    pub limbs: &'a [usize],
    /// The encrypted image, and its form.
    pub image: (Value, Packing),
    pub working_bytes: u64,
}

struct Assembler<'a> {
    assembly: &'a Assembly<'a>,
    program: Program,
    /// Values of sources in the forms that later layers read.
    offered: HashMap<(Source, Packing), ValueId>,
    /// Values that have moved into the next smaller ring.
    moved: HashMap<ValueId, ValueId>,
    /// Layer and part of the steps that are being added.
    at: (usize, Part),
}

impl Assembly<'_> {
    /// The program.
    pub fn program(self, parts: Vec<LinearPart>) -> Program {
        let (image, packing) = self.image;
        let mut offers: Vec<Vec<Packing>> = vec![Vec::new(); parts.len()];
        for input in parts.iter().flat_map(|part| &part.inputs) {
            if let Source::Layer(source) = input.source
                && !offers[source].contains(&input.packing)
            {
                offers[source].push(input.packing);
            }
        }
        let mut assembler = Assembler {
            assembly: &self,
            program: Program {
                image,
                steps: Vec::new(),
                layers: Vec::new(),
                plaintexts: Vec::new(),
                working_bytes: self.working_bytes,
            },
            offered: HashMap::from([((Source::Input, packing), ValueId::IMAGE)]),
            moved: HashMap::new(),
            at: (0, Part::Linear),
        };
        for (index, (part, offers)) in parts.into_iter().zip(offers).enumerate() {
            assembler.layer(index, part, &offers);
        }
        assembler.program
    }
}

impl Assembler<'_> {
    fn layer(&mut self, index: usize, part: LinearPart, offers: &[Packing]) {
        let layer = &self.assembly.network.layers[index];
        let stages = Stage::of(&layer.activation, self.assembly.tower_reuse);
        self.at = (index, Part::Linear);
        let mut value = self.linear(index, &part);
        let output = value;
        self.at.1 = Part::Square;
        for stage in &stages[1..] {
            value = self.stage(*stage, layer, &part.layout, output, value);
        }
        self.at.1 = Part::Pack;
        let found = self.program.value(value);
        for packing in offers {
            let form = match packing {
                Packing::Real => value,
                _ => {
                    let ciphertexts = packing.ciphertexts(found.ciphertexts);
                    self.push(Operation::Pack { packing: *packing }, vec![value], Value { ciphertexts, ..found })
                }
            };
            self.offered.insert((Source::Layer(index), *packing), form);
        }
        self.program.layers.push(ProgramLayer { name: layer.name.clone(), map: part.work, output });
    }

    /// The inputs at one level and scale, the map and the bias.
    fn linear(&mut self, index: usize, part: &LinearPart) -> ValueId {
        let Assembly { network, parameters, tower_reuse, limbs, .. } = self.assembly;
        let (layer, limbs) = (&network.layers[index], limbs[index]);
        let offered: Vec<ValueId> =
            part.inputs.iter().filter_map(|i| self.offered.get(&(i.source, i.packing))).copied().collect();
        let lowest = offered.iter().map(|id| self.program.value(*id)).min_by_key(|value| value.limbs);
        let read = lowest.map_or(parameters.data_scale(), |value| value.scale);
        let mut operands = Vec::with_capacity(offered.len());
        let ring = self.assembly.rings.ring_of(limbs);
        for id in offered {
            let before = self.before_switch(id, ring, limbs, read);
            let moved = self.moved(before, ring);
            let aligned = self.aligned(moved, limbs, read);
            operands.push(self.summed(aligned, &part.sums));
        }
        let LinearScales { weights: weight_scale, made: scale } =
            LinearScales::of(network, index, *tower_reuse, parameters, (limbs, read));
        let operation = match part.work {
            Work::Diagonals(_) => Operation::Transform { weight_scale },
            Work::Combination(_) => Operation::Combine { weight_scale },
            Work::Matrix(_) => Operation::MultiplyMatrix { weight_scale },
        };
        let value = Value { ciphertexts: part.work.outputs(), limbs: limbs - 1, scale, ring };
        let value = self.push(operation, operands, value);
        let bias = self.plaintext(part.layout.scatter(&layer.bias));
        self.unary(Operation::AddPlain { plaintext: bias }, value)
    }

    /// A value after it was added to its rotations, one after the other.
    fn summed(&mut self, id: ValueId, rotations: &[i64]) -> ValueId {
        rotations.iter().fold(id, |value, steps| self.unary(Operation::AddRotated { steps: *steps }, value))
    }

    /// A value of another scale than its reader wants, where the switch into its ring leaves no limb for the factor that makes up for it:
    /// in the ring above with that done.
    fn before_switch(&mut self, id: ValueId, ring: usize, limbs: usize, scale: f64) -> ValueId {
        let found = self.program.value(id);
        let leaves_none = |above: usize| self.assembly.rings.switches()[above].limbs() == limbs;
        let differs = (found.scale / scale - 1.0).abs() >= SCALE_TOLERANCE;
        match ring.checked_sub(1).filter(|above| found.ring <= *above && differs && leaves_none(*above)) {
            Some(above) => {
                let moved = self.moved(id, above);
                self.aligned(moved, limbs, scale)
            }
            None => id,
        }
    }

    /// A value in the ring of its reader.
    fn moved(&mut self, id: ValueId, ring: usize) -> ValueId {
        let found = self.program.value(id);
        if found.ring >= ring {
            return id;
        }
        let next = self.moved.get(&id).copied().unwrap_or_else(|| {
            let dropped = self.drop(id, self.assembly.rings.switches()[found.ring].limbs());
            let value = Value { ring: found.ring + 1, ..self.program.value(dropped) };
            self.push(Operation::SwitchRing, vec![dropped], value)
        });
        self.moved.insert(id, next);
        self.moved(next, ring)
    }

    /// A value at the limbs and the scale that its reader wants.
    fn aligned(&mut self, id: ValueId, limbs: usize, scale: f64) -> ValueId {
        let found = self.program.value(id);
        if found.limbs == limbs {
            return id;
        }
        if (found.scale / scale - 1.0).abs() < SCALE_TOLERANCE {
            return self.drop(id, limbs);
        }
        // Without tower reuse scales differ a little from level to level: a factor of one at the scale that makes up for it.
        let prime = self.assembly.parameters.prime(limbs) as f64;
        let plaintext = self.plaintext(vec![vec![1.0; ONES]; found.ciphertexts]);
        let dropped = self.drop(id, limbs + 1);
        let factor = Operation::MultiplyPlain { plaintext, scale: prime * scale / found.scale };
        let product = self.unary(factor, dropped);
        self.unary(Operation::Rescale, product)
    }

    fn stage(&mut self, stage: Stage, layer: &Layer, layout: &Layout, linear: ValueId, value: ValueId) -> ValueId {
        let Assembly { parameters, tower_reuse, .. } = self.assembly;
        let [leading, multiple] = layer.activation.coefficients().map(|values| values.map_or(&[][..], |v| v));
        match stage {
            Stage::Linear => value,
            Stage::Square => self.unary(Operation::Square, value),
            Stage::Rescale => self.unary(Operation::Rescale, value),
            Stage::Leading => {
                // At the scale of the prime that the rescale divides by: the same before and after.
                let scale = parameters.weight_scale_for(self.program.value(value).limbs, parameters.scale());
                let plaintext = self.channels(layer, layout, leading.iter().copied());
                let product = self.unary(Operation::MultiplyPlain { plaintext, scale }, value);
                self.unary(Operation::Rescale, product)
            }
            Stage::Multiple => {
                let plaintext = self.channels(layer, layout, multiple.iter().copied());
                let scale = parameters.scale();
                let mut product = self.unary(Operation::MultiplyPlain { plaintext, scale }, linear);
                if !tower_reuse {
                    product = self.unary(Operation::Rescale, product);
                }
                let found = self.program.value(value);
                let product = self.drop(product, found.limbs);
                self.push(Operation::Add, vec![value, product], found)
            }
            Stage::Centre => {
                let plaintext = self.channels(layer, layout, layer.centre.iter().map(|centre| -centre));
                self.unary(Operation::AddPlain { plaintext }, value)
            }
        }
    }

    /// A plaintext of one value for each channel.
    fn channels(&mut self, layer: &Layer, layout: &Layout, values: impl Iterator<Item = f64>) -> PlaintextId {
        let plane = layer.shape.height * layer.shape.width;
        let spread: Vec<f64> = values.flat_map(|value| std::iter::repeat_n(value, plane)).collect();
        self.plaintext(layout.scatter(&spread))
    }

    fn plaintext(&mut self, plaintext: Plaintext) -> PlaintextId {
        self.program.plaintexts.push(plaintext);
        PlaintextId(self.program.plaintexts.len() - 1)
    }

    /// A value with fewer limbs.
    fn drop(&mut self, id: ValueId, limbs: usize) -> ValueId {
        let found = self.program.value(id);
        if found.limbs == limbs { id } else { self.push(Operation::Drop, vec![id], Value { limbs, ..found }) }
    }

    /// A step on one value, whose result follows from it.
    fn unary(&mut self, operation: Operation, operand: ValueId) -> ValueId {
        let found = self.program.value(operand);
        let value = match operation {
            Operation::Square => Value { scale: found.scale * found.scale, ..found },
            Operation::MultiplyPlain { scale, .. } => Value { scale: found.scale * scale, ..found },
            Operation::Rescale => {
                let prime = self.assembly.parameters.prime(found.limbs - 1) as f64;
                Value { limbs: found.limbs - 1, scale: found.scale / prime, ..found }
            }
            _ => found,
        };
        self.push(operation, vec![operand], value)
    }

    /// Appends a step of the layer and part in hand.
    fn push(&mut self, operation: Operation, operands: Vec<ValueId>, value: Value) -> ValueId {
        let (layer, part) = self.at;
        self.program.steps.push(Step { layer, part, operation, operands, value });
        ValueId(self.program.steps.len())
    }
}
