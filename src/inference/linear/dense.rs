//! Average pooling and classifier: a dense matrix onto few outputs, by diagonals and sums over rotations.
//!
//! Slot p works for class p mod c (c the period of the class layout) and multiplies the c input slots from p on, so every
//! input meets every class in exactly one slot of its residue. Adding the rotations by c, 2c, .. up to half of the input's
//! period collects the partial sums, and leaves every logit in all slots of its residue.

use std::sync::Arc;

use super::steps::{Offset, Steps};
use crate::ckks::linear_transform::{DiagonalSource, Fold};
use crate::ckks::{CkksError, Complex};
use crate::inference::layout::{ClassLayout, Layout};
use crate::network::lowered::{LinearMap, LoweredNetwork};

/// The diagonals of a dense layer.
#[derive(Debug)]
pub struct DenseDiagonals {
    network: Arc<LoweredNetwork>,
    layer: usize,
    output: ClassLayout,
    /// Value index at each slot of each input ciphertext.
    contents: Vec<Vec<Option<usize>>>,
    offsets: Vec<Offset>,
    placed: Vec<(i64, i64)>,
}

impl DenseDiagonals {
    /// The diagonals of layer number `layer`, whose first term is dense and reads `input`.
    pub fn new(network: &Arc<LoweredNetwork>, layer: usize, input: &Layout, output: ClassLayout) -> Self {
        let mut contents = vec![vec![None; input.period()]; input.ciphertexts()];
        let shape = input.shape();
        for index in 0..shape.len() {
            let (channel, pixel) = (index / (shape.height * shape.width), index % (shape.height * shape.width));
            let (ciphertext, slot) = input.position(channel, pixel / shape.width, pixel % shape.width);
            contents[ciphertext][slot] = Some(index);
        }
        let offsets = (0..input.ciphertexts())
            .flat_map(|input_index| {
                (0..output.period().min(input.period())).map(move |slots| Offset {
                    output: 0,
                    input: input_index,
                    slots: slots as i64,
                })
            })
            .collect();
        Self { network: network.clone(), layer, output, contents, offsets, placed: Vec::new() }
    }

    /// The offsets of the diagonals.
    pub fn offsets(&self) -> &[Offset] {
        &self.offsets
    }

    /// Period of the input.
    pub fn input_period(&self) -> usize {
        self.contents[0].len()
    }

    /// The rotations that collect the partial sums.
    pub fn folds(&self) -> Vec<Fold> {
        let mut steps = self.output.period();
        let mut folds = Vec::new();
        while steps < self.input_period() {
            folds.push(Fold::Rotation(steps as i64));
            steps *= 2;
        }
        folds
    }

    /// Fixes giant and baby steps; must be called before slots are asked for.
    pub fn place(&mut self, steps: &Steps) {
        self.placed = steps.placed();
    }
}

impl DiagonalSource for DenseDiagonals {
    fn period(&self) -> usize {
        self.input_period()
    }

    fn slots(&self, index: usize) -> Result<Vec<Complex>, CkksError> {
        let Some(&(giant, offset)) = self.placed.get(index) else {
            return Err(CkksError::Diagonal { index, reason: "its steps have not been chosen".into() });
        };
        let LinearMap::Dense { weights, .. } = &self.network.layers[self.layer].terms[0].map else {
            return Err(CkksError::Diagonal { index, reason: "the layer is not dense".into() });
        };
        let contents = &self.contents[self.offsets[index].input];
        let period = contents.len() as i64;
        let values: usize = weights.len() / self.output.classes();
        let mut slots = vec![Complex::default(); contents.len()];
        for p in 0..contents.len() {
            let class = p % self.output.period();
            let read = (p as i64 + offset).rem_euclid(period) as usize;
            if let (true, Some(value)) = (class < self.output.classes(), contents[read]) {
                slots[(p as i64 + giant).rem_euclid(period) as usize] =
                    Complex::new(weights[class * values + value], 0.0);
            }
        }
        Ok(slots)
    }
}
