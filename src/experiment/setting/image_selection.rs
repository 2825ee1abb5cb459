//! Which images are encrypted.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::{Check, Recorded, Setting};
use crate::experiment::locate::Problem;

/// The first `n` images, or a list of indices. Written `3` or `[0, 17, 42]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ImageSelection {
    /// The first so many.
    First(usize),
    /// These, in this order.
    Indices(Vec<usize>),
}

impl ImageSelection {
    /// The indices, in order.
    #[must_use]
    pub fn indices(&self) -> Vec<usize> {
        match self {
            Self::First(count) => (0..*count).collect(),
            Self::Indices(indices) => indices.clone(),
        }
    }

    /// The largest index; none: there is no image.
    #[must_use]
    pub fn largest(&self) -> Option<usize> {
        match self {
            Self::First(count) => count.checked_sub(1),
            Self::Indices(indices) => indices.iter().copied().max(),
        }
    }

    /// Number of images.
    #[must_use]
    pub const fn count(&self) -> usize {
        match self {
            Self::First(count) => *count,
            Self::Indices(indices) => indices.len(),
        }
    }
}

impl Check for ImageSelection {
    fn check(&self) -> Result<(), Problem> {
        if self.count() == 0 {
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
    /// The indices, however they are written.
    fn identity(&self) -> Option<Value> {
        Some(self.indices().into())
    }
}

impl JsonSchema for ImageSelection {
    fn schema_name() -> Cow<'static, str> {
        "ImageSelection".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 1 },
                { "type": "array", "items": { "type": "integer", "minimum": 0 }, "minItems": 1, "uniqueItems": true },
            ],
        })
    }
}

impl Serialize for ImageSelection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::First(count) => count.serialize(serializer),
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
                f.write_str("a number of images, or a list of indices such as [0, 17, 42]")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<ImageSelection, E> {
                let count = usize::try_from(count).map_err(E::custom)?;
                Ok(ImageSelection::First(count))
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
    fn reads_both_forms() {
        assert_eq!(serde_yaml::from_str::<ImageSelection>("3").unwrap().indices(), [0, 1, 2]);
        assert_eq!(serde_yaml::from_str::<ImageSelection>("[5, 2]").unwrap().indices(), [5, 2]);
        assert!(serde_yaml::from_str::<ImageSelection>("-3").is_err());
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
