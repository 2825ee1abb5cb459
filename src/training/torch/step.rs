//! One step of a training: forward, backward, and the sum of gradients over the parts of a batch.

use std::panic::resume_unwind;
use std::thread;

use tch::{Kind, Reduction, Tensor};

use super::batch::Batch;
use super::network::{Pass, TorchNetwork};
use super::state::State;
use super::teacher;
use crate::training::{Distillation, Precision, Recipe, TrainedActivation, TrainingError};

/// What a step found, summed over images or averaged over parts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StepSums {
    /// Images seen.
    pub(super) images: usize,
    /// Sum of the loss over the images.
    pub(super) loss: f64,
    /// Sum of the cross entropy over the images.
    pub(super) cross_entropy: f64,
    /// Sum of the weighted penalty over the images.
    pub(super) penalty: f64,
    /// Images whose class was right.
    pub(super) correct: usize,
}

impl StepSums {
    /// Adds those of another step or part.
    pub(super) fn add(&mut self, other: Self) {
        self.images += other.images;
        self.loss += other.loss;
        self.cross_entropy += other.cross_entropy;
        self.penalty += other.penalty;
        self.correct += other.correct;
    }
}

/// How steps of an epoch train.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepPlan {
    pass: Pass,
    smoothing: f64,
    /// Share and temperature of what a teacher says.
    distillation: Option<(f64, f64)>,
    cross_entropy_weight: f64,
    penalty_weight: f64,
}

impl StepPlan {
    /// Steps of `epoch`, from 0.
    pub(super) fn new(recipe: &Recipe, epoch: u32) -> Self {
        let penalty = recipe.range_penalty.as_ref();
        let finish = recipe.finish.filter(|finish| epoch + finish.epochs >= recipe.epochs);
        let clamp = match recipe.activation {
            TrainedActivation::Penalty { fit, unclamped_epochs } if epoch + unclamped_epochs < recipe.epochs => {
                Some(fit.interval)
            }
            _ => finish.map(|finish| finish.limit),
        };
        let kind = match recipe.precision {
            Precision::F32 => Kind::Float,
            Precision::Bf16 => Kind::BFloat16,
        };
        // A penalty that weighs nothing need not be computed.
        let charged = penalty.filter(|penalty| penalty.weight_in(epoch, recipe.epochs) > 0.0);
        let charged = charged.map(|penalty| (penalty.form, penalty.bound));
        Self {
            pass: Pass { training: finish.is_none(), clamp, kind, penalty: charged, measure: false },
            smoothing: recipe.label_smoothing,
            distillation: recipe
                .distillation
                .as_ref()
                .map(|Distillation { weight, temperature, .. }| (*weight, *temperature)),
            cross_entropy_weight: penalty.map_or(1.0, |penalty| penalty.cross_entropy_weight_in(epoch)),
            penalty_weight: penalty.map_or(0.0, |penalty| penalty.weight_in(epoch, recipe.epochs)),
        }
    }

    /// The precision of activations and convolutions.
    pub(super) const fn kind(&self) -> Kind {
        self.pass.kind
    }

    /// The pass, with the largest inputs of activations measured.
    pub(super) fn measuring(&self) -> Pass {
        Pass { measure: true, penalty: None, ..self.pass }
    }
}

