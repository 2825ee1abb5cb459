//! Linear maps on slots as diagonals, evaluated by baby-step giant-step.
//!
//! Output o is sum over inputs i and offsets t of diagonal(o, i, t) * rot_t(x_i). With t = g + b (giant and baby step),
//! it is sum_g rot_g( sum_b rot_-g(diagonal) * rot_b(x_i) ): babies are hoisted rotations of the inputs, giants are
//! rotations of the partial sums.

use super::encoder::Complex;
use super::error::CkksError;

/// Where one diagonal sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diagonal {
    /// Output ciphertext.
    pub output: usize,
    /// Input ciphertext.
    pub input: usize,
    /// Index into [`LinearTransform::giants`].
    pub giant: usize,
    /// Index into [`LinearTransform::babies`].
    pub baby: usize,
}

/// Gives the slots of a diagonal when they are encoded.
pub trait DiagonalSource: Send + Sync {
    /// Number of slots after which every diagonal repeats: a power of two from 8 to N/2.
    fn period(&self) -> usize;

    /// Slots of diagonal number `index`, rotated right by its giant step, for one period.
    ///
    /// # Errors
    /// [`CkksError::Diagonal`].
    fn slots(&self, index: usize) -> Result<Vec<Complex>, CkksError>;
}

/// An automorphism whose image is added to the result: `y <- y + sigma(y)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fold {
    /// Rotation to the left by this many slots.
    Rotation(i64),
    /// Complex conjugation: twice the real part.
    Conjugation,
}

/// A linear transform on ciphertexts.
pub struct LinearTransform {
    /// Number of input ciphertexts.
    pub inputs: usize,
    /// Number of output ciphertexts.
    pub outputs: usize,
    /// Hoisted rotations of the inputs, in slots to the left.
    pub babies: Vec<i64>,
    /// Rotations of the partial sums, in slots to the left.
    pub giants: Vec<i64>,
    /// The non-zero diagonals.
    pub diagonals: Vec<Diagonal>,
    /// Applied to every output at the end, in this order.
    pub folds: Vec<Fold>,
    /// The diagonals' values.
    pub source: Box<dyn DiagonalSource>,
}

impl std::fmt::Debug for LinearTransform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinearTransform")
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .field("babies", &self.babies)
            .field("giants", &self.giants)
            .field("diagonals", &self.diagonals.len())
            .field("folds", &self.folds)
            .finish()
    }
}

impl LinearTransform {
    /// (input, baby) pairs that some diagonal uses, sorted.
    pub fn used_babies(&self) -> Vec<(usize, usize)> {
        let mut used: Vec<_> = self.diagonals.iter().map(|d| (d.input, d.baby)).collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    /// (output, giant) pairs that some diagonal uses, sorted.
    pub fn used_giants(&self) -> Vec<(usize, usize)> {
        let mut used: Vec<_> = self.diagonals.iter().map(|d| (d.output, d.giant)).collect();
        used.sort_unstable();
        used.dedup();
        used
    }
}
