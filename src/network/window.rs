//! Where a convolution's taps fall inside the plane.

use std::ops::Range;

/// Output positions, of `outputs`, whose tap `offset` reads an input position inside `0..length`: position `i` reads
/// `i * stride + offset - padding`.
pub fn inside(offset: usize, length: usize, outputs: usize, stride: usize, padding: usize) -> Range<usize> {
    let start = padding.saturating_sub(offset).div_ceil(stride).min(outputs);
    let end = (length + padding).saturating_sub(offset).div_ceil(stride).min(outputs);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn it_is_the_definition() {
        for length in 1_usize..7 {
            for (stride, padding, offset) in (0..60).map(|i| (i % 3 + 1, i / 3 % 4, i / 12)) {
                let outputs = length.div_ceil(stride) + 1;
                let reads = |i: usize| (i * stride + offset).checked_sub(padding).is_some_and(|at| at < length);
                let expected: Vec<usize> = (0..outputs).filter(|&i| reads(i)).collect();
                let found: Vec<usize> = inside(offset, length, outputs, stride, padding).collect();
                assert_eq!(found, expected, "length {length}, stride {stride}, padding {padding}, offset {offset}");
            }
        }
    }
}
