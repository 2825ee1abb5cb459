//! Powers of two that bring weights to a common magnitude without rounding them.

/// The largest magnitude of finite values.
pub(super) fn largest_magnitude<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// The power of two that brings `largest > 0` into `2^(bits - 1)..2^bits`; for the very small, the largest power of two.
pub(super) fn scale_to_bits(largest: f64, bits: i32) -> f64 {
    // Of a normal number the exponent of the power of two above it; subnormal numbers count as the smallest normal.
    let exponent = ((largest.to_bits() >> 52) & 0x7ff).max(1) as i32 - 1022;
    f64::from((bits - exponent).min(1023)).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_value_gets_the_bits() {
        for largest in [1.0, 1.5, 2.0, 1e-290, 1e300, 0.75, f64::MAX] {
            for bits in [0, 1, 39] {
                let scaled = largest * scale_to_bits(largest, bits);
                assert!((0.5..1.0).contains(&(scaled / 2.0_f64.powi(bits))), "{largest} {bits}: {scaled}");
            }
        }
        assert_eq!([5e-324, 0.0].map(|largest| scale_to_bits(largest, 52)), [2.0_f64.powi(1023); 2]);
        assert_eq!(largest_magnitude(&[1.0, -3.0, 2.0]), 3.0);
    }
}
