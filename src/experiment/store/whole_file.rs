//! Files that are never seen half written.

use std::fs;
use std::path::Path;

use crate::experiment::ExperimentError;

/// What the name of a file ends in while it is written.
const PARTIAL: &str = ".partial";

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
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(PARTIAL);
    let partial = path.with_file_name(name);
    fs::write(&partial, content).and_then(|()| fs::rename(&partial, path)).map_err(|source| {
        // Half a file is of no use, and it takes room on a full disk.
        let _ = fs::remove_file(&partial);
        ExperimentError::Append { path: path.to_owned(), source }
    })
}
