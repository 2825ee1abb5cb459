//! One step of a training: forward, backward, and the sum of gradients over the parts of a batch.

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

    /// The pass, with the largest inputs of activations measured.
    pub(super) fn measuring(&self) -> Pass {
        Pass { measure: true, penalty: None, ..self.pass }
    }
}

/// Trains on `batch`, cut into one part for each network.
///
/// # Errors
/// What libtorch reports.
pub(super) fn step(
    state: &mut State,
    batch: &Batch,
    plan: &StepPlan,
    learning_rate: f64,
) -> Result<StepSums, TrainingError> {
    let parts = state.networks.len() as i64;
    let images = batch.images.f_tensor_split(parts, 0)?;
    let labels = batch.labels.f_tensor_split(parts, 0)?;
    let total = batch.labels.size().first().copied().unwrap_or(1) as f64;
    let teachers = state.teachers.iter_mut().map(Some).chain(std::iter::repeat_with(|| None));
    let parts = state.networks.iter_mut().zip(teachers).zip(images).zip(labels);
    let jobs: Vec<_> =
        parts.map(|(((network, teacher), images), labels)| Part { network, teacher, images, labels }).collect();
    let mut results = if jobs.len() == 1 {
        jobs.into_iter().map(|job| job.run(plan, total)).collect()
    } else {
        thread::scope(|scope| {
            let running: Vec<_> = jobs.into_iter().map(|job| scope.spawn(move || job.run(plan, total))).collect();
            running.into_iter().map(join).collect::<Vec<_>>()
        })
    }
    .into_iter();
    let mut sums = StepSums::default();
    let mut gradients: Vec<Tensor> = Vec::new();
    for result in results.by_ref() {
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

/// What a thread returned; its panic goes on in this one.
pub(super) fn join<T>(running: thread::ScopedJoinHandle<'_, T>) -> T {
    running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

type PartResult = Result<(StepSums, Vec<Tensor>), tch::TchError>;

/// A part of a batch and who works on it.
struct Part<'a> {
    network: &'a mut TorchNetwork,
    teacher: Option<&'a mut TorchNetwork>,
    images: Tensor,
    labels: Tensor,
}

impl Part<'_> {
    /// Loss and gradients; gradients are weighted so that those of all parts add up.
    fn run(self, plan: &StepPlan, total: f64) -> PartResult {
        let Self { network, teacher, images, labels } = self;
        let count = labels.size().first().copied().unwrap_or(0);
        if count == 0 {
            let zeros = network.parameters.iter().map(|parameter| parameter.named.tensor.zeros_like()).collect();
            return Ok((StepSums::default(), zeros));
        }
        let outcome = network.forward(&images, &plan.pass)?;
        let none: Option<&Tensor> = None;
        let cross_entropy =
            outcome.logits.f_cross_entropy_loss(&labels, none, Reduction::Mean, -100, plan.smoothing)?;
        let mut loss = match (teacher, plan.distillation) {
            (Some(teacher), Some((weight, temperature))) => {
                let taught = teacher::logits(teacher, &images, plan.pass.kind)?;
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
