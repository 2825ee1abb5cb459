//! Accuracy in the clear on a whole set of images: single networks, ensembles, clustered networks.

mod candidates;
mod measure;
mod provenance;
mod row;
mod run;

pub use provenance::AccuracyProvenance;
pub use row::{AccuracyForm, AccuracyRow};
pub use run::{AccuracyRequest, ImageSet, evaluate};
