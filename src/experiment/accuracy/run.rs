//! From models and a data set to rows.

use std::path::PathBuf;
use std::time::Instant;

use indicatif::ProgressBar;

use super::candidates::{Candidate, distinct, groups, largest_family, read_all};
use super::measure::{Evaluator, measure};
use super::provenance::AccuracyProvenance;
use super::rows::Rows;
use crate::dataset::{Dataset, read_test, read_training, shipped_test_images};
use crate::experiment::ExperimentError;
use crate::experiment::bars::style;
use crate::experiment::fingerprint::sha256_of_dataset;
use crate::experiment::networks::{Named, Networks};
use crate::experiment::records::{AccuracyForm, AccuracyRow};
use crate::experiment::setting::{Check, Clusters};
use crate::experiment::store::Recovery;
use crate::network::NetworkError;
use crate::network::card::CardActivation;
use crate::network::cluster::{ClusterMode, ClusterOptions, cluster};
use crate::network::lowered::LoweredNetwork;
use crate::training::Split;

/// Which images are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageSet {
    /// The test set.
    Test,
    /// The training images that the first network's training held out, for every choice.
    Validation,
}

impl ImageSet {
    /// The name in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Validation => "validation",
        }
    }
}

/// What to evaluate.
#[derive(Debug, Clone)]
pub struct AccuracyRequest {
    /// Weights files, each with its card beside it.
    pub models: Vec<PathBuf>,
    /// Directory of the data set's official binary archive; none: the shipped test images.
    pub data: Option<PathBuf>,
    /// Which images.
    pub images: ImageSet,
    /// Sizes of ensembles; the best networks of one kind, by their held out images, are the members.
    pub ensembles: Vec<usize>,
    /// Numbers of clusters; none: nothing is clustered.
    pub clusters: Vec<usize>,
    /// What shares the clusters: full and slice for single networks, joint for ensembles.
    pub modes: Vec<ClusterMode>,
    /// Seeds of the clustering: 0, 1, and so on.
    pub cluster_seeds: u64,
    /// Directory for the rows; none: they are only returned.
    pub out: Option<PathBuf>,
}

/// What an evaluation gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AccuracyOutcome {
    /// The rows of what was asked for, those that were recorded before included.
    pub rows: Vec<AccuracyRow>,
    /// How many were recorded before.
    pub recorded: usize,
    /// What is worth a line, such as a network that was given twice.
    pub notes: Vec<String>,
    /// What was found in the directory.
    pub recovery: Recovery,
}

/// Evaluates everything that was asked for. Rows are appended to those in the directory; what is recorded there is not evaluated again.
///
/// # Errors
/// [`ExperimentError::Argument`], [`ExperimentError::Network`], [`ExperimentError::Dataset`]; as [`LockedTable::take`] for the directory.
///
/// [`LockedTable::take`]: crate::experiment::store::LockedTable::take
pub fn evaluate(request: &AccuracyRequest) -> Result<AccuracyOutcome, ExperimentError> {
    let (candidates, notes) = distinct(read_all(&request.models)?);
    let Some(first) = candidates.first() else {
        return Ok(AccuracyOutcome::default());
    };
    check(request, &candidates)?;
    let images = read_images(request, first)?;
    let (mut rows, recovery) = Rows::into_directory(request.out.as_deref())?;
    if let Some(out) = &request.out {
        let named: Vec<Named> = candidates.iter().map(Candidate::named).collect();
        let networks = Networks::of(named.iter().map(|it| (it.name.as_str(), it.sha256.as_str(), "")));
        let hashes = named.iter().map(|network| (networks.label(network), network.sha256.clone())).collect();
        AccuracyProvenance::of(request, hashes, &images).add_to(out)?;
    }
    let work = Work { request, candidates: &candidates, images: &images, dataset_sha256: sha256_of_dataset(&images) };
    for members in groups(&candidates, &request.ensembles) {
        work.evaluate(&members, &mut rows)?;
    }
    let (rows, recorded) = rows.into_parts();
    Ok(AccuracyOutcome { rows, recorded, notes, recovery })
}

