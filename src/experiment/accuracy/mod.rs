//! Accuracy in the clear on a whole set of images: single networks, ensembles, clustered networks.

mod candidates;
mod measure;
mod row;
mod run;

pub use row::{AccuracyForm, AccuracyRow};
pub use run::{AccuracyRequest, ImageSet, evaluate};
