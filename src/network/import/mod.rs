//! Networks from other programs' files: PyTorch checkpoints and safetensors under other names.
//!
//! [`Checkpoint::read`] has the tensors, [`find`] the network among them: under which prefix, by which of the [`RENAMINGS`], with which
//! shortcut, average pool and number of channels.

mod candidate;
mod checkpoint;
mod names;
mod pickle;
mod search;
#[cfg(test)]
mod tests;
mod torch_file;

pub use checkpoint::{Checkpoint, StoredTensor};
pub use names::{RENAMINGS, Renaming, renamings_in_words};
pub use search::{Found, Taken, Wanted, find};
