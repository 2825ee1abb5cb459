//! What a server gives to its clients.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::PartyError;
use crate::dataset::{DatasetName, Normalisation};
use crate::inference::{ClientPlan, Plan};
use crate::wire::{Container, Digest, Header, KeyId, Kind, WireError, Writer};

/// What files of one plan have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanId {
    parameters: Digest,
    plan: Digest,
}

impl PlanId {
    /// That of a plan for images of this data set that become inputs in this way: a client that makes others gets wrong classes.
    ///
    /// # Errors
    /// [`PartyError::Inference`] for a plan that cannot be written down.
    pub fn of(plan: &Plan, normalisation: &Normalisation, dataset: DatasetName) -> Result<Self, PartyError> {
        let mut hash = Sha256::new_with_prefix(plan.fingerprint()?);
        hash.update(dataset.to_string());
        let Normalisation { mean, std } = normalisation;
        mean.iter().chain(std).for_each(|value| hash.update(value.to_le_bytes()));
        Ok(Self { parameters: plan.parameters.fingerprint(), plan: hash.finalize().into() })
    }

    /// The header of a file of this plan; `key` zeros: it belongs to no key.
    pub const fn header(&self, kind: Kind, key: KeyId) -> Header {
        Header { kind, parameters: self.parameters, plan: self.plan, key }
    }

    /// Opens a file of one of these kinds that belongs to this plan.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn open(&self, path: &Path, kinds: &[Kind]) -> Result<Container, WireError> {
        let container = Container::open_kind(path, kinds)?;
        container.check_plan(&self.header(container.header().kind, [0; 16]))?;
        Ok(container)
    }
}

/// What a client must know, and no weights.
#[derive(Debug, Clone)]
pub struct ClientBundle {
    /// Which plan it is of.
    pub id: PlanId,
    /// The client's half of the plan.
    pub plan: ClientPlan,
    /// How pixels become inputs.
    pub normalisation: Normalisation,
    /// The data set whose classes the network knows.
    pub dataset: DatasetName,
    /// Standard deviation of a logit's noise, as the server expects it.
    pub logit_deviation: f64,
}

/// A bundle as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    dataset: DatasetName,
    normalisation: Normalisation,
    logit_deviation: f64,
    plan: ClientPlan,
}

impl ClientBundle {
    /// Writes the bundle.
    ///
    /// # Errors
    /// [`PartyError::Wire`]; [`PartyError::Content`] for a plan that no client could read.
    pub fn write(&self, path: &Path) -> Result<(), PartyError> {
        self.plan.check().map_err(|error| PartyError::Content { path: path.to_owned(), source: error.into() })?;
        let Self { id, plan, normalisation, dataset, logit_deviation } = self.clone();
        let meta = Meta { dataset, normalisation, logit_deviation, plan };
        Ok(Writer::create(path, id.header(Kind::Bundle, [0; 16]), &meta, 0)?.finish()?)
    }

    /// Reads and checks a bundle.
    ///
    /// # Errors
    /// [`PartyError::Wire`]; [`PartyError::Content`] and [`PartyError::Normalisation`] for what cannot be.
    pub fn read(path: &Path) -> Result<Self, PartyError> {
        Self::of(&Container::open_kind(path, &[Kind::Bundle])?)
    }

    /// Refuses a bundle, read from `path`, for whose client there is no memory: who wrote it may want this machine to stop. `available`
    /// bytes; none: nobody knows.
    ///
    /// # Errors
    /// [`PartyError::Memory`].
    pub fn check_memory(&self, path: &Path, available: Option<u64>) -> Result<(), PartyError> {
        let needed = self.plan.peak_bytes();
        match available {
            Some(available) if needed > available => {
                Err(PartyError::Memory { path: path.to_owned(), needed, available })
            }
            _ => Ok(()),
        }
    }

    /// The bundle in a container.
    pub(super) fn of(container: &Container) -> Result<Self, PartyError> {
        let path = container.path();
        let Meta { dataset, normalisation, logit_deviation, plan } = container.meta()?;
        plan.check().map_err(|error| PartyError::Content { path: path.to_owned(), source: error.into() })?;
        normalisation
            .check()
            .map_err(|error| PartyError::Normalisation { path: path.to_owned(), source: error.into() })?;
        if !(logit_deviation.is_finite() && logit_deviation >= 0.0) {
            return Err(container.unsound(format!("the deviation of a logit is {logit_deviation}")).into());
        }
        let classes = plan.output.shape().channels;
        if classes != dataset.classes() {
            return Err(container.unsound(format!("{classes} logits are not the classes of {dataset}")).into());
        }
        let Header { parameters, plan: digest, .. } = *container.header();
        let id = PlanId { parameters, plan: digest };
        if !container.body().is_empty() {
            return Err(container.unsound("it has a body, and a bundle has none".to_owned()).into());
        }
        if plan.parameters.fingerprint() != parameters {
            return Err(container.unsound("its parameters are not those that its header names").into());
        }
        Ok(Self { id, plan, normalisation, dataset, logit_deviation })
    }
}
