//! One run at a time in a results directory.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::experiment::ExperimentError;
use crate::experiment::clock::UtcTime;
use crate::experiment::host;

/// File name in a results directory.
pub(super) const FILE: &str = ".lock";

/// The run that has a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub process: u32,
    /// Name of its machine.
    pub machine: String,
    /// When it took the directory, RFC 3339, UTC.
    pub since: String,
}

impl Holder {
    /// This process, from now on.
    fn this() -> Self {
        Self { process: std::process::id(), machine: host::machine_name(), since: UtcTime::now().rfc3339() }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {} since {}", self.process, self.machine, self.since)
    }
}

/// A directory that no other run may use while this value lives. The operating system's lock ends with the process, however
/// that ends; a file that is left behind tells of a run that did not end by itself.
#[derive(Debug)]
pub struct DirectoryLock {
    path: PathBuf,
    file: File,
    /// The run that left its lock behind, if one did.
    pub stale: Option<Holder>,
}

impl DirectoryLock {
    /// Takes a directory that is there.
    ///
    /// # Errors
    /// [`ExperimentError::Locked`] if another run has it; [`ExperimentError::OutputNotWritable`].
    pub fn take(directory: &Path) -> Result<Self, ExperimentError> {
        let path = directory.join(FILE);
        let not_writable = |source| ExperimentError::OutputNotWritable { path: directory.to_owned(), source };
        loop {
            let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = opened.map_err(not_writable)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let holder = read(&mut file).map_or_else(|| "another run".to_owned(), |holder| holder.to_string());
                    return Err(ExperimentError::Locked { path: directory.to_owned(), holder });
                }
                Err(TryLockError::Error(source)) => return Err(not_writable(source)),
            }
            // The run before may have removed the file between opening and locking it: then this is nobody's lock.
            if !is_at(&file, &path) {
                continue;
            }
            let stale = read(&mut file);
            let text = serde_json::to_string(&Holder::this()).unwrap_or_default();
            let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
            written.map_err(not_writable)?;
            return Ok(Self { path, file, stale });
        }
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // Removed while it is still locked; whoever opened it meanwhile notices that it is gone.
        if fs::remove_file(&self.path).is_err() {
            let _ = self.file.set_len(0);
        }
    }
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Whether nobody has a directory, and whoever had it last ended by itself.
#[must_use]
pub fn ended_by_itself(directory: &Path) -> bool {
    fs::read(directory.join(FILE)).map_or(true, |text| text.is_empty())
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(a), Ok(b)) if same(&a, &b))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_refused_until_the_first_ends() {
        let directory = tempfile::tempdir().unwrap();
        let first = DirectoryLock::take(directory.path()).unwrap();
        assert_eq!(first.stale, None);
        let error = DirectoryLock::take(directory.path()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("process {} on ", std::process::id())), "{text}");
        assert!(text.contains("choose another directory") && error.is_user_error(), "{text}");
        drop(first);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        DirectoryLock::take(directory.path()).unwrap();
    }

    #[test]
    fn a_lock_that_was_left_behind_is_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let earlier = Holder { process: 1, machine: "elsewhere".into(), since: "2026-01-01T00:00:00Z".into() };
        fs::write(directory.path().join(FILE), serde_json::to_string(&earlier).unwrap()).unwrap();
        let lock = DirectoryLock::take(directory.path()).unwrap();
        assert_eq!(lock.stale, Some(earlier));
    }
}
