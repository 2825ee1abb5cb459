//! What transforms and combinations do, on clear slots: the reference of the tests.

use super::combination::{Combination, Rotated};
use super::encoder::Complex;
use super::linear_transform::{Fold, LinearTransform};

const ONE: Complex = Complex::new(1.0, 0.0);

/// Slots rotated to the left.
pub(crate) fn rotate(x: &[Complex], steps: i64) -> Vec<Complex> {
    let mut rotated = x.to_vec();
    rotated.rotate_left(steps.rem_euclid(x.len() as i64) as usize);
    rotated
}

/// The complex conjugates.
pub(crate) fn conjugate(x: &[Complex]) -> Vec<Complex> {
    x.iter().map(Complex::conj).collect()
}

/// `sum + factors * x`, factors repeated.
fn add_product(sum: &mut [Complex], factors: &[Complex], x: &[Complex]) {
    sum.iter_mut().zip(factors.iter().cycle().zip(x)).for_each(|(sum, (factor, x))| *sum += factor * x);
}

impl LinearTransform {
    /// The outputs for clear inputs.
    pub(crate) fn apply_clear(&self, inputs: &[Vec<Complex>]) -> Vec<Vec<Complex>> {
        let slots = inputs[0].len();
        let mut outputs = vec![vec![Complex::default(); slots]; self.outputs];
        for (index, diagonal) in self.diagonals.iter().enumerate() {
            let mut product = vec![Complex::default(); slots];
            let baby = rotate(&inputs[diagonal.input], self.babies[diagonal.baby]);
            add_product(&mut product, &self.source.slots(index).unwrap(), &baby);
            add_product(&mut outputs[diagonal.output], &[ONE], &rotate(&product, self.giants[diagonal.giant]));
        }
        for fold in &self.folds {
            for output in &mut outputs {
                let image = match fold {
                    Fold::Rotation(steps) => rotate(output, *steps),
                    Fold::Conjugation => conjugate(output),
                };
                add_product(output, &[ONE], &image);
            }
        }
        outputs
    }
}

/// A plaintext, and the sum that it multiplies: numbers of sources, and their factors.
pub(crate) type WeightedSum = (Vec<Complex>, Vec<(usize, f64)>);

impl Combination {
    /// For every plaintext of an output the sum that it multiplies.
    pub(crate) fn weighted_sums(&self, output: usize) -> Vec<WeightedSum> {
        let plaintext = |index: u32| self.plaintexts().combine(index as usize, self.plaintexts().bases()).collect();
        let groups = self.groups(output).map(|group| {
            (plaintext(group.plaintext), group.members.iter().map(|member| (usize::from(*member), 1.0)).collect())
        });
        let integers = self.integers().iter().map(|integers| {
            let row = &integers.weights[output * self.sources().len()..][..self.sources().len()];
            (plaintext(integers.plaintexts[output]), row.iter().map(|w| f64::from(*w)).enumerate().collect())
        });
        groups.chain(integers).collect()
    }

    /// The sum of rotated inputs with these factors.
    pub(crate) fn sum_clear(&self, inputs: &[Vec<Complex>], terms: &[(usize, f64)]) -> Vec<Complex> {
        let mut sum = vec![Complex::default(); inputs[0].len()];
        for &(source, factor) in terms {
            let Rotated { input, steps } = self.sources()[source];
            add_product(&mut sum, &[Complex::new(factor, 0.0)], &rotate(&inputs[input], steps));
        }
        sum
    }

    /// The outputs for clear inputs.
    pub(crate) fn apply_clear(&self, inputs: &[Vec<Complex>]) -> Vec<Vec<Complex>> {
        let output = |output| {
            let mut result = vec![Complex::default(); inputs[0].len()];
            for (plaintext, terms) in self.weighted_sums(output) {
                add_product(&mut result, &plaintext, &self.sum_clear(inputs, &terms));
            }
            if self.takes_real_part() {
                result.iter_mut().for_each(|z| *z += z.conj());
            }
            result
        };
        (0..self.outputs()).map(output).collect()
    }
}
