//! Images and their labels: CIFAR binary files, the images that ship with the project, single PNG files.
//!
//! This floor knows no network; `network` takes [`Normalisation`] and [`DatasetName`] from here for its cards.

mod archive;
mod beside;
mod cifar;
mod error;
mod fetch;
mod hex;
mod image;
mod import;
mod manifest;
mod name;
mod normalisation;
mod png;
mod shipped;
mod verify;

pub use self::image::{CHANNELS, Dataset, Image, PIXELS, SIDE, VALUES};
pub use beside::Existing;
pub use cifar::{read_file, read_test, read_training};
pub use error::DatasetError;
pub use fetch::fetch;
pub use hex::hex;
pub use import::import;
pub use name::{DatasetName, UnknownDataset};
pub use normalisation::Normalisation;
pub use png::read_png;
pub use shipped::shipped_test_images;
pub use verify::{Verified, verify};
