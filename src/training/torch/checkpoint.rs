//! A training on disk: every tensor, and how far it is.

use std::path::Path;

use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::state::State;
use super::stored_file::{self, StoredFile, damaged};
use crate::training::{EpochRow, TrainingError};

/// How far a training is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// Hash of recipe and images: only the same training may go on.
    pub(super) fingerprint: String,
    /// Epochs done.
    pub(super) epoch: u32,
    /// Steps done in the epoch that has begun.
    pub(super) step: u64,
    /// Images, loss, cross entropy, penalty and right classes of that epoch.
    pub(super) sums: (usize, f64, f64, f64, usize),
    /// Seconds of that epoch.
    pub(super) epoch_seconds: f64,
    /// Seconds of all training before it.
    pub(super) seconds: f64,
    /// The rows of the epochs done.
    pub(super) rows: Vec<EpochRow>,
    /// For each of them, the largest input of each activation.
    pub(super) largest: Vec<Vec<f64>>,
    /// Which row's weights are kept.
    pub(super) kept: Option<usize>,
    /// Epochs in a row at whose end too many held out images exploded.
    pub(super) exploding_epochs: u32,
}

/// Writes a checkpoint.
///
/// # Errors
/// [`TrainingError::File`], or what libtorch reports.
pub(super) fn write(path: &Path, state: &State, progress: &Progress) -> Result<(), TrainingError> {
    let mut tensors = Vec::new();
    for (name, tensor) in state.tensors() {
        let shape: Vec<usize> = tensor.size().iter().map(|&size| size as usize).collect();
        let flat = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_flatten(0, -1)?;
        let bytes: Vec<u8> = Vec::<f32>::try_from(flat)?.into_iter().flat_map(f32::to_le_bytes).collect();
        tensors.push((name, Dtype::F32, shape, bytes));
    }
    let text = serde_yaml::to_string(progress).map_err(|error| damaged(path, error.to_string()))?;
    stored_file::write(path, &tensors, text)
}

/// Reads a checkpoint into `state`; returns how far it is.
///
/// # Errors
/// [`TrainingError::File`], [`TrainingError::Checkpoint`] for a damaged file, [`TrainingError::OtherCheckpoint`] if its
/// fingerprint is another.
pub(super) fn read(path: &Path, state: &mut State, fingerprint: &str) -> Result<Progress, TrainingError> {
    let file = StoredFile::read(path)?;
    let progress: Progress = serde_yaml::from_str(&file.text).map_err(|error| damaged(path, error.to_string()))?;
    if progress.fingerprint != fingerprint {
        return Err(TrainingError::OtherCheckpoint { path: path.to_owned() });
    }
    let tensors = file.tensors()?;
    state.restore(|name, shape| -> Result<Tensor, TrainingError> {
        let bytes = file.bytes(&tensors, name, Dtype::F32, shape)?;
        let values: Vec<f32> = bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
        Ok(Tensor::f_from_slice(&values)?.f_view(shape)?)
    })?;
    Ok(progress)
}
