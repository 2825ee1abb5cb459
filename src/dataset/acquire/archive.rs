//! The official archives: where they are published, and what is in them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use md5::{Digest, Md5};

use crate::dataset::error::DatasetError;
use crate::dataset::name::DatasetName;
use crate::wire::hex;

impl DatasetName {
    /// Where the publisher has the binary archive (Krizhevsky 2009).
    #[must_use]
    pub const fn archive_url(self) -> &'static str {
        match self {
            Self::Cifar10 => "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            Self::Cifar100 => "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        }
    }

    /// The MD5 sum that the publisher gives for it.
    #[must_use]
    pub const fn archive_md5(self) -> &'static str {
        match self {
            Self::Cifar10 => "c32a1d4ab5d03f1284b67883e8d87530",
            Self::Cifar100 => "03b5dce01913d631647c71ecec9e9cb8",
        }
    }
}

/// The MD5 sum of a file, in lower-case hexadecimal.
///
/// # Errors
/// [`DatasetError::Read`].
pub(super) fn md5_of(path: &Path) -> Result<String, DatasetError> {
    let failed = |source| DatasetError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Md5::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    Ok(hex(&hash.finalize()))
}

/// Checks that a file has this MD5 sum.
///
/// # Errors
/// [`DatasetError::Md5`], [`DatasetError::Read`].
pub(super) fn check_md5(path: &Path, expected: &str) -> Result<(), DatasetError> {
    let found = md5_of(path)?;
    if found == expected {
        return Ok(());
    }
    Err(DatasetError::Md5 { path: path.to_owned(), found, expected: expected.to_owned() })
}

/// Unpacks the binary files of a `.tar.gz` archive, and nothing else of it, into the folder `directory`.
///
/// # Errors
/// [`DatasetError::Archive`] if it is damaged or lacks one of the files, [`DatasetError::Read`], [`DatasetError::Write`].
pub(super) fn unpack(archive: &Path, name: DatasetName, directory: &Path) -> Result<(), DatasetError> {
    let damaged = |problem: String| DatasetError::Archive { path: archive.to_owned(), problem };
    let file = File::open(archive).map_err(|source| DatasetError::Read { path: archive.to_owned(), source })?;
    let mut missing: Vec<&str> = name.files().collect();
    let mut tar = tar::Archive::new(GzDecoder::new(io::BufReader::new(file)));
    for entry in tar.entries().map_err(|error| damaged(error.to_string()))? {
        let mut entry = entry.map_err(|error| damaged(error.to_string()))?;
        let path = entry.path().map_err(|error| damaged(error.to_string()))?;
        // Only names that are known are written: an archive cannot choose where.
        let Some(place) = missing.iter().position(|wanted| path.file_name().is_some_and(|found| found == *wanted))
        else {
            continue;
        };
        let target = directory.join(missing.swap_remove(place));
        // Read and written apart: a full disk is no damaged archive.
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|error| damaged(error.to_string()))?;
        std::fs::write(&target, content).map_err(|source| write_error(&target, source))?;
    }
    match missing.first() {
        None => Ok(()),
        Some(file) => Err(damaged(format!("it holds no `{file}`; is it the archive of {name} in binary form?"))),
    }
}

/// A folder that exists.
///
/// # Errors
/// [`DatasetError::Write`].
pub(super) fn create(directory: PathBuf) -> Result<PathBuf, DatasetError> {
    std::fs::create_dir_all(&directory).map_err(|source| write_error(&directory, source))?;
    Ok(directory)
}

pub(super) fn write_error(path: &Path, source: io::Error) -> DatasetError {
    DatasetError::Write { path: path.to_owned(), source }
}
