//! Accuracy in the clear of single networks, ensembles and clustered networks: a request, and the experiment that it is short for.

mod candidates;
mod request;

pub use request::{AccuracyRequest, experiment};
