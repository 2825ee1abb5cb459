//! The official CIFAR binary files: label bytes, then 3072 bytes of one image, record after record.
//!
//! CIFAR-10 has one label byte; CIFAR-100 has the coarse label, which is not used here, then the fine one.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::DatasetError;
use super::image::{Dataset, Image, VALUES};
use super::name::DatasetName;
use crate::user_file::Format;

impl DatasetName {
    /// Label bytes before each image; the last of them is the class.
    const fn label_bytes(self) -> usize {
        match self {
            Self::Cifar10 => 1,
            Self::Cifar100 => 2,
        }
    }

    /// Name of the directory in the official binary archive.
    pub(super) const fn archive_directory(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar-10-batches-bin",
            Self::Cifar100 => "cifar-100-binary",
        }
    }

    /// The form in which the data set is read, and where to have it from.
    pub(super) fn wanted_form(self) -> String {
        format!("the binary version of {self}, which `leveled data fetch {self}` downloads")
    }

    pub(super) const fn test_files(self) -> &'static [&'static str] {
        match self {
            Self::Cifar10 => &["test_batch.bin"],
            Self::Cifar100 => &["test.bin"],
        }
    }

    pub(super) const fn training_files(self) -> &'static [&'static str] {
        match self {
            Self::Cifar10 => {
                &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"]
            }
            Self::Cifar100 => &["train.bin"],
        }
    }

    /// All binary files.
    #[cfg(feature = "harness")]
    pub(super) fn files(self) -> impl Iterator<Item = &'static str> {
        self.training_files().iter().chain(self.test_files()).copied()
    }
}

/// Reads one binary file in full.
///
/// # Errors
/// [`DatasetError::Read`], [`DatasetError::Truncated`], [`DatasetError::Label`] or [`DatasetError::OtherFormat`].
pub fn read_file(path: &Path, name: DatasetName) -> Result<Dataset, DatasetError> {
    let bytes = fs::read(path).map_err(|source| DatasetError::Read { path: path.to_owned(), source })?;
    parse(&bytes, name, path).map_err(|error| match Format::of(&bytes) {
        Some(format) => {
            DatasetError::OtherFormat { path: path.to_owned(), found: format.to_string(), wanted: name.wanted_form() }
        }
        None => error,
    })
}

/// Reads the 10,000 test images from `directory`, which is the archive's directory or the one that holds it.
///
/// # Errors
/// [`DatasetError::MissingFile`], and those of [`read_file`].
pub fn read_test(directory: &Path, name: DatasetName) -> Result<Dataset, DatasetError> {
    read_all(directory, name, name.test_files())
}

/// Reads the 50,000 training images, in the order of the files, from `directory` as in [`read_test`].
///
/// # Errors
/// [`DatasetError::MissingFile`], and those of [`read_file`].
pub fn read_training(directory: &Path, name: DatasetName) -> Result<Dataset, DatasetError> {
    read_all(directory, name, name.training_files())
}

fn read_all(directory: &Path, name: DatasetName, files: &[&str]) -> Result<Dataset, DatasetError> {
    let mut all = Dataset { name, images: Vec::new(), labels: Vec::new() };
    for file in files {
        let part = read_file(&find(directory, name, file)?, name)?;
        all.images.extend(part.images);
        all.labels.extend(part.labels);
    }
    Ok(all)
}

pub(super) fn find(directory: &Path, dataset: DatasetName, file: &str) -> Result<PathBuf, DatasetError> {
    [directory.join(file), directory.join(dataset.archive_directory()).join(file)]
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| DatasetError::MissingFile { directory: directory.to_owned(), file: file.to_owned(), dataset })
}

/// The images of `range` as records of a binary file; the coarse label of CIFAR-100 is 0.
#[cfg(any(feature = "harness", test))]
pub(super) fn encode(dataset: &Dataset, range: std::ops::Range<usize>) -> Vec<u8> {
    let label_bytes = dataset.name.label_bytes();
    let mut bytes = Vec::with_capacity(range.len() * (label_bytes + VALUES));
    for (image, &label) in dataset.images[range.clone()].iter().zip(&dataset.labels[range]) {
        bytes.resize(bytes.len() + label_bytes - 1, 0);
        bytes.push(label);
        bytes.extend_from_slice(&image.values);
    }
    bytes
}

