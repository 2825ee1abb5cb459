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
