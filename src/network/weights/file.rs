//! Weights as safetensors files.

use std::fs;
use std::path::Path;

use safetensors::tensor::{SafeTensors, TensorView, serialize};
use sha2::{Digest, Sha256};

use super::element::Element;
use super::set::Weights;
use super::stored_precision::StoredPrecision;
use super::tensor::Tensor;
use crate::network::error::NetworkError;
use crate::network::graph::Graph;
use crate::user_file::Format;
use crate::wire::{hex, write_lasting};

/// PyTorch counts batches in integer tensors of this name; no evaluation needs them.
const IGNORED_SUFFIX: &str = ".num_batches_tracked";

/// What a weights file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightsFile {
    /// The tensors.
    pub weights: Weights,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
}

impl WeightsFile {
    /// Reads a safetensors file of F16, BF16, F32 or F64 tensors and checks it against `graph`. Tensors named
    /// `*.num_batches_tracked` are passed over, so that a PyTorch `state_dict` loads.
    ///
    /// # Errors
    /// [`NetworkError::Read`], [`NetworkError::Safetensors`] for a truncated or damaged file, [`NetworkError::OtherFormat`],
    /// [`NetworkError::TensorType`], and those of [`Weights::check`].
    pub fn read(path: &Path, graph: &Graph) -> Result<Self, NetworkError> {
        let bytes = fs::read(path).map_err(|source| NetworkError::Read { path: path.to_owned(), source })?;
        let path_of = || path.to_owned();
        let parsed = SafeTensors::deserialize(&bytes).map_err(|source| match Format::of(&bytes) {
            Some(format) => NetworkError::OtherFormat { path: path_of(), found: format.to_string() },
            None => NetworkError::Safetensors { path: path_of(), source },
        })?;
        let origin = format!("`{}`", path.display());
        let mut weights = Weights::new();
        for (name, view) in parsed.iter().filter(|(name, _)| !name.ends_with(IGNORED_SUFFIX)) {
            weights.insert(name.to_owned(), tensor(name, &view, &origin)?);
        }
        weights.check(graph, &origin)?;
        let sha256 = hex(&Sha256::digest(&bytes));
        Ok(Self { weights, sha256 })
    }
}

impl Weights {
    /// Writes a safetensors file, by way of a temporary file beside it, so that no half-written file is left under `path`. Values are
    /// rounded to `precision`.
    ///
    /// # Errors
    /// [`NetworkError::Unwritable`] for a value that the precision cannot hold, [`NetworkError::Safetensors`], [`NetworkError::Write`].
    pub fn write(&self, path: &Path, precision: StoredPrecision) -> Result<(), NetworkError> {
        let mut data = Vec::new();
        for (name, tensor) in self.iter() {
            let precision = precision.of(name, tensor);
            data.push((name, tensor.shape().to_vec(), precision.dtype(), rounded(name, tensor, precision)?));
        }
        let invalid = |source| NetworkError::Safetensors { path: path.to_owned(), source };
        let mut views = Vec::new();
        for (name, shape, dtype, bytes) in &data {
            views.push((*name, TensorView::new(*dtype, shape.clone(), bytes).map_err(invalid)?));
        }
        let bytes = serialize(views, None).map_err(invalid)?;
        write_lasting(path, &bytes).map_err(|source| NetworkError::Write { path: path.to_owned(), source })
    }
}

fn tensor(name: &str, view: &TensorView<'_>, origin: &str) -> Result<Tensor, NetworkError> {
    let values = Element::of_safetensors(view.dtype()).and_then(|element| element.values(view.data()));
    values.and_then(|values| Tensor::new(view.shape().to_vec(), values)).ok_or_else(|| NetworkError::TensorType {
        origin: origin.to_owned(),
        tensor: name.to_owned(),
        found: format!("{:?}", view.dtype()),
    })
}

