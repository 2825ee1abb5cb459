//! Accuracy in the clear on a whole set of images: single networks, ensembles, clustered networks.

mod candidates;
mod measure;
mod provenance;
mod rows;
mod run;

pub use provenance::AccuracyProvenance;
pub use run::{AccuracyOutcome, AccuracyRequest, ImageSet, evaluate};
