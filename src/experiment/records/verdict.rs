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
    /// log2 QP is over the line, or the table has no line for this N.
    Insecure,
}

impl SecurityVerdict {
    /// The word that stands in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secure => "secure",
            Self::Insecure => "insecure",
        }
    }
}

impl From<Verdict> for SecurityVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Secure => Self::Secure,
            Verdict::Insecure | Verdict::Unknown => Self::Insecure,
        }
    }
}
