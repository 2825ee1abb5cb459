//! What a task needs of memory.

use super::task::Task;
use super::{clear, simulation};
use crate::experiment::ExperimentError;
use crate::experiment::memory_left::available_memory_bytes;
use crate::experiment::plan_view::check_memory;
use crate::experiment::setting::Backend;
use crate::inference::Plan;

impl Task {
    /// Predicted peak memory of a plan, in bytes.
    pub fn memory_bytes(&self, plan: &Plan) -> u64 {
        let (threads, diagonals) = (self.settings.threads.count() as usize, self.settings.memory.diagonals.0);
        match self.settings.backend {
            Backend::Encrypted => plan.predicted_bytes(threads, diagonals),
            Backend::Simulated => simulation::predicted_bytes(plan, threads, diagonals),
            Backend::Clear => clear::BYTES,
        }
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
