//! The learning rate from step to step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the learning rate moves; the recipe's `learning_rate` is its peak.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Schedule {
    /// Up along a cosine from a 25th of the peak, down along a cosine to a 10,000th of that (Smith and Topin 2018).
    OneCycle {
        /// The share of all steps that lead up, above 0 and below 1.
        rise: f64,
    },
    /// Linearly up over whole epochs, then down along a cosine to 0 (method section 2).
    Cosine {
        /// Epochs that lead up.
        warmup_epochs: u32,
    },
}

/// Peak over first rate, and first over last rate, of one cycle.
const FIRST: f64 = 25.0;
const LAST: f64 = 1e4;

impl Schedule {
    /// The share of the peak learning rate at step `step` of `steps`, with `epochs` epochs in all.
    #[must_use]
    pub fn share(&self, step: u64, steps: u64, epochs: u32) -> f64 {
        let (step, steps) = (step as f64, steps.max(1) as f64);
        match *self {
            Self::OneCycle { rise } => {
                let peak = rise * steps;
                let (from, to, part) = if step < peak {
                    (1.0 / FIRST, 1.0, step / peak)
                } else {
                    (1.0, 1.0 / FIRST / LAST, (step - peak) / (steps - peak).max(1.0))
                };
                to + (from - to) * cosine(part)
            }
            Self::Cosine { warmup_epochs } => {
                let warm = steps * f64::from(warmup_epochs.min(epochs)) / f64::from(epochs.max(1));
                if step < warm { (step + 1.0) / warm } else { cosine((step - warm) / (steps - warm).max(1.0)) }
            }
        }
    }
}

/// From 1 at 0 to 0 at 1.
fn cosine(part: f64) -> f64 {
    0.5 * (1.0 + (std::f64::consts::PI * part.min(1.0)).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cycle_rises_to_the_peak_and_falls_to_almost_nothing() {
        let cycle = Schedule::OneCycle { rise: 0.3 };
        let at = |step| cycle.share(step, 1000, 10);
        assert!((at(0) - 0.04).abs() < 1e-12 && (at(300) - 1.0).abs() < 1e-12);
        assert!((at(1000) - 4e-6).abs() < 1e-9);
        assert!((1..300).all(|step| at(step) > at(step - 1)) && (301..1000).all(|step| at(step) < at(step - 1)));
    }

    #[test]
    fn the_articles_schedule_warms_up_for_five_epochs() {
        let cosine = Schedule::Cosine { warmup_epochs: 5 };
        let at = |step| cosine.share(step, 1850, 185);
        assert!((at(0) - 0.02).abs() < 1e-12 && (at(49) - 1.0).abs() < 1e-12 && (at(50) - 1.0).abs() < 1e-12);
        assert!((at(50 + 900) - 0.5).abs() < 1e-9 && at(1849) < 1e-5);
        assert_eq!(Schedule::Cosine { warmup_epochs: 0 }.share(0, 10, 1), 1.0);
    }
}
