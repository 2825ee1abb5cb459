//! Data sets as other programs have them: what somebody gives in place of the official binary files.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;

use crate::dataset::error::DatasetError;
use crate::dataset::name::DatasetName;
use crate::user_file::Format;

/// Bytes by which a format is known.
const BEGINNING: u64 = 64;

/// Most entries of an archive that are looked at.
const ENTRIES: usize = 32;

/// Bytes of an archive that are looked at: the names that tell are at the beginning, and a small file may unpack to any size.
const UNPACKED: u64 = 1 << 20;

/// What a file is that is not the official archive of `name`; none: unknown, or damaged.
pub(super) fn other_file(path: &Path, name: DatasetName) -> Option<DatasetError> {
    let mut beginning = Vec::new();
    File::open(path).ok()?.take(BEGINNING).read_to_end(&mut beginning).ok()?;
    let found = match Format::of(&beginning)? {
        Format::Gzip => archive_of(path, name)?,
        format => format.to_string(),
    };
    Some(error(path, name, found))
}

/// What the files of a directory are that are not those of `name`; none: unknown.
pub(super) fn other_directory(directory: &Path, name: DatasetName) -> Option<DatasetError> {
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(directory).ok()?.flatten() {
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    let found = names.iter().find_map(|file| version_of(file, name))?;
    Some(error(directory, name, format!("a directory with {found}")))
}

fn error(path: &Path, name: DatasetName, found: String) -> DatasetError {
    DatasetError::OtherFormat { path: path.to_owned(), found, wanted: name.wanted_form() }
}

fn archive_of(path: &Path, name: DatasetName) -> Option<String> {
    let mut tar = tar::Archive::new(GzDecoder::new(BufReader::new(File::open(path).ok()?)).take(UNPACKED));
    for entry in tar.entries().ok()?.take(ENTRIES) {
        let entry = entry.ok()?;
        let parts: Vec<String> = entry.path().ok()?.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if let Some(found) = parts.iter().find_map(|part| version_of(part, name)) {
            return Some(format!("an archive of {found}"));
        }
    }
    None
}

/// The version of a data set that has a file or folder of this name, if it is not the one that is read as `name`.
fn version_of(file: &str, name: DatasetName) -> Option<String> {
    let other = match name {
        DatasetName::Cifar10 => DatasetName::Cifar100,
        DatasetName::Cifar100 => DatasetName::Cifar10,
    };
    match file {
        "cifar-10-batches-py" | "data_batch_1" | "batches.meta" | "cifar-100-python" => {
            Some("the Python version".to_owned())
        }
        "cifar-10-batches-mat" | "cifar-100-matlab" => Some("the Matlab version".to_owned()),
        _ if file.ends_with(".mat") => Some("the Matlab version".to_owned()),
        _ if file.ends_with(".parquet") => Some("Parquet files".to_owned()),
        _ if file == other.archive_directory() => Some(format!("the files of {other}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::dataset::{Existing, import};

    fn refused(source: &Path, name: DatasetName) -> String {
        let out = tempfile::tempdir().unwrap();
        let text = import(source, name, out.path(), Existing::Keep).unwrap_err().to_string();
        assert!(!text.contains("download it again") && text.contains("`leveled data fetch"), "{text}");
        text
    }

    #[test]
    fn other_versions_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("cifar-10-batches-py");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("data_batch_1"), b"\x80\x02}q\x01").unwrap();
        let archive = directory.path().join("cifar-10-python.tar.gz");
        let mut tar = tar::Builder::new(GzEncoder::new(File::create(&archive).unwrap(), Compression::fast()));
        tar.append_dir_all("cifar-10-batches-py", &folder).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
        let name = DatasetName::Cifar10;
        assert!(
            refused(&archive, name).contains("python.tar.gz` is an archive of the Python version; give the binary")
        );
        for place in [&folder, directory.path()] {
            assert!(refused(place, name).contains("is a directory with the Python version"));
        }
        let parquet = tempfile::tempdir().unwrap();
        let file = parquet.path().join("test-00000-of-00001.parquet");
        fs::write(&file, "PAR1PAR1").unwrap();
        assert!(refused(&file, name).contains("is a Parquet file; give the binary version of cifar10"));
        assert!(refused(parquet.path(), name).contains("is a directory with Parquet files"));
        fs::write(&file, "version https://git-lfs.github.com/spec/v1\n").unwrap();
        assert!(refused(&file, name).contains("is a Git LFS pointer"));
        let other = tempfile::tempdir().unwrap();
        fs::create_dir(other.path().join("cifar-100-binary")).unwrap();
        assert!(refused(other.path(), name).contains("is a directory with the files of cifar100"));
    }
}
