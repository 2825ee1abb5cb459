//! Trained networks that others learn from.

use std::path::Path;

use tch::{Device, Kind, Reduction, Tensor};

use super::network::{Pass, TorchNetwork};
use super::stored::single_precision;
use super::trainer::seen_problem;
use crate::dataset::Normalisation;
use crate::network::Model;
use crate::network::card::{Card, CardActivation};
use crate::training::{Recipe, ReluFit, TrainedActivation, TrainingError};

const ANOTHER: &str = "name another as distillation.teacher";

/// A trained network on a device, and the hash of its weights.
#[derive(Debug)]
pub(super) struct Teacher {
    model: Model,
    device: Device,
}

impl Teacher {
    /// The network at `path` as teacher of what `recipe` trains, on inputs that `normalisation` makes.
    ///
    /// # Errors
    /// Those of [`Model::load`]; [`TrainingError::Teacher`] for one of another data set or of other inputs.
    pub(super) fn of(
        recipe: &Recipe,
        path: &Path,
        normalisation: &Normalisation,
        device: Device,
    ) -> Result<Self, TrainingError> {
        let model = Model::load(path)?;
        let problem = if model.card.dataset != recipe.dataset {
            Some(format!("it was trained on {}, not on {}; {ANOTHER}", model.card.dataset, recipe.dataset))
        } else if model.card.normalisation != *normalisation {
            Some(format!(
                "its inputs are normalised otherwise than those of this training, which are those of the data set or of the initial weights; \
                 {ANOTHER}"
            ))
        } else {
            seen_problem(recipe, &model.card)
        };
        match problem {
            Some(problem) => Err(TrainingError::Teacher { path: path.to_owned(), problem }),
            None => Ok(Self { model, device }),
        }
    }

    /// The card of the weights.
    pub(super) const fn card(&self) -> &Card {
        &self.model.card
    }

    /// The network on libtorch, without gradients.
    pub(super) fn network(&self) -> TorchNetwork {
        // In evaluation every quadratic is one per channel with its coefficients explicit.
        let activation = match self.model.card.activation {
            CardActivation::Relu => TrainedActivation::Relu,
            _ => TrainedActivation::Learned { fit: ReluFit::default() },
        };
        let (graph, weights) = (self.model.network.graph(), self.model.network.weights());
        TorchNetwork::build(graph, &activation, &mut |name, shape, init, _| {
            // A network that was read has every tensor.
            single_precision(weights, name, shape).unwrap_or_else(|| init.tensor(shape)).to(self.device)
        })
    }
}

/// What of the loss comes from the teacher: `T^2 KL(teacher at T, student at T)`, averaged over the images. A quadratic teacher that
/// explodes on an image has nothing to say of it, which counts as 0.
///
/// # Errors
/// What libtorch reports.
pub(super) fn divergence(student: &Tensor, teacher: &Tensor, temperature: f64) -> Result<Tensor, tch::TchError> {
    let exploded = teacher.f_isfinite()?.f_all_dim(1, true)?.f_logical_not()?;
    let target = (teacher / temperature).f_softmax(1, Kind::Float)?.f_masked_fill(&exploded, 0.0)?;
    let found = (student / temperature).f_log_softmax(1, Kind::Float)?;
    let images = student.size().first().copied().unwrap_or(1) as f64;
    Ok(found.f_kl_div(&target, Reduction::Sum, false)? * (temperature * temperature / images))
}

/// The teacher's logits for `images`, in the precision of `kind`.
///
/// # Errors
/// What libtorch reports.
pub(super) fn logits(teacher: &TorchNetwork, images: &Tensor, kind: Kind) -> Result<Tensor, tch::TchError> {
    let pass = Pass { training: false, clamp: None, kind, penalty: None, measure: false };
    tch::no_grad(|| teacher.forward(images, &pass)).map(|outcome| outcome.logits)
}
