//! A trial's rows on their way into the tables: they are written down as a whole first, so that a run that is killed between two
//! tables finds the rest when it resumes.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::whole_file::{files_with, write_whole};
use crate::experiment::ExperimentError;
use crate::experiment::records::{ImageRow, LayerRow, TrialRow};

/// Ending of the files' names.
const ENDING: &str = ".record.json";

/// All rows of an attempt at a trial.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Its row of `trials.csv`.
    pub trial: TrialRow,
    /// Its rows of `layers.csv`.
    pub layers: Vec<LayerRow>,
    /// Its rows of `images.csv`.
    pub images: Vec<ImageRow>,
}

impl TrialRecord {
    /// The same rows as attempt number `attempt`.
    #[must_use]
    pub fn with_attempt(mut self, attempt: u32) -> Self {
        self.trial.attempt = attempt;
        self.layers.iter_mut().for_each(|row| row.attempt = attempt);
        self.images.iter_mut().for_each(|row| row.attempt = attempt);
        self
    }
}

/// The folder of records that are being written.
#[derive(Debug, Clone)]
pub struct Journal {
    folder: PathBuf,
}

impl Journal {
    /// The journal in a folder that is there.
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, record: &TrialRecord) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", record.trial.trial_id))
    }

    /// Writes a record down.
    ///
    /// # Errors
    /// [`ExperimentError::Append`], [`ExperimentError::Encode`].
    pub fn begin(&self, record: &TrialRecord) -> Result<(), ExperimentError> {
        let text = serde_json::to_vec(record)
            .map_err(|error| ExperimentError::Encode { what: "the rows of a trial", reason: error.to_string() })?;
        write_whole(&self.path(record), &text)
    }

    /// Forgets a record: it stands in the tables, or nowhere.
    pub fn end(&self, record: &TrialRecord) {
        // What stays is recognised as written the next time.
        let _ = fs::remove_file(self.path(record));
    }

    /// The records that a killed run left behind. What is no record was never whole, and is removed.
    pub fn left(&self) -> Vec<TrialRecord> {
        let mut paths = files_with(&self.folder, ENDING);
        paths.sort();
        paths.iter().filter_map(|path| read(path)).collect()
    }
}

fn read(path: &Path) -> Option<TrialRecord> {
    // What the disk does not give now it may give the next time.
    let text = fs::read(path).ok()?;
    let record = serde_json::from_slice(&text).ok();
    if record.is_none() {
        let _ = fs::remove_file(path);
    }
    record
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::experiment::records::TrialStatus;

    /// A trial with two layers and three images.
    pub fn record(trial_id: &str, status: TrialStatus) -> TrialRecord {
        let id = || trial_id.to_owned();
        TrialRecord {
            trial: TrialRow { trial_id: id(), status, ..TrialRow::default() },
            layers: (0..2).map(|layer| LayerRow { trial_id: id(), layer, ..LayerRow::default() }).collect(),
            images: (0..3).map(|image| ImageRow { trial_id: id(), image, ..ImageRow::default() }).collect(),
        }
    }
}
