//! One named array of weights.

/// Values with a shape, row-major, in double precision (files hold single or half precision, which both fit exactly).
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Tensor {
    /// A tensor of `shape`; `None` if `values` has another length than the shape says.
    pub fn new(shape: Vec<usize>, values: Vec<f64>) -> Option<Self> {
        let length = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))?;
        (length == values.len()).then_some(Self { shape, values })
    }

    /// A tensor whose value at row-major index `i` is `value(i)`.
    pub fn from_fn(shape: Vec<usize>, value: impl FnMut(usize) -> f64) -> Self {
        let values = (0..shape.iter().product()).map(value).collect();
        Self { shape, values }
    }

    /// Length in each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, row-major.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values, to be changed in place.
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_must_hold_the_values() {
        assert!(Tensor::new(vec![2, 3], vec![0.0; 6]).is_some());
        assert!(Tensor::new(vec![2, 3], vec![0.0; 5]).is_none());
        assert!(Tensor::new(vec![usize::MAX, 2], vec![]).is_none());
        assert_eq!(Tensor::from_fn(vec![2], |i| i as f64).values(), [0.0, 1.0]);
    }
}
