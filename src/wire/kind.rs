//! What a file holds.

/// Kinds of files; the number is what the header has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// What a client must know: parameters, the client's half of the plan, normalisation. No weights.
    Bundle = 1,
    /// A secret key.
    Secret = 2,
    /// Evaluation keys as a client sends them: uniform halves as seeds.
    Keys = 3,
    /// Evaluation keys as a server reads them: both halves, packed.
    ServerKeys = 4,
    /// Encrypted images.
    Upload = 5,
    /// Encrypted logits.
    Result = 6,
    /// What a server evaluates: network, plan options, prices.
    Server = 7,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Bundle, Self::Secret, Self::Keys, Self::ServerKeys, Self::Upload, Self::Result, Self::Server];

    /// The kind with this number.
    pub fn of(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u32 == number)
    }

    /// What messages call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bundle => "client bundle",
            Self::Secret => "secret key",
            Self::Keys => "evaluation keys",
            Self::ServerKeys => "evaluation keys of a server",
            Self::Upload => "encrypted images",
            Self::Result => "encrypted logits",
            Self::Server => "server plan",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
