//! The program that runs.

use serde::{Deserialize, Serialize};

/// The program that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Crate version.
    pub version: String,
    /// Git commit it was built from, `unknown` outside a checkout.
    pub commit: String,
    /// Whether the checkout had changes that no commit has.
    pub dirty: Option<bool>,
}

impl Program {
    /// This program, as the build script recorded it.
    #[must_use]
    pub fn this() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: env!("LEVELED_COMMIT").to_owned(),
            dirty: match env!("LEVELED_DIRTY") {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
        }
    }
}