/// Refuses options that would have no effect.
fn check(request: &AccuracyRequest, candidates: &[Candidate]) -> Result<(), ExperimentError> {
    let refuse = |name, problem: String| Err(ExperimentError::Argument { name, problem });
    let most = largest_family(candidates);
    if let Some(size) = request.ensembles.iter().find(|&&size| size == 0 || size > most) {
        let problem = format!(
            "an ensemble of {size} is not possible: of one kind (architecture, width, data set, ReLU or not) there are at most {most} \
             different networks here; choose 1 to {most}, or name more"
        );
        return refuse("--ensembles", problem);
    }
    for clusters in &request.clusters {
        let checked = Clusters(Some(*clusters as u64)).check();
        checked.or_else(|problem| refuse("--clusters", problem.text))?;
    }
    if request.clusters.is_empty() {
        return Ok(());
    }
    if request.cluster_seeds == 0 {
        return refuse("--cluster-seeds", "without a seed nothing is clustered; give at least 1".to_owned());
    }
    if candidates.iter().all(|candidate| candidate.model.card.activation == CardActivation::Relu) {
        let problem =
            "networks with ReLU have no folded form, and only that is clustered; name others, or remove the option";
        return refuse("--clusters", problem.to_owned());
    }
    let has_ensembles = request.ensembles.iter().any(|&size| size > 1);
    if !request.modes.iter().any(|mode| *mode != ClusterMode::Joint || has_ensembles) {
        return refuse("--modes", "joint is for ensembles; give --ensembles, or another mode".to_owned());
    }
    Ok(())
}

fn read_images(request: &AccuracyRequest, first: &Candidate) -> Result<Dataset, ExperimentError> {
    let name = first.model.card.dataset;
    let held_out = match (request.images, &request.data) {
        (ImageSet::Test, None) => return Ok(shipped_test_images(name)?),
        (ImageSet::Test, Some(directory)) => return Ok(read_test(directory, name)?),
        (ImageSet::Validation, directory) => directory.as_ref().zip(first.model.card.record.as_ref()),
    };
    let Some((directory, record)) = held_out else {
        return Err(ExperimentError::Argument {
            name: "--images",
            problem: "the held out images need --data, and a card with the record of a training by this program"
                .to_owned(),
        });
    };
    let training = read_training(directory, name)?;
    let seed = record.recipe.get("split_seed").and_then(serde_yaml::Value::as_u64).unwrap_or(0);
    let split = Split::new(training.len(), record.validation_images, seed);
    let chosen = |index: &usize| (training.images[*index].clone(), training.labels[*index]);
    let (images, labels) = split.validation.iter().map(chosen).unzip();
    Ok(Dataset { name, images, labels })
}

struct Work<'a> {
    request: &'a AccuracyRequest,
    candidates: &'a [Candidate],
    images: &'a Dataset,
    dataset_sha256: String,
}

