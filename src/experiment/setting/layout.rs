//! What goes into the slots.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::number_or_word::number_or_word;
use super::{Check, LogN, Recorded, Setting};
use crate::experiment::locate::Problem;

/// Images that are evaluated together; none: as many as the layout has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch(pub Option<u64>);

number_or_word!(Batch, "auto", "a number of images, or auto");

impl JsonSchema for Batch {
    fn schema_name() -> Cow<'static, str> {
        "Batch".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "integer", "minimum": 1, "maximum": Self::MAX}, {"const": "auto"}]})
    }
}

impl Batch {
    /// Most images: the slots of the largest ring.
    pub const MAX: u64 = 1 << (LogN::MAX - 1);
}

impl Check for Batch {
    fn check(&self) -> Result<(), Problem> {
        match self.0 {
            Some(images) if !(1..=Self::MAX).contains(&images) => {
                let problem = format!("{images} images in a ciphertext are not possible; choose 1 to {}", Self::MAX);
                Err(Problem::new(problem))
            }
            _ => Ok(()),
        }
    }
}

impl Recorded for Batch {
    type Cell = Option<u32>;

    fn cell(&self) -> Option<u32> {
        self.0.and_then(|images| images.try_into().ok())
    }
}

impl Setting for Batch {
    fn default_value() -> Option<Self> {
        Some(Self(Some(1)))
    }

    fn default_in_words() -> String {
        "1; `layout: tiled`: auto".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_have_bounds() {
        assert!([Some(1), Some(8), None].into_iter().all(|batch| Batch(batch).check().is_ok()));
        assert!(Batch(Some(0)).check().unwrap_err().text.contains("choose 1 to 65536"));
    }
}
