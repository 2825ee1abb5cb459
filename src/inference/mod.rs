//! Encrypted inference: layouts, linear layers as diagonals, the plan, the executor, the client and the probe.
//!
//! A network in lowered form and a parameter choice give a [`Plan`]; the plan says which keys are needed; an [`Executor`]
//! runs it on any evaluator. A [`Client`] encrypts images and decrypts logits; a [`Simulation`] does as if. A [`probe`]
//! compares each layer with clear-text evaluation.

mod assemble;
mod builder;
mod client;
mod client_plan;
mod error;
mod executor;
pub mod failure;
pub mod layout;
pub mod levels;
pub mod linear;
mod logits;
mod memory;
mod options;
mod plan;
pub mod prices;
pub mod probe;
pub mod program;
mod simulation;
mod stages;
mod tiles;
mod unfold;

pub use client::Client;
pub use client_plan::ClientPlan;
pub use error::InferenceError;
pub use executor::{Executor, LayerSeconds};
pub use layout::Layout;
pub use logits::Logits;
pub use options::{ConvolutionKind, DEFAULT_MEMORY_BYTES, DEFAULT_WORKING_BYTES, LayoutKind, PlanOptions};
pub use plan::{Plan, PlannedLayer};
pub use prices::Prices;
pub use program::Program;
pub use simulation::{Simulation, simulator};
pub use tiles::TILES;
pub use unfold::Unfolding;
