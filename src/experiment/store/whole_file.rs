//! Files that are never seen half written.

use std::fs;
use std::path::Path;

use crate::experiment::ExperimentError;
use crate::wire::{self, PARTIAL};

/// Removes what a killed process left half written in a folder.
pub(super) fn remove_partial(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(PARTIAL)) {
        let _ = fs::remove_file(entry.path());
    }
}

/// Writes a file in one go under another name and then moves it, so that it is never seen half written.
///
/// # Errors
/// [`ExperimentError::Append`].
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), ExperimentError> {
    wire::write_whole(path, content).map_err(|source| ExperimentError::Append { path: path.to_owned(), source })
}
