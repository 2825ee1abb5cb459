//! `provenance.json`: what made the rows beside it. Holds no path of the machine it was made on.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::clock::UtcTime;
use super::config::Experiment;
use super::fingerprint::sha256_of_text;
use super::host::Host;
use super::prices::KnownPrices;
use super::program::Program;
use super::setting::ImageSelection;
use super::store::write_json;
use super::trial::TrialSpec;
use crate::user_file::read_text;

/// File name within a results directory.
pub const FILE: &str = "provenance.json";

/// The settings of one trial that are not in its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialProvenance {
    /// File names of the weights, of an ensemble several with spaces between; empty: random weights.
    pub weights: String,
    /// SHA-256 of the weights, likewise.
    pub weights_sha256: String,
    /// Data set.
    pub dataset: String,
    /// SHA-256 of the cards beside the weights, likewise.
    pub card_sha256: String,
    /// SHA-256 of the data set's labels and images.
    pub dataset_sha256: String,
    /// The images.
    pub images: ImageSelection,
    /// Seed; none: the operating system's entropy.
    pub seed: Option<u64>,
    /// Threads.
    pub threads: u32,
    /// Canonical JSON that the id is the hash of.
    pub identity: String,
}

impl TrialProvenance {
    /// That of a trial.
    #[must_use]
    pub fn of(spec: &TrialSpec) -> Self {
        Self {
            weights: spec.weights_name(),
            weights_sha256: spec.weights_sha256(),
            card_sha256: spec.card_sha256(),
            dataset: spec.dataset.name.as_str().to_owned(),
            dataset_sha256: spec.dataset.sha256.clone(),
            images: spec.settings.images.clone(),
            seed: spec.settings.seed.0,
            threads: spec.settings.threads.count(),
            identity: spec.identity(),
        }
    }
}

/// One run of an experiment into a results directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Start of the run, RFC 3339, UTC.
    pub date: String,
    /// The program.
    pub program: Program,
    /// The machine.
    pub host: Host,
    /// The prices of its plans; none: an earlier version, which had one table.
    #[serde(default)]
    pub prices: Option<KnownPrices>,
    /// SHA-256 of `experiment_file`.
    pub experiment_file_sha256: String,
    /// Exact text of the experiment file.
    pub experiment_file: String,
    /// Where it was, if that is below the directory of the run: from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment_path: Option<String>,
    /// Values that the command line gave in place of the file's, `key=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// The command that the experiment is the long form of; none: it was in a file.
    #[serde(default)]
    pub command: Option<String>,
}

/// What made a results directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Name of the experiment.
    pub experiment: String,
    /// The first run, then those that resumed it.
    pub sessions: Vec<Session>,
    /// The trials by id.
    pub trials: BTreeMap<String, TrialProvenance>,
}

impl Provenance {
    /// The provenance of a run that begins now.
    #[must_use]
    pub fn of(experiment: &Experiment, prices: &KnownPrices) -> Self {
        let trials = experiment.trials.iter().map(|spec| (spec.id.clone(), TrialProvenance::of(spec)));
        Self {
            experiment: experiment.name.clone(),
            sessions: vec![Session {
                date: UtcTime::now().rfc3339(),
                program: Program::this(),
                host: Host::detect(),
                prices: Some(prices.clone()),
                experiment_file_sha256: sha256_of_text(&experiment.text),
                experiment_file: experiment.text.clone(),
                experiment_path: experiment.path.clone(),
                set: experiment.set.clone(),
                command: experiment.command.clone(),
            }],
            trials: trials.collect(),
        }
    }

    /// Reads that of a results directory; none: there is none.
    ///
    /// # Errors
    /// [`ExperimentError::Read`], [`ExperimentError::ProvenanceDamaged`].
    pub fn read(directory: &Path) -> Result<Option<Self>, ExperimentError> {
        read_json(&directory.join(FILE))
    }

    /// This run after the earlier ones of the same experiment in a results directory.
    ///
    /// # Errors
    /// [`ExperimentError::OtherExperiment`], and those of [`Provenance::read`].
    pub fn after(self, directory: &Path) -> Result<Self, ExperimentError> {
        let earlier = Self::read(directory)?;
        self.joined(earlier, directory)
    }

    /// This run after earlier ones that `directory` has, or will have.
    ///
    /// # Errors
    /// [`ExperimentError::OtherExperiment`].
    pub fn joined(self, earlier: Option<Self>, directory: &Path) -> Result<Self, ExperimentError> {
        let Some(mut earlier) = earlier else {
            return Ok(self);
        };
        // What a command stands for may join any experiment.
        let named = |provenance: &Self| provenance.sessions.iter().any(|session| session.command.is_none());
        if !named(&earlier) {
            earlier.experiment.clone_from(&self.experiment);
        }
        if earlier.experiment != self.experiment && named(&self) {
            let path = directory.to_owned();
            return Err(ExperimentError::OtherExperiment {
                path,
                found: earlier.experiment,
                expected: self.experiment,
            });
        }
        earlier.sessions.extend(self.sessions);
        earlier.trials.extend(self.trials);
        Ok(earlier)
    }

