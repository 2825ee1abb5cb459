//! `leveled`: a research harness for ResNets under leveled fully homomorphic encryption.
//!
//! The crate is built in floors; a module imports only from floors below it:
//!
//! | floor | what it knows |
//! |---|---|
//! | [`cli`] | one file per subcommand |
//! | [`report`] | tables and figures from recorded rows |
//! | [`experiment`] | configuration, trials, records, provenance |
//! | [`inference`] | encrypted inference: layouts, plan, executor, probe |
//! | [`training`] | recipes, and with the feature `train` the trainer |
//! | [`network`], [`dataset`] | graphs, weights, clear-text forward; images |
//! | [`ckks`] | the RNS-CKKS scheme and its evaluators |
//! | [`ring`] | modular arithmetic, NTT, RNS polynomials, sampling |
//!
//! `network` knows no encryption and `ckks` knows no network.

#![warn(missing_docs)]

mod choice;
pub mod ckks;
pub mod cli;
pub mod dataset;
pub mod experiment;
pub mod inference;
pub mod network;
pub mod report;
pub mod ring;
pub mod training;
