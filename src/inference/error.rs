//! Errors of encrypted inference.

use crate::ckks::CkksError;
use crate::network::NetworkError;
use crate::ring::primes::MAX_LOG_N;

/// What can go wrong in planning and running encrypted inference.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// The scheme refused, outside any layer.
    #[error(transparent)]
    Scheme(#[from] CkksError),
    /// The network is not well formed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The scheme refused within a layer.
    #[error("layer {name} (level {level}): {source}")]
    Layer {
        /// Name of the layer.
        name: String,
        /// Level of the layer's input.
        level: usize,
        /// What the scheme said.
        source: CkksError,
    },
    /// An image does not fit the layout.
    #[error(
        "layer {name}: one channel needs {grid} slots, but N = 2^{log_n} has {slots}; use log_n = {needed} or more"
    )]
    ImageTooLarge {
        /// Name of the layer, or `input`.
        name: String,
        /// Slots of one channel.
        grid: usize,
        /// Slots of a ciphertext.
        slots: usize,
        /// log2 of the ring dimension.
        log_n: u32,
        /// Smallest log2 of a ring dimension that holds a channel.
        needed: u32,
    },
    /// A layer that the layout has no rule for.
    #[error("layer {name}: {reason}")]
    Unsupported {
        /// Name of the layer.
        name: String,
        /// Why it cannot be laid out, and what can.
        reason: String,
    },
    /// The configured chain is shorter than the network needs.
    #[error(
        "the chain has {levels} levels, but the network with these settings needs {needed}; set levels to {needed} or leave it out"
    )]
    ChainTooShort {
        /// Levels of the chain.
        levels: usize,
        /// Levels that are needed.
        needed: usize,
    },
    /// The network needs a longer chain than there may be.
    #[error(
        "the network with these settings needs {needed} levels, more than the {most} that a chain may have; set `node_fusing: true`, `tower_reuse: true` or `activation_form: square`, or take a network with fewer layers"
    )]
    ChainTooLong {
        /// Levels that are needed.
        needed: usize,
        /// The most that there are.
        most: usize,
    },
    /// An image of the wrong size.
    #[error("the image has {found} values, but the network expects {expected}")]
    ImageSize {
        /// Values that the network expects.
        expected: usize,
        /// Values that were given.
        found: usize,
    },
    /// More or fewer images than a batch has.
    #[error("{found} images to encrypt together, but the batch has {batch}; give 1 to {batch}")]
    BatchSize {
        /// Images in a batch.
        batch: usize,
        /// Images that were given.
        found: usize,
    },
    /// What came back is no result of the plan.
    #[error("this is no result of the plan: {reason}; decrypt what an executor of the same plan returned")]
    Result {
        /// What is wrong.
        reason: String,
    },
    /// A client's half of a plan that cannot be one.
    #[error("this is no plan for a client: {reason}; take the bundle that the server wrote")]
    ClientPlan {
        /// What is wrong.
        reason: String,
    },
    /// A plan that cannot be written down.
    #[error("the plan cannot be written down: {reason}")]
    Encode {
        /// Why.
        reason: String,
    },
    /// The packed layout has no room for further images.
    #[error(
        "batch = {batch} needs the channel layout, or the tiled one: the packed layout fills the slots with one image; set batch to 1, or layout to channel or tiled"
    )]
    PackedBatch {
        /// Images in a batch.
        batch: usize,
    },
    /// The plane cannot be cut like that.
    #[error(
        "tiles = {tiles}: a plane of {height}x{width} is cut into 1, 4, 16, .. tiles whose rows and columns divide it; set tiles to auto"
    )]
    Tiles {
        /// Tiles asked for.
        tiles: usize,
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
    },
    /// Images exceed the slots of the tiled layout.
    #[error(
        "{batch} images of {tiles} tiles do not fit into the {slots} slots of N = 2^{log_n}, which hold 1 to {most}; use fewer images or tiles{}",
        larger_ring(*needed)
    )]
    TooManyImages {
        /// Images in a batch.
        batch: usize,
        /// Tiles of each.
        tiles: usize,
        /// Slots of a ciphertext.
        slots: usize,
        /// log2 of the ring dimension.
        log_n: u32,
        /// Smallest log2 of a ring dimension that holds them.
        needed: u32,
        /// Images that fit.
        most: usize,
    },
    /// Members and images exceed the slots.
    #[error(
        "{members} members and {batch} images of {block} slots each do not fit into the {slots} slots of N = 2^{log_n}, which hold {most} such blocks; use fewer{}",
        larger_ring(*needed)
    )]
    TooManyBlocks {
        /// Members of the ensemble.
        members: usize,
        /// Images in a ciphertext.
        batch: usize,
        /// Slots of one member of one image.
        block: usize,
        /// Slots of a ciphertext.
        slots: usize,
        /// log2 of the ring dimension.
        log_n: u32,
        /// Smallest log2 of a ring dimension that holds them.
        needed: u32,
        /// Blocks that fit.
        most: usize,
    },
}

/// The ring dimension that would hold something, where there is such a one.
fn larger_ring(needed: u32) -> String {
    if needed <= MAX_LOG_N { format!(", or log_n = {needed} or more") } else { String::new() }
}
