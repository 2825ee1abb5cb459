//! Weights by name, and the files that hold them.

mod element;
mod file;
mod half_precision;
mod set;
mod tensor;

pub use element::Element;
pub use file::WeightsFile;
pub use set::Weights;
pub use tensor::Tensor;
