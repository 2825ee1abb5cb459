//! The value types of the settings, one file each where there is more than a number to them.

mod check;
mod dataset_ref;
mod image_selection;
mod key_switching;
mod scalar;
mod security;

pub use check::Check;
pub use dataset_ref::DatasetRef;
pub use image_selection::ImageSelection;
pub use key_switching::KeySwitching;
pub use scalar::{Layout, LogN, MemorySettings, ModelFile, Probe, Seed, Threads};
pub use security::Security;
