//! The data sets that the project knows, and their classes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Images of every published test set here.
pub const TEST_IMAGES: usize = 10_000;

/// A data set of 32 x 32 colour images (Krizhevsky 2009).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "harness", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DatasetName {
    /// CIFAR-10: 10 classes.
    Cifar10,
    /// CIFAR-100: 100 fine classes.
    Cifar100,
}

impl DatasetName {
    /// Number of classes.
    pub const fn classes(self) -> usize {
        self.class_names().len()
    }

    /// The classes' names, in the order of the labels.
    pub const fn class_names(self) -> &'static [&'static str] {
        match self {
            Self::Cifar10 => &CIFAR10,
            Self::Cifar100 => &CIFAR100,
        }
    }

    /// The name in configuration files: `cifar10` or `cifar100`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar10",
            Self::Cifar100 => "cifar100",
        }
    }
}

impl fmt::Display for DatasetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is not that of a known data set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown data set `{0}`: write cifar10 or cifar100")]
pub struct UnknownDataset(pub String);

impl FromStr for DatasetName {
    type Err = UnknownDataset;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "cifar10" => Ok(Self::Cifar10),
            "cifar100" => Ok(Self::Cifar100),
            other => Err(UnknownDataset(other.to_owned())),
        }
    }
}

const CIFAR10: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const CIFAR100: [&str; 100] = [
    "apple",
    "aquarium_fish",
    "baby",
    "bear",
    "beaver",
    "bed",
    "bee",
    "beetle",
    "bicycle",
    "bottle",
    "bowl",
    "boy",
    "bridge",
    "bus",
    "butterfly",
    "camel",
    "can",
    "castle",
    "caterpillar",
    "cattle",
    "chair",
    "chimpanzee",
    "clock",
    "cloud",
    "cockroach",
    "couch",
    "crab",
    "crocodile",
    "cup",
    "dinosaur",
    "dolphin",
    "elephant",
    "flatfish",
    "forest",
    "fox",
    "girl",
    "hamster",
    "house",
    "kangaroo",
    "keyboard",
    "lamp",
    "lawn_mower",
    "leopard",
    "lion",
    "lizard",
    "lobster",
    "man",
    "maple_tree",
    "motorcycle",
    "mountain",
    "mouse",
    "mushroom",
    "oak_tree",
    "orange",
    "orchid",
    "otter",
    "palm_tree",
    "pear",
    "pickup_truck",
    "pine_tree",
    "plain",
    "plate",
    "poppy",
    "porcupine",
    "possum",
    "rabbit",
    "raccoon",
    "ray",
    "road",
    "rocket",
    "rose",
    "sea",
    "seal",
    "shark",
    "shrew",
    "skunk",
    "skyscraper",
    "snail",
    "snake",
    "spider",
    "squirrel",
    "streetcar",
    "sunflower",
    "sweet_pepper",
    "table",
    "tank",
    "telephone",
    "television",
    "tiger",
    "tractor",
    "train",
    "trout",
    "tulip",
    "turtle",
    "wardrobe",
    "whale",
    "willow_tree",
    "wolf",
    "woman",
    "worm",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fine_classes_are_in_alphabetical_order() {
        // The official archive numbers them so; a slip in the table would break the order.
        assert!(CIFAR100.is_sorted());
        assert_eq!(DatasetName::Cifar100.classes(), 100);
        assert_eq!(DatasetName::Cifar10.class_names()[9], "truck");
    }

    #[test]
    fn names_are_read_back() {
        for name in [DatasetName::Cifar10, DatasetName::Cifar100] {
            assert_eq!(name.as_str().parse::<DatasetName>().unwrap(), name);
        }
        let text = "cifar-10".parse::<DatasetName>().unwrap_err().to_string();
        assert_eq!(text, "unknown data set `cifar-10`: write cifar10 or cifar100");
    }
}
