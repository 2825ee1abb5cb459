//! From a point of an experiment to a trial: defaults, files and their hashes.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::ExperimentError;
use super::block::{self, BlockRef, Found};
use super::combination::{Refusal, check_parameters, settle, with_idle};
use super::file_location::location_of;
use super::fingerprint::{sha256_of_card, sha256_of_dataset, sha256_of_file, sha256_of_recipe};
use super::images;
use super::import::units_warning;
use super::locate::{Step, YamlText};
use super::model_choice;
use super::networks::UNKNOWN;
use super::notice::tell;
use super::parameter_set::ParameterSet;
use super::setting::{Check, DatasetFiles, HeldOut, LayoutKind, ModelFiles, WeightsOrigin};
use super::settings::{Missing, Point, Settings};
use super::trial::{DatasetSpec, TrialSpec, WeightsFile};
use crate::dataset::DatasetName;
use crate::network::card::CardActivation;
use crate::network::{Architecture, Card, NetworkError, Pool, Shortcut};

/// Turns points into trials; each file is read once.
pub struct Resolver<'a> {
    yaml: &'a YamlText,
    experiment: &'a str,
    directory: PathBuf,
    hashes: HashMap<PathBuf, String>,
    cards: HashMap<PathBuf, Card>,
    images: HashMap<(DatasetName, Option<PathBuf>, Option<HeldOut>), KnownImages>,
}

/// Which network a trial evaluates.
struct Subject {
    members: Vec<WeightsFile>,
    network: String,
    width: u32,
    activation: String,
    shortcut: Shortcut,
    pool: Pool,
}

/// The absolute path of a file that is there. Its own name stays, if it is a symbolic link: a card stands beside that.
fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    path.metadata()?;
    location_of(path)
}

/// Why a file cannot be read whose path, if it is relative, starts at `directory`.
fn unreadable(what: &str, path: &Path, directory: &Path, source: &std::io::Error) -> String {
    format!("cannot read {what} at {}: {source}; a relative path starts at {}", path.display(), directory.display())
}

/// What is known of a data set that has been read: its images are not kept.
#[derive(Debug, Clone)]
struct KnownImages {
    count: usize,
    sha256: String,
}

impl<'a> Resolver<'a> {
    /// A resolver for the experiment called `experiment` in the file `yaml`.
    #[must_use]
    pub fn new(yaml: &'a YamlText, experiment: &'a str) -> Self {
        let file = std::path::absolute(&yaml.file).unwrap_or_else(|_| yaml.file.clone());
        let directory = file.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
        let (hashes, cards, images) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { yaml, experiment, directory, hashes, cards, images }
    }

    /// The trial that a point stands for.
    ///
    /// # Errors
    /// [`ExperimentError::Setting`]: a setting that must be given, a file that is not there, an impossible combination.
    pub fn resolve(&mut self, point: &Point) -> Result<TrialSpec, ExperimentError> {
        let random = point.settings.weights == Some(WeightsOrigin::Random);
        if point.settings.model.is_none() && point.settings.network.is_none() {
            return Err(match random {
                true => {
                    self.missing(point, "network", "random weights need `network` and `width`, such as resnet20 and 16")
                }
                false => self.missing(point, "model", "name a safetensors file, or give `network`"),
            });
        }
        let (dataset, count) = self.dataset(point)?;
        let Subject { members, network, width, activation, shortcut, pool } =
            if random { self.random(point, dataset.name)? } else { self.trained(point, &dataset)? };
        let mut settings = self.plain(point)?;
        (settings.shortcut, settings.pool) = (shortcut, pool);
        settings.images = settings.images.of(count);
        if let Some(problem) =
            settings.images.largest().and_then(|index| images::index_problem(dataset.name, count, index))
        {
            return Err(self.error(point, "images", problem));
        }
        let (parameters, parameters_name) = self.parameters(point, &settings)?;
        let spec = TrialSpec {
            id: String::new(),
            experiment: self.experiment.to_owned(),
            members,
            network,
            width,
            activation,
            dataset,
            parameters,
            parameters_name,
            settings,
        };
        Ok(spec.with_id())
    }

    fn plain(&self, point: &Point) -> Result<Settings, ExperimentError> {
        let mut settings = with_idle(&point.settings).plain().map_err(|Missing(name)| {
            let advice = match name {
                "images" => "say how many images to evaluate, such as 3",
                "log_n" => "give log2 of the ring dimension, such as 15",
                _ => "give it a value",
            };
            self.missing(point, name, advice)
        })?;
        settle(&point.settings, &mut settings).map_err(|refusal| self.refuse(point, refusal))?;
        Ok(settings)
    }

