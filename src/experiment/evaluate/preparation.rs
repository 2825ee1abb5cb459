//! A network that is read and planned.

use std::sync::Arc;

use super::task::Task;
use crate::experiment::ExperimentError;
use crate::experiment::trial::TrialSpec;
use crate::network::Model;
use crate::private::Plan;

/// A network and the plan of its encrypted evaluation.
#[derive(Debug)]
pub struct Prepared {
    /// Weights and card.
    pub model: Model,
    /// The plan, with the lowered network.
    pub plan: Plan,
}

impl Prepared {
    /// Reads the network and plans; call it on the threads that the work is to use.
    ///
    /// # Errors
    /// [`ExperimentError::Network`] and [`ExperimentError::Private`].
    pub fn new(task: &Task) -> Result<Self, ExperimentError> {
        let model = Model::load(&task.model)?;
        let plan = Plan::new(Arc::new(model.lower()?), &task.plan_options())?;
        Ok(Self { model, plan })
    }

    /// As [`Prepared::new`] for a trial: the weights must be those of the specification, and know the data set.
    ///
    /// # Errors
    /// [`ExperimentError::Changed`], [`ExperimentError::DatasetMismatch`], and as [`Prepared::new`].
    pub fn of_trial(spec: &TrialSpec) -> Result<Self, ExperimentError> {
        let prepared = Self::new(&Task::from(spec))?;
        if !prepared.is_of(spec) {
            return Err(ExperimentError::Changed { what: spec.model.display().to_string() });
        }
        let trained = prepared.model.card.dataset;
        if trained != spec.dataset.name {
            return Err(ExperimentError::DatasetMismatch { trained, images: spec.dataset.name });
        }
        Ok(prepared)
    }

    /// Whether this is what a trial evaluates: its weights, trained on its data set.
    pub fn serves(&self, spec: &TrialSpec) -> bool {
        self.is_of(spec) && self.model.card.dataset == spec.dataset.name
    }

    /// Whether the weights are those of a trial.
    fn is_of(&self, spec: &TrialSpec) -> bool {
        self.model.card.sha256.eq_ignore_ascii_case(&spec.model_sha256)
    }
}
