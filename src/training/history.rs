//! What is known about an epoch after its end.

use serde::{Deserialize, Serialize};

/// One row of `history.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRow {
    /// Epochs done, from 1.
    pub epoch: u32,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Mean loss over the epoch's images, penalty included.
    pub loss: f64,
    /// Mean cross entropy over the epoch's images.
    pub cross_entropy: f64,
    /// Mean range penalty over the epoch's batches, its weight included.
    pub penalty: f64,
    /// Percent of the (varied) training images whose class was right while they were trained on.
    pub training_accuracy_percent: f64,
    /// Percent of the held out images whose class is right, evaluated as the network is used: without a clamp. The recipe may train on them
    /// too (`train_on_held_out`).
    pub validation_accuracy_percent: f64,
    /// The same with the clamp of training, where there is one.
    pub validation_accuracy_clamped_percent: Option<f64>,
    /// Held out images that explode.
    pub exploding_images: usize,
    /// The largest magnitude of an activation's input on the held out images; infinite where one is not finite.
    pub largest_activation: f64,
    /// The activation where that is.
    pub largest_site: String,
    /// Images trained on per second.
    pub images_per_second: f64,
    /// Seconds of the epoch, validation included.
    pub seconds: f64,
}
