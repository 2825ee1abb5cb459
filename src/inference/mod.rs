//! Encrypted inference: layouts, linear layers as diagonals, the plan, the executor, the client and the probe.
//!
//! A network in lowered form and a parameter choice give a [`Plan`]; the plan says which keys are needed; an [`Executor`]
//! runs it on any evaluator. A [`Client`] encrypts images and decrypts logits; a [`Simulation`] does as if. A [`probe`]
//! compares each layer with clear-text evaluation.
//!
//! ```
//! use std::sync::Arc;
//!
//! use leveled::ckks::{SecurityPolicy, SeededCiphertext};
//! use leveled::inference::{Client, Executor, Plan, PlanOptions};
//! use leveled::network::lowered::Shape;
//! use leveled::network::{Architecture, Network, Stage};
//!
//! // One block of four channels on images of 8 x 8 pixels, with random weights.
//! let architecture = Architecture {
//!     input: Shape::new(3, 8, 8),
//!     stages: vec![Stage { blocks: 1, channels: 4, stride: 1 }],
//!     ..Architecture::named("resnet20", 4, 10)?
//! };
//! let network = Arc::new(Network::random(&architecture, 1)?.lower()?);
//!
//! // A ring for tests, not secure; for real networks the default options are a good choice.
//! let options = PlanOptions {
//!     log_n: 9,
//!     scale_bits: 30.0,
//!     weight_bits: 24.0,
//!     input_bits: 34.0,
//!     base_bits: 40,
//!     security: SecurityPolicy::None,
//!     ..PlanOptions::default()
//! };
//! let plan = Plan::new(network.clone(), &options)?;
//! assert_eq!(plan.levels_used(), plan.layers.len());
//!
//! let client = Client::new(&plan.client)?;
//! let image: Vec<f64> = (0..network.input.len()).map(|value| (value as f64).sin()).collect();
//! let encrypted = client.encrypt(&image)?.into_iter().map(SeededCiphertext::expand).collect();
//!
//! // With the keys, and without the secret.
//! let server = client.evaluator(|_| ())?;
//! let result = Executor::new(&plan.program, &server, 0).run(encrypted, &mut |_, _, _| ())?;
//!
//! let logits = client.decrypt(&result)?;
//! let clear = network.forward(&image)?;
//! assert!(!logits.overflow);
//! assert!(logits.values.iter().zip(clear.logits()).all(|(found, expected)| (found - expected).abs() < 1e-2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assemble;
mod builder;
mod client;
mod client_plan;
mod digits;
mod error;
mod executor;
pub mod failure;
mod kept;
pub mod layout;
pub mod levels;
pub mod linear;
mod logits;
mod memory;
mod options;
mod plan;
mod plan_ring;
mod planned_keys;
pub mod prices;
pub mod probe;
pub mod program;
mod rings;
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
pub use options::{
    Choices, ConvolutionKind, DEFAULT_MEMORY_BYTES, DEFAULT_WORKING_BYTES, LayoutKind, PlanOptions, RingSwitching,
};
pub use plan::{Plan, PlannedLayer};
pub use plan_ring::PlanRing;
pub use planned_keys::PlannedKey;
pub use prices::Prices;
pub use program::Program;
pub use simulation::{Simulation, simulator};
pub use tiles::TILES;
pub use unfold::Unfolding;
