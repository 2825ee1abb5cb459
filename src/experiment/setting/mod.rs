//! The value types of the settings, one file each where there is more than a number to them. Choices are defined on the floors
//! that act on them.

mod backend;
mod check;
mod dataset_ref;
mod encryption;
mod image_selection;
mod layout;
mod memory;
mod network_form;
mod number_or_word;
mod optimisation;
mod processes;
mod scalar;
mod weights;

pub use super::parameter_set::ParametersRef;
pub use backend::*;
pub use check::*;
pub use dataset_ref::*;
pub use image_selection::*;
pub use layout::*;
pub use memory::*;
pub use network_form::*;
pub use optimisation::*;
pub use processes::*;
pub use scalar::*;
pub use weights::*;

pub use crate::ckks::{KeySwitching, SecurityPolicy};
pub use crate::inference::{ConvolutionKind, LayoutKind, RingSwitching};
pub use crate::network::ActivationForm;
pub use crate::network::card::CardActivation;
pub use crate::network::cluster::{ClusterAlgorithm, ClusterMode};
pub use crate::network::{Pool, Shortcut};
