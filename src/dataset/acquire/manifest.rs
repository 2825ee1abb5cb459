//! Which files belong together: their SHA-256, written when they are imported, in the format of `sha256sum -c`.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::archive::write_error;
use crate::dataset::error::DatasetError;
use crate::dataset::name::DatasetName;
use crate::user_file::read_text;
use crate::wire::hex;

/// File name in the folder of a data set.
pub(super) const FILE: &str = "manifest.sha256";

/// Writes the manifest of a folder with all files of a data set.
///
/// # Errors
/// [`DatasetError::Read`], [`DatasetError::Write`].
pub(super) fn write(folder: &Path, name: DatasetName) -> Result<(), DatasetError> {
    let mut text = String::new();
    for file in name.files() {
        text += &format!("{}  {file}\n", sha256(&folder.join(file))?);
    }
    let path = folder.join(FILE);
    fs::write(&path, text).map_err(|source| write_error(&path, source))
}

/// Checks a folder against its manifest, and says whether it has one.
///
/// # Errors
/// [`DatasetError::OtherFile`] for a file that is not the one that was imported; [`DatasetError::Read`].
pub(super) fn check(folder: &Path, name: DatasetName) -> Result<bool, DatasetError> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return Ok(false);
    }
    let text = read_text(&path).map_err(|source| DatasetError::Read { path, source })?;
    for file in name.files() {
        let listed = text.lines().find_map(|line| line.strip_suffix(file)?.split_whitespace().next());
        let path = folder.join(file);
        if listed.is_none_or(|hash| sha256(&path).is_ok_and(|found| found != hash)) {
            return Err(DatasetError::OtherFile { path });
        }
    }
    Ok(true)
}

/// Whether two folders hold the same files of a data set.
///
/// # Errors
/// [`DatasetError::Read`] for a file that is there and cannot be read.
pub(super) fn same_files(one: &Path, other: &Path, name: DatasetName) -> Result<bool, DatasetError> {
    for file in name.files() {
        let (one, other) = (one.join(file), other.join(file));
        if !one.is_file() || !other.is_file() || sha256(&one)? != sha256(&other)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn sha256(path: &Path) -> Result<String, DatasetError> {
    let bytes = fs::read(path).map_err(|source| DatasetError::Read { path: path.to_owned(), source })?;
    Ok(hex(&Sha256::digest(&bytes)))
}
