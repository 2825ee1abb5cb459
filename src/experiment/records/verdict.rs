//! What a table of security estimates says about a parameter set.

use super::record::words;
use crate::ckks::security::Verdict;

words! {
    /// Whether a parameter set stays under a table's line for 128-bit classical security.
    pub enum SecurityVerdict {
        /// log2 QP is under the line.
        Secure = "secure",
        /// log2 QP is over the line, or the table has no line for this N.
        Insecure = "insecure",
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
