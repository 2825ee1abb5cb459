//! Networks from other programs' files: PyTorch checkpoints and safetensors under other names.
//!
//! [`Checkpoint::read`] has the tensors, [`find`] the network among them: under which prefix, by which of the [`RENAMINGS`], with which
//! shortcut, average pool and number of channels.

mod candidate;
mod checkpoint;
mod names;
mod pickle;
mod search;
mod stored_tensor;
#[cfg(test)]
mod tests;
mod torch_file;
mod wanted;

pub use checkpoint::Checkpoint;
pub use names::{RENAMINGS, Renaming, renamings_in_words};
pub use search::{Found, Taken, find};
pub use stored_tensor::StoredTensor;
pub use wanted::Wanted;
