//! Files that are never seen half written.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::experiment::ExperimentError;
use crate::wire::{self, PARTIAL};

/// Removes what a killed process left half written in a folder.
pub(super) fn remove_partial(folder: &Path) {
    for path in files_with(folder, PARTIAL) {
        let _ = fs::remove_file(path);
    }
}

/// Ending of the folders with files of two processes.
const FILES: &str = "files";

/// Where a trial whose client and server are two processes has their files, by where its checkpoint is.
#[must_use]
pub fn files_beside(checkpoint: &Path) -> PathBuf {
    checkpoint.with_extension(FILES)
}

/// Removes the files of trials that were killed.
pub(super) fn remove_files(folder: &Path) {
    for path in files_with(folder, &format!(".{FILES}")) {
        let _ = fs::remove_dir_all(path);
    }
}

/// Writes a file in one go under another name and then moves it, so that it is never seen half written.
///
/// # Errors
/// [`ExperimentError::Append`].
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), ExperimentError> {
    wire::write_whole(path, content).map_err(|source| ExperimentError::Append { path: path.to_owned(), source })
}

/// As [`write_whole`], a value as JSON that people read and that lasts: a run does not go on without it.
///
/// # Errors
/// [`ExperimentError::Append`]; [`ExperimentError::Encode`] with `what` cannot be written down.
pub fn write_json<T: Serialize>(path: &Path, what: &'static str, value: &T) -> Result<(), ExperimentError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| ExperimentError::Encode { what, reason: error.to_string() })?;
    wire::write_lasting(path, (text + "\n").as_bytes())
        .map_err(|source| ExperimentError::Append { path: path.to_owned(), source })
}

/// What a folder has whose name ends so; nothing where it cannot be read.
pub(super) fn files_with(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}
