//! Before anything is written: can every trial of an experiment run here?

use super::ExperimentError;
use super::config::Experiment;
use super::evaluate;
use super::plan_view::PlanView;

/// Plans every trial.
///
/// # Errors
/// [`ExperimentError::Trial`] for the first that is refused.
pub fn plans(experiment: &Experiment) -> Result<Vec<PlanView>, ExperimentError> {
    experiment.trials.iter().map(|spec| evaluate::plan(spec).map_err(|error| in_trial(&spec.id, error))).collect()
}

/// Checks the predicted memory of every plan.
///
/// # Errors
/// [`ExperimentError::Trial`] for the first that needs too much.
pub fn check_memory(plans: &[PlanView]) -> Result<(), ExperimentError> {
    plans.iter().try_for_each(|plan| plan.check_memory().map_err(|error| in_trial(&plan.trial_id, error)))
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
        let error = check_memory(&[sample_plan(), too_large]).unwrap_err();
        assert!(error.is_user_error());
        assert!(error.to_string().starts_with("trial second: predicted to need 17.0 GiB"), "{error}");
        assert!(check_memory(&[sample_plan()]).is_ok());
    }
}