/// Splits `bytes` into records; `path` is for the error texts.
pub(super) fn parse(bytes: &[u8], dataset: DatasetName, path: &Path) -> Result<Dataset, DatasetError> {
    let label_bytes = dataset.label_bytes();
    let record_bytes = label_bytes + VALUES;
    if bytes.is_empty() || !bytes.len().is_multiple_of(record_bytes) {
        let found_bytes = bytes.len();
        return Err(DatasetError::Truncated { path: path.to_owned(), dataset, found_bytes, record_bytes });
    }
    let records = bytes.len() / record_bytes;
    let mut images = Vec::with_capacity(records);
    let mut labels = Vec::with_capacity(records);
    for (record, row) in bytes.chunks_exact(record_bytes).enumerate() {
        let (head, pixels) = row.split_at(label_bytes);
        let found = head[label_bytes - 1];
        let classes = dataset.classes();
        if usize::from(found) >= classes {
            return Err(DatasetError::Label { path: path.to_owned(), dataset, record, found, classes });
        }
        let mut values = [0; VALUES];
        values.copy_from_slice(pixels);
        images.push(Image { values });
        labels.push(found);
    }
    Ok(Dataset { name: dataset, images, labels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(labels: &[u8], first_pixel: u8) -> Vec<u8> {
        let mut row = labels.to_vec();
        row.extend((0..VALUES).map(|i| first_pixel.wrapping_add(i as u8)));
        row
    }

    #[test]
    fn records_become_images_and_labels() {
        let bytes = [record(&[3], 10), record(&[9], 20)].concat();
        let ten = parse(&bytes, DatasetName::Cifar10, Path::new("x")).unwrap();
        assert_eq!((ten.len(), ten.labels.as_slice()), (2, [3, 9].as_slice()));
        assert_eq!((ten.images[1].values[0], ten.images[1].values[1]), (20, 21));
        assert_eq!(ten.class_name(0), Some("cat"));
        assert_eq!(ten.class_name(2), None);

        let hundred = parse(&record(&[200, 99], 0), DatasetName::Cifar100, Path::new("x")).unwrap();
        assert_eq!(hundred.labels, [99], "the coarse label is not looked at");
    }

    #[test]
    fn damaged_files_are_refused_with_what_was_found() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test_batch.bin");
        fs::write(&path, &record(&[3], 0)[..3000]).unwrap();
        let text = read_file(&path, DatasetName::Cifar10).unwrap_err().to_string();
        assert!(text.contains("has 3000 bytes, which is not a positive multiple of the 3073 bytes"), "{text}");

        fs::write(&path, []).unwrap();
        assert!(matches!(read_file(&path, DatasetName::Cifar10), Err(DatasetError::Truncated { found_bytes: 0, .. })));

        fs::write(&path, [record(&[0], 0), record(&[10], 0)].concat()).unwrap();
        let text = read_file(&path, DatasetName::Cifar10).unwrap_err().to_string();
        assert!(text.contains("record 1 has label 10, but cifar10 has 10 classes"), "{text}");
    }

    #[test]
    fn directories_are_searched_as_given_and_as_parent_of_the_archive() {
        let directory = tempfile::tempdir().unwrap();
        let text = read_test(directory.path(), DatasetName::Cifar100).unwrap_err().to_string();
        assert!(text.contains("no `test.bin` in"), "{text}");

        let archive = directory.path().join("cifar-10-batches-bin");
        fs::create_dir(&archive).unwrap();
        for batch in 1..=5 {
            fs::write(archive.join(format!("data_batch_{batch}.bin")), record(&[batch], batch)).unwrap();
        }
        for place in [directory.path(), &archive] {
            let training = read_training(place, DatasetName::Cifar10).unwrap();
            assert_eq!(training.labels, [1, 2, 3, 4, 5]);
        }
        let missing = read_file(&directory.path().join("none.bin"), DatasetName::Cifar10);
        assert!(matches!(missing, Err(DatasetError::Read { .. })));
    }
}
