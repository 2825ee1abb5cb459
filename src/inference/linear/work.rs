//! The computation of a linear layer, in the form that its layout asks for.

use std::sync::Arc;

use crate::ckks::Parameters;
use crate::ckks::combination::Combination;
use crate::ckks::keys::KeyRequest;
use crate::ckks::linear_transform::LinearTransform;
use crate::ckks::scalar_matrix::ScalarMatrix;

/// A linear layer.
#[derive(Debug)]
pub enum Work {
    /// Diagonals with baby and giant steps.
    Diagonals(Arc<LinearTransform>),
    /// Sums of rotated ciphertexts.
    Combination(Arc<Combination>),
    /// A matrix of numbers over rotated ciphertexts.
    Matrix(Arc<ScalarMatrix>),
}

/// How large a layer's computation is, for tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkSize {
    /// Diagonals, or groups of a combination: products of ciphertexts and plaintexts.
    pub products: u64,
    /// Hoisted rotations of each input.
    pub babies: u64,
    /// Rotations of partial sums.
    pub giants: u64,
}

impl Work {
    /// Number of input ciphertexts.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Diagonals(transform) => transform.inputs,
            Self::Combination(combination) => combination.inputs(),
            Self::Matrix(matrix) => matrix.inputs(),
        }
    }

    /// Number of output ciphertexts.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Diagonals(transform) => transform.outputs,
            Self::Combination(combination) => combination.outputs(),
            Self::Matrix(matrix) => matrix.outputs(),
        }
    }

    /// The diagonals, if it is made of them.
    pub const fn diagonals(&self) -> Option<&Arc<LinearTransform>> {
        match self {
            Self::Diagonals(transform) => Some(transform),
            Self::Combination(_) | Self::Matrix(_) => None,
        }
    }

    /// Asks for the keys that it needs on ciphertexts of `limbs` limbs.
    pub fn request(&self, parameters: &Parameters, limbs: usize, request: &mut KeyRequest) {
        match self {
            Self::Diagonals(transform) => request.add_transform(parameters, transform, limbs),
            Self::Combination(combination) => {
                for steps in combination.rotations() {
                    request.add_rotation(parameters, steps, limbs);
                }
                if combination.takes_real_part() {
                    request.add_conjugation(parameters, limbs);
                }
            }
            Self::Matrix(matrix) => {
                for steps in matrix.rotations() {
                    request.add_rotation(parameters, steps, limbs);
                }
            }
        }
    }

    /// Its size.
    pub fn size(&self) -> WorkSize {
        match self {
            Self::Diagonals(transform) => WorkSize {
                products: transform.diagonals.len() as u64,
                babies: transform.babies.len() as u64,
                giants: transform.giants.len() as u64,
            },
            Self::Combination(combination) => WorkSize {
                products: combination.products() as u64,
                babies: combination.rotations().len() as u64 + 1,
                giants: 1,
            },
            Self::Matrix(matrix) => {
                WorkSize { products: matrix.products() as u64, babies: matrix.rotations().len() as u64 + 1, giants: 1 }
            }
        }
    }

    /// Bytes of its plaintexts when encoded.
    pub fn plaintext_bytes(&self) -> u64 {
        match self {
            Self::Diagonals(transform) => 8 * (transform.source.period() * transform.diagonals.len()) as u64,
            Self::Combination(combination) => {
                let plaintexts = combination.plaintexts();
                16 * (plaintexts.period() * plaintexts.bases().len()) as u64
            }
            Self::Matrix(matrix) => 8 * matrix.panels().iter().map(|panel| panel.weights.len() as u64).sum::<u64>(),
        }
    }

    /// The same as a simulation has them, which holds every plaintext as slots.
    pub fn simulated_bytes(&self) -> u64 {
        match self {
            Self::Diagonals(_) => self.plaintext_bytes(),
            Self::Combination(combination) => {
                let plaintexts = combination.plaintexts();
                16 * (plaintexts.period() * plaintexts.len()) as u64
            }
            Self::Matrix(matrix) => self.plaintext_bytes() + 4 * (matrix.period() * matrix.masked_weights()) as u64,
        }
    }
}
