//! From a network and parameters to planned layers.

mod channel;
mod layer;
mod packed;
mod tiled;

pub(super) use layer::{Builder, LinearPart};
