//! Files that are never seen half written.

use std::fs;
use std::path::{Path, PathBuf};

use crate::experiment::ExperimentError;
use crate::wire::{self, PARTIAL};

/// Removes what a killed process left half written in a folder.
pub(super) fn remove_partial(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(PARTIAL)) {
        let _ = fs::remove_file(entry.path());
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
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in entries.filter(|path| path.extension().is_some_and(|ending| ending == FILES)) {
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
