//! What goes into the slots.

use super::check::{has_default, recorded_number};
use super::number_or_word::number_or_word;
use super::{Check, LogN, Recorded, Setting};
use crate::experiment::literal_schema::literal_schema;
use crate::experiment::locate::Problem;
use crate::inference::TILES;

/// Images that are evaluated together; none: as many as the layout has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch(pub Option<u64>);

number_or_word!(Batch, "auto", "a number of images, or auto");

literal_schema!(Batch, {"anyOf": [{"type": "integer", "minimum": 1, "maximum": Self::MAX}, {"const": "auto"}]});

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

/// Tiles of an image in the tiled layout; none: as many as take the least time. Written as a number or `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tiles(pub Option<u64>);

number_or_word!(Tiles, "auto", "a number of tiles such as 16, or `auto`");

impl Check for Tiles {
    fn check(&self) -> Result<(), Problem> {
        match self.0 {
            Some(tiles) if !TILES.contains(&(tiles as usize)) => Err(Problem::new(format!(
                "{tiles} tiles are not possible; choose 1, 4, 16, 64, 256 or 1024, or `auto`"
            ))),
            _ => Ok(()),
        }
    }
}

recorded_number!(Tiles, u64);

has_default!(Tiles);

literal_schema!(Tiles, { "anyOf": [{ "enum": TILES }, { "const": "auto" }] });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_have_bounds() {
        assert!([Some(1), Some(8), None].into_iter().all(|batch| Batch(batch).check().is_ok()));
        assert!(Batch(Some(0)).check().unwrap_err().text.contains("choose 1 to 65536"));
    }

    #[test]
    fn tiles_are_squares_of_powers_of_two_or_auto() {
        let read = |text: &str| serde_yaml::from_str::<Tiles>(text);
        assert_eq!((read("auto").unwrap(), read("64").unwrap()), (Tiles(None), Tiles(Some(64))));
        assert!(read("many").unwrap_err().to_string().contains("expected a number of tiles such as 16, or `auto`"));
        for tiles in [None, Some(1), Some(4), Some(1024)] {
            assert_eq!(Tiles(tiles).check(), Ok(()));
        }
        for tiles in [0, 2, 32, 4096] {
            let text = Tiles(Some(tiles)).check().unwrap_err().text;
            assert!(text.ends_with("choose 1, 4, 16, 64, 256 or 1024, or `auto`"), "{text}");
        }
        assert_eq!((Tiles(None).identity(), Tiles(Some(4)).identity()), (None, Some(4.into())));
    }
}
