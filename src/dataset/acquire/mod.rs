//! Full data sets on disk: downloading, unpacking, importing and verifying them.

mod archive;
mod beside;
mod fetch;
mod import;
mod manifest;
mod other_form;
mod verify;

pub use beside::Existing;
pub use fetch::fetch;
pub use import::import;
pub use verify::{Verified, verify};
