//! Which images are evaluated.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::{Check, Recorded, Setting};
use crate::experiment::literal_schema::literal_schema;
use crate::experiment::locate::Problem;

/// How every image of a data set is written.
const ALL: &str = "all";

/// Most images that a trial's identity lists.
const LISTED: usize = 200;

/// The first `n` images, all of them, or a list of indices. Written `3`, `all` or `[0, 17, 42]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ImageSelection {
    /// The first so many.
    First(usize),
    /// Every image of the data set; a trial's specification has their number instead.
    All,
    /// These, in this order.
    Indices(Vec<usize>),
}

impl ImageSelection {
    /// The selection from a data set of `available` images: `all` becomes their number.
    #[must_use]
    pub fn of(self, available: usize) -> Self {
        if self == Self::All { Self::First(available) } else { self }
    }

    /// The indices, in order; none while `all` stands for a number that is not known.
    #[must_use]
    pub fn indices(&self) -> Vec<usize> {
        match self {
            Self::First(count) => (0..*count).collect(),
            Self::All => Vec::new(),
            Self::Indices(indices) => indices.clone(),
        }
    }

    /// The largest index; none: there is no image.
    #[must_use]
    pub fn largest(&self) -> Option<usize> {
        match self {
            Self::First(count) => count.checked_sub(1),
            Self::All => None,
            Self::Indices(indices) => indices.iter().copied().max(),
        }
    }

    /// Number of images; 0 while `all` stands for a number that is not known.
    #[must_use]
    pub const fn count(&self) -> usize {
        match self {
            Self::First(count) => *count,
            Self::All => 0,
            Self::Indices(indices) => indices.len(),
        }
    }
}

impl Check for ImageSelection {
    fn check(&self) -> Result<(), Problem> {
        if self.count() == 0 && *self != Self::All {
            return Err(Problem::new("no image is selected; ask for at least one"));
        }
        if let Self::Indices(indices) = self {
            let mut sorted = indices.clone();
            sorted.sort_unstable();
            if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(Problem::new(format!("image {} stands in the list twice; keep one", pair[0])));
            }
        }
        Ok(())
    }
}

impl Recorded for ImageSelection {
    /// Number of images.
    type Cell = Option<u32>;

    fn cell(&self) -> Option<u32> {
        u32::try_from(self.count()).ok()
    }
}

impl Setting for ImageSelection {
    /// The indices, however they are written; for many images from the first, their number.
    fn identity(&self) -> Option<Value> {
        if let Self::First(count) = self
            && *count > LISTED
        {
            return Some((*count).into());
        }
        let indices = self.indices();
        let from_the_first = indices.iter().enumerate().all(|(position, index)| position == *index);
        Some(if from_the_first && indices.len() > LISTED { indices.len().into() } else { indices.into() })
    }
}

literal_schema!(ImageSelection, {
    "anyOf": [
        { "type": "integer", "minimum": 1 },
        { "const": "all" },
        { "type": "array", "items": { "type": "integer", "minimum": 0 }, "minItems": 1, "uniqueItems": true },
    ],
});

impl Serialize for ImageSelection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::First(count) => count.serialize(serializer),
            Self::All => serializer.serialize_str(ALL),
            Self::Indices(indices) => indices.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ImageSelection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ImageSelection;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of images, `all`, or a list of indices such as [0, 17, 42]")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<ImageSelection, E> {
                let count = usize::try_from(count).map_err(E::custom)?;
                Ok(ImageSelection::First(count))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ImageSelection, E> {
                match text {
                    ALL => Ok(ImageSelection::All),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<ImageSelection, A::Error> {
                let mut indices = Vec::new();
                while let Some(index) = list.next_element()? {
                    indices.push(index);
                }
                Ok(ImageSelection::Indices(indices))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        assert_eq!(serde_yaml::from_str::<ImageSelection>("3").unwrap().indices(), [0, 1, 2]);
        assert_eq!(serde_yaml::from_str::<ImageSelection>("[5, 2]").unwrap().indices(), [5, 2]);
        assert!(serde_yaml::from_str::<ImageSelection>("-3").is_err());
        let all: ImageSelection = serde_yaml::from_str("all").unwrap();
        assert_eq!((all.check(), all.of(4)), (Ok(()), ImageSelection::First(4)));
        let wrong = serde_yaml::from_str::<ImageSelection>("every").unwrap_err().to_string();
        assert!(wrong.contains("a number of images, `all`, or a list"), "{wrong}");
    }

    #[test]
    fn many_images_have_a_short_identity() {
        assert_eq!(ImageSelection::First(2).identity(), Some(serde_json::json!([0, 1])));
        assert_eq!(ImageSelection::First(10_000).identity(), Some(serde_json::json!(10_000)));
        assert_eq!(ImageSelection::First(usize::MAX).identity(), Some(serde_json::json!(usize::MAX)));
        assert_eq!(ImageSelection::Indices((0..10_000).collect()).identity(), Some(serde_json::json!(10_000)));
        let other: Vec<usize> = (1..1000).collect();
        assert_eq!(ImageSelection::Indices(other.clone()).identity(), Some(other.into()));
    }

    #[test]
    fn refuses_none_and_twice() {
        assert!(ImageSelection::First(0).check().is_err());
        assert!(
            ImageSelection::Indices(vec![4, 1, 4])
                .check()
                .unwrap_err()
                .text
                .contains("image 4 stands in the list twice")
        );
    }
}
