//! Weights by name, and the files that hold them.

mod element;
mod file;
mod set;
mod stored_precision;
mod tensor;

pub use element::Element;
pub use file::WeightsFile;
pub use set::Weights;
pub use stored_precision::StoredPrecision;
pub use tensor::Tensor;