/// The bytes of a tensor's values.
fn rounded(name: &str, tensor: &Tensor, precision: StoredPrecision) -> Result<Vec<u8>, NetworkError> {
    let mut bytes = Vec::with_capacity(4 * tensor.values().len());
    for (index, &value) in tensor.values().iter().enumerate() {
        if !precision.append(value, &mut bytes) {
            let (most, advice) = precision.limits();
            let (tensor, precision) = (name.to_owned(), precision.as_str());
            return Err(NetworkError::Unwritable { tensor, index, found: value, precision, most, advice });
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::random::tests::tiny;
    use safetensors::tensor::Dtype;

    #[test]
    fn written_weights_are_read_back_in_single_precision() {
        let network = tiny(3);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.safetensors");
        network.weights().write(&path, StoredPrecision::F32).unwrap();
        let file = WeightsFile::read(&path, network.graph()).unwrap();
        for ((name, written), (_, read)) in network.weights().iter().zip(file.weights.iter()) {
            let rounded: Vec<f64> = written.values().iter().map(|&value| f64::from(value as f32)).collect();
            assert_eq!(rounded, read.values(), "{name}");
        }
        assert_eq!(file.sha256.len(), 64);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn half_precision_is_for_factors_alone() {
        let mut network = tiny(3);
        let directory = tempfile::tempdir().unwrap();
        let [single, half] = ["single", "half"].map(|name| directory.path().join(name));
        network.weights().write(&single, StoredPrecision::F32).unwrap();
        network.weights().write(&half, StoredPrecision::F16).unwrap();
        let [single, half] = [single, half].map(|path| WeightsFile::read(&path, network.graph()).unwrap().weights);
        for ((name, single), (_, half)) in single.iter().zip(half.iter()) {
            let is_factor = name.contains("conv") || name == "linear.weight";
            let change = single.values().iter().zip(half.values()).map(|(x, y)| (x - y).abs() / x.abs().max(1e-3));
            let largest = change.fold(0.0, f64::max);
            // Half a unit of the last of 11 bits.
            assert!(largest <= 2f64.powi(-11), "{name}: {largest}");
            assert_eq!(largest > 0.0, is_factor, "{name}");
        }
        network.weights_mut().get_mut("linear.weight").unwrap().values_mut()[0] = 65520.0;
        let path = directory.path().join("x");
        let text = network.weights().write(&path, StoredPrecision::F16).unwrap_err().to_string();
        assert!(
            text.starts_with("tensor `linear.weight` has 6.552e4 at") && text.contains("f16 holds numbers up to 65504"),
            "{text}"
        );
        assert!(text.ends_with("`stored_precision: f32`"), "{text}");
        network.weights().write(&path, StoredPrecision::F32).unwrap();
    }

    #[test]
    fn truncated_files_are_refused_wherever_they_end() {
        let network = tiny(3);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.safetensors");
        network.weights().write(&path, StoredPrecision::F32).unwrap();
        let whole = fs::read(&path).unwrap();
        for kept in [0, 4, 8, 100, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..kept]).unwrap();
            let error = WeightsFile::read(&path, network.graph()).unwrap_err();
            assert!(matches!(error, NetworkError::Safetensors { .. }), "{kept}: {error}");
            assert!(error.to_string().contains("tiny.safetensors"), "{error}");
        }
    }

    #[test]
    fn what_stands_for_a_file_or_is_of_another_format_is_named() {
        let network = tiny(3);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.safetensors");
        let contents: [(&[u8], &str); 3] = [
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1100000\n", "a Git LFS pointer"),
            (b"PK\x03\x04\0\0\0\0\0\0\0\0", "a ZIP archive, as PyTorch"),
            (b"<!DOCTYPE html><html></html>", "a web page"),
        ];
        for (content, named) in contents {
            fs::write(&path, content).unwrap();
            let text = WeightsFile::read(&path, network.graph()).unwrap_err().to_string();
            assert!(
                text.contains(&format!("tiny.safetensors` is {named}")) && !text.contains("copy it again"),
                "{text}"
            );
        }
    }

    #[test]
    fn every_precision_loads_and_whole_numbers_do_not() {
        let network = tiny(3);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.safetensors");
        let ones = |dtype: Dtype, one: &[u8]| {
            let data: Vec<_> = network
                .graph()
                .parameters()
                .into_iter()
                .map(|parameter| (one.repeat(parameter.shape.iter().product()), parameter))
                .collect();
            let views = data.iter().map(|(bytes, parameter)| {
                (parameter.name.as_str(), TensorView::new(dtype, parameter.shape.clone(), bytes).unwrap())
            });
            let tracked = [7_u8; 8];
            let counter = TensorView::new(Dtype::I64, vec![], &tracked).unwrap();
            let all: Vec<_> = views.chain([("bn1.num_batches_tracked", counter)]).collect();
            fs::write(&path, serialize(all, None).unwrap()).unwrap();
            WeightsFile::read(&path, network.graph())
        };
        let read = ones(Dtype::F16, &[0x00, 0x3c]).unwrap();
        assert!(read.weights.iter().all(|(_, tensor)| tensor.values().iter().all(|&value| value == 1.0)));
        let of = |dtype, one: &[u8]| ones(dtype, one).unwrap().weights;
        assert_eq!(of(Dtype::BF16, &[0x80, 0x3f]), read.weights);
        assert_eq!(of(Dtype::F64, &1_f64.to_le_bytes()), read.weights);
        let text = ones(Dtype::I16, &[1, 0]).unwrap_err().to_string();
        assert!(text.contains("is of type I16, expected F16, BF16, F32 or F64"), "{text}");
    }

    #[test]
    fn nothing_is_written_where_nothing_can_be() {
        let mut network = tiny(3);
        let missing = Path::new("/nonexistent/tiny.safetensors");
        assert!(matches!(network.weights().write(missing, StoredPrecision::F32), Err(NetworkError::Write { .. })));
        assert!(matches!(WeightsFile::read(missing, network.graph()), Err(NetworkError::Read { .. })));

        network.weights_mut().get_mut("linear.bias").unwrap().values_mut()[0] = 1e300;
        let directory = tempfile::tempdir().unwrap();
        let text = network
            .weights()
            .write(&directory.path().join("x.safetensors"), StoredPrecision::F32)
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("tensor `linear.bias` has 1e300 at index 0, and f32 holds numbers up to 3.4e38"),
            "{text}"
        );
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);

        let taken = directory.path().join("taken.safetensors");
        fs::create_dir(&taken).unwrap();
        assert!(matches!(tiny(3).weights().write(&taken, StoredPrecision::F32), Err(NetworkError::Write { .. })));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file is left");
    }
}
