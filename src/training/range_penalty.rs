//! The penalty that keeps activations' inputs in a range (method section 2).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A term of the loss: `weight` times the mean over activations of how far their inputs `x` leave `[-bound, bound]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangePenalty {
    /// The factor, zeta in the article.
    pub weight: f64,
    /// Inputs beyond this magnitude cost something.
    pub bound: f64,
    /// How the excess `x - clamp(x)` of a batch becomes a number.
    pub form: PenaltyForm,
    /// The penalty is charged in so many last epochs; left out: in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_epochs: Option<u32>,
    /// Factors of `weight` in the first epochs that are charged; afterwards it is 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warmup: Vec<f64>,
    /// Whether the first epoch has the penalty as its only loss.
    #[serde(default)]
    pub first_epoch_alone: bool,
}

/// How the excess of a batch becomes a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PenaltyForm {
    /// The plain L2 norm over the whole batch, as in the article: its gradient has the same length however large the excess is. With
    /// `batch_parts` it is the mean of the norms of the parts: smaller by the square root of their number.
    Norm,
    /// The sum of squares per image: its gradient grows with the excess, so that single far outliers weigh most.
    Square,
}

impl RangePenalty {
    /// The factor of the penalty in `epoch`, from 0, of `epochs`.
    #[must_use]
    pub fn weight_in(&self, epoch: u32, epochs: u32) -> f64 {
        let first = self.last_epochs.map_or(0, |last| epochs.saturating_sub(last));
        let charged = epoch.checked_sub(first).map(|since| self.warmup.get(since as usize).copied().unwrap_or(1.0));
        self.weight * charged.unwrap_or(0.0)
    }

    /// The factor of the cross entropy in `epoch`, from 0.
    #[must_use]
    pub fn cross_entropy_weight_in(&self, epoch: u32) -> f64 {
        if self.first_epoch_alone && epoch == 0 { 0.0 } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_articles_warm_up() {
        let penalty = RangePenalty {
            weight: 1e-3,
            bound: 2.0,
            form: PenaltyForm::Norm,
            last_epochs: None,
            warmup: vec![0.01, 0.02, 0.1, 0.2],
            first_epoch_alone: true,
        };
        let weights: Vec<f64> = (0..6).map(|epoch| penalty.weight_in(epoch, 6)).collect();
        assert_eq!(weights, [1e-3 * 0.01, 1e-3 * 0.02, 1e-3 * 0.1, 1e-3 * 0.2, 1e-3, 1e-3]);
        assert_eq!([penalty.cross_entropy_weight_in(0), penalty.cross_entropy_weight_in(1)], [0.0, 1.0]);
        let late = RangePenalty { last_epochs: Some(3), warmup: vec![0.5], ..penalty };
        let weights: Vec<f64> = (0..6).map(|epoch| late.weight_in(epoch, 6)).collect();
        assert_eq!(weights, [0.0, 0.0, 0.0, 0.5e-3, 1e-3, 1e-3]);
    }
}
