//! Bytes of a file in memory, without a copy.

use std::fs::File;
use std::ops::{Deref, Range};
use std::sync::Arc;

use memmap2::Mmap;

/// Part of a mapped file; clones share the mapping.
#[derive(Debug, Clone)]
pub struct MappedBytes {
    map: Arc<Mmap>,
    range: Range<usize>,
}

impl MappedBytes {
    /// Maps a whole file.
    ///
    /// # Errors
    /// What the operating system says.
    pub(super) fn of(file: &File) -> std::io::Result<Self> {
        // SAFETY: files of this program are renamed into place when they are whole and never written again. Whoever cuts one short
        // while it is read ends this process, as by a signal; other changes are read as other numbers. Nothing but numbers is read from
        // it after a check: what must be text is copied first.
        let map = unsafe { Mmap::map(file)? };
        let range = 0..map.len();
        Ok(Self { map: Arc::new(map), range })
    }

    /// A part of these bytes; none: they do not have it.
    pub fn part(&self, range: Range<usize>) -> Option<Self> {
        let (start, end) = (self.range.start.checked_add(range.start)?, self.range.start.checked_add(range.end)?);
        (start <= end && end <= self.range.end).then(|| Self { map: self.map.clone(), range: start..end })
    }
}

impl Deref for MappedBytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.map[self.range.clone()]
    }
}
