//! What needs libtorch: the network with gradients, the trainer, its checkpoints.

mod answers;
mod batch;
mod checkpoint;
mod evaluation;
mod export;
mod network;
mod output;
mod penalty;
mod progress;
mod sgd;
mod site;
mod state;
mod step;
mod stored;
mod stored_file;
mod teacher;
mod tensors;
#[cfg(test)]
mod tests;
mod trainer;

pub use output::{CardFacts, Kept};
pub use progress::Observer;
pub use trainer::{TrainOptions, Trained, train, uses_cuda};
