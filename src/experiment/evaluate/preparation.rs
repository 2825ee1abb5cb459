//! A network that is read and planned.

use std::sync::Arc;

use super::task::{Origin, Task};
use crate::experiment::ExperimentError;
use crate::experiment::trial::TrialSpec;
use crate::inference::{Plan, Prices};
use crate::network::cluster::{ClusterReport, cluster};
use crate::network::{Card, NetworkError, merge};

/// A network, or an ensemble, and the plan of its encrypted evaluation.
#[derive(Debug)]
pub struct Prepared {
    /// Card of the first member; what matters of it holds for all.
    pub card: Card,
    /// SHA-256 of the weights' files; empty: random weights.
    sha256: String,
    /// What clustering did; none: nothing was to be clustered.
    pub clusters: Option<ClusterReport>,
    /// The plan, with the lowered network.
    pub plan: Plan,
}

impl Prepared {
    /// Reads the network and plans with these prices; call it on the threads that the work is to use.
    ///
    /// # Errors
    /// [`ExperimentError::Network`] and [`ExperimentError::Private`].
    pub fn new(task: &Task, prices: &Prices) -> Result<Self, ExperimentError> {
        let models = task.origin.members()?;
        let mut members =
            models.iter().map(|model| model.lower_with(task.lowering())).collect::<Result<Vec<_>, _>>()?;
        let clusters = task.clustering().map(|options| cluster(&mut members, &options)).transpose()?;
        let plan = Plan::new(Arc::new(merge(&members)?), &task.plan_options(prices))?;
        let hashes = models.iter().map(|model| model.card.sha256.to_ascii_lowercase());
        let sha256 = match task.origin {
            Origin::Files(_) => hashes.collect::<Vec<_>>().join(" "),
            Origin::Random { .. } => String::new(),
        };
        let card = models.into_iter().next().ok_or(NetworkError::NoMembers)?.card;
        Ok(Self { card, sha256, clusters, plan })
    }

    /// As [`Prepared::new`] for a trial: the weights must be those of the specification, and know the data set.
    ///
    /// # Errors
    /// [`ExperimentError::Changed`], [`ExperimentError::DatasetMismatch`], and as [`Prepared::new`].
    pub fn of_trial(spec: &TrialSpec, prices: &Prices) -> Result<Self, ExperimentError> {
        let prepared = Self::new(&Task::from(spec), prices)?;
        if !prepared.is_of(spec) {
            return Err(ExperimentError::Changed { what: spec.weights_name() });
        }
        let trained = prepared.card.dataset;
        if trained != spec.dataset.name {
            return Err(ExperimentError::DatasetMismatch { trained, images: spec.dataset.name });
        }
        Ok(prepared)
    }

    /// Whether this is what a trial evaluates: its weights, trained on its data set.
    pub fn serves(&self, spec: &TrialSpec) -> bool {
        self.is_of(spec) && self.card.dataset == spec.dataset.name
    }

    /// Whether the weights are those of a trial.
    fn is_of(&self, spec: &TrialSpec) -> bool {
        self.sha256.eq_ignore_ascii_case(&spec.weights_sha256())
    }
}
