//! Evaluators: one interface, several meanings.
//!
//! * [`Encrypted`] computes on real ciphertexts.
//! * [`Counting`] counts operations and bytes; it prices a plan.
//!
//! A third one, computing on clear slots with the scheme's noise, fits behind the same trait.

mod check;
mod counting;
mod encrypted;
mod interface;

pub use counting::{Counted, Counting, Operations};
pub use encrypted::Encrypted;
pub use interface::Evaluator;
