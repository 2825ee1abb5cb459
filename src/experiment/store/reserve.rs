//! Room for a last row on a disk that becomes full.

use std::fs;
use std::path::{Path, PathBuf};

/// Enough for a row with a long reason.
const BYTES: usize = 64 << 10;

/// A file that takes room and gives it back when that is needed.
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
}

impl Reserve {
    /// Takes the room.
    ///
    /// # Errors
    /// What the operating system says, such as that the disk is full already.
    pub fn take(folder: &Path) -> std::io::Result<Self> {
        let path = folder.join("reserve");
        // Not zeros: a file system may keep those without giving them room.
        let content: Vec<u8> = (0..BYTES).map(|index| (index % 251) as u8 + 1).collect();
        fs::write(&path, content)?;
        Ok(Self { path })
    }

    /// Gives the room back.
    pub fn release(&self) {
        // It may be gone already; there is nothing else to do about it.
        let _ = fs::remove_file(&self.path);
    }
}
