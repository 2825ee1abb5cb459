//! Where files are that need not be there.

use std::io;
use std::path::{Path, PathBuf};

/// Where a file is, or would be: its directory without links and detours, and its own name, a link's too.
///
/// # Errors
/// What the operating system says, as of a directory that is not there.
pub fn location_of(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok(parent.canonicalize()?.join(name)),
        _ => path.canonicalize(),
    }
}
