//! The 200 test images per data set that ship with the project (`data/README.md` says which).

use std::path::Path;

use super::cifar;
use super::error::DatasetError;
use super::image::Dataset;
use super::name::DatasetName;

/// The shipped test images of `name`: 20 of each CIFAR-10 class, 2 of each CIFAR-100 class.
///
/// # Errors
/// None in a sound build: the files are embedded and their content is tested.
pub fn shipped_test_images(name: DatasetName) -> Result<Dataset, DatasetError> {
    let (bytes, file): (&[u8], _) = match name {
        DatasetName::Cifar10 => (include_bytes!("../../data/cifar10_test_200.bin"), "data/cifar10_test_200.bin"),
        DatasetName::Cifar100 => (include_bytes!("../../data/cifar100_test_200.bin"), "data/cifar100_test_200.bin"),
    };
    cifar::parse(bytes, name, Path::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sets_are_balanced() {
        for name in [DatasetName::Cifar10, DatasetName::Cifar100] {
            let shipped = shipped_test_images(name).unwrap();
            assert_eq!(shipped.len(), 200);
            let mut counts = vec![0; name.classes()];
            shipped.labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
            assert!(counts.iter().all(|&count| count == 200 / name.classes()), "{counts:?}");
        }
    }
}
