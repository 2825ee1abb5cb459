//! A safe face for the matrix product.

use super::element::Element;

/// `output += left * right`, all row-major: `left` is `[rows, inner]`, `right` `[inner, columns]`.
///
/// # Panics
/// If a slice has another length than its shape says; the callers' shapes are checked when graphs are built.
pub(super) fn multiply_add<T: Element>(output: &mut [T], left: &[T], right: &[T], [rows, inner, columns]: [usize; 3]) {
    assert_eq!(output.len(), rows * columns);
    assert_eq!(left.len(), rows * inner);
    assert_eq!(right.len(), inner * columns);
    // SAFETY: the three slices have exactly the extents that the dimensions and strides address (asserted above),
    // `output` is borrowed exclusively so it overlaps neither factor, and `Element` is sealed to f32 and f64, which
    // `gemm` handles.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            output.as_mut_ptr(),
            1,
            columns as isize,
            true,
            left.as_ptr(),
            1,
            inner as isize,
            right.as_ptr(),
            1,
            columns as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::multiply_add;

    #[test]
    fn it_adds_the_product_to_what_is_there() {
        let left = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let right = [1.0, 0.0, 2.0, 1.0, 0.0, 3.0];
        let mut output = [100.0_f32, 0.0, 0.0, 0.0];
        multiply_add(&mut output, &left, &right, [2, 3, 2]);
        assert_eq!(output, [105.0, 11.0, 14.0, 23.0]);
    }
}
