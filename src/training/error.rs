//! What can go wrong in a training.

use std::path::PathBuf;

use crate::dataset::DatasetError;
use crate::network::NetworkError;

/// A training that cannot go on, and what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// The training images cannot be had.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The network cannot be built or written.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Too few images for the split and one step.
    #[error(
        "{images} training images are too few for {validation} held out ones and a batch of {batch}: \
         use the whole data set, or lower validation_images or batch"
    )]
    TooFewImages {
        /// Training images in all.
        images: usize,
        /// Images to hold out.
        validation: usize,
        /// Images per step.
        batch: usize,
    },
    /// A value that is not finite in training.
    #[error(
        "training diverged in epoch {epoch}: the loss is not finite, and activation `{site}` was the first whose input was \
         not below {limit:e}; lower optimizer.learning_rate, set optimizer.clip_norm, or raise range_penalty.weight"
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: u32,
        /// The first activation with such an input, in the order of evaluation; `none` if only the logits are not finite.
        site: String,
        /// Inputs above this count as exploding.
        limit: f64,
    },
    /// Most images on which epochs are evaluated explode, epoch after epoch.
    #[error(
        "{exploding} of {images} {evaluated} exploded at the end of each of the last {epochs} epochs, first at activation \
         `{site}`: the network computes nothing without batch statistics or clamp; raise range_penalty.weight, lower its bound, \
         train the last epochs without the clamp (activation.unclamped_epochs), or lower optimizer.learning_rate"
    )]
    Exploding {
        /// Exploding images after the last epoch.
        exploding: usize,
        /// Evaluated images.
        images: usize,
        /// What they are, in words.
        evaluated: &'static str,
        /// Epochs in a row.
        epochs: u32,
        /// The first activation to pass the limit, in the order of evaluation.
        site: String,
    },
    /// A teacher that cannot teach this network.
    #[error("`{}` cannot teach this network: {problem}", path.display())]
    Teacher {
        /// Its weights.
        path: PathBuf,
        /// What is wrong and what to change.
        problem: String,
    },
    /// Weights that this network cannot begin with.
    #[error("this network cannot begin with `{}`: {problem}", path.display())]
    InitialWeights {
        /// The weights.
        path: PathBuf,
        /// What is wrong and what to change.
        problem: String,
    },
    /// Weights, or their card, that this training would replace.
    #[error("`{}` or its card is there, without the checkpoint of its training: choose another output directory", path.display())]
    OtherWeights {
        /// The weights.
        path: PathBuf,
    },
    /// A checkpoint of another training.
    #[error(
        "`{}` is of another recipe or seed, or of other images: choose another output directory, or remove this one to start again",
        path.display()
    )]
    OtherCheckpoint {
        /// The checkpoint.
        path: PathBuf,
    },
    /// A checkpoint that is damaged.
    #[error("checkpoint `{}`: {problem}; remove its directory to start again", path.display())]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// What a teacher said, in a file that is damaged or of another training.
    #[error("what the teacher said, `{}`: {problem}; remove this file, and the teacher is asked again", path.display())]
    Answers {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("cannot use `{}`: {source}; check the directory, its permissions and the room on the disk", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// libtorch reports an error.
    #[cfg(feature = "train")]
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
}

impl TrainingError {
    /// Whether the user can change the cause.
    #[must_use]
    pub fn is_user_error(&self) -> bool {
        #[cfg(feature = "train")]
        if matches!(self, Self::Torch(_)) {
            return false;
        }
        true
    }
}
