//! What a file is, for whoever finds it.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::error::PartyError;
use crate::wire::{Container, Header, Kind, VERSION, hex};

/// What a file says of itself; all of its checksums hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// What it holds.
    pub kind: &'static str,
    /// Version of the format.
    pub version: u32,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of the parameters, in hexadecimal.
    pub parameters: String,
    /// SHA-256 of the plan.
    pub plan: String,
    /// Name of the secret key that it belongs to; none: it belongs to no key.
    pub key: Option<String>,
    /// Its description; of a secret key there is none.
    pub contents: Value,
}

impl Inspection {
    /// Looks at a file; of a secret key nothing is shown but its name.
    ///
    /// # Errors
    /// [`PartyError::Wire`].
    pub fn of(path: &Path) -> Result<Self, PartyError> {
        let container = Container::open(path)?;
        let Header { kind, parameters, plan, key } = *container.header();
        Ok(Self {
            kind: kind.as_str(),
            version: VERSION,
            bytes: container.bytes(),
            parameters: hex(&parameters),
            plan: hex(&plan),
            key: (kind != Kind::Bundle && kind != Kind::Server).then(|| hex(&key)),
            contents: container.meta()?,
        })
    }
}
