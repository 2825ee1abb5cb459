//! Matrices as linear transforms.

use super::encoder::Complex;
use super::error::CkksError;
use super::linear_transform::{Diagonal, DiagonalSource, LinearTransform};

impl LinearTransform {
    /// The transform that multiplies slots, which repeat every `size`, by the `size` x `size` matrix whose entries (row, column) are
    /// given; `size` is a power of two from 8 to N/2. Diagonals of zeros cost nothing, others about 2 sqrt(`size`) rotations in all.
    ///
    /// ```
    /// use leveled::ckks::{Complex, LinearTransform};
    ///
    /// // Slot i becomes 2 x(i) + x(i + 1): two diagonals, one rotation.
    /// let transform = LinearTransform::from_matrix(8, |row, column| {
    ///     Complex::from(if column == row { 2.0 } else if column == (row + 1) % 8 { 1.0 } else { 0.0 })
    /// });
    /// assert_eq!(transform.diagonals.len(), 2);
    /// assert_eq!(transform.rotations(), [1]);
    /// ```
    pub fn from_matrix(size: usize, entry: impl Fn(usize, usize) -> Complex) -> Self {
        let babies = 1 << (size.max(1).ilog2() / 2);
        let mut diagonals = Vec::new();
        let mut slots = Vec::new();
        for offset in 0..size {
            let (giant, baby) = (offset / babies, offset % babies);
            // Rotated right by its giant step.
            let row = |slot: usize| (slot + size - giant * babies) % size;
            let diagonal: Vec<Complex> = (0..size).map(row).map(|row| entry(row, (row + offset) % size)).collect();
            if diagonal.iter().any(|entry| *entry != Complex::default()) {
                diagonals.push(Diagonal { output: 0, input: 0, giant, baby });
                slots.push(diagonal);
            }
        }
        Self {
            inputs: 1,
            outputs: 1,
            babies: (0..babies as i64).collect(),
            giants: (0..size as i64).step_by(babies).collect(),
            diagonals,
            folds: Vec::new(),
            source: Box::new(Stored { period: size, slots }),
        }
    }
}

/// Diagonals that are kept.
struct Stored {
    period: usize,
    slots: Vec<Vec<Complex>>,
}

impl DiagonalSource for Stored {
    fn period(&self) -> usize {
        self.period
    }

    fn slots(&self, index: usize) -> Result<Vec<Complex>, CkksError> {
        let missing = || CkksError::Diagonal { index, reason: format!("there are {}", self.slots.len()) };
        self.slots.get(index).cloned().ok_or_else(missing)
    }
}
