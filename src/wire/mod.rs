//! Files that travel between client and server: a checked container of bytes, written whole or not at all. It knows neither
//! rings nor plans; `docs/files.md` has the format.

pub mod bits;
mod container;
mod error;
mod header;
mod hex;
mod kind;
mod mapped;
mod whole_file;

pub use container::{Container, Writer, printable};
pub use error::WireError;
pub use header::{Digest, Header, KeyId, VERSION};
pub use hex::hex;
pub use kind::Kind;
pub use mapped::MappedBytes;
pub use whole_file::{Guard, PARTIAL, WholeFile, partial_of, write_lasting, write_whole};
