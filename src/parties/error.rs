//! Errors of the two parties.

use std::path::PathBuf;

use crate::ckks::CkksError;
use crate::dataset::DatasetError;
use crate::inference::InferenceError;
use crate::ring::RingError;
use crate::wire::WireError;

/// What can go wrong between two parties.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartyError {
    /// A file cannot be read or written, or is not what it should be.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// What a file holds is refused.
    #[error("{}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<InferenceError>,
    },
    /// Encrypted inference refused.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// The scheme refused.
    #[error(transparent)]
    Scheme(#[from] CkksError),
    /// There is no entropy.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The normalisation of a bundle cannot be.
    #[error("{}: {source}; take the bundle that the server wrote", path.display())]
    Normalisation {
        /// The bundle.
        path: PathBuf,
        /// Why.
        source: Box<DatasetError>,
    },
    /// A bundle asks for parameters that are not secure.
    #[error(
        "the parameters of the bundle are not 128-bit secure; --insecure makes keys for them nevertheless, for experiments"
    )]
    Insecure,
    /// A bundle asks for more than there is memory for.
    #[error("{} asks for {needed} bytes of memory, and {available} are available; ask the server for a smaller plan, or use a larger machine", path.display())]
    Memory {
        /// The bundle.
        path: PathBuf,
        /// Bytes.
        needed: u64,
        /// Bytes.
        available: u64,
    },
    /// There is nothing to encrypt.
    #[error("there is no image to encrypt; name at least one")]
    NoImages,
}
