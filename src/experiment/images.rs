//! The images of a trial.

use std::path::Path;

use super::setting::HeldOut;
use crate::dataset::{Dataset, DatasetError, DatasetName, read_file, read_test, read_training, shipped_test_images};
use crate::network::Card;
use crate::training::Split;

/// The test images of data set `name`: those that ship with the project, or the official binary files at `path`, which is
/// one such file, the directory of the archive, or the one that holds it; or the training images there that were held out.
///
/// # Errors
/// Missing, truncated and damaged files.
pub fn load(name: DatasetName, path: Option<&Path>, held_out: Option<HeldOut>) -> Result<Dataset, DatasetError> {
    match (path, held_out) {
        (None, _) => shipped_test_images(name),
        (Some(path), Some(held_out)) => Ok(chosen(&read_training(path, name)?, held_out)),
        (Some(path), None) if path.is_dir() => read_test(path, name),
        (Some(path), None) => read_file(path, name),
    }
}

/// The training images that a network's training held out, by its card; none: nobody knows.
#[must_use]
pub fn held_out_by(card: &Card) -> Option<HeldOut> {
    let (images, seed) = card.held_out()?;
    Some(HeldOut { images, seed })
}

/// Why these held out images are not new to a network, by its card; none: they are, or nobody knows.
#[must_use]
pub fn seen_problem(card: &Card, held_out: HeldOut) -> Option<String> {
    let HeldOut { images, seed } = held_out_by(card).filter(|by_card| *by_card != held_out)?;
    Some(format!(
        "of the {} held out images of seed {} a network's training saw some: it held out {images} of seed {seed}; name those",
        held_out.images, held_out.seed
    ))
}

fn chosen(training: &Dataset, held_out: HeldOut) -> Dataset {
    let split = Split::of(training, held_out.images, held_out.seed);
    let image = |index: &usize| (training.images[*index].clone(), training.labels[*index]);
    let (images, labels) = split.validation.iter().map(image).unzip();
    Dataset { name: training.name, images, labels }
}

/// What is wrong with an index past the end of `count` images; none: the image is there.
#[must_use]
pub fn index_problem(name: DatasetName, count: usize, index: usize) -> Option<String> {
    (index >= count).then(|| {
        let last = count.saturating_sub(1);
        format!("there is no image {index}: this set of {count} {name} images has the indices 0 to {last}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_images_and_files_of_the_official_form() {
        let shipped = load(DatasetName::Cifar10, None, None).unwrap();
        assert_eq!(index_problem(shipped.name, shipped.len(), 199), None);
        assert!(index_problem(shipped.name, shipped.len(), 200).unwrap().contains("indices 0 to 199"));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("test_batch.bin");
        let record: Vec<u8> = std::iter::once(shipped.labels[0]).chain(shipped.images[0].values).collect();
        std::fs::write(&file, record).unwrap();
        for path in [file.as_path(), directory.path()] {
            assert_eq!(load(DatasetName::Cifar10, Some(path), None).unwrap().images, shipped.images[..1]);
        }
    }
}
