//! What a table of security estimates says about a parameter set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ckks::security::Verdict;

/// Whether a parameter set stays under a table's line for 128-bit classical security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecurityVerdict {
    /// log2 QP is under the line.
    Secure,
    /// log2 QP is over the line, or N is below all lines.
    Insecure,
    /// The table has no line for an N as large as this.
    Unknown,
}

impl SecurityVerdict {
    /// The word that stands in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secure => "secure",
            Self::Insecure => "insecure",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Verdict> for SecurityVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Secure => Self::Secure,
            Verdict::Insecure => Self::Insecure,
            Verdict::Unknown => Self::Unknown,
        }
    }
}
