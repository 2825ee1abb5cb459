//! Images and their labels: CIFAR binary files, the images that ship with the project, single PNG files; with the feature
//! `harness` also getting the full sets.
//!
//! This floor knows no network; `network` takes [`Normalisation`] and [`DatasetName`] from here for its cards.

#[cfg(feature = "harness")]
mod acquire;
mod cifar;
mod error;
mod image;
mod name;
mod normalisation;
mod png;
mod shipped;

pub use self::image::{CHANNELS, Dataset, Image, PIXELS, SIDE, VALUES};
#[cfg(feature = "harness")]
pub use acquire::{Existing, Verified, fetch, import, verify};
pub use cifar::{read_file, read_test, read_training};
pub use error::DatasetError;
pub use name::{DatasetName, TEST_IMAGES, UnknownDataset};
pub use normalisation::Normalisation;
pub use png::read_png;
pub use shipped::shipped_test_images;
