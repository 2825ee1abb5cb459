//! How large activations may become before the modulus wraps around.

use crate::ckks::Parameters;

/// Largest magnitude of a layer's linear output on `limbs` limbs (after the rescale) that decrypts to itself: |x| D < Q/2,
/// and if it is squared x^2 D^2 < Q/2. A lifted layer has the scale D^2.
pub fn headroom(parameters: &Parameters, limbs: usize, squared: bool, lifted: bool) -> f64 {
    let log2_half = parameters.log2_q(limbs) - 1.0;
    let log2_scale = parameters.scale().log2();
    let linear = log2_half - if lifted { 2.0 * log2_scale } else { log2_scale };
    let log2 = if squared { linear.min(log2_half / 2.0 - log2_scale) } else { linear };
    log2.exp2()
}
