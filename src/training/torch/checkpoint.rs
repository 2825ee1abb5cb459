//! A training on disk: every tensor, and how far it is. One safetensors file, replaced as a whole.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::state::State;
use crate::training::{EpochRow, TrainingError};
use crate::wire::write_lasting;

/// The key of the file's metadata.
const KEY: &str = "leveled";

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
    let damaged = |problem: String| TrainingError::Checkpoint { path: path.to_owned(), problem };
    let mut data = Vec::new();
    for (name, tensor) in state.tensors() {
        let shape: Vec<usize> = tensor.size().iter().map(|&size| size as usize).collect();
        let flat = tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_flatten(0, -1)?;
        let bytes: Vec<u8> = Vec::<f32>::try_from(flat)?.into_iter().flat_map(f32::to_le_bytes).collect();
        data.push((name, shape, bytes));
    }
    let views = data
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|error| damaged(error.to_string()))?;
    let text = serde_yaml::to_string(progress).map_err(|error| damaged(error.to_string()))?;
    let metadata = HashMap::from([(KEY.to_owned(), text)]);
    let bytes = serialize(views, Some(metadata)).map_err(|error| damaged(error.to_string()))?;
    write_lasting(path, &bytes).map_err(|source| TrainingError::File { path: path.to_owned(), source })
}

/// Reads a checkpoint into `state`; returns how far it is.
///
/// # Errors
/// [`TrainingError::File`], [`TrainingError::Checkpoint`] for a damaged file, [`TrainingError::OtherCheckpoint`] if its
/// fingerprint is another.
pub(super) fn read(path: &Path, state: &mut State, fingerprint: &str) -> Result<Progress, TrainingError> {
    let damaged = |problem: String| TrainingError::Checkpoint { path: path.to_owned(), problem };
    let bytes = fs::read(path).map_err(|source| TrainingError::File { path: path.to_owned(), source })?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
    let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let text = text.ok_or_else(|| damaged("it has no metadata of this program".to_owned()))?;
    let progress: Progress = serde_yaml::from_str(text).map_err(|error| damaged(error.to_string()))?;
    if progress.fingerprint != fingerprint {
        return Err(TrainingError::OtherCheckpoint { path: path.to_owned() });
    }
    let file = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
    state.restore(|name, shape| {
        let view = file.tensor(name).map_err(|error| damaged(error.to_string()))?;
        let found: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        if view.dtype() != Dtype::F32 || found != shape {
            return Err(damaged(format!("tensor `{name}` has shape {found:?}, expected {shape:?}")));
        }
        let values: Vec<f32> = view.data().as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
        Ok(Tensor::f_from_slice(&values)?.f_view(shape)?)
    })?;
    Ok(progress)
}
