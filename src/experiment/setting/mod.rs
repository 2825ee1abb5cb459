//! The value types of the settings, one file each where there is more than a number to them.

mod backend;
mod check;
mod dataset_ref;
mod image_selection;
mod key_switching;
mod layout;
mod memory;
mod named;
mod network_form;
mod number_or_word;
mod optimisation;
mod scalar;
mod security;
mod weights;

pub use super::parameter_set::ParametersRef;
pub use backend::Backend;
pub use check::{Check, Recorded, Setting};
pub use dataset_ref::{DatasetFiles, DatasetRef, HeldOut};
pub use image_selection::ImageSelection;
pub use key_switching::KeySwitching;
pub use layout::{Batch, Convolution, Layout};
pub use memory::MemorySettings;
pub use network_form::NetworkForm;
pub use optimisation::{ActivationForm, NodeFusing, TowerReuse};
pub use scalar::{LogN, ModelFiles, NetworkName, Probe, Seed, Threads, Width};
pub use security::Security;
pub use weights::{ClusterMethod, ClusterMode, Clusters, DrawSeed, Ensemble, WeightsOrigin};

pub use crate::network::card::CardActivation;
