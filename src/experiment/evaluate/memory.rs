//! What a task needs of memory.

use std::sync::OnceLock;

use super::task::Task;
use super::{clear, simulation};
use crate::experiment::ExperimentError;
use crate::experiment::memory_left::{available_memory_bytes, least, share_bytes};
use crate::experiment::plan_view::check_memory;
use crate::experiment::setting::Backend;
use crate::inference::{DEFAULT_MEMORY_BYTES, Plan};

/// What was available when this process asked for the first time, of its share: later it holds keys and weights itself.
fn available_at_first() -> Option<u64> {
    static AVAILABLE: OnceLock<Option<u64>> = OnceLock::new();
    least([*AVAILABLE.get_or_init(available_memory_bytes), share_bytes()])
}

/// Room for the coefficients of encoded weights, in any case.
const LEAST_WEIGHT_BYTES: u64 = 2 << 30;

impl Task {
    /// Predicted peak memory of a plan, in bytes.
    pub fn memory_bytes(&self, plan: &Plan) -> u64 {
        let (threads, weights) = (self.threads(), self.weight_bytes(plan));
        match self.settings.backend {
            Backend::Encrypted => plan.predicted_bytes(threads, weights),
            Backend::Simulated => simulation::predicted_bytes(plan, threads, weights),
            Backend::Clear => clear::BYTES,
        }
    }

    fn threads(&self) -> usize {
        self.settings.threads.count() as usize
    }

    /// Bytes of encoded weights to keep: `memory.diagonals`, or three quarters of what the limit and this process's share of the machine
    /// leave, and in any case room for coefficients.
    pub fn weight_bytes(&self, plan: &Plan) -> u64 {
        let left = || {
            // A limit may be more than there is.
            let known = [self.settings.memory.limit.map(|limit| limit.0), available_at_first()];
            let limit = least(known).unwrap_or(DEFAULT_MEMORY_BYTES);
            limit.saturating_sub(plan.predicted_bytes(self.threads(), 0)) / 4 * 3
        };
        let least = plan.diagonal_bytes().min(LEAST_WEIGHT_BYTES);
        self.settings.memory.diagonals.map_or_else(|| left().max(least), |diagonals| diagonals.0)
    }

    /// What a predicted peak may not exceed: `memory.limit`, or what the machine has available; none: nothing is known.
    pub fn memory_limit_bytes(&self) -> Option<u64> {
        self.settings.memory.limit.map(|limit| limit.0).or_else(available_memory_bytes)
    }

    /// Checks a predicted peak.
    ///
    /// # Errors
    /// [`ExperimentError::Memory`].
    pub fn check_memory(&self, bytes: u64) -> Result<(), ExperimentError> {
        check_memory(bytes, self.memory_limit_bytes())
    }
}
