//! Noise formulas: standard deviations per polynomial coefficient (see `docs/noise.md`).
//!
//! A coefficient deviation of d is a deviation of d sqrt(N) for a complex slot and of d sqrt(N / 2) for each of its real
//! and imaginary parts, before division by the scale. The secret key is uniform ternary, so its coefficients have variance
//! 2/3.

use super::parameters::Parameters;
use crate::ring::sampling::ERROR_STANDARD_DEVIATION;

/// Deviation of the real part of a slot, before division by the scale, for a coefficient deviation.
pub fn slot_deviation(log_n: u32, coefficient: f64) -> f64 {
    coefficient * (log_n as f64 / 2.0 - 0.5).exp2()
}

/// Rounding both halves of a ciphertext to integers (a rescale, or the end of a key switch):
/// sqrt((1 + 2N/3) / 12).
pub fn rounding(log_n: u32) -> f64 {
    ((1.0 + 2.0 * f64::from(log_n).exp2() / 3.0) / 12.0).sqrt()
}

/// Symmetric encryption: sigma.
pub fn symmetric_encryption() -> f64 {
    ERROR_STANDARD_DEVIATION
}

/// Public-key encryption, e v + e_0 + e_1 s: sigma sqrt(1 + 4N/3).
pub fn public_encryption(log_n: u32) -> f64 {
    ERROR_STANDARD_DEVIATION * (1.0 + 4.0 * f64::from(log_n).exp2() / 3.0).sqrt()
}

/// Encoding: rounding a plaintext to integers, sqrt(1/12).
pub fn encoding() -> f64 {
    (1.0f64 / 12.0).sqrt()
}

/// Key switching before the division by P, relative to P: sigma sqrt(sum over digits of N digit^2 / 12) / P.
pub fn switching(parameters: &Parameters, limbs: usize) -> f64 {
    let band = parameters.band(limbs);
    let log2 = |prime: usize| (parameters.prime(prime) as f64).log2();
    let log2_p: f64 = band.special.iter().map(|&s| log2(s)).sum();
    let squares: f64 = (0..band.band.shape.digits(limbs))
        .map(|d| (2.0 * (band.digit(d, limbs).map(log2).sum::<f64>() - log2_p)).exp2())
        .sum();
    ERROR_STANDARD_DEVIATION * (parameters.n() as f64 / 12.0 * squares).sqrt()
}

/// A whole key switch: the part above and the rounding of its division.
pub fn key_switch(parameters: &Parameters, limbs: usize) -> f64 {
    switching(parameters, limbs).hypot(rounding(parameters.log_n()))
}

/// The probability that a standard normal variable exceeds `x` (Abramowitz and Stegun 26.2.11, and 26.2.14 where that would cancel);
/// relative precision as far as it is no denormal number, `x` below 37.
pub fn upper_tail(x: f64) -> f64 {
    if x < 0.0 {
        return 1.0 - upper_tail(-x);
    }
    let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x < 3.0 {
        let (mut term, mut sum, mut odd) = (x, 0.0, 1.0);
        while term > f64::EPSILON * sum {
            sum += term;
            odd += 2.0;
            term *= x * x / odd;
        }
        return 0.5 - density * sum;
    }
    // x + 1 / (x + 2 / (x + ..)), from the end.
    density / (1..=60).rev().fold(x, |rest, k| x + f64::from(k) / rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_the_normal_distribution() {
        // mpmath: erfc(x / sqrt(2)) / 2.
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457_05),
            (2.0, 0.022_750_131_948_179_21),
            (3.0, 1.349_898_031_630_094_6e-3),
            (5.0, 2.866_515_718_791_939e-7),
            (10.0, 7.619_853_024_160_525e-24),
        ] {
            assert!((upper_tail(x) / expected - 1.0).abs() < 1e-12, "{x}: {:e}", upper_tail(x));
            assert!((upper_tail(-x) - (1.0 - expected)).abs() < 1e-15);
        }
        assert!((upper_tail(2.999_999_999) / upper_tail(3.000_000_001) - 1.0).abs() < 1e-7);
        assert_eq!((upper_tail(f64::INFINITY), upper_tail(f64::NEG_INFINITY)), (0.0, 1.0));
        assert!(upper_tail(f64::NAN).is_nan());
    }
}
