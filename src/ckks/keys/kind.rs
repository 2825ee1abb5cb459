//! Purposes of switching keys.

use serde::{Deserialize, Serialize};

/// What a switching key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// From the square of the secret key.
    Relinearization,
    /// For the automorphism X -> X^g.
    Galois(usize),
}
