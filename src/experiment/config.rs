//! The experiment file: what a user writes, and the trials that it stands for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ExperimentError;
use super::fingerprint::{sha256_of_dataset, sha256_of_file};
use super::images;
use super::locate::{Step, YamlText};
use super::parameter_set::{ParameterSet, ParametersRef};
use super::setting::{DatasetRef, ModelFile, Probe, Threads};
use super::settings::{self, FixedSettings, Point, SweepAxes};
use super::trial::{DatasetSpec, TrialSpec};
use crate::dataset::DatasetName;
use crate::network::{Card, NetworkError};

/// What stands in an experiment file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a mapping with name, fixed and sweep")]
struct ExperimentFile {
    name: String,
    #[serde(default)]
    fixed: Option<FixedSettings>,
    #[serde(default)]
    sweep: Option<SweepAxes>,
}

/// An experiment: its name, its exact text, and its trials.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Name, used for the default output directory.
    pub name: String,
    /// The file's text, kept for the provenance.
    pub text: String,
    /// One per combination of the sweep's values; the same point stands here once.
    pub trials: Vec<TrialSpec>,
}

impl Experiment {
    /// Reads, checks and expands an experiment file.
    ///
    /// # Errors
    /// [`ExperimentError::Read`] if it cannot be read; [`ExperimentError::Setting`] with file, line, column and key for every
    /// mistake in it, a missing model or data set included.
    pub fn read(file: &Path) -> Result<Self, ExperimentError> {
        let yaml = YamlText::read(file)?;
        let ExperimentFile { name, fixed, sweep } = yaml.parse()?;
        check_name(&yaml, &name)?;
        let (fixed, sweep) = (fixed.unwrap_or_default(), sweep.unwrap_or_default());
        settings::check(&yaml, &fixed, &sweep)?;
        let mut resolver = Resolver::new(&yaml, &name);
        let mut trials: Vec<TrialSpec> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for point in settings::combinations(&fixed, &sweep) {
            let spec = resolver.resolve(&point)?;
            if seen.insert(spec.id.clone()) {
                trials.push(spec);
            }
        }
        Ok(Self { name, text: yaml.text, trials })
    }
}

fn check_name(yaml: &YamlText, name: &str) -> Result<(), ExperimentError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && !name.starts_with('.') && name.chars().all(allowed) {
        return Ok(());
    }
    let problem = format!("{name:?} cannot name a directory; use letters, digits, `-`, `_` and `.`");
    Err(yaml.error(&[Step::Key("name")], problem))
}

/// Turns points into trials; each file is read once.
struct Resolver<'a> {
    yaml: &'a YamlText,
    experiment: &'a str,
    directory: PathBuf,
    hashes: HashMap<PathBuf, String>,
    images: HashMap<(DatasetName, Option<PathBuf>), KnownImages>,
}

/// What is known of a data set that has been read: its images are not kept.
#[derive(Debug, Clone)]
struct KnownImages {
    count: usize,
    sha256: String,
}

impl<'a> Resolver<'a> {
    fn new(yaml: &'a YamlText, experiment: &'a str) -> Self {
        let file = std::path::absolute(&yaml.file).unwrap_or_else(|_| yaml.file.clone());
        let directory = file.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
        Self { yaml, experiment, directory, hashes: HashMap::new(), images: HashMap::new() }
    }

    fn resolve(&mut self, point: &Point) -> Result<TrialSpec, ExperimentError> {
        let settings = &point.settings;
        let ModelFile(model) = self.required(settings.model.as_ref(), "model", "name a safetensors file")?;
        let (model, model_sha256) = self.file(model, &point.path("model"), "the weights")?;
        let card_sha256 = self.card(&model, point)?;
        let dataset = self.required(settings.dataset.as_ref(), "dataset", "name a data set, such as cifar10")?;
        let images =
            self.required(settings.images.as_ref(), "images", "say how many images to encrypt, such as 3")?.clone();
        let (dataset, count) = self.dataset(dataset, point)?;
        if let Some(problem) = images.largest().and_then(|index| images::index_problem(dataset.name, count, index)) {
            return Err(self.yaml.error(&point.path("images"), problem));
        }
        let log_n = self.required(settings.log_n.as_ref(), "log_n", "give log2 of the ring dimension, such as 15")?.0;
        let spec = TrialSpec {
            id: String::new(),
            experiment: self.experiment.to_owned(),
            model,
            model_sha256,
            card_sha256,
            dataset,
            images,
            log_n,
            layout: settings.layout.unwrap_or_default(),
            parameters: self.parameters(point)?,
            security: settings.security.unwrap_or_default(),
            seed: settings.seed.unwrap_or_default().0,
            threads: settings.threads.unwrap_or_else(Threads::all).0,
            memory: settings.memory.unwrap_or_default(),
            probe: settings.probe.unwrap_or(Probe(true)).0,
        };
        Ok(spec.with_id())
    }

