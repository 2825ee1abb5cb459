//! Which training images are trained on and which are held out for every choice.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::draws::{Draws, Purpose};
use crate::dataset::{Dataset, DatasetName, Image};

/// A split of the training images into two parts, disjoint but for [`Split::training_on_all`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Indices of the images that are trained on, increasing.
    pub training: Vec<usize>,
    /// Indices of the images held out, increasing.
    pub validation: Vec<usize>,
}

/// By which an image is known in whatever order a data set has its images: the start of the SHA-256 of its values.
type Known = [u8; 8];

/// Images and seed of the split by which the shipped networks were trained, and the training images of its data sets.
const SHIPPED: (usize, usize, u64) = (50_000, 5_000, 0);

/// What the shipped networks' trainings held out, sorted; `scripts/ship_held_out.py` makes it.
fn shipped(name: DatasetName) -> &'static [Known] {
    let bytes: &[u8] = match name {
        DatasetName::Cifar10 => include_bytes!("../../data/held_out_cifar10.bin"),
        DatasetName::Cifar100 => include_bytes!("../../data/held_out_cifar100.bin"),
    };
    bytes.as_chunks().0
}

fn known(image: &Image) -> Known {
    let digest = Sha256::digest(image.values);
    std::array::from_fn(|byte| digest[byte])
}

impl Split {
    /// Holds out `validation` images of a training set, drawn from `seed`; all of them if there are no more. Those of the shipped networks'
    /// trainings are known by their values: the published files have another order than those that these networks were trained on.
    #[must_use]
    pub fn of(training: &Dataset, validation: usize, seed: u64) -> Self {
        let split = Self::new(training.len(), validation, seed);
        if (training.len(), validation, seed) != SHIPPED {
            return split;
        }
        let held_out = shipped(training.name);
        let is_held_out = |index: &usize| held_out.binary_search(&known(&training.images[*index])).is_ok();
        if split.validation.iter().all(is_held_out) {
            return split;
        }
        // Of images that are there twice one.
        let mut found = HashSet::new();
        let (validation, rest): (Vec<usize>, Vec<usize>) = (0..training.len()).partition(|index| {
            let known = known(&training.images[*index]);
            held_out.binary_search(&known).is_ok() && found.insert(known)
        });
        // Other images than those of the data set.
        if validation.len() == held_out.len() { Self { training: rest, validation } } else { split }
    }

    /// The same with the images held out among those that are trained on, so that nothing may be chosen by them.
    #[must_use]
    pub fn training_on_all(mut self) -> Self {
        self.training.extend(&self.validation);
        self.training.sort_unstable();
        self
    }

    /// Holds out `validation` of `images` images by their places.
    fn new(images: usize, validation: usize, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..images).collect();
        Draws::new(seed, Purpose::Split, 0).shuffle(&mut order);
        let mut held_out = order.split_off(images.saturating_sub(validation));
        order.sort_unstable();
        held_out.sort_unstable();
        Self { training: order, validation: held_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many images as a data set has, of two values each, all different.
    fn made_up() -> Dataset {
        let image = |index: usize| {
            let mut values = [0; crate::dataset::VALUES];
            (values[0], values[1]) = ((index / 251) as u8, (index % 251) as u8);
            Image { values }
        };
        Dataset { name: DatasetName::Cifar10, images: (0..50_000).map(image).collect(), labels: vec![0; 50_000] }
    }

    #[test]
    fn images_that_are_not_those_of_the_data_set_are_split_by_place() {
        assert_eq!(Split::of(&made_up(), 5_000, 0), Split::new(50_000, 5_000, 0));
        assert_eq!(Split::of(&made_up(), 5_000, 1), Split::new(50_000, 5_000, 1));
    }

    #[test]
    fn the_lists_of_held_out_images_are_whole() {
        for name in [DatasetName::Cifar10, DatasetName::Cifar100] {
            assert_eq!(shipped(name).len(), 5_000);
            assert!(shipped(name).is_sorted_by(|a, b| a < b));
        }
    }

    /// With `LEVELED_DATA`, the directory of the full data sets in the order in which the shipped networks were trained.
    #[test]
    #[ignore = "reads the full data sets"]
    fn the_same_images_are_held_out_in_every_order() {
        let data = std::env::var("LEVELED_DATA").unwrap();
        for name in [DatasetName::Cifar10, DatasetName::Cifar100] {
            let mut training = crate::dataset::read_training(std::path::Path::new(&data), name).unwrap();
            let split = Split::of(&training, 5_000, 0);
            assert_eq!(split, Split::new(50_000, 5_000, 0));
            let images = |split: &Split, training: &Dataset| -> HashSet<Known> {
                split.validation.iter().map(|index| known(&training.images[*index])).collect()
            };
            let before = images(&split, &training);
            training.images.reverse();
            training.labels.reverse();
            let split = Split::of(&training, 5_000, 0);
            assert_eq!((split.training.len(), images(&split, &training)), (45_000, before));
        }
    }

    #[test]
    fn the_split_is_disjoint_complete_and_stable() {
        let split = Split::new(50_000, 5_000, 0);
        assert_eq!((split.training.len(), split.validation.len()), (45_000, 5_000));
        let mut all = [split.training.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..50_000));
        let on_all = split.clone().training_on_all();
        assert!(on_all.training.into_iter().eq(0..50_000) && on_all.validation == split.validation);
        assert_eq!(split, Split::new(50_000, 5_000, 0));
        assert_ne!(split, Split::new(50_000, 5_000, 1));
        // Cards name the split by its seed: were it to change, shipped networks would have seen held out images.
        assert_eq!(split.validation[..4], FIRST_HELD_OUT);
    }

    const FIRST_HELD_OUT: [usize; 4] = [5, 7, 13, 21];

    #[test]
    fn few_images_may_all_be_held_out() {
        assert_eq!(Split::new(3, 5, 0), Split { training: vec![], validation: vec![0, 1, 2] });
    }
}
