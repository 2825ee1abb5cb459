//! Whether a data set on disk is whole.

use std::collections::HashSet;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::manifest;
use crate::dataset::cifar::{find, read_test, read_training};
use crate::dataset::error::DatasetError;
use crate::dataset::image::Dataset;
use crate::dataset::name::{DatasetName, TEST_IMAGES};
use crate::wire::hex;

/// Images of the published training sets.
const TRAINING_IMAGES: usize = 50_000;

/// What a data set on disk holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Training images.
    pub training_images: usize,
    /// Test images.
    pub test_images: usize,
    /// SHA-256 of the training images and labels, whatever their order.
    pub training_sha256: String,
    /// SHA-256 of the test images and labels, whatever their order.
    pub test_sha256: String,
    /// Test images that are training images, too.
    pub shared_images: usize,
    /// Whether the files are those of a manifest that an import left; without one, a mixture of two sets goes unnoticed.
    pub has_manifest: bool,
    /// What is not as published, such as a missing image or classes of different size.
    pub remarks: Vec<String>,
}

/// Reads both parts of the data set in `directory`, and counts. Where an import left a manifest, the files must be those of it.
///
/// # Errors
/// [`DatasetError`] for missing or damaged files; [`DatasetError::OtherFile`].
pub fn verify(directory: &Path, name: DatasetName) -> Result<Verified, DatasetError> {
    let folder = find(directory, name, name.training_files()[0])?;
    let has_manifest = manifest::check(folder.parent().unwrap_or(directory), name)?;
    let (training, test) = (read_training(directory, name)?, read_test(directory, name)?);
    let mut remarks = Vec::new();
    remark(&mut remarks, "training", &training, TRAINING_IMAGES);
    remark(&mut remarks, "test", &test, TEST_IMAGES);
    let (training_hashes, test_hashes) = (hashes(&training), hashes(&test));
    // Whatever their labels are.
    let known: HashSet<_> = training.images.iter().map(|image| &image.values).collect();
    let shared_images = test.images.iter().filter(|image| known.contains(&image.values)).count();
    if shared_images > 0 {
        remarks.push(format!("{shared_images} test images are training images, too"));
    }
    Ok(Verified {
        training_images: training.len(),
        test_images: test.len(),
        training_sha256: sum(&training_hashes),
        test_sha256: sum(&test_hashes),
        shared_images,
        has_manifest,
        remarks,
    })
}

fn remark(remarks: &mut Vec<String>, part: &str, dataset: &Dataset, published: usize) {
    if dataset.len() != published {
        remarks.push(format!("{} {part} images, not the published {published}", dataset.len()));
    }
    let mut counts = vec![0_usize; dataset.name.classes()];
    dataset.labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
    let (fewest, most) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    if fewest != most {
        remarks.push(format!("{fewest} to {most} {part} images of a class, not the same number of each"));
    }
}

/// The hash of each image with its label, sorted.
fn hashes(dataset: &Dataset) -> Vec<[u8; 32]> {
    let mut hashes: Vec<[u8; 32]> = dataset
        .images
        .iter()
        .zip(&dataset.labels)
        .map(|(image, label)| Sha256::new().chain_update(image.values).chain_update([*label]).finalize().into())
        .collect();
    hashes.sort_unstable();
    hashes
}

fn sum(hashes: &[[u8; 32]]) -> String {
    let mut sum = Sha256::new();
    hashes.iter().for_each(|hash| sum.update(hash));
    hex(&sum.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::cifar::encode;
    use crate::dataset::shipped_test_images;
    use std::fs;

    #[test]
    fn what_is_not_as_published_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let shipped = shipped_test_images(DatasetName::Cifar100).unwrap();
        fs::write(directory.path().join("train.bin"), encode(&shipped, 0..150)).unwrap();
        fs::write(directory.path().join("test.bin"), encode(&shipped, 140..200)).unwrap();
        let verified = verify(directory.path(), DatasetName::Cifar100).unwrap();
        assert_eq!((verified.training_images, verified.test_images, verified.shared_images), (150, 60, 10));
        assert_eq!(verified.remarks.len(), 5, "{:?}", verified.remarks);
        assert_eq!(verified.remarks[0], "150 training images, not the published 50000");
        assert_eq!(verified.remarks[4], "10 test images are training images, too");

        // An image under another label is the same image.
        let mut other = encode(&shipped, 140..200);
        other[1] = 99 - other[1];
        fs::write(directory.path().join("test.bin"), other).unwrap();
        assert_eq!(verify(directory.path(), DatasetName::Cifar100).unwrap().shared_images, 10);

        // The order does not matter to the sums.
        let swapped = [encode(&shipped, 75..150), encode(&shipped, 0..75)].concat();
        fs::write(directory.path().join("train.bin"), swapped).unwrap();
        let again = verify(directory.path(), DatasetName::Cifar100).unwrap();
        assert_eq!(again.training_sha256, verified.training_sha256);
        assert_ne!(again.test_sha256, verified.training_sha256);
    }
}
