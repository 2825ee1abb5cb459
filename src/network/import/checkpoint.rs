//! Files of other programs: tensors by name.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::SafeTensors;
use sha2::{Digest, Sha256};

use super::stored_tensor::StoredTensor;
use super::torch_file::{self, Entries};
use crate::network::error::NetworkError;
use crate::network::weights::Element;
use crate::user_file::Format;
use crate::wire::hex;

/// The tensors of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// In which format they were.
    pub format: &'static str,
    /// The tensors; the names of the dictionaries around them, joined by dots, begin their names.
    pub tensors: BTreeMap<String, StoredTensor>,
    /// Names of tensors that cannot be weights: of complex, quantised, sparse or unknown numbers, or with one value for many places.
    pub unread: Vec<String>,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
}

impl Checkpoint {
    /// Reads a safetensors file or one that `torch.save` wrote, whatever its name. No code that is in it is executed.
    ///
    /// # Errors
    /// [`NetworkError::Read`], [`NetworkError::Safetensors`], [`NetworkError::Checkpoint`].
    pub fn read(path: &Path) -> Result<Self, NetworkError> {
        let bytes = fs::read(path).map_err(|source| NetworkError::Read { path: path.to_owned(), source })?;
        let refuse = |problem| NetworkError::Checkpoint { path: path.to_owned(), problem };
        let (format, entries) = if bytes.starts_with(torch_file::ZIP) {
            ("PyTorch (zip)", torch_file::read_zip(&bytes).map_err(refuse)?)
        } else if torch_file::is_legacy(&bytes) {
            ("PyTorch (before 1.6)", torch_file::read_legacy(&bytes).map_err(refuse)?)
        } else {
            // The length that a safetensors file begins with may look like the beginning of others.
            let parsed = SafeTensors::deserialize(&bytes).map_err(|source| match Format::of(&bytes) {
                Some(other) => {
                    let advice = "give what torch.save wrote of the network's state_dict(), or safetensors";
                    refuse(format!("it is {other}; {advice}"))
                }
                None => NetworkError::Safetensors { path: path.to_owned(), source },
            })?;
            let mut entries = Entries::default();
            for (name, view) in parsed.iter() {
                let Some(element) = Element::of_safetensors(view.dtype()) else {
                    entries.unread.push(name.to_owned());
                    continue;
                };
                let (shape, bytes) = (view.shape().to_vec(), view.data().to_vec());
                entries.tensors.push((name.to_owned(), StoredTensor { element, shape, bytes }));
            }
            ("safetensors", entries)
        };
        let Entries { tensors, mut unread } = entries;
        unread.sort_unstable();
        if tensors.is_empty() && unread.is_empty() {
            return Err(refuse("it holds no tensors; save the state_dict() of the network".to_owned()));
        }
        Ok(Self { format, tensors: tensors.into_iter().collect(), unread, sha256: hex(&Sha256::digest(&bytes)) })
    }
}
