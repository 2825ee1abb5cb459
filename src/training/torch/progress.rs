//! What a training tells while it runs.

use crate::training::EpochRow;

/// Somebody who watches a training and may ask it to end.
pub trait Observer {
    /// A step was done: its place in the epoch, the number of steps in it, mean loss and penalty of the epoch so far, images per
    /// second.
    fn step(&mut self, epoch: u32, step: u64, steps: u64, loss: f64, penalty: f64, images_per_second: f64);

    /// An epoch has ended: its row, and for each activation the largest magnitude of an input on the held out images.
    fn epoch(&mut self, row: &EpochRow, largest: &[(String, f64)]);

    /// Whether the training is to save and end.
    fn interrupted(&self) -> bool;
}
