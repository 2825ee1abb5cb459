//! The probe: compares each layer of an encrypted run with clear-text evaluation. It needs the slots, so the secret key.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::ckks::{Complex, PrecisionReport};
use crate::network::LoweredTrace;

/// One layer, encrypted against clear.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LayerProbe {
    /// Precision of the layer's linear output, before the squaring.
    pub precision: PrecisionReport,
    /// The same relative to the largest activation of this image.
    pub relative: PrecisionReport,
    /// Largest magnitude in the clear.
    pub largest_activation: f64,
    /// |scale / planned scale - 1|.
    pub scale_deviation: f64,
}

/// Compares the linear output of layer number `index`, decrypted to `slots`, with its clear-text values.
pub fn probe(
    plan: &Plan,
    trace: &LoweredTrace,
    index: usize,
    scale: f64,
    slots: &[impl Deref<Target = [Complex]>],
) -> Option<LayerProbe> {
    let layer = plan.layers.get(index).filter(|layer| layer.layout.ciphertexts() == slots.len())?;
    let values: Vec<Complex> = layer.layout.gather(slots).into_iter().map(|z| Complex::new(z.re, 0.0)).collect();
    let reference: Vec<Complex> = trace.linear.get(index)?.iter().map(|x| Complex::new(*x, 0.0)).collect();
    let precision = PrecisionReport::new(&values, &reference)?;
    Some(LayerProbe {
        precision,
        relative: precision.relative_to(precision.largest),
        largest_activation: precision.largest,
        scale_deviation: (scale / layer.output.scale - 1.0).abs(),
    })
}
