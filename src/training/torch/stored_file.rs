//! Files of a training: tensors, and a text of this program. One safetensors file, replaced as a whole.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::training::TrainingError;
use crate::wire::write_lasting;

/// The key of the file's metadata.
const KEY: &str = "leveled";

/// A tensor as its name, type, shape and bytes.
pub(super) type Stored = (String, Dtype, Vec<usize>, Vec<u8>);

/// Writes tensors and a text.
///
/// # Errors
/// [`TrainingError::File`], [`TrainingError::Checkpoint`] for bytes that are not those of the shape.
pub(super) fn write(path: &Path, tensors: &[Stored], text: String) -> Result<(), TrainingError> {
    let unsound = |error: SafeTensorError| damaged(path, error.to_string());
    let mut views = Vec::with_capacity(tensors.len());
    for (name, dtype, shape, bytes) in tensors {
        views.push((name, TensorView::new(*dtype, shape.clone(), bytes).map_err(unsound)?));
    }
    let file = serialize(views, Some(HashMap::from([(KEY.to_owned(), text)]))).map_err(unsound)?;
    write_lasting(path, &file).map_err(|source| TrainingError::File { path: path.to_owned(), source })
}

/// A file that was read.
pub(super) struct StoredFile {
    path: PathBuf,
    bytes: Vec<u8>,
    /// The text.
    pub(super) text: String,
}

impl StoredFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TrainingError::File`], [`TrainingError::Checkpoint`] for a damaged file or one of another program.
    pub(super) fn read(path: &Path) -> Result<Self, TrainingError> {
        let bytes = fs::read(path).map_err(|source| TrainingError::File { path: path.to_owned(), source })?;
        let metadata = SafeTensors::read_metadata(&bytes);
        let (_, metadata) = metadata.map_err(|error| damaged(path, error.to_string()))?;
        let text = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY)).cloned();
        let text = text.ok_or_else(|| damaged(path, "it has no metadata of this program".to_owned()))?;
        Ok(Self { path: path.to_owned(), bytes, text })
    }

    /// The tensors.
    ///
    /// # Errors
    /// [`TrainingError::Checkpoint`].
    pub(super) fn tensors(&self) -> Result<SafeTensors<'_>, TrainingError> {
        SafeTensors::deserialize(&self.bytes).map_err(|error| damaged(&self.path, error.to_string()))
    }

    /// The bytes of one of them.
    ///
    /// # Errors
    /// [`TrainingError::Checkpoint`] unless it is there in this type and shape.
    pub(super) fn bytes<'t>(
        &self,
        tensors: &SafeTensors<'t>,
        name: &str,
        dtype: Dtype,
        shape: &[i64],
    ) -> Result<&'t [u8], TrainingError> {
        let view = tensors.tensor(name).map_err(|error| damaged(&self.path, error.to_string()))?;
        let found: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        if view.dtype() != dtype || found != shape {
            let problem = format!("tensor `{name}` has shape {found:?}, expected {shape:?}");
            return Err(damaged(&self.path, problem));
        }
        Ok(view.data())
    }
}

/// A file that says something else than it should.
pub(super) fn damaged(path: &Path, problem: String) -> TrainingError {
    TrainingError::Checkpoint { path: path.to_owned(), problem }
}
