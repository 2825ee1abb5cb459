//! A network that is read and planned.

use std::sync::Arc;

use super::task::{Origin, Task};
use crate::experiment::ExperimentError;
use crate::experiment::fingerprint::sha256_of_card;
use crate::experiment::setting::{NetworkForm, Processes};
use crate::experiment::trial::TrialSpec;
use crate::inference::{Choices, Plan, PlanOptions, Prices};
use crate::network::cluster::{ClusterReport, cluster};
use crate::network::lowered::LoweredNetwork;
use crate::network::{Card, Model, NetworkError, merge};

/// A network, or the members of an ensemble, as they were trained.
#[derive(Debug)]
pub struct Members {
    /// The members.
    pub models: Vec<Model>,
    /// SHA-256 of the weights' files; empty: random weights.
    sha256: String,
}

impl Members {
    /// Reads or draws the members.
    ///
    /// # Errors
    /// [`ExperimentError::Network`]; [`ExperimentError::Memory`] for random weights that are more than there is room for.
    pub fn read(task: &Task) -> Result<Self, ExperimentError> {
        task.check_memory(task.origin.least_bytes()?)?;
        let models = task.origin.members()?;
        let hashes = models.iter().map(|model| model.card.sha256.to_ascii_lowercase());
        let sha256 = match task.origin {
            Origin::Files(_) => hashes.collect::<Vec<_>>().join(" "),
            Origin::Random { .. } => String::new(),
        };
        Ok(Self { models, sha256 })
    }

    /// As [`Members::read`] for a trial: the weights must be those of the specification, and know the data set.
    ///
    /// # Errors
    /// [`ExperimentError::Changed`], [`ExperimentError::DatasetMismatch`], [`ExperimentError::Network`].
    pub fn of_trial(spec: &TrialSpec, task: &Task) -> Result<Self, ExperimentError> {
        let members = Self::read(task)?;
        if !members.sha256.eq_ignore_ascii_case(&spec.weights_sha256()) {
            return Err(ExperimentError::Changed { what: spec.weights_name() });
        }
        let cards = members.models.iter().map(|model| sha256_of_card(&model.card));
        if !spec.members.is_empty() && cards.collect::<Vec<_>>().join(" ") != spec.card_sha256() {
            return Err(ExperimentError::Changed { what: format!("the card of {}", spec.weights_name()) });
        }
        let trained = members.first()?.card.dataset;
        if trained != spec.dataset.name {
            return Err(ExperimentError::DatasetMismatch { trained, images: spec.dataset.name });
        }
        Ok(members)
    }

    /// The first member.
    ///
    /// # Errors
    /// [`ExperimentError::Network`] if there is none.
    pub fn first(&self) -> Result<&Model, ExperimentError> {
        Ok(self.models.first().ok_or(NetworkError::NoMembers)?)
    }

    /// Whether every member has the form that a trial in the clear evaluates.
    ///
    /// # Errors
    /// [`ExperimentError::Network`].
    pub fn check(&self, spec: &TrialSpec, task: &Task) -> Result<(), ExperimentError> {
        if spec.settings.network_form == NetworkForm::Lowered {
            self.models.iter().try_for_each(|model| model.lower_with(task.lowering()).map(|_| ()))?;
        }
        Ok(())
    }

    /// The members as encryption evaluates them, and what clustering did; none: nothing was to be clustered.
    ///
    /// # Errors
    /// [`ExperimentError::Network`].
    pub fn lowered(&self, task: &Task) -> Result<(Vec<LoweredNetwork>, Option<ClusterReport>), ExperimentError> {
        let lowered = self.models.iter().map(|model| model.lower_with(task.lowering()));
        let mut lowered = lowered.collect::<Result<Vec<_>, _>>()?;
        let clusters = task.clustering().map(|options| cluster(&mut lowered, &options)).transpose()?;
        Ok((lowered, clusters))
    }
}

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
        Self::of_members(Members::read(task)?, task, task.plan_options(prices))
    }

    /// As [`Prepared::new`] for a trial: the weights must be those of the specification, and know the data set.
    ///
    /// # Errors
    /// As [`Members::of_trial`] and [`Prepared::new`].
    pub fn of_trial(spec: &TrialSpec, task: &Task, prices: &Prices) -> Result<Self, ExperimentError> {
        Self::of_members(Members::of_trial(spec, task)?, task, task.plan_options(prices))
    }

    /// As [`Prepared::of_trial`], with what an earlier plan for the trial chose; none: it is not known.
    ///
    /// # Errors
    /// As [`Prepared::of_trial`].
    pub fn again(
        spec: &TrialSpec,
        task: &Task,
        prices: &Prices,
        chosen: Option<Choices>,
    ) -> Result<Self, ExperimentError> {
        Self::of_members(Members::of_trial(spec, task)?, task, PlanOptions { chosen, ..task.plan_options(prices) })
    }

    fn of_members(members: Members, task: &Task, options: PlanOptions) -> Result<Self, ExperimentError> {
        let card = members.first()?.card.clone();
        let (lowered, clusters) = members.lowered(task)?;
        let plan = Plan::new(Arc::new(merge(&lowered)?), &options)?;
        if task.settings.processes == Processes::Two {
            // What a client would refuse is not sent.
            plan.client.check()?;
        }
        Ok(Self { card, sha256: members.sha256, clusters, plan })
    }

    /// Whether this is what a trial evaluates: its weights, trained on its data set.
    pub fn serves(&self, spec: &TrialSpec) -> bool {
        self.sha256.eq_ignore_ascii_case(&spec.weights_sha256()) && self.card.dataset == spec.dataset.name
    }
}
