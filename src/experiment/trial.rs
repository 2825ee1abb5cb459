//! One trial: everything that is needed to run it.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::ExperimentError;
use super::combination::check_parameters;
use super::fingerprint::{canonical_json, sha256_of_text};
use super::locate::Problem;
use super::parameter_set::ParameterSet;
use super::path_text;
use super::setting::{Backend, HeldOut, WeightsOrigin};
use super::settings::Settings;
use crate::dataset::DatasetName;
use crate::user_file::read_text;

/// Version of the trial identity: raised when the same settings begin to mean something else, or are hashed in another way.
const IDENTITY_VERSION: u32 = 3;

/// The version before: it counted threads that nobody had asked for, and the bytes of cards, comments included.
const EARLIER_VERSION: u32 = 2;

/// Number of hexadecimal digits of a trial's id.
const ID_DIGITS: usize = 16;

/// The identities by which a trial can be recognised that the version before recorded under `identity`: with its threads, and without them,
/// since it did not say whether they had been asked for. None: it is of another version.
#[must_use]
pub fn earlier_identities(identity: &str) -> Vec<String> {
    let Ok(Value::Object(mut recorded)) = serde_json::from_str(identity) else { return Vec::new() };
    if recorded.get("identity_version") != Some(&EARLIER_VERSION.into()) {
        return Vec::new();
    }
    let with_threads = canonical_json(&Value::Object(recorded.clone()));
    recorded.remove("threads");
    vec![with_threads, canonical_json(&Value::Object(recorded))]
}

/// Whether a text can be the id of a trial. A spreadsheet makes `1.23457E+15` of one that has digits only.
#[must_use]
pub fn is_trial_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The images of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetSpec {
    /// Which data set.
    pub name: DatasetName,
    /// Directory or file of the full set; none: the images that ship with the project.
    #[serde(default, with = "path_text::optional")]
    pub path: Option<PathBuf>,
    /// The training images that were held out, if it is these.
    #[serde(default)]
    pub held_out: Option<HeldOut>,
    /// SHA-256 of the labels and images.
    pub sha256: String,
}

/// A file of weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsFile {
    /// Absolute path (safetensors).
    #[serde(with = "path_text")]
    pub path: PathBuf,
    /// SHA-256 of the file.
    pub sha256: String,
    /// SHA-256 of what the card beside it says, see [`sha256_of_card`](super::fingerprint::sha256_of_card).
    pub card_sha256: String,
    /// SHA-256 of the card's file, by which earlier versions knew it.
    pub card_file_sha256: String,
    /// SHA-256 of the recipe of the training but for its seed; `-`: the card has no record of it.
    pub recipe_sha256: String,
    /// Epochs of the training, by the record on the card.
    pub epochs: Option<u64>,
}

/// Everything that is needed to run one trial. Serialized, it is what a child process gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialSpec {
    /// First 16 hexadecimal digits of the SHA-256 of everything that can change the result.
    pub id: String,
    /// Name of the experiment it belongs to.
    pub experiment: String,
    /// The weights, a file for each member of the ensemble; empty: random weights.
    pub members: Vec<WeightsFile>,
    /// Architecture, by the cards or the experiment.
    pub network: String,
    /// Channels of the first stage, likewise.
    pub width: u32,
    /// Activation, likewise.
    pub activation: String,
    /// Where the images come from.
    pub dataset: DatasetSpec,
    /// Sizes of scales and primes.
    pub parameters: ParameterSet,
    /// Name of the parameter set, before anything overrode it; `inline` if it has none.
    pub parameters_name: String,
    /// Everything else.
    pub settings: Settings,
}

impl TrialSpec {
    /// The same specification with the id that belongs to it.
    #[must_use]
    pub fn with_id(mut self) -> Self {
        let mut id = sha256_of_text(&self.identity());
        id.truncate(ID_DIGITS);
        self.id = id;
        self
    }

    /// Canonical JSON of everything that can change the result: not names or paths, but contents, and settings that
    /// are not at their default; the limit of memory only where the plan depends on it.
    #[must_use]
    pub fn identity(&self) -> String {
        canonical_json(&Value::Object(self.identity_of(IDENTITY_VERSION, self.card_sha256())))
    }

    /// What a fixed seed is for: two trials share keys and noise only if they encrypt the same images in the same way. Threads
    /// change neither.
    #[must_use]
    pub fn purpose(&self) -> String {
        let mut identity = self.identity_of(IDENTITY_VERSION, self.card_sha256());
        identity.remove("threads");
        sha256_of_text(&canonical_json(&Value::Object(identity)))
    }

    /// One of the [`earlier_identities`] of what the version before recorded, if that was this trial.
    #[must_use]
    pub fn earlier_identity(&self) -> String {
        let cards = self.of_members(|member| member.card_file_sha256.clone());
        canonical_json(&Value::Object(self.identity_of(EARLIER_VERSION, cards)))
    }

