//! Before anything is written: can the trials run here?

use super::ExperimentError;
use super::byte_size::ByteSize;
use super::evaluate::{Planner, predicted_clear_bytes};
use super::plan_view::{PlanView, check_memory};
use super::prices::KnownPrices;
use super::trial::TrialSpec;

/// Plans trials with these prices; those that differ in nothing that a plan depends on share one, and those in the clear
/// have none.
///
/// # Errors
/// [`ExperimentError::Trial`] for the first that is refused.
pub fn plans<'t>(
    trials: impl IntoIterator<Item = &'t TrialSpec>,
    prices: &KnownPrices,
) -> Result<Vec<Option<PlanView>>, ExperimentError> {
    let mut planner = Planner::new(prices);
    trials.into_iter().map(|spec| planner.plan(spec).map_err(|error| in_trial(&spec.id, error))).collect()
}

/// Checks that this machine can work with the threads of every trial.
///
/// # Errors
/// [`ExperimentError::Trial`] for the first that asks for too many.
pub fn check_all_threads<'t>(trials: impl IntoIterator<Item = &'t TrialSpec>) -> Result<(), ExperimentError> {
    trials
        .into_iter()
        .try_for_each(|spec| spec.settings.threads.check_here().map_err(|error| in_trial(&spec.id, error)))
}

/// Checks the predicted memory of every plan, against its own limit and that of the run.
///
/// # Errors
/// [`ExperimentError::Trial`] for the first that needs too much.
pub fn check_all_memory<'p>(
    plans: impl IntoIterator<Item = &'p PlanView>,
    limit: Option<ByteSize>,
) -> Result<(), ExperimentError> {
    plans.into_iter().try_for_each(|plan| {
        let checked = plan.check_memory().and_then(|()| check_memory(plan.memory_bytes, limit.map(|limit| limit.0)));
        checked.map_err(|error| in_trial(&plan.trial_id, error))
    })
}

/// Checks the predicted memory of trials in the clear, which have no plan, against the limit of the run.
///
/// # Errors
/// [`ExperimentError::Trial`] for the first that needs too much.
pub fn check_clear_memory<'t>(
    trials: impl IntoIterator<Item = &'t TrialSpec>,
    limit: Option<ByteSize>,
) -> Result<(), ExperimentError> {
    trials.into_iter().filter(|spec| spec.is_clear()).try_for_each(|spec| {
        let checked = check_memory(predicted_clear_bytes(spec), limit.map(|limit| limit.0));
        checked.map_err(|error| in_trial(&spec.id, error))
    })
}

fn in_trial(trial_id: &str, source: ExperimentError) -> ExperimentError {
    ExperimentError::Trial { trial_id: trial_id.to_owned(), source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::plan_view::tests::sample_plan;

    #[test]
    fn the_first_refusal_names_its_trial() {
        let too_large = PlanView { trial_id: "second".into(), memory_bytes: 17 << 30, ..sample_plan() };
        let error = check_all_memory(&[sample_plan(), too_large], None).unwrap_err();
        assert!(error.is_user_error());
        assert!(error.to_string().starts_with("trial second: predicted to need 17.0 GiB"), "{error}");
        assert!(check_all_memory(&[sample_plan()], None).is_ok());
        let error = check_all_memory(&[sample_plan()], Some(ByteSize(2 << 30))).unwrap_err().to_string();
        assert!(error.contains("predicted to need 3.0 GiB of memory, more than the limit of 2.0 GiB"), "{error}");
    }
}
