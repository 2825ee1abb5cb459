//! From the slots of a result to logits.

use super::plan::Plan;
use crate::ckks::Complex;

/// Decrypted logits.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits {
    /// One value for each class. Meaningless after an overflow.
    pub values: Vec<f64>,
    /// Whether the result fails the client's range check.
    pub overflow: bool,
}

/// Copies of one logit may differ by this much; noise is a hundred times smaller, garbage a thousand times larger.
const COPY_TOLERANCE: f64 = 1.0;

impl Logits {
    /// Reads the logits of a plan's result from its slots. Every logit comes in many copies; if an activation overflowed
    /// the modulus they are random, so copies that differ, or exceed what the modulus can hold, reveal it.
    pub fn read(plan: &Plan, slots: &[Complex]) -> Self {
        let Some(layer) = plan.layers.last() else { return Self { values: Vec::new(), overflow: true } };
        let (period, classes) = (layer.layout.period(), layer.layout.shape().channels);
        let bound = plan.logit_bound();
        let copies = slots.len() / period;
        let mut overflow = copies == 0;
        let values = (0..classes)
            .map(|class| {
                let all = slots.iter().skip(class).step_by(period);
                let mean = all.clone().map(|z| z.re).sum::<f64>() / copies as f64;
                overflow |= all.clone().any(|z| !(z.re.abs() <= bound && (z.re - mean).abs() <= COPY_TOLERANCE));
                mean
            })
            .collect();
        Self { values, overflow }
    }

    /// The class with the largest logit; `None` after an overflow.
    pub fn class(&self) -> Option<usize> {
        if self.overflow {
            return None;
        }
        (0..self.values.len()).max_by(|a, b| self.values[*a].total_cmp(&self.values[*b]))
    }
}
