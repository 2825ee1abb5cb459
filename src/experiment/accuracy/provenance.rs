//! `accuracy_provenance.json`: what made the `accuracy.csv` beside it. Holds no path of the machine it was made on.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::run::AccuracyRequest;
use crate::dataset::Dataset;
use crate::experiment::ExperimentError;
use crate::experiment::clock::UtcTime;
use crate::experiment::fingerprint::sha256_of_dataset;
use crate::experiment::host::Host;
use crate::experiment::provenance::{Program, read_json, write_json};

/// File name within the output directory.
pub const FILE: &str = "accuracy_provenance.json";

/// What made the rows of an `accuracy.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccuracyProvenance {
    /// Start of the evaluation, RFC 3339, UTC.
    pub date: String,
    /// The command, with file names for paths and `DIR` for the data set's directory.
    pub command: String,
    /// The program.
    pub program: Program,
    /// The machine.
    pub host: Host,
    /// SHA-256 of the weights by file name without extension, and of several with one name by that and the first digits.
    pub weights_sha256: BTreeMap<String, String>,
    /// The data set.
    pub dataset: String,
    /// SHA-256 of the labels and images that were evaluated.
    pub dataset_sha256: String,
}

impl AccuracyProvenance {
    /// That of an evaluation that begins now, of networks by name and hash.
    pub(super) fn of(request: &AccuracyRequest, weights_sha256: BTreeMap<String, String>, images: &Dataset) -> Self {
        Self {
            date: UtcTime::now().rfc3339(),
            command: command(request),
            program: Program::this(),
            host: Host::detect(),
            weights_sha256,
            dataset: images.name.as_str().to_owned(),
            dataset_sha256: sha256_of_dataset(images),
        }
    }

    /// Reads those of a results directory, one for each evaluation.
    ///
    /// # Errors
    /// [`ExperimentError::Read`], [`ExperimentError::ProvenanceDamaged`].
    pub fn read(directory: &Path) -> Result<Vec<Self>, ExperimentError> {
        Ok(read_json::<History>(&directory.join(FILE))?.map_or_else(Vec::new, History::sessions))
    }

    /// Adds it to those of a results directory, which nobody else may be writing to.
    ///
    /// # Errors
    /// [`ExperimentError::Append`], and those of [`AccuracyProvenance::read`].
    pub(super) fn add_to(self, directory: &Path) -> Result<(), ExperimentError> {
        let mut sessions = Self::read(directory)?;
        sessions.push(self);
        write_json(&directory.join(FILE), &History::Several { sessions })
    }
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum History {
    /// The evaluations in order.
    Several { sessions: Vec<AccuracyProvenance> },
    /// The only one, as earlier versions wrote it.
    One(Box<AccuracyProvenance>),
}

impl History {
    fn sessions(self) -> Vec<AccuracyProvenance> {
        match self {
            Self::Several { sessions } => sessions,
            Self::One(one) => vec![*one],
        }
    }
}

/// The command line of a request.
fn command(request: &AccuracyRequest) -> String {
    let mut words = vec!["leveled evaluate".to_owned()];
    words.extend(request.models.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())));
    if request.data.is_some() {
        words.push("--data DIR".to_owned());
    }
    words.push(format!("--images {}", request.images.as_str()));
    let list = |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    if !request.ensembles.is_empty() {
        words.push(format!("--ensembles {}", list(&request.ensembles)));
    }
    if !request.clusters.is_empty() {
        let modes: Vec<&str> = request.modes.iter().map(|mode| mode.as_str()).collect();
        words.push(format!("--clusters {} --modes {}", list(&request.clusters), modes.join(",")));
        words.push(format!("--cluster-seeds {}", request.cluster_seeds));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetName, shipped_test_images};
    use crate::experiment::accuracy::ImageSet;
    use crate::network::cluster::ClusterMode;

    #[test]
    fn it_tells_the_command_and_no_paths() {
        let request = AccuracyRequest {
            models: vec!["/home/me/a.safetensors".into(), "b.safetensors".into()],
            data: Some("/home/me/cifar".into()),
            images: ImageSet::Test,
            ensembles: vec![2],
            clusters: vec![16, 64],
            modes: vec![ClusterMode::Full, ClusterMode::Slice],
            cluster_seeds: 3,
            out: None,
        };
        let images = shipped_test_images(DatasetName::Cifar10).unwrap();
        let made = AccuracyProvenance::of(&request, [("a".to_owned(), "0f".to_owned())].into(), &images);
        let expected = "leveled evaluate a.safetensors b.safetensors --data DIR --images test --ensembles 2 \
                        --clusters 16,64 --modes full,slice --cluster-seeds 3";
        assert_eq!(made.command, expected);
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(AccuracyProvenance::read(directory.path()).unwrap(), []);
        made.clone().add_to(directory.path()).unwrap();
        assert_eq!(AccuracyProvenance::read(directory.path()).unwrap(), std::slice::from_ref(&made));
        // As earlier versions wrote it, and another evaluation after it.
        std::fs::write(directory.path().join(FILE), serde_json::to_string(&made).unwrap()).unwrap();
        made.clone().add_to(directory.path()).unwrap();
        assert_eq!(AccuracyProvenance::read(directory.path()).unwrap(), [made.clone(), made]);
        assert!(!std::fs::read_to_string(directory.path().join(FILE)).unwrap().contains("/home/me"));
        std::fs::write(directory.path().join(FILE), "[").unwrap();
        let text = AccuracyProvenance::read(directory.path()).unwrap_err().to_string();
        assert!(text.contains("accuracy_provenance.json is damaged"), "{text}");
    }
}
