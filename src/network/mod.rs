//! Networks in the clear: graphs, weights, forward evaluation, folding, and the lowered form that encrypted
//! inference evaluates.
//!
//! The way of a network: [`Architecture`] -> [`Graph`] -> with [`Weights`] a [`Network`] -> [`Network::folded`] ->
//! [`Network::lower`] -> [`lowered::LoweredNetwork`], whose weights [`cluster::cluster`] may cluster. [`Model`] lowers from
//! a weights file and its card.

pub mod architecture;
pub mod article;
pub mod card;
pub mod cluster;
mod error;
mod fold;
pub mod graph;
#[cfg(feature = "harness")]
pub mod import;
mod instance;
mod linear_map;
mod lower_options;
pub mod lowered;
mod lowered_check;
mod lowered_forward;
mod members;
mod merge;
mod model;
mod moments;
mod monic;
pub mod plain;
pub mod polyfit;
mod random;
mod redistribute;
pub mod registry;
mod resnet;
mod several;
mod vgg;
pub mod weights;
mod wider;
pub(crate) mod window;

pub use architecture::{Architecture, Block, Head, Pool, Shortcut, Stage};
pub use card::Card;
pub use error::NetworkError;
pub use graph::{ActivationKind, Graph};
pub use instance::Network;
pub use lower_options::{ActivationForm, LowerOptions};
pub use lowered_forward::LoweredTrace;
pub use members::{check_members, one_after_the_other};
pub use merge::merge;
pub use model::Model;
pub use moments::Moments;
pub use several::OneOrSeveral;
pub use weights::Weights;
pub use wider::widened;
