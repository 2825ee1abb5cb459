//! One trial: everything that is needed to run it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ExperimentError;
use super::fingerprint::{canonical_json, sha256_of_text};
use super::locate::Problem;
use super::parameter_set::ParameterSet;
use super::setting::{ImageSelection, Layout, MemorySettings, Security};
use crate::dataset::DatasetName;

/// Version of the trial identity: raised when the same settings begin to mean something else.
const IDENTITY_VERSION: u32 = 1;

/// Number of hexadecimal digits of a trial's id.
const ID_DIGITS: usize = 16;

/// The images of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetSpec {
    /// Which data set.
    pub name: DatasetName,
    /// Directory or file of the full set; none: the images that ship with the project.
    pub path: Option<PathBuf>,
    /// SHA-256 of the labels and images that `path` leads to.
    pub sha256: String,
}

/// Everything that is needed to run one trial. Serialized, it is what a child process gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialSpec {
    /// First 16 hexadecimal digits of the SHA-256 of everything that can change the result.
    pub id: String,
    /// Name of the experiment it belongs to.
    pub experiment: String,
    /// Absolute path of the weights (safetensors).
    pub model: PathBuf,
    /// SHA-256 of the weights' file.
    pub model_sha256: String,
    /// SHA-256 of the card beside it.
    pub card_sha256: String,
    /// Where the images come from.
    pub dataset: DatasetSpec,
    /// Which images are encrypted.
    pub images: ImageSelection,
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// How values are arranged in slots.
    pub layout: Layout,
    /// Sizes of scales and primes.
    pub parameters: ParameterSet,
    /// Which security is demanded.
    pub security: Security,
    /// Seed of keys and noise; none: the operating system's entropy.
    pub seed: Option<u64>,
    /// Number of threads.
    pub threads: u32,
    /// Memory budget and limit.
    pub memory: MemorySettings,
    /// Whether each layer is compared with clear-text evaluation.
    pub probe: bool,
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

    /// Canonical JSON of everything that can change the result: not names, paths or limits, but contents and settings.
    #[must_use]
    pub fn identity(&self) -> String {
        canonical_json(&json!({
            "identity_version": IDENTITY_VERSION,
            "model_sha256": self.model_sha256,
            "card_sha256": self.card_sha256,
            "dataset": self.dataset.name,
            "dataset_sha256": self.dataset.sha256,
            "images": self.images.indices(),
            "log_n": self.log_n,
            "layout": self.layout,
            "parameters": self.parameters,
            "security": self.security,
            "seed": self.seed,
            "threads": self.threads,
            "memory_diagonals_bytes": self.memory.diagonals,
            "probe": self.probe,
        }))
    }

    /// File name of the weights, for records: no directory of this machine.
    #[must_use]
    pub fn weights_name(&self) -> String {
        self.model.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Reads the specification that a parent process wrote.
    ///
    /// # Errors
    /// [`ExperimentError::Read`], and [`ExperimentError::TrialSpec`] if it is not one or its id does not belong to it.
    pub fn read(path: &Path) -> Result<Self, ExperimentError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ExperimentError::Read { path: path.to_owned(), source })?;
        let refuse = |reason: String| ExperimentError::TrialSpec { path: path.to_owned(), reason };
        let spec: Self = serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
        if spec.clone().with_id().id != spec.id {
            return Err(refuse("its id does not belong to its settings".to_owned()));
        }
        spec.parameters.check().map_err(|Problem { text, .. }| refuse(text))?;
        Ok(spec)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::experiment::setting::KeySwitching;

    /// A specification for tests of this floor.
    pub(crate) fn sample() -> TrialSpec {
        TrialSpec {
            id: String::new(),
            experiment: "sample".into(),
            model: "/models/net.safetensors".into(),
            model_sha256: "00".repeat(32),
            card_sha256: "11".repeat(32),
            dataset: DatasetSpec { name: DatasetName::Cifar10, path: None, sha256: "22".repeat(32) },
            images: ImageSelection::First(3),
            log_n: 15,
            layout: Layout::Packed,
            parameters: ParameterSet {
                scale_bits: 20.0,
                weight_bits: 18.0,
                input_bits: 24.0,
                input_copies: 4,
                complex_packing: true,
                base_bits: 28,
                key_switching: KeySwitching::Auto,
                levels: None,
            },
            security: Security::Bits128,
            seed: None,
            threads: 2,
            memory: MemorySettings::default(),
            probe: true,
        }
        .with_id()
    }

    #[test]
    fn the_id_follows_what_can_change_the_result() {
        let spec = sample();
        assert_eq!(spec.id.len(), ID_DIGITS);
        let moved =
            TrialSpec { model: "/elsewhere/net.safetensors".into(), experiment: "other".into(), ..spec.clone() };
        assert_eq!(moved.with_id().id, spec.id);
        let same_images = TrialSpec { images: ImageSelection::Indices(vec![0, 1, 2]), ..spec.clone() };
        assert_eq!(same_images.with_id().id, spec.id);
        for other in [
            TrialSpec { threads: 1, ..spec.clone() },
            TrialSpec { seed: Some(1), ..spec.clone() },
            TrialSpec { security: Security::None, ..spec.clone() },
            TrialSpec { model_sha256: "01".repeat(32), ..spec.clone() },
        ] {
            assert_ne!(other.with_id().id, spec.id);
        }
    }

    #[test]
    fn a_specification_survives_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("spec.json");
        std::fs::write(&path, serde_json::to_string(&sample()).unwrap()).unwrap();
        assert_eq!(TrialSpec::read(&path).unwrap(), sample());
        let tampered = TrialSpec { threads: 7, ..sample() };
        std::fs::write(&path, serde_json::to_string(&tampered).unwrap()).unwrap();
        assert!(TrialSpec::read(&path).unwrap_err().to_string().contains("does not belong"));
        std::fs::write(&path, "{").unwrap();
        assert!(TrialSpec::read(&path).unwrap_err().to_string().contains("run the experiment file instead"));
    }
}