    fn required<'v, T>(
        &self,
        value: Option<&'v T>,
        name: &'static str,
        advice: &str,
    ) -> Result<&'v T, ExperimentError> {
        value.ok_or_else(|| {
            let problem = format!("the setting is missing under `fixed` and `sweep`; {advice}");
            self.yaml.error(&[Step::Key("fixed"), Step::Key(name)], problem)
        })
    }

    /// The absolute path and the hash of a file that the experiment names.
    fn file(&mut self, written: &str, place: &[Step<'_>], what: &str) -> Result<(PathBuf, String), ExperimentError> {
        let path = self.directory.join(written);
        let found = path.canonicalize().and_then(|path| Ok((path.clone(), self.hash(&path)?)));
        found.map_err(|source| self.unreadable(&path, place, what, &source))
    }

    fn hash(&mut self, path: &Path) -> std::io::Result<String> {
        if let Some(hash) = self.hashes.get(path) {
            return Ok(hash.clone());
        }
        let hash = sha256_of_file(path)?;
        self.hashes.insert(path.to_owned(), hash.clone());
        Ok(hash)
    }

    fn unreadable(&self, path: &Path, place: &[Step<'_>], what: &str, source: &std::io::Error) -> ExperimentError {
        let problem = format!(
            "cannot read {what} at {}: {source}; a relative path starts at the experiment file's directory",
            path.display()
        );
        self.yaml.error(place, problem)
    }

    /// The hash of the card beside the weights.
    fn card(&mut self, model: &Path, point: &Point) -> Result<String, ExperimentError> {
        let path = Card::path_beside(model);
        let place = point.path("model");
        if !path.exists() {
            return Err(self.yaml.error(&place, NetworkError::MissingCard { path }.to_string()));
        }
        self.hash(&path).map_err(|source| self.unreadable(&path, &place, "the card of the weights", &source))
    }

    /// The data set and its number of images.
    fn dataset(&mut self, dataset: &DatasetRef, point: &Point) -> Result<(DatasetSpec, usize), ExperimentError> {
        let mut place = point.path("dataset");
        let mut path = None;
        if let Some(written) = &dataset.path {
            place.push(Step::Key("path"));
            let joined = self.directory.join(written);
            let found = joined.canonicalize();
            path = Some(found.map_err(|source| self.unreadable(&joined, &place, "the data set", &source))?);
        }
        let key = (dataset.name, path.clone());
        let known = match self.images.get(&key) {
            Some(known) => known.clone(),
            None => {
                let loaded = images::load(dataset.name, path.as_deref());
                let loaded = loaded.map_err(|error| self.yaml.error(&place, error.to_string()))?;
                let known = KnownImages { count: loaded.len(), sha256: sha256_of_dataset(&loaded) };
                self.images.insert(key, known.clone());
                known
            }
        };
        Ok((DatasetSpec { name: dataset.name, path, sha256: known.sha256 }, known.count))
    }

    fn parameters(&self, point: &Point) -> Result<ParameterSet, ExperimentError> {
        let name = match &point.settings.parameters {
            Some(ParametersRef::Inline(set)) => return Ok(set.clone()),
            Some(ParametersRef::Name(name)) => name,
            None => "default",
        };
        ParameterSet::named(name, &self.directory)?.map_err(|advice| self.yaml.error(&point.path("parameters"), advice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a model and an experiment file with the given settings, and reads it.
    fn read(text: &str) -> Result<Experiment, ExperimentError> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("net.safetensors"), "weights").unwrap();
        std::fs::write(directory.path().join("net.yaml"), "card").unwrap();
        let file = directory.path().join("e.yaml");
        std::fs::write(&file, text).unwrap();
        Experiment::read(&file)
    }

    const FIXED: &str = "name: x\nfixed:\n  model: net.safetensors\n  dataset: cifar10\n  images: 2\n";

    #[test]
    fn defaults_fill_what_is_absent() {
        let experiment = read(&format!("{FIXED}  log_n: 15\n")).unwrap();
        let [trial] = experiment.trials.as_slice() else { panic!("one trial") };
        assert_eq!((trial.log_n, trial.seed, trial.probe), (15, None, true));
        assert_eq!(trial.model_sha256, crate::experiment::fingerprint::sha256_of_text("weights"));
        assert!(trial.model.is_absolute());
    }

    #[test]
    fn a_sweep_expands_and_equal_points_run_once() {
        let experiment = read(&format!("{FIXED}sweep:\n  log_n: [14, 15, 14]\n  threads: [1, 2]\n")).unwrap();
        let points: Vec<_> = experiment.trials.iter().map(|trial| (trial.log_n, trial.threads)).collect();
        assert_eq!(points, [(14, 1), (14, 2), (15, 1), (15, 2)]);
    }

    #[test]
    fn names_that_cannot_be_directories() {
        let text = format!("{FIXED}  log_n: 15\n").replace("name: x", "name: a/b");
        assert!(read(&text).unwrap_err().to_string().contains("cannot name a directory"));
    }
}
