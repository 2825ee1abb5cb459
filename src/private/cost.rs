//! What operations cost: a linear model in limb operations, for choosing plans and predicting their time.

use serde::{Deserialize, Serialize};

use crate::ckks::Parameters;
use crate::ckks::evaluator::Operations;

/// Seconds of the primitive limb operations for one thread at N = 2^15.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostModel {
    /// One transform of a limb.
    pub limb_transform_seconds: f64,
    /// One multiply-accumulate of a pair of limbs from cache.
    pub limb_product_seconds: f64,
    /// One pass over a limb.
    pub limb_pass_seconds: f64,
    /// One addition of a limb to a sum that stays in registers.
    pub limb_addition_seconds: f64,
    /// One byte of a switching key from memory.
    pub key_byte_seconds: f64,
}

/// Ring dimension that the constants were measured at.
const REFERENCE_LOG_N: f64 = 15.0;

impl Default for CostModel {
    /// Ratios from `cargo bench --bench ring` on a 2-core AVX-512 IFMA machine, scaled so that `results/reference/first_light`
    /// (both cores busy, which slows either) is predicted.
    fn default() -> Self {
        Self {
            limb_transform_seconds: 72e-6,
            limb_product_seconds: 32.4e-6,
            limb_pass_seconds: 21.6e-6,
            limb_addition_seconds: 2.4e-6,
            key_byte_seconds: 0.264e-9,
        }
    }
}

impl CostModel {
    /// Predicted seconds of `operations` on one thread.
    pub fn seconds(&self, parameters: &Parameters, operations: &Operations) -> f64 {
        let log_n = f64::from(parameters.log_n());
        let size = (log_n - REFERENCE_LOG_N).exp2();
        size * (self.limb_transform_seconds * operations.limb_transforms * log_n / REFERENCE_LOG_N
            + self.limb_product_seconds * operations.limb_products
            + self.limb_pass_seconds * operations.limb_passes
            + self.limb_addition_seconds * operations.limb_additions)
            + self.key_byte_seconds * operations.key_bytes
    }
}
