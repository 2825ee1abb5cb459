//! From a network and parameters to planned layers.

mod channel;
mod layer;
mod packed;
mod state;
#[cfg(test)]
mod tests;
mod tiled;

pub(super) use state::{Builder, LinearPart};
