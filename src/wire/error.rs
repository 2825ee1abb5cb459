//! Errors of files that travel.

use std::io;
use std::path::{Path, PathBuf};

use super::kind::Kind;

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}{}", path.display(), advice_of_writing(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another process writes the same file.
    #[error("{} is being written by another process; wait for it to end, or choose another name", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A file is there that is not to be overwritten.
    #[error("{} is there already, and is not overwritten; choose another place, or move it away", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It is not a file of this program.
    #[error("{} is no file of keys or ciphertexts that leveled wrote; check the path", path.display())]
    Magic {
        /// The file.
        path: PathBuf,
    },
    /// Another version of the format.
    #[error("{} has version {found} of the format, this program reads version {expected}; write it again with this program", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version of this program.
        expected: u32,
    },
    /// A file of another kind.
    #[error("{} is of the kind `{found}`, not `{expected}`; check which file goes where", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: Kind,
        /// What it should hold.
        expected: &'static str,
    },
    /// The file's length is not what its header says.
    #[error("{} has {found} bytes, but its header says {expected}; it was cut short or added to: copy it again", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes that it has.
        found: u64,
        /// Bytes that it should have.
        expected: String,
    },
    /// A checksum does not hold.
    #[error("{} is damaged: {place} does not have its checksum; copy it again", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// What is damaged.
        place: String,
    },
    /// What the file says of itself cannot be.
    #[error("{} is not sound: {reason}; write it again", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file was made with other parameters.
    #[error("{} was made with other parameters; use files of one client bundle", path.display())]
    Parameters {
        /// The file.
        path: PathBuf,
    },
    /// The file was made for another plan.
    #[error("{} was made for another plan: another network, layout or version; use files of one client bundle", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
    },
    /// The file belongs to another secret key.
    #[error("{} belongs to key {found}, not to key {expected}; use the files of one client", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Its key.
        found: String,
        /// The key in use.
        expected: String,
    },
    /// The bytes of a machine with the other byte order.
    #[error("files of keys are read on little-endian machines only, and this one is not; use an x86-64 machine")]
    ByteOrder,
}

/// What to do about a file that cannot be written, unless the error tells it.
fn advice_of_writing(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::InvalidInput => "",
        io::ErrorKind::NotFound => "; make its directory first, or choose another",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose another directory, or change its permissions"
        }
        _ => "; is there room on the disk?",
    }
}

impl WireError {
    /// What became of writing a file.
    #[must_use]
    pub fn of_writing(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::WouldBlock => Self::Busy { path },
            io::ErrorKind::AlreadyExists => Self::Exists { path },
            _ => Self::Write { path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_written_has_one_piece_of_advice() {
        let text = |kind: io::ErrorKind| {
            let source = io::Error::new(kind, "no");
            WireError::of_writing(Path::new("x.lev"), source).to_string()
        };
        assert_eq!(text(io::ErrorKind::InvalidInput), "cannot write x.lev: no");
        assert!(text(io::ErrorKind::NotFound).ends_with("no; make its directory first, or choose another"));
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem] {
            assert!(text(kind).ends_with("no; choose another directory, or change its permissions"));
        }
        assert!(text(io::ErrorKind::StorageFull).ends_with("no; is there room on the disk?"));
    }
}