    fn refuse(&self, point: &Point, Refusal { setting, problem }: Refusal) -> ExperimentError {
        self.error(point, setting, problem)
    }

    fn missing(&self, point: &Point, name: &str, advice: &str) -> ExperimentError {
        if let Some(entry) = point.included {
            let problem = format!("this entry and `fixed` lack `{name}`, and no axis is for it; {advice}");
            return self.yaml.error(&[Step::Key("include"), Step::Index(entry)], problem);
        }
        let problem = format!("the setting is missing under `fixed` and `sweep`; {advice}");
        self.yaml.error(&[Step::Key("fixed"), Step::Key(name)], problem)
    }

    /// An error at the value of a setting.
    fn error(&self, point: &Point, setting: &str, problem: impl Into<String>) -> ExperimentError {
        self.yaml.error(&point.path(self.yaml, setting), problem)
    }

    /// The hash of a file that the setting at `place` leads to.
    fn file(&mut self, path: &Path, place: &[Step<'_>], what: &str) -> Result<String, ExperimentError> {
        if let Some(hash) = self.hashes.get(path) {
            return Ok(hash.clone());
        }
        let hash = sha256_of_file(path)
            .map_err(|source| self.yaml.error(place, unreadable(what, path, &self.directory, &source)))?;
        self.hashes.insert(path.to_owned(), hash.clone());
        Ok(hash)
    }

    /// What random weights are of.
    fn random(&self, point: &Point, dataset: DatasetName) -> Result<Subject, ExperimentError> {
        let missing =
            |name| self.missing(point, name, "random weights need `network` and `width`, such as resnet20 and 16");
        let settings = &point.settings;
        let network = settings.network.as_ref().ok_or_else(|| missing("network"))?.0.clone();
        let width = settings.width.ok_or_else(|| missing("width"))?.0;
        let activation = CardActivation::Quadratic;
        if settings.activation.is_some_and(|given| given != activation) {
            let problem = "random weights have one fixed quadratic; set `quadratic`, or remove the key";
            return Err(self.error(point, "activation", problem));
        }
        let architecture = Architecture::named(&network, width as usize, dataset.classes());
        let architecture = architecture.map_err(|error| {
            let of_width = matches!(&error, NetworkError::Architecture { key, .. } if key == "width");
            self.error(point, if of_width { "width" } else { "network" }, error.to_string())
        })?;
        let (shortcut, pool) = (settings.shortcut.unwrap_or_default(), settings.pool.unwrap_or_default());
        // A pool that changes nothing makes no other trial.
        let pool = if architecture.clone().with(shortcut, pool) == architecture.with(shortcut, Pool::default()) {
            Pool::default()
        } else {
            pool
        };
        Ok(Subject { members: Vec::new(), network, width, activation: activation.as_str().to_owned(), shortcut, pool })
    }

    /// The weights, by name or by what their card says.
    fn trained(&mut self, point: &Point, dataset: &DatasetSpec) -> Result<Subject, ExperimentError> {
        let place = point.path(self.yaml, "model");
        let chosen = match &point.settings.model {
            Some(model) => model.names().iter().map(|name| model_choice::named(name, &self.directory)).collect(),
            None => model_choice::fitting(&point.settings, dataset.name, &self.directory).map(|path| vec![path]),
        };
        let chosen: Vec<PathBuf> = chosen.map_err(|refusal| self.refuse(point, refusal))?;
        let in_list = matches!(point.settings.model, Some(ModelFiles::Several(_)));
        let mut members = Vec::with_capacity(chosen.len());
        let mut first: Option<Card> = None;
        let mut activations = BTreeSet::new();
        for (index, path) in chosen.into_iter().enumerate() {
            let mut place = place.clone();
            place.extend(in_list.then_some(Step::Index(index)));
            let (path, card) = self.member(point, path, &place)?;
            if let Some(problem) = dataset.held_out.and_then(|held_out| images::seen_problem(&card, held_out)) {
                return Err(self.error(point, "dataset", problem));
            }
            let expected = first.get_or_insert_with(|| card.clone());
            if let Some(difference) = model_choice::difference(&card, expected) {
                let problem = format!("{difference}; the members of an ensemble differ in their numbers only");
                return Err(self.yaml.error(&place, problem));
            }
            activations.insert(card.activation.as_str());
            members.push(WeightsFile {
                recipe_sha256: card.record.as_ref().map_or_else(|| UNKNOWN.to_owned(), sha256_of_recipe),
                epochs: card.epochs(),
                sha256: self.file(&path, &place, "the weights")?,
                card_sha256: sha256_of_card(&card),
                card_file_sha256: self.file(&Card::path_beside(&path), &place, "the card of the weights")?,
                path,
            });
        }
        let Some(card) = first else { return Err(self.yaml.error(&place, "name at least one file of weights")) };
        let activation = Vec::from_iter(activations).join("+");
        let Card { network, width, shortcut, pool, .. } = card;
        Ok(Subject { members, network, width: width as u32, activation, shortcut, pool })
    }

    /// The absolute path of weights, and their card.
    fn member(&mut self, point: &Point, path: PathBuf, place: &[Step<'_>]) -> Result<(PathBuf, Card), ExperimentError> {
        let path = resolved(&path)
            .map_err(|source| self.yaml.error(place, unreadable("the weights", &path, &self.directory, &source)))?;
        let card = match self.cards.get(&path) {
            Some(card) => card.clone(),
            None => Card::of(&path).map_err(|error| self.yaml.error(place, error.to_string()))?,
        };
        if let Some(refusal) = model_choice::mismatch(&point.settings, &card) {
            return Err(self.refuse(point, refusal));
        }
        if let (None, Some(warning)) = (self.cards.insert(path.clone(), card.clone()), units_warning(&card, &path)) {
            tell(&warning);
        }
        Ok((path, card))
    }

    /// The data set and its number of images.
    fn dataset(&mut self, point: &Point) -> Result<(DatasetSpec, usize), ExperimentError> {
        let Some(dataset) = &point.settings.dataset else {
            return Err(self.missing(point, "dataset", "name a data set, such as cifar10"));
        };
        let mut place = point.path(self.yaml, "dataset");
        let (DatasetFiles { name, path, held_out }, block) = match dataset {
            BlockRef::Inline(files) => {
                place.push(Step::Key("path"));
                (files.clone(), None)
            }
            BlockRef::Name(name) => {
                let found = block::named::<DatasetFiles>(name, &self.directory)?;
                let Found { block, yaml } = found.map_err(|advice| self.yaml.error(&place, advice))?;
                block.check().map_err(|problem| yaml.problem(&[], &problem))?;
                (block, Some(yaml))
            }
        };
        // Where the path stands, and where it starts.
        let blamed = |problem: String| match &block {
            Some(yaml) => yaml.error(&[Step::Key("path")], problem),
            None => self.yaml.error(&place, problem),
        };
        let directory = block.as_ref().and_then(|yaml| yaml.file.parent()).unwrap_or(&self.directory);
        let path = match path.map(|written| directory.join(written)) {
            Some(joined) => {
                let found = joined.canonicalize();
                Some(found.map_err(|source| blamed(unreadable("the data set", &joined, directory, &source)))?)
            }
            None => None,
        };
        let key = (name, path.clone(), held_out);
        let known = match self.images.get(&key) {
            Some(known) => known.clone(),
            None => {
                let loaded = images::load(name, path.as_deref(), held_out);
                let loaded = loaded.map_err(|error| blamed(error.to_string()))?;
                let known = KnownImages { count: loaded.len(), sha256: sha256_of_dataset(&loaded) };
                self.images.insert(key, known.clone());
                known
            }
        };
        Ok((DatasetSpec { name, path, held_out, sha256: known.sha256 }, known.count))
    }

    /// The parameter set with what overrides it, and its name.
    fn parameters(&self, point: &Point, settings: &Settings) -> Result<(ParameterSet, String), ExperimentError> {
        let place = point.path(self.yaml, "parameters");
        let (block, name, file) = match &point.settings.parameters {
            Some(BlockRef::Inline(set)) => (set.clone(), "inline", None),
            name => {
                let default = if settings.layout == LayoutKind::Tiled { "tiled" } else { "default" };
                let name = if let Some(BlockRef::Name(name)) = name { name.as_str() } else { default };
                let found = block::named::<ParameterSet>(name, &self.directory)?;
                let Found { block, yaml } = found.map_err(|advice| self.yaml.error(&place, advice))?;
                (block, name, Some(yaml))
            }
        };
        let mut set = block.clone();
        point.settings.override_parameters(&mut set);
        check_parameters(settings, &set).map_err(|problem| {
            let overridden = problem.key.map(|key| point.path(self.yaml, key)).filter(|path| self.yaml.has(path));
            match (overridden, file) {
                (Some(path), _) => self.yaml.error(&path, problem.text),
                // What overrides a set may be what does not go with it.
                (None, Some(file)) if check_parameters(settings, &block).as_ref() == Err(&problem) => {
                    file.problem(&[], &problem)
                }
                (None, _) => self.yaml.problem(&place, &problem),
            }
        })?;
        Ok((set, name.to_owned()))
    }
}