/// Trains on `batch`, cut into one part for each network; `taught` are a teacher's logits for its images.
///
/// # Errors
/// What libtorch reports.
pub(super) fn step(
    state: &mut State,
    batch: &Batch,
    taught: Option<&Tensor>,
    plan: &StepPlan,
    learning_rate: f64,
) -> Result<StepSums, TrainingError> {
    let parts = state.networks.len() as i64;
    let images = batch.images.f_tensor_split(parts, 0)?;
    let labels = batch.labels.f_tensor_split(parts, 0)?;
    let total = batch.labels.size().first().copied().unwrap_or(1) as f64;
    let mut taught = taught.map(|taught| taught.f_tensor_split(parts, 0)).transpose()?.unwrap_or_default().into_iter();
    let parts = state.networks.iter_mut().zip(images).zip(labels);
    let parts: Vec<_> =
        parts.map(|((network, images), labels)| Part { network, images, labels, taught: taught.next() }).collect();
    let mut sums = StepSums::default();
    let mut gradients: Vec<Tensor> = Vec::new();
    for result in side_by_side(parts, |part| part.run(plan, total)) {
        let (found, part_gradients) = result?;
        sums.add(found);
        if gradients.is_empty() {
            gradients = part_gradients;
        } else {
            for (sum, gradient) in gradients.iter_mut().zip(&part_gradients) {
                let _ = tch::no_grad(|| sum.f_add_(gradient))?;
            }
        }
    }
    // A loss that is not finite must not reach the weights: the caller looks for its cause in them.
    if sums.loss.is_finite() {
        state.sgd.step(&mut state.networks[0].parameters, &gradients, learning_rate)?;
        state.average_statistics()?;
    }
    Ok(sums)
}

/// What `work` makes of each item, every item on a thread of its own; a panic of one goes on in this one.
pub(super) fn side_by_side<I: Send, T: Send>(items: Vec<I>, work: impl Fn(I) -> T + Sync) -> Vec<T> {
    if items.len() == 1 {
        return items.into_iter().map(work).collect();
    }
    let work = &work;
    thread::scope(|scope| {
        let running: Vec<_> = items.into_iter().map(|item| scope.spawn(move || work(item))).collect();
        let join =
            |running: thread::ScopedJoinHandle<'_, T>| running.join().unwrap_or_else(|panic| resume_unwind(panic));
        running.into_iter().map(join).collect()
    })
}

type PartResult = Result<(StepSums, Vec<Tensor>), tch::TchError>;

/// A part of a batch and who works on it.
struct Part<'a> {
    network: &'a mut TorchNetwork,
    images: Tensor,
    labels: Tensor,
    taught: Option<Tensor>,
}

impl Part<'_> {
    /// Loss and gradients; gradients are weighted so that those of all parts add up.
    fn run(self, plan: &StepPlan, total: f64) -> PartResult {
        let Self { network, images, labels, taught } = self;
        let count = labels.size().first().copied().unwrap_or(0);
        if count == 0 {
            let zeros = network.parameters.iter().map(|parameter| parameter.named.tensor.zeros_like()).collect();
            return Ok((StepSums::default(), zeros));
        }
        let outcome = network.forward(&images, &plan.pass)?;
        let none: Option<&Tensor> = None;
        let cross_entropy =
            outcome.logits.f_cross_entropy_loss(&labels, none, Reduction::Mean, -100, plan.smoothing)?;
        let mut loss = match (taught, plan.distillation) {
            (Some(taught), Some((weight, temperature))) => {
                let divergence = teacher::divergence(&outcome.logits, &taught, temperature)?;
                &cross_entropy * (1.0 - weight) + divergence * weight
            }
            _ => cross_entropy.shallow_clone(),
        } * plan.cross_entropy_weight;
        let mut penalty = 0.0;
        if let Some(found) = outcome.penalty {
            let weighted = found * plan.penalty_weight;
            penalty = weighted.f_double_value(&[])?;
            loss += weighted;
        }
        let share = count as f64;
        (&loss * (share / total)).f_backward()?;
        let gradients = network
            .parameters
            .iter_mut()
            .map(|parameter| {
                let tensor = &mut parameter.named.tensor;
                let gradient = tensor.grad();
                // A parameter that the loss does not reach has none.
                let gradient = if gradient.defined() { gradient.copy() } else { tensor.detach().zeros_like() };
                tensor.zero_grad();
                gradient
            })
            .collect();
        let correct = outcome.logits.f_argmax(1, false)?.f_eq_tensor(&labels)?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        let sums = StepSums {
            images: count as usize,
            loss: loss.f_double_value(&[])? * share,
            cross_entropy: cross_entropy.f_double_value(&[])? * share,
            penalty: penalty * share,
            correct: correct as usize,
        };
        Ok((sums, gradients))
    }
}