impl Work<'_> {
    /// All forms of one network or ensemble.
    fn evaluate(&self, members: &[usize], rows: &mut Rows) -> Result<(), ExperimentError> {
        let of = |&member: &usize| &self.candidates[member];
        rows.take(self.described(members, AccuracyForm::Trained, None), |row| {
            let trained = members.iter().map(|member| Evaluator::trained(&of(member).model.network));
            self.measured(members, row, &trained.collect::<Result<Vec<_>, _>>()?)
        })?;
        let lowered = members.iter().map(|member| of(member).model.lower());
        let lowered = match lowered.collect::<Result<Vec<LoweredNetwork>, _>>() {
            Ok(lowered) => lowered,
            // A network with ReLU has no other form.
            Err(NetworkError::NotLowerable { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let evaluators =
            |lowered: &[LoweredNetwork]| lowered.iter().map(Evaluator::lowered).collect::<Result<Vec<_>, _>>();
        rows.take(self.described(members, AccuracyForm::Folded, None), |row| {
            self.measured(members, row, &evaluators(&lowered)?)
        })?;
        for options in self.clusterings(members.len()) {
            rows.take(self.described(members, AccuracyForm::Clustered, Some(options)), |row| {
                let mut clustered = lowered.clone();
                let relative_error = Some(cluster(&mut clustered, &options)?.relative_error);
                self.measured(members, AccuracyRow { relative_error, ..row }, &evaluators(&clustered)?)
            })?;
        }
        Ok(())
    }

    fn clusterings(&self, members: usize) -> Vec<ClusterOptions> {
        let mut all = Vec::new();
        for &mode in self.request.modes.iter().filter(|&&mode| (mode == ClusterMode::Joint) == (members > 1)) {
            for &clusters in &self.request.clusters {
                for seed in 0..self.request.cluster_seeds {
                    all.push(ClusterOptions { clusters, mode, seed, ..ClusterOptions::default() });
                }
            }
        }
        all
    }

    /// A row without its measurements.
    fn described(&self, members: &[usize], form: AccuracyForm, clustering: Option<ClusterOptions>) -> AccuracyRow {
        let card = &self.candidates[members[0]].model.card;
        let joined = |of: &dyn Fn(&Candidate) -> String, by: &str| {
            members.iter().map(|&member| of(&self.candidates[member])).collect::<Vec<_>>().join(by)
        };
        let activation = |&member: &usize| self.candidates[member].model.card.activation.as_str();
        let mut activations: Vec<&str> = members.iter().map(activation).collect();
        activations.sort_unstable();
        activations.dedup();
        AccuracyRow {
            models: joined(&|it| it.name.clone(), "+"),
            members: members.len(),
            network: card.network.clone(),
            width: card.width,
            dataset: card.dataset.as_str().to_owned(),
            activation: activations.join("+"),
            epochs: card
                .epochs()
                .filter(|epochs| members.iter().all(|&it| self.candidates[it].model.card.epochs() == Some(*epochs))),
            images_of: self.request.images.as_str().to_owned(),
            form,
            cluster_mode: clustering.map(|options| options.mode.as_str().to_owned()),
            clusters: clustering.map(|options| options.clusters),
            cluster_seed: clustering.map(|options| options.seed),
            images: self.images.len(),
            model_sha256: joined(&Candidate::sha256, " "),
            card_sha256: joined(&Candidate::card_sha256, " "),
            recipe_sha256: joined(&Candidate::recipe_sha256, " "),
            dataset_sha256: self.dataset_sha256.clone(),
            ..AccuracyRow::default()
        }
    }

    /// The row with its measurements.
    fn measured(
        &self,
        members: &[usize],
        row: AccuracyRow,
        evaluators: &[Evaluator],
    ) -> Result<AccuracyRow, ExperimentError> {
        let bar = ProgressBar::new(self.images.len() as u64);
        bar.set_style(style("  {prefix} [{bar:30}] {pos}/{len}, {eta} left"));
        let kind = row.cluster_mode.as_ref().zip(row.clusters).map(|(mode, clusters)| format!(" {mode} {clusters}"));
        bar.set_prefix(format!("{}, {}{}", row.models, row.form.as_str(), kind.unwrap_or_default()));
        let start = Instant::now();
        // Members are of one family, which has one normalisation.
        let inputs = self.candidates[members[0]].model.card.normalisation.apply_all(&self.images.images);
        let length = inputs.len() / self.images.len().max(1);
        let found = measure(evaluators, &inputs, length, &self.images.labels, &mut |done| bar.inc(done as u64))?;
        bar.finish_and_clear();
        Ok(AccuracyRow {
            correct: found.correct,
            accuracy_percent: 100.0 * found.correct as f64 / self.images.len().max(1) as f64,
            exploding_images: found.exploding,
            largest_activation: found.largest,
            seconds: start.elapsed().as_secs_f64(),
            ..row
        })
    }
}