    /// The runs of a part after the earlier ones in the directory that its rows go to. Those that differ from another in nothing but
    /// their date are left out: a cluster has as many as trials.
    ///
    /// # Errors
    /// As [`Provenance::after`].
    pub fn gathered(mut self, directory: &Path) -> Result<Self, ExperimentError> {
        let mut known = Self::read(directory)?.map_or_else(Vec::new, |earlier| earlier.sessions);
        self.sessions.retain(|session| {
            let is_new = !known.iter().any(|other| *other == Session { date: other.date.clone(), ..session.clone() });
            known.push(session.clone());
            is_new
        });
        self.after(directory)
    }

    /// Writes it into a results directory.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    pub fn write(&self, directory: &Path) -> Result<(), ExperimentError> {
        write_json(&directory.join(FILE), "provenance", self)
    }
}

/// Reads a provenance file; none: there is none.
///
/// # Errors
/// [`ExperimentError::Read`], [`ExperimentError::ProvenanceDamaged`].
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ExperimentError> {
    if !path.exists() {
        return Ok(None);
    }
    let text = read_text(path).map_err(|source| ExperimentError::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| ExperimentError::ProvenanceDamaged { path: path.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::prices::PriceOrigin;
    use crate::experiment::trial::tests::sample;
    use crate::inference::Prices;

    fn prices() -> KnownPrices {
        KnownPrices { origin: PriceOrigin::Stored, prices: Prices::default() }
    }

    #[test]
    fn it_tells_hashes_and_no_paths() {
        let experiment = Experiment {
            name: "e".into(),
            path: None,
            text: "name: e\n".into(),
            set: vec!["log_n=15".into()],
            trials: vec![sample()],
            command: None,
            duplicates: vec![],
        };
        let directory = tempfile::tempdir().unwrap();
        Provenance::of(&experiment, &prices()).write(directory.path()).unwrap();
        let text = std::fs::read_to_string(directory.path().join(FILE)).unwrap();
        let back: Provenance = serde_json::from_str(&text).unwrap();
        assert_eq!(back.trials[&sample().id].weights, "net.safetensors");
        assert_eq!(back.sessions[0].experiment_file, "name: e\n");
        assert_eq!(back.sessions[0].set, ["log_n=15"]);
        assert_eq!(back.sessions[0].prices, Some(prices()));
        assert!(!text.contains("/models/"));
        // A run that resumes is added to it; another experiment is not.
        let resumed = Provenance::of(&experiment, &prices()).after(directory.path()).unwrap();
        assert_eq!((resumed.sessions.len(), resumed.trials.len()), (2, 1));
        // The same run in a part is told once, by its first date; one on another machine as well.
        let part = |cores| {
            let mut part = Provenance::of(&experiment, &prices());
            part.sessions[0].date = "2026-01-01T00:00:00Z".into();
            part.sessions[0].host.cores = cores;
            part
        };
        let cores = resumed.sessions[0].host.cores;
        let sessions = |part: Provenance| part.gathered(directory.path()).unwrap().sessions;
        assert_eq!((sessions(part(cores)).len(), sessions(part(cores + 1)).len()), (1, 2));
        assert_ne!(sessions(part(cores))[0].date, "2026-01-01T00:00:00Z");
        // What a command stands for joins, whatever it is called.
        let command = Experiment { name: "g".into(), command: Some("leveled evaluate".into()), ..experiment.clone() };
        let joined = Provenance::of(&command, &prices()).after(directory.path()).unwrap();
        assert_eq!((joined.experiment.as_str(), joined.sessions.len()), ("e", 2));
        let alone = tempfile::tempdir().unwrap();
        Provenance::of(&command, &prices()).write(alone.path()).unwrap();
        let named = Provenance::of(&experiment, &prices()).after(alone.path()).unwrap();
        assert_eq!((named.experiment.as_str(), named.sessions.len()), ("e", 2));
        let other = Provenance::of(&Experiment { name: "f".into(), ..experiment }, &prices()).after(directory.path());
        let text = other.unwrap_err().to_string();
        assert!(text.contains("holds results of the experiment `e`, not of `f`"), "{text}");
        std::fs::write(directory.path().join(FILE), "{}").unwrap();
        let text = Provenance::read(directory.path()).unwrap_err().to_string();
        assert!(text.contains("provenance.json is damaged") && text.contains("move it away"), "{text}");
    }
}