    fn identity_of(&self, version: u32, card_sha256: String) -> Map<String, Value> {
        let mut identity = self.settings.identity();
        // One file as it was before there were ensembles.
        match self.members.as_slice() {
            [] => identity.extend([
                ("network".to_owned(), self.network.as_str().into()),
                ("width".to_owned(), self.width.into()),
            ]),
            _ => identity.extend([
                ("model_sha256".to_owned(), self.weights_sha256().into()),
                ("card_sha256".to_owned(), card_sha256.into()),
            ]),
        }
        // A fixed seed meant one key for all trials before.
        if self.settings.seed.0.is_some() {
            identity.insert("seed_for".to_owned(), "trial".into());
        }
        if let Some(limit) = self.settings.planning_limit() {
            identity.insert("memory_limit".to_owned(), limit.0.into());
        }
        if self.is_clear() {
            identity.remove("log_n");
        } else {
            identity.insert("parameters".to_owned(), json!(self.parameters));
        }
        identity.extend([
            ("identity_version".to_owned(), version.into()),
            ("dataset".to_owned(), self.dataset.name.as_str().into()),
            ("dataset_sha256".to_owned(), self.dataset.sha256.as_str().into()),
        ]);
        identity
    }

    /// Whether the weights were trained, so that an accuracy means something.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        self.settings.weights == WeightsOrigin::Trained
    }

    /// Whether nothing is encrypted, nor simulated to be.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.settings.backend == Backend::Clear
    }

    /// File names of the weights, for records: no directory of this machine.
    #[must_use]
    pub fn weights_name(&self) -> String {
        self.of_members(|member| member.path.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }

    /// SHA-256 of the weights' files.
    #[must_use]
    pub fn weights_sha256(&self) -> String {
        self.of_members(|member| member.sha256.clone())
    }

    /// SHA-256 of what the cards say.
    #[must_use]
    pub fn card_sha256(&self) -> String {
        self.of_members(|member| member.card_sha256.clone())
    }

    /// SHA-256 of the recipes of the trainings but for their seeds.
    #[must_use]
    pub fn recipe_sha256(&self) -> String {
        self.of_members(|member| member.recipe_sha256.clone())
    }

    /// Epochs of the training, if all members had as many.
    #[must_use]
    pub fn epochs(&self) -> Option<u64> {
        let epochs = self.members.first()?.epochs;
        epochs.filter(|_| self.members.iter().all(|member| member.epochs == epochs))
    }

    fn of_members(&self, text: impl Fn(&WeightsFile) -> String) -> String {
        self.members.iter().map(text).collect::<Vec<_>>().join(" ")
    }

    /// Reads the specification of a trial from a file, or from `input` if the path is `-`.
    ///
    /// # Errors
    /// [`ExperimentError::Read`], and [`ExperimentError::TrialSpec`] if it is not one or its id does not belong to it.
    pub fn read(path: &Path, mut input: impl Read) -> Result<Self, ExperimentError> {
        let mut text = String::new();
        let read = if path == Path::new("-") {
            input.read_to_string(&mut text).map(|_| ())
        } else {
            read_text(path).map(|content| text = content)
        };
        read.map_err(|source| ExperimentError::Read { path: path.to_owned(), source })?;
        let refuse = |reason: String| ExperimentError::TrialSpec { path: path.to_owned(), reason };
        let spec: Self = serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
        if spec.clone().with_id().id != spec.id {
            return Err(refuse("its id does not belong to its settings".to_owned()));
        }
        check_parameters(&spec.settings, &spec.parameters).map_err(|Problem { text, .. }| refuse(text))?;
        if spec.settings.images.count() == 0 {
            return Err(refuse("it has no image".to_owned()));
        }
        Ok(spec)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::experiment::setting::{ImageSelection, KeySwitching, LogN, SecurityPolicy, Seed, Threads};
    use crate::experiment::settings::PartialSettings;

    /// A specification for tests of this floor.
    pub(crate) fn sample() -> TrialSpec {
        let settings = PartialSettings {
            images: Some(ImageSelection::First(3)),
            log_n: Some(LogN(15)),
            threads: Some(Threads(Some(2))),
            ..PartialSettings::default()
        };
        TrialSpec {
            id: String::new(),
            experiment: "sample".into(),
            members: vec![WeightsFile {
                path: "/models/net.safetensors".into(),
                sha256: "00".repeat(32),
                card_sha256: "11".repeat(32),
                card_file_sha256: "33".repeat(32),
                recipe_sha256: "55".repeat(32),
                epochs: Some(200),
            }],
            network: "resnet20".into(),
            width: 16,
            activation: "herpn".into(),
            dataset: DatasetSpec { name: DatasetName::Cifar10, path: None, held_out: None, sha256: "22".repeat(32) },
            parameters: ParameterSet {
                scale_bits: 20.0,
                weight_bits: 18.0,
                input_bits: 24.0,
                input_copies: 4,
                complex_packing: true,
                base_bits: 28,
                key_switching: KeySwitching::Automatic,
                levels: None,
            },
            parameters_name: "inline".into(),
            settings: settings.plain().unwrap(),
        }
        .with_id()
    }

    /// The sample with other plain settings.
    pub(crate) fn sample_with(change: impl Fn(&mut Settings)) -> TrialSpec {
        let mut spec = sample();
        change(&mut spec.settings);
        spec.with_id()
    }

    #[test]
    fn the_id_follows_what_can_change_the_result() {
        let spec = sample();
        assert_eq!(spec.id.len(), ID_DIGITS);
        let member = |path: &str, sha256: &str| WeightsFile {
            path: path.into(),
            sha256: sha256.into(),
            ..spec.members[0].clone()
        };
        let of_members = |members: Vec<WeightsFile>| TrialSpec { members, ..spec.clone() };
        let moved = of_members(vec![member("/elsewhere/net.safetensors", &spec.members[0].sha256)]);
        assert_eq!(TrialSpec { experiment: "other".into(), ..moved }.with_id().id, spec.id);
        assert_ne!(TrialSpec { width: 8, ..of_members(Vec::new()) }.with_id().id, of_members(Vec::new()).with_id().id);
        let same_images = sample_with(|settings| settings.images = ImageSelection::Indices(vec![0, 1, 2]));
        assert_eq!(same_images.id, spec.id);
        for other in [
            sample_with(|settings| settings.threads = Threads(Some(1))),
            sample_with(|settings| settings.seed = Seed(Some(1))),
            sample_with(|settings| settings.security = SecurityPolicy::None),
            of_members(vec![member("/models/net.safetensors", &"01".repeat(32))]).with_id(),
            of_members(vec![spec.members[0].clone(); 2]).with_id(),
            of_members(Vec::new()).with_id(),
        ] {
            assert_ne!(other.id, spec.id);
        }
    }

    #[test]
    fn an_id_is_the_same_on_other_cores_and_with_other_comments_on_a_card() {
        let free = sample_with(|settings| settings.threads = Threads(None));
        assert!(!free.identity().contains("threads") && sample().identity().contains("\"threads\":2"));
        let mut commented = free.clone();
        commented.members[0].card_file_sha256 = "44".repeat(32);
        assert_eq!(commented.clone().with_id().id, free.id);
        commented.members[0].card_sha256 = "55".repeat(32);
        assert_ne!(commented.with_id().id, free.id);
    }

    #[test]
    fn trials_of_the_version_before_are_recognised() {
        // As version 2 wrote it on a machine with 2 cores.
        let recorded = format!(
            r#"{{"card_sha256":"{}","dataset":"cifar10","dataset_sha256":"{}","identity_version":2,"images":[0,1,2],"log_n":15,"model_sha256":"{}","parameters":{{"base_bits":28,"complex_packing":true,"input_bits":24.0,"input_copies":4,"key_switching":"auto","levels":null,"scale_bits":20.0,"weight_bits":18.0}},"threads":2}}"#,
            "33".repeat(32),
            "22".repeat(32),
            "00".repeat(32),
        );
        let was = |spec: TrialSpec| earlier_identities(&recorded).contains(&spec.earlier_identity());
        assert!(was(sample()) && was(sample_with(|settings| settings.threads = Threads(None))));
        assert!(!was(sample_with(|settings| settings.threads = Threads(Some(1)))));
        assert!(!was(sample_with(|settings| settings.seed = Seed(Some(1)))));
        let mut other = sample();
        other.members[0].card_file_sha256 = "44".repeat(32);
        assert!(!was(other));
        // This version's are known by their ids.
        assert!(earlier_identities(&sample().identity()).is_empty() && earlier_identities("no JSON").is_empty());
    }

    #[test]
    fn a_specification_survives_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("spec.json");
        std::fs::write(&path, serde_json::to_string(&sample()).unwrap()).unwrap();
        assert_eq!(TrialSpec::read(&path, std::io::empty()).unwrap(), sample());
        let piped = serde_json::to_string(&sample()).unwrap();
        assert_eq!(TrialSpec::read(Path::new("-"), piped.as_bytes()).unwrap(), sample());
        let tampered = TrialSpec { id: sample().id, ..sample_with(|settings| settings.threads = Threads(Some(7))) };
        std::fs::write(&path, serde_json::to_string(&tampered).unwrap()).unwrap();
        assert!(TrialSpec::read(&path, std::io::empty()).unwrap_err().to_string().contains("does not belong"));
        // More images than there are anywhere are for whoever has the data set to refuse.
        let many = sample_with(|settings| settings.images = ImageSelection::First(usize::MAX));
        std::fs::write(&path, serde_json::to_string(&many).unwrap()).unwrap();
        assert_eq!(TrialSpec::read(&path, std::io::empty()).unwrap(), many);
        std::fs::write(&path, "{").unwrap();
        assert!(
            TrialSpec::read(&path, std::io::empty())
                .unwrap_err()
                .to_string()
                .contains("run the experiment file instead")
        );
    }
}
