//! Linear layers as diagonals.
//!
//! A layer is a sparse matrix given by the layouts of its inputs and output and by the weights. For packed layouts every
//! (output channel, input channel, kernel tap) is one offset between slots, the same for all pixels; all weights with one
//! offset make one diagonal.
//!
//! **Complex packing.** Convolutions read inputs whose imaginary parts hold a second half of the channels: with
//! x~ = x_1 + i x_2 and weights w_1 - i w_2 the real part of a product is w_1 x_1 + w_2 x_2. That halves the diagonals; the
//! real part is taken at the end by adding the conjugate.

mod channel;
mod channel_weights;
mod convolution;
mod dense;
mod integer;
mod packing;
mod steps;
mod tiled;
mod window;
mod work;

pub use channel::combination;
pub use channel_weights::ChannelTerm;
pub use convolution::{ConvolutionDiagonals, TermInput};
pub use dense::DenseDiagonals;
pub use packing::Packing;
pub use steps::{Offset, Steps};
pub use tiled::{TiledTerm, matrix, summed};
pub use work::{Work, WorkSize};
