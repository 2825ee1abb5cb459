//! A trial in the clear: the networks alone, on every image; no keys, no plan.

use super::preparation::Members;
use super::row_sink::{FIRST_ATTEMPT, RowSink};
use super::statistics::{Share, largest};
use super::task::Task;
use crate::dataset::{Dataset, Image};
use crate::experiment::ExperimentError;
use crate::experiment::event::{EventSink, Stage};
use crate::experiment::records::{ImageRow, TrialRow};
use crate::experiment::setting::NetworkForm;
use crate::experiment::trial::TrialSpec;
use crate::network::Architecture;
use crate::network::cluster::ClusterReport;
use crate::network::plain::{EXPLODING, PlainLowered, PlainNetwork, PlainOutput};

/// Images evaluated between two signs of progress.
const CHUNK: usize = 1000;

/// What a trial needs of memory in bytes, about, besides its members: a data set, a chunk of images.
pub(super) const BYTES: u64 = 1 << 30;

/// Bytes of a trained value, about: in the model, in the lowered network before and after it is clustered, in the evaluator.
const VALUE_BYTES: u64 = 40;

/// What a trial needs of memory in bytes, about.
#[must_use]
pub fn predicted_bytes(spec: &TrialSpec) -> u64 {
    let members = spec.members.len().max(spec.settings.ensemble.0 as usize) as u64;
    let architecture = Architecture::named(&spec.network, spec.width as usize, spec.dataset.name.classes());
    let values = architecture.and_then(|architecture| Ok(architecture.graph()?.trained_parameter_count()));
    BYTES + VALUE_BYTES * members * values.unwrap_or(0) as u64
}

/// A network in either form.
enum Evaluator {
    Trained(PlainNetwork<f32>),
    Lowered(PlainLowered<f32>),
}

impl Evaluator {
    fn forward(&self, images: &[f32]) -> Result<PlainOutput<f32>, ExperimentError> {
        Ok(match self {
            Self::Trained(network) => network.forward(images)?,
            Self::Lowered(network) => network.forward(images)?,
        })
    }
}

/// The members of a trial in the form that it asks for, and what clustering did.
fn evaluators(
    spec: &TrialSpec,
    task: &Task,
    members: &Members,
) -> Result<(Vec<Evaluator>, Option<ClusterReport>), ExperimentError> {
    if spec.settings.network_form == NetworkForm::Trained {
        let trained = members.models.iter().map(|model| Ok(Evaluator::Trained(PlainNetwork::new(&model.network)?)));
        return Ok((trained.collect::<Result<_, ExperimentError>>()?, None));
    }
    let (lowered, clusters) = members.lowered(task)?;
    let lowered = lowered.iter().map(|network| Ok(Evaluator::Lowered(PlainLowered::new(network)?)));
    Ok((lowered.collect::<Result<_, ExperimentError>>()?, clusters))
}

/// One image.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Outcome {
    /// The class of the largest logit; none: a logit is no number.
    class: Option<usize>,
    /// Distance of the two largest logits.
    margin: Option<f64>,
    /// Whether it explodes in at least one member.
    explodes: bool,
    /// The largest magnitude of an activation's input over the members.
    largest: f64,
}

/// Images through all members; the logits of an ensemble are the mean of its members'.
fn outcomes(members: &[Evaluator], images: &[f32]) -> Result<Vec<Outcome>, ExperimentError> {
    let outputs = members.iter().map(|member| member.forward(images)).collect::<Result<Vec<_>, _>>()?;
    let Some((first, others)) = outputs.split_first() else { return Ok(Vec::new()) };
    let mut mean = first.clone();
    for other in others {
        mean.logits.iter_mut().zip(&other.logits).for_each(|(sum, logit)| *sum += logit);
    }
    mean.logits.iter_mut().for_each(|sum| *sum /= members.len() as f32);
    let mut explodes = vec![false; mean.images()];
    for output in &outputs {
        output.beyond(EXPLODING).into_iter().for_each(|image| explodes[image] = true);
    }
    let outcome = |(image, explodes): (usize, bool)| {
        let class = mean.class(image);
        let logits = mean.logits_of(image);
        let others = logits.iter().enumerate().filter(|(other, _)| Some(*other) != class);
        let second = largest(others.map(|(_, logit)| f64::from(*logit)));
        let inputs = outputs.iter().flat_map(|output| output.largest_of(image));
        Outcome {
            class,
            margin: class.zip(second).map(|(class, second)| f64::from(logits[class]) - second),
            explodes,
            largest: largest(inputs.map(|input| f64::from(*input))).unwrap_or(0.0),
        }
    };
    Ok(explodes.into_iter().enumerate().map(outcome).collect())
}

