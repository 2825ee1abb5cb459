//! What a table of security estimates says about a parameter set.

use super::record::words;
use crate::ckks::security::Verdict;

words! {
    /// Whether a parameter set stays under a table's line for 128-bit classical security.
    pub enum SecurityVerdict {
        /// log2 QP is under the line.
        Secure = "secure",
        /// log2 QP is over the line, or N is below all lines.
        Insecure = "insecure",
        /// The table has no line for an N as large as this.
        Unknown = "unknown",
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
