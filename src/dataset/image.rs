//! Images as bytes, and many of them with their labels.

use super::name::DatasetName;

/// Rows and columns of an image.
pub const SIDE: usize = 32;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
/// Channels of an image: red, green, blue.
pub const CHANNELS: usize = 3;
/// Values of an image, one byte each.
pub const VALUES: usize = CHANNELS * PIXELS;

/// One image of 32 x 32 pixels, values 0..=255, row-major `[channels, rows, columns]` as in the CIFAR binary files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `values[(channel * 32 + row) * 32 + column]`.
    pub values: [u8; VALUES],
}

/// Images with their labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Which data set the images come from.
    pub name: DatasetName,
    /// The images.
    pub images: Vec<Image>,
    /// The class of each image, below [`DatasetName::classes`].
    pub labels: Vec<u8>,
}

impl Dataset {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there is no image at all.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// The name of the class of image `index`; `None` past the end.
    pub fn class_name(&self, index: usize) -> Option<&'static str> {
        let label = *self.labels.get(index)?;
        self.name.class_names().get(usize::from(label)).copied()
    }
}
