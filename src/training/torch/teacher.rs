//! Trained networks that others learn from.

use std::path::{Path, PathBuf};

use tch::{Device, Kind, Reduction, Tensor};

use super::network::{Pass, TorchNetwork};
use super::step::{StepPlan, side_by_side};
use super::stored::single_precision;
use super::trainer::seen_problem;
use crate::dataset::Normalisation;
use crate::network::Model;
use crate::network::card::{Card, CardActivation};
use crate::training::{Recipe, ReluFit, TrainedActivation, TrainingError};

const ANOTHER: &str = "name another as distillation.teacher";

/// Trained networks on a device.
#[derive(Debug)]
pub(super) struct Teacher {
    /// One at least.
    cards: Vec<Card>,
    /// How pixels become their inputs.
    normalisation: Normalisation,
    /// Without gradients; for each part of a batch, one of each.
    networks: Vec<Vec<TorchNetwork>>,
    kind: Kind,
}

impl Teacher {
    /// The networks at `paths` as teacher of what `recipe` trains, on inputs that `normalisation` makes; none without any.
    ///
    /// # Errors
    /// Those of [`Model::load`]; [`TrainingError::Teacher`] for one of another data set or of other inputs.
    pub(super) fn of(
        recipe: &Recipe,
        paths: &[PathBuf],
        normalisation: &Normalisation,
        device: Device,
    ) -> Result<Option<Self>, TrainingError> {
        let models = paths.iter().map(|path| model(recipe, path, normalisation)).collect::<Result<Vec<_>, _>>()?;
        if models.is_empty() {
            return Ok(None);
        }
        let networks = (0..recipe.batch_parts).map(|_| models.iter().map(|model| network(model, device)).collect());
        let (networks, kind) = (networks.collect(), StepPlan::new(recipe, 0).kind());
        let cards = models.into_iter().map(|model| model.card).collect();
        Ok(Some(Self { cards, normalisation: *normalisation, networks, kind }))
    }

    /// The cards of the weights.
    pub(super) fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// How pixels become its inputs.
    pub(super) const fn normalisation(&self) -> &Normalisation {
        &self.normalisation
    }

    /// Its logits for `images`, of several networks their mean, in single precision, computed in that of the recipe.
    ///
    /// # Errors
    /// What libtorch reports.
    pub(super) fn logits(&mut self, images: &Tensor) -> Result<Tensor, tch::TchError> {
        let pass = Pass { training: false, clamp: None, kind: self.kind, penalty: None, measure: false };
        let parts = images.f_tensor_split(self.networks.len() as i64, 0)?;
        let parts = self.networks.iter_mut().zip(parts).filter(|(_, images)| images.size()[0] > 0).collect();
        let logits = side_by_side(parts, |(networks, images): (&mut Vec<TorchNetwork>, Tensor)| {
            tch::no_grad(|| {
                let said =
                    networks.iter_mut().map(|network| network.forward(&images, &pass)?.logits.f_to_kind(Kind::Float));
                let said = said.collect::<Result<Vec<_>, _>>()?;
                Tensor::f_stack(&said, 0)?.f_mean_dim(0, false, Kind::Float)
            })
        });
        Tensor::f_cat(&logits.into_iter().collect::<Result<Vec<_>, _>>()?, 0)
    }
}

/// The network at `path`, which may teach what `recipe` trains.
fn model(recipe: &Recipe, path: &Path, normalisation: &Normalisation) -> Result<Model, TrainingError> {
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
    if let Some(problem) = problem {
        return Err(TrainingError::Teacher { path: path.to_owned(), problem });
    }
    Ok(model)
}

/// `model` on libtorch, without gradients.
fn network(model: &Model, device: Device) -> TorchNetwork {
    // In evaluation every quadratic is one per channel with its coefficients explicit.
    let activation = match model.card.activation {
        CardActivation::Relu => TrainedActivation::Relu,
        _ => TrainedActivation::Learned { fit: ReluFit::default() },
    };
    let (graph, weights) = (model.network.graph(), model.network.weights());
    TorchNetwork::build(graph, &activation, &mut |name, shape, init, _| {
        // A network that was read has every tensor.
        single_precision(weights, name, shape).unwrap_or_else(|| init.tensor(shape)).to(device)
    })
}

/// What of the loss comes from the teacher: `T^2 KL(teacher at T, student at T)`, averaged over the images. A teacher with a quadratic
/// network that explodes on an image has nothing to say of it, which counts as 0.
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