/// Evaluates a trial's images; their rows go to `rows`, the trial's row is returned.
///
/// # Errors
/// Files that have changed since the trial was specified, and networks that do not have the form that is asked for.
pub fn evaluate(
    spec: &TrialSpec,
    task: &Task,
    dataset: &Dataset,
    rows: &mut dyn RowSink,
    events: &mut dyn EventSink,
) -> Result<TrialRow, ExperimentError> {
    let members = Members::of_trial(spec, task)?;
    let (evaluators, clusters) = evaluators(spec, task, &members)?;
    events.progress(Stage::Preparation, 1, 1, "");
    // Members are of one family, which has one normalisation.
    let normalisation = members.first()?.card.normalisation;
    let indices = spec.settings.images.indices();
    let mut found = Vec::with_capacity(indices.len());
    events.progress(Stage::Images, 0, indices.len() as u64, "");
    for chunk in indices.chunks(CHUNK) {
        let images: Vec<Image> = chunk.iter().map(|&index| dataset.images[index].clone()).collect();
        let outcomes = outcomes(&evaluators, &normalisation.apply_all(&images))?;
        for (&index, outcome) in chunk.iter().zip(&outcomes) {
            rows.image(&image_row(spec, index, dataset.labels[index], outcome))?;
        }
        found.extend(outcomes);
        events.progress(Stage::Images, found.len() as u64, indices.len() as u64, "");
    }
    let right = indices.iter().zip(&found).filter(|(index, image)| image.class == Some(dataset.labels[**index].into()));
    let clear = Share::of(right.count(), if spec.is_trained() { found.len() } else { 0 });
    let sound = found.iter().filter(|image| !image.explodes);
    Ok(TrialRow {
        attempt: FIRST_ATTEMPT,
        clear_accuracy: clear.value,
        clear_accuracy_low: clear.low,
        clear_accuracy_high: clear.high,
        clear_accuracy_images: clear.count,
        overflow_images: Some((found.len() - sound.clone().count()) as u32),
        largest_activation: largest(sound.map(|image| image.largest)),
        cluster_groups: clusters.as_ref().map(|report| report.groups.len() as u32),
        cluster_groups_kept: clusters.as_ref().map(|report| report.kept() as u32),
        cluster_relative_error: clusters.as_ref().map(|report| report.relative_error),
        ..TrialRow::of_spec(spec)
    })
}

fn image_row(spec: &TrialSpec, index: usize, label: u8, outcome: &Outcome) -> ImageRow {
    ImageRow {
        trial_id: spec.id.clone(),
        attempt: FIRST_ATTEMPT,
        image: index as u64,
        label: spec.is_trained().then_some(u32::from(label)),
        clear_predicted: outcome.class.map(|class| class as u32),
        margin: outcome.margin.filter(|margin| margin.is_finite()),
        overflow: outcome.explodes,
        ..ImageRow::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::setting::Ensemble;
    use crate::experiment::trial::tests::sample_with;

    #[test]
    fn memory_grows_with_what_the_members_hold() {
        let bytes = |width, members| {
            let mut spec = sample_with(|settings| settings.ensemble = Ensemble(members));
            spec.width = width;
            predicted_bytes(&spec)
        };
        // ResNet-20 of width 16 has 0.27 million trained values, of width 64 sixteen times as many.
        assert_eq!(bytes(16, 1) / 1_000_000, 1084);
        assert_eq!(bytes(64, 1) / 1_000_000, 1247);
        assert_eq!(bytes(64, 64) - BYTES, 64 * (bytes(64, 1) - BYTES));
    }
}
