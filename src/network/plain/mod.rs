//! Clear-text evaluation of many images, in single or double precision.

mod convolution;
mod element;
mod forward;
mod lowered;
mod matmul;
mod operation;
mod output;

pub use element::Element;
pub use forward::PlainNetwork;
pub use lowered::PlainLowered;
pub use output::{EXPLODING, PlainOutput};

pub(super) use convolution::Patches;
pub(super) use operation::{PreparedOperation, batch_norm};
