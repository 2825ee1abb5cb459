//! The held out images, evaluated as the network will be used.

use tch::{Kind, Tensor};

use super::batch::Batches;
use super::network::{Pass, TorchNetwork};
use super::step::side_by_side;
use crate::network::plain::EXPLODING;
use crate::training::TrainingError;

/// Images evaluated at once.
const CHUNK: usize = 250;

/// What was found on the images.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evaluation {
    /// Images seen.
    pub(super) images: usize,
    /// Images whose class is right; those with logits that are no numbers have none.
    pub(super) correct: usize,
    /// Images that explode.
    pub(super) exploding: usize,
    /// For each activation, the largest magnitude of an input; infinite if one is not finite.
    pub(super) largest: Vec<f64>,
}

impl Evaluation {
    /// Percent of the images whose class is right.
    pub(super) fn accuracy_percent(&self) -> f64 {
        100.0 * self.correct as f64 / self.images.max(1) as f64
    }

    /// The activation with the largest input, and that.
    pub(super) fn largest(&self) -> (usize, f64) {
        let sites = self.largest.iter().copied().enumerate();
        sites.reduce(|best, next| if next.1 > best.1 { next } else { best }).unwrap_or((0, 0.0))
    }

    fn add(&mut self, other: &Self) {
        self.images += other.images;
        self.correct += other.correct;
        self.exploding += other.exploding;
        self.largest.iter_mut().zip(&other.largest).for_each(|(a, &b)| *a = a.max(b));
    }
}

/// Evaluates the images with these indices in single precision, by the running statistics. The networks, which must have the same
/// tensors, share the work.
///
/// # Errors
/// What libtorch reports.
pub(super) fn evaluate(
    networks: &mut [TorchNetwork],
    batches: &Batches<'_>,
    indices: &[usize],
    clamp: Option<f64>,
) -> Result<Evaluation, TrainingError> {
    let pass = Pass { training: false, clamp, kind: Kind::Float, penalty: None, measure: true };
    let sites = networks.first().map_or(0, |network| network.sites().len());
    let share = indices.len().div_ceil(networks.len().max(1)).max(1);
    let parts = networks.iter_mut().zip(indices.chunks(share)).collect();
    let mut all = Evaluation { images: 0, correct: 0, exploding: 0, largest: vec![0.0; sites] };
    for found in side_by_side(parts, |(network, indices)| part(network, batches, indices, &pass)) {
        all.add(&found?);
    }
    Ok(all)
}

fn part(
    network: &mut TorchNetwork,
    batches: &Batches<'_>,
    indices: &[usize],
    pass: &Pass,
) -> Result<Evaluation, TrainingError> {
    let mut sum = Evaluation { images: 0, correct: 0, exploding: 0, largest: vec![0.0; network.sites().len()] };
    for chunk in indices.chunks(CHUNK) {
        let batch = batches.batch(chunk, None)?;
        let outcome = tch::no_grad(|| network.forward(&batch.images, pass))?;
        let finite = outcome.logits.f_isfinite()?.f_all_dim(1, false)?;
        let right = outcome.logits.f_argmax(1, false)?.f_eq_tensor(&batch.labels)?.f_logical_and(&finite)?;
        let largest = measured(outcome.largest)?;
        let beyond = largest.f_gt(EXPLODING)?;
        let not_finite = finite.f_logical_not()?.f_to_device(beyond.device())?;
        let exploding = beyond.f_any_dim(1, false)?.f_logical_or(&not_finite)?;
        let by_site = Vec::<f64>::try_from(largest.f_amax([0].as_slice(), false)?.f_to_kind(Kind::Double)?)?;
        sum.add(&Evaluation {
            images: chunk.len(),
            correct: count(&right)?,
            exploding: count(&exploding)?,
            largest: by_site,
        });
    }
    Ok(sum)
}

/// The first activation, in the order of evaluation, whose largest input passes the limit; `none` if there is none.
pub(super) fn exploding_site(sites: &[String], largest: &[f64]) -> String {
    let site = sites.iter().zip(largest).find(|(_, largest)| **largest > EXPLODING);
    site.map_or_else(|| "none".to_owned(), |(site, _)| site.clone())
}

/// The [`exploding_site`] of `images`, inputs that are not finite included.
///
/// # Errors
/// What libtorch reports.
pub(super) fn first_exploding_site(
    network: &TorchNetwork,
    images: &Tensor,
    pass: &Pass,
) -> Result<String, TrainingError> {
    let outcome = tch::no_grad(|| network.forward(images, pass))?;
    let by_site = measured(outcome.largest)?.f_amax([0].as_slice(), false)?.f_to_kind(Kind::Double)?;
    Ok(exploding_site(network.sites(), &Vec::<f64>::try_from(by_site)?))
}

/// Largest inputs with infinity for what is not a number.
fn measured(largest: Option<Tensor>) -> Result<Tensor, tch::TchError> {
    match largest {
        Some(largest) => {
            largest.f_nan_to_num(f64::INFINITY, f64::INFINITY, f64::INFINITY)?.f_to_device(tch::Device::Cpu)
        }
        None => Ok(Tensor::zeros([1, 1], (Kind::Float, tch::Device::Cpu))),
    }
}

fn count(flags: &Tensor) -> Result<usize, tch::TchError> {
    Ok(flags.f_sum(Kind::Int64)?.f_int64_value(&[])? as usize)
}
