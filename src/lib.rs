//! `leveled`: a research harness for ResNets under leveled fully homomorphic encryption.
//!
//! The crate is built in floors; a module imports only from floors below it (`tests/floors.rs`):
//!
//! | floor | what it knows |
//! |---|---|
//! | [`cli`] | one file per subcommand |
//! | [`report`] | tables and figures from recorded rows |
//! | [`experiment`] | configuration, trials, records, provenance |
//! | [`parties`] | client and server with files between them |
//! | [`inference`] | encrypted inference: layouts, plan, executor, probe |
//! | [`training`] | recipes, and with the feature `train` the trainer |
//! | [`network`] | graphs, weights, clear-text forward |
//! | [`dataset`] | images |
//! | [`ckks`] | the RNS-CKKS scheme and its evaluators |
//! | [`ring`], [`wire`] | modular arithmetic, NTT, RNS polynomials, sampling; checked files of bytes |
//!
//! `network` knows no encryption and `ckks` knows no network.
//!
//! The upper half, from [`training`] on, needs the feature `harness`, which is on by default. Without it the crate is the evaluator
//! as a library, with few dependencies: `leveled = { .., default-features = false }`. Its examples are in `examples/`.

mod choice;
pub mod ckks;
#[cfg(feature = "harness")]
pub mod cli;
pub mod dataset;
#[cfg(feature = "harness")]
pub mod experiment;
pub mod inference;
pub mod network;
pub mod parties;
#[cfg(feature = "harness")]
pub mod report;
pub mod ring;
#[cfg(feature = "harness")]
pub mod training;
mod user_file;
pub mod wire;

/// The library section of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
