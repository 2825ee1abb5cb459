//! `accuracy_provenance.json`: what made the `accuracy.csv` beside it. Earlier versions wrote both.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::ExperimentError;
use super::host::Host;
use super::program::Program;
use super::provenance::read_json;

/// File name within the output directory.
const FILE: &str = "accuracy_provenance.json";

/// What made the rows of an `accuracy.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
    /// Reads those of a results directory, one for each evaluation.
    ///
    /// # Errors
    /// [`ExperimentError::Read`], [`ExperimentError::ProvenanceDamaged`].
    pub fn read(directory: &Path) -> Result<Vec<Self>, ExperimentError> {
        Ok(match read_json::<History>(&directory.join(FILE))? {
            None => Vec::new(),
            Some(History::Several { sessions }) => sessions,
            Some(History::One(one)) => vec![*one],
        })
    }
}

/// The file.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum History {
    /// The evaluations in order.
    Several { sessions: Vec<AccuracyProvenance> },
    /// The only one, as the first versions wrote it.
    One(Box<AccuracyProvenance>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(AccuracyProvenance::read(directory.path()).unwrap(), []);
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/reference/accuracy_cifar10");
        let made = AccuracyProvenance::read(&recorded).unwrap();
        assert!(!made.is_empty() && made.iter().all(|made| made.command.starts_with("leveled evaluate ")));
        let one = serde_json::to_value(std::fs::read_to_string(recorded.join(FILE)).unwrap()).unwrap();
        let one: serde_json::Value = serde_json::from_str(one.as_str().unwrap()).unwrap();
        let write = |text: String| std::fs::write(directory.path().join(FILE), text).unwrap();
        let session = one.get("sessions").map_or_else(|| one.clone(), |sessions| sessions[0].clone());
        for file in [session.clone(), serde_json::json!({ "sessions": [session] })] {
            write(file.to_string());
            assert_eq!(AccuracyProvenance::read(directory.path()).unwrap(), made[..1]);
        }
        write("[".to_owned());
        let text = AccuracyProvenance::read(directory.path()).unwrap_err().to_string();
        assert!(text.contains("accuracy_provenance.json is damaged"), "{text}");
    }
}
