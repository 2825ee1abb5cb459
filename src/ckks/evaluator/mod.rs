//! Evaluators: one interface, several meanings.
//!
//! * [`Encrypted`] computes on real ciphertexts.
//! * [`Counting`] counts operations and bytes; it prices a plan.
//! * [`Simulated`] computes on clear slots with the scheme's noise.

mod check;
mod counting;
mod encrypted;
mod interface;
mod load;
mod operations;
mod panels;
mod simulated;

#[cfg(test)]
mod noise_tests;
#[cfg(test)]
mod program_tests;
#[cfg(test)]
mod ring_switch_tests;
#[cfg(test)]
mod scale_tests;
#[cfg(test)]
mod testing;

pub use check::SCALE_TOLERANCE;
pub use counting::{Counted, Counting};
pub use encrypted::Encrypted;
pub use interface::Evaluator;
pub use operations::{Load, Operations};
pub use simulated::{Simulated, SimulatedCiphertext};
