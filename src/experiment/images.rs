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

/// The training images that a network's training held out, by its card; none: it held out none, or nobody knows.
#[must_use]
pub fn held_out_by(card: &Card) -> Option<HeldOut> {
    let (images, seed) = card.held_out().filter(|(images, _)| *images > 0)?;
    Some(HeldOut { images, seed })
}

/// Why these held out images are not new to a network, by its card; none: they are, or nobody knows.
#[must_use]
pub fn seen_problem(card: &Card, held_out: HeldOut) -> Option<String> {
    if card.record.as_ref().is_some_and(|record| record.held_out_seen) {
        let problem = "weights that a network began with or learned from may have been trained on the held out images: their card has no record; \
                       name weights of a training whose card knows";
        return Some(problem.to_owned());
    }
    let (images, seed) = card.other_held_out(held_out.images, held_out.seed)?;
    let by_card = match images {
        0 => "it held out none; name weights of a training that did".to_owned(),
        _ => format!("it held out {images} of seed {seed}; name those"),
    };
    Some(format!(
        "of the {} held out images of seed {} a network's training saw some: {by_card}",
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
    fn held_out_images_are_new_to_those_that_held_them_out() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/models/resnet20_w16_cifar10_relu_seed0.yaml");
        let mut card = Card::read(Path::new(path)).unwrap();
        let (asked, other) = (HeldOut { images: 5000, seed: 0 }, HeldOut { images: 5000, seed: 1 });
        assert_eq!((held_out_by(&card), seen_problem(&card, asked)), (Some(asked), None));
        assert!(seen_problem(&card, other).unwrap().ends_with("it held out 5000 of seed 0; name those"));
        card.record.as_mut().unwrap().validation_images = 0;
        assert_eq!(held_out_by(&card), None);
        assert!(seen_problem(&card, asked).unwrap().ends_with("it held out none; name weights of a training that did"));
        card.record.as_mut().unwrap().held_out_seen = true;
        assert_eq!(held_out_by(&card), None);
        assert!(seen_problem(&card, asked).unwrap().contains("may have been trained on the held out images"));
        card.record = None;
        assert_eq!((held_out_by(&card), seen_problem(&card, asked)), (None, None));
    }

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
