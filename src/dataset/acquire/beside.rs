//! A data set's folder that is made beside its place and moved there when it is whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::archive::{create, write_error};
use super::manifest;
use crate::dataset::error::DatasetError;
use crate::dataset::name::DatasetName;

/// What becomes of another data set that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the import is refused.
    Keep,
    /// The imported one takes its place.
    Replace,
}

/// What the name of a folder ends in that another one replaces, while it does.
const REPLACED: &str = "replaced";

/// What the name of a folder in the making ends in.
const PARTIAL: &str = "partial";

/// The age of a folder in the making that nobody makes any more.
const ABANDONED: Duration = Duration::from_hours(24);

/// Puts back the data set that a process had moved aside to replace it when it was killed.
///
/// # Errors
/// [`DatasetError::Write`].
pub(super) fn restore(out: &Path, name: DatasetName) -> Result<(), DatasetError> {
    let target = out.join(name.archive_directory());
    match &moved_aside(out, name)[..] {
        [aside] if !target.exists() => fs::rename(aside, &target).map_err(|source| write_error(&target, source)),
        // Of several nobody knows which was the last.
        _ => Ok(()),
    }
}

/// The whole data sets in `out` that were moved aside; what lacks files was being removed.
fn moved_aside(out: &Path, name: DatasetName) -> Vec<PathBuf> {
    let is_whole = |path: &PathBuf| name.files().all(|file| path.join(file).is_file());
    beside(out, name, REPLACED).filter(is_whole).collect()
}

/// The folders of a data set in `out` whose names end in this.
fn beside(out: &Path, name: DatasetName, ending: &str) -> impl Iterator<Item = PathBuf> {
    let (beginning, ending) = (format!(".{}.", name.archive_directory()), format!(".{ending}"));
    let entries = fs::read_dir(out).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(move |path| {
        let found = path.file_name().unwrap_or_default().to_string_lossy();
        found.starts_with(&beginning) && found.ends_with(&ending)
    })
}

/// Removes what imports left that were killed: folders in the making in which nothing was made for a day.
fn remove_abandoned(out: &Path, name: DatasetName) {
    let is_abandoned = |path: &PathBuf| {
        let age = path.metadata().and_then(|it| it.modified()).ok().and_then(|made| made.elapsed().ok());
        age.is_some_and(|age| age > ABANDONED)
    };
    for path in beside(out, name, PARTIAL).filter(is_abandoned) {
        // It is in nobody's way but that of the disk.
        let _ = fs::remove_dir_all(path);
    }
}

/// A folder in the making; removed unless it is [put](Beside::put) in its place.
#[derive(Debug)]
pub(super) struct Beside {
    name: DatasetName,
    out: PathBuf,
    path: PathBuf,
}

impl Beside {
    /// An empty folder in `out`, which is made if it is not there.
    ///
    /// # Errors
    /// [`DatasetError::Write`].
    pub(super) fn create(out: &Path, name: DatasetName) -> Result<Self, DatasetError> {
        remove_abandoned(out, name);
        let path = out.join(format!(".{}.{}.{PARTIAL}", name.archive_directory(), std::process::id()));
        // What a killed process of the same number left is of no use.
        let _ = fs::remove_dir_all(&path);
        Ok(Self { name, out: out.to_owned(), path: create(path)? })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the folder to its place. The same set may be there already; another one must be `existing` to be replaced.
    ///
    /// # Errors
    /// [`DatasetError::Occupied`], [`DatasetError::Write`]; then what was there is there still.
    pub(super) fn put(self, existing: Existing) -> Result<(), DatasetError> {
        let Self { name, out, path } = &self;
        let occupied = |path: PathBuf, advice| DatasetError::Occupied { path, dataset: *name, advice };
        let target = out.join(name.archive_directory());
        let beside = name.files().map(|file| out.join(file)).find(|file| file.is_file());
        let there = if beside.is_some() { out } else { &target };
        if manifest::same_files(there, path, *name)? {
            return manifest::write(there, *name);
        }
        if let Some(file) = beside {
            return Err(occupied(file, "that file would be read in place of what is imported: choose another --out"));
        }
        if !target.exists() {
            return fs::rename(path, &target).map_err(|source| write_error(&target, source));
        }
        if existing == Existing::Keep {
            return Err(occupied(target, "give --force to replace it, or choose another --out"));
        }
        let aside = path.with_extension(REPLACED);
        fs::rename(&target, &aside).map_err(|source| write_error(&target, source))?;
        if let Err(source) = fs::rename(path, &target) {
            // Back to where it was; that this fails, too, is the same trouble again.
            let _ = fs::rename(&aside, &target);
            return Err(write_error(&target, source));
        }
        fs::remove_dir_all(&aside).map_err(|source| write_error(&aside, source))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Gone already where it was put in its place.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_a_killed_import_left_is_removed_a_day_later() {
        let (out, name) = (tempfile::tempdir().unwrap(), DatasetName::Cifar10);
        let folder = |process: u32| out.path().join(format!(".{}.{process}.partial", name.archive_directory()));
        for process in [1, 2] {
            fs::create_dir(folder(process)).unwrap();
        }
        let before = SystemTime::now() - 2 * ABANDONED;
        fs::File::open(folder(1)).unwrap().set_modified(before).unwrap();
        let made = Beside::create(out.path(), name).unwrap();
        assert!(!folder(1).exists() && folder(2).exists() && made.path().exists());
    }
}
