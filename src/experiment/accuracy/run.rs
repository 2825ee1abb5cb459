//! From models and a data set to rows.

use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::ProgressBar;

use super::candidates::{Candidate, groups, read_all};
use super::measure::{Evaluator, measure};
use super::provenance::AccuracyProvenance;
use super::row::{AccuracyForm, AccuracyRow};
use crate::dataset::{Dataset, read_test, read_training, shipped_test_images};
use crate::experiment::ExperimentError;
use crate::experiment::bars::style;
use crate::experiment::store::write_whole;
use crate::network::NetworkError;
use crate::network::cluster::{ClusterMode, ClusterOptions, cluster};
use crate::network::lowered::LoweredNetwork;
use crate::training::Split;

/// File name of the rows in the output directory.
const FILE: &str = "accuracy.csv";

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

/// Evaluates everything that was asked for.
///
/// # Errors
/// [`ExperimentError::Argument`], [`ExperimentError::Network`], [`ExperimentError::Dataset`]; what writing the rows says.
pub fn evaluate(request: &AccuracyRequest) -> Result<Vec<AccuracyRow>, ExperimentError> {
    let candidates = read_all(&request.models)?;
    let Some(first) = candidates.first() else {
        return Ok(Vec::new());
    };
    let images = read_images(request, first)?;
    if let Some(out) = &request.out {
        std::fs::create_dir_all(out)
            .map_err(|source| ExperimentError::OutputNotWritable { path: out.to_owned(), source })?;
        let hash = |candidate: &Candidate| (candidate.name.clone(), candidate.model.card.sha256.clone());
        AccuracyProvenance::of(request, candidates.iter().map(hash).collect(), &images).write(out)?;
    }
    let work = Work { request, candidates: &candidates, images: &images };
    let mut rows = Vec::new();
    for members in groups(&candidates, &request.ensembles) {
        work.evaluate(&members, &mut rows)?;
        // After each, so that an interrupt loses the network in hand only.
        if let Some(out) = &request.out {
            write_rows(out, &rows)?;
        }
    }
    Ok(rows)
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
}

impl Work<'_> {
    /// All forms of one network or ensemble.
    fn evaluate(&self, members: &[usize], rows: &mut Vec<AccuracyRow>) -> Result<(), ExperimentError> {
        let trained = members.iter().map(|&member| Evaluator::trained(&self.candidates[member].model.network));
        rows.push(self.row(members, AccuracyForm::Trained, None, &trained.collect::<Result<Vec<_>, _>>()?)?);
        let lowered = members.iter().map(|&member| self.candidates[member].model.lower());
        let lowered = match lowered.collect::<Result<Vec<LoweredNetwork>, _>>() {
            Ok(lowered) => lowered,
            // A network with ReLU has no other form.
            Err(NetworkError::NotLowerable { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let folded = lowered.iter().map(Evaluator::lowered).collect::<Result<Vec<_>, _>>()?;
        rows.push(self.row(members, AccuracyForm::Folded, None, &folded)?);
        for options in self.clusterings(members.len()) {
            let mut clustered = lowered.clone();
            let relative_error = cluster(&mut clustered, &options)?.relative_error;
            let evaluators = clustered.iter().map(Evaluator::lowered).collect::<Result<Vec<_>, _>>()?;
            rows.push(self.row(members, AccuracyForm::Clustered, Some((options, relative_error)), &evaluators)?);
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

    fn row(
        &self,
        members: &[usize],
        form: AccuracyForm,
        clustering: Option<(ClusterOptions, f64)>,
        evaluators: &[Evaluator],
    ) -> Result<AccuracyRow, ExperimentError> {
        let card = &self.candidates[members[0]].model.card;
        let activation = |&member: &usize| self.candidates[member].model.card.activation.as_str();
        let mut activations: Vec<&str> = members.iter().map(activation).collect();
        activations.sort_unstable();
        activations.dedup();
        let names: Vec<&str> = members.iter().map(|&member| self.candidates[member].name.as_str()).collect();
        let options = clustering.map(|(options, _)| options);
        let bar = ProgressBar::new(self.images.len() as u64);
        bar.set_style(style("  {prefix} [{bar:30}] {pos}/{len}, {eta} left"));
        let kind = options.map_or(String::new(), |options| format!(" {} {}", options.mode.as_str(), options.clusters));
        bar.set_prefix(format!("{}, {}{kind}", names.join("+"), form.as_str()));
        let start = Instant::now();
        let inputs = card.normalisation.apply_all(&self.images.images);
        let length = inputs.len() / self.images.len().max(1);
        let found = measure(evaluators, &inputs, length, &self.images.labels, &mut |done| bar.inc(done as u64))?;
        bar.finish_and_clear();
        Ok(AccuracyRow {
            models: names.join("+"),
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
            cluster_mode: options.map(|options| options.mode.as_str().to_owned()),
            clusters: options.map(|options| options.clusters),
            cluster_seed: options.map(|options| options.seed),
            relative_error: clustering.map(|(_, error)| error),
            images: self.images.len(),
            correct: found.correct,
            accuracy_percent: 100.0 * found.correct as f64 / self.images.len().max(1) as f64,
            exploding_images: found.exploding,
            largest_activation: found.largest,
            seconds: start.elapsed().as_secs_f64(),
        })
    }
}

fn write_rows(directory: &Path, rows: &[AccuracyRow]) -> Result<(), ExperimentError> {
    let path = directory.join(FILE);
    let failed = |source| ExperimentError::Append { path: path.clone(), source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| failed(std::io::Error::other(error)))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(std::io::Error::other(error.to_string())))?;
    write_whole(&path, &bytes)
}
