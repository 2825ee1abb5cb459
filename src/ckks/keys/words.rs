//! Where the words of a key are: in memory of its own, or in a file.

use crate::ring::arena::Pages;
use crate::wire::MappedBytes;

/// Words of 32 bits.
#[derive(Debug)]
pub enum KeyWords {
    /// Made here.
    Own(Pages),
    /// Read where they are, without a copy.
    Mapped(MappedBytes),
}

impl From<Pages> for KeyWords {
    fn from(pages: Pages) -> Self {
        Self::Own(pages)
    }
}

impl KeyWords {
    /// The words.
    pub fn get(&self) -> &[u32] {
        match self {
            Self::Own(pages) => bytemuck::cast_slice(pages),
            // Whoever maps them has checked where they start and end.
            Self::Mapped(bytes) => bytemuck::cast_slice(bytes),
        }
    }
}
