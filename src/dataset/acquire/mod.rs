//! Full data sets on disk: downloading, unpacking, importing and verifying them.

mod archive;
mod beside;
mod fetch;
mod import;
mod manifest;
mod verify;

pub use fetch::fetch;
pub use import::{Existing, import};
pub use verify::{Verified, verify};
