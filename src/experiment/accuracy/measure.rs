//! Accuracy of the mean logits of one or more networks.

use crate::experiment::ExperimentError;
use crate::network::Network;
use crate::network::lowered::LoweredNetwork;
use crate::network::plain::{EXPLODING, PlainLowered, PlainNetwork, PlainOutput};

/// Images evaluated between two signs of progress.
const CHUNK: usize = 1000;

/// What was found on the images.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Measured {
    pub(super) correct: usize,
    pub(super) exploding: usize,
    pub(super) largest: f64,
}

/// A network in either form.
pub(super) enum Evaluator {
    Trained(PlainNetwork<f32>),
    Lowered(PlainLowered<f32>),
}

impl Evaluator {
    /// A network as it was trained.
    ///
    /// # Errors
    /// Those of [`PlainNetwork::new`].
    pub(super) fn trained(network: &Network) -> Result<Self, ExperimentError> {
        Ok(Self::Trained(PlainNetwork::new(network)?))
    }

    /// A lowered network.
    ///
    /// # Errors
    /// Those of [`PlainLowered::new`].
    pub(super) fn lowered(network: &LoweredNetwork) -> Result<Self, ExperimentError> {
        Ok(Self::Lowered(PlainLowered::new(network)?))
    }

    fn forward(&self, images: &[f32]) -> Result<PlainOutput<f32>, ExperimentError> {
        Ok(match self {
            Self::Trained(network) => network.forward(images)?,
            Self::Lowered(network) => network.forward(images)?,
        })
    }
}

/// Evaluates the ensemble of `members` on `images` (one after another, each of `length` values).
///
/// # Errors
/// Those of the forward passes.
pub(super) fn measure(
    members: &[Evaluator],
    images: &[f32],
    length: usize,
    labels: &[u8],
    progress: &mut dyn FnMut(usize),
) -> Result<Measured, ExperimentError> {
    let mut found = Measured::default();
    for (images, labels) in images.chunks(CHUNK * length.max(1)).zip(labels.chunks(CHUNK)) {
        let outputs = members.iter().map(|member| member.forward(images)).collect::<Result<Vec<_>, _>>()?;
        let Some((mut mean, others)) = outputs.split_first().map(|(first, others)| (first.clone(), others)) else {
            return Ok(found);
        };
        for other in others {
            mean.logits.iter_mut().zip(&other.logits).for_each(|(sum, logit)| *sum += logit);
        }
        // The sum has the same class as the mean.
        found.correct += mean.correct(labels);
        let mut exploding = vec![false; labels.len()];
        for output in &outputs {
            output.beyond(EXPLODING).into_iter().for_each(|image| exploding[image] = true);
        }
        found.exploding += exploding.iter().filter(|&&exploding| exploding).count();
        let sound = (0..labels.len()).filter(|&image| !exploding[image]);
        let largest = sound.flat_map(|image| outputs.iter().flat_map(move |output| output.largest_of(image)));
        found.largest = largest.fold(found.largest, |most, &value| most.max(f64::from(value)));
        progress(labels.len());
    }
    Ok(found)
}
