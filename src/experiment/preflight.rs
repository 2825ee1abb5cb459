//! Before anything is written: can every trial of an experiment run here?

use super::ExperimentError;
use super::byte_size::ByteSize;
use super::config::Experiment;
use super::evaluate;
use super::host;
use super::plan_view::PlanView;
use super::trial::TrialSpec;

/// Plans every trial and checks its predicted memory.
///
/// # Errors
/// The first refusal: what [`evaluate::plan`] says, or [`ExperimentError::Memory`].
pub fn preflight(experiment: &Experiment) -> Result<Vec<PlanView>, ExperimentError> {
    experiment
        .trials
        .iter()
        .map(|spec| {
            let plan = evaluate::plan(spec)?;
            check_memory(spec, &plan)?;
            Ok(plan)
        })
        .collect()
}

/// Checks a plan's predicted memory against `memory.limit`, or against what the machine has available.
///
/// # Errors
/// [`ExperimentError::Memory`].
pub fn check_memory(spec: &TrialSpec, plan: &PlanView) -> Result<(), ExperimentError> {
    let limit = spec.memory.limit.or_else(|| host::available_memory_bytes().map(ByteSize));
    match limit {
        Some(limit) if plan.memory_bytes > limit.0 => {
            Err(ExperimentError::Memory { trial_id: spec.id.clone(), predicted: ByteSize(plan.memory_bytes), limit })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::plan_view::tests::sample_plan;
    use crate::experiment::trial::tests::sample;

    #[test]
    fn too_much_predicted_memory_is_refused() {
        let mut spec = sample();
        let plan = PlanView { memory_bytes: 9 << 30, ..sample_plan() };
        spec.memory.limit = Some(ByteSize(8 << 30));
        let error = check_memory(&spec, &plan).unwrap_err();
        assert!(error.is_user_error());
        assert!(error.to_string().contains("predicted to need 9.0 GiB, more than the limit of 8.0 GiB"), "{error}");
        spec.memory.limit = Some(ByteSize(10 << 30));
        assert!(check_memory(&spec, &plan).is_ok());
    }
}
