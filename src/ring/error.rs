//! Errors of the ring floor.

/// What can be wrong with a ring or its moduli.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// The ring dimension is outside the supported range.
    #[error("log_n = {log_n} is not supported; choose a value from {min} to {max}")]
    Dimension {
        /// The requested log2 of the ring dimension.
        log_n: u32,
        /// Smallest supported value.
        min: u32,
        /// Largest supported value.
        max: u32,
    },
    /// The modulus cannot be used.
    #[error("modulus {modulus} is not a prime of at most {max_bits} bits that is 1 modulo 2N = {two_n}")]
    Modulus {
        /// The offending modulus.
        modulus: u64,
        /// Largest number of bits that is supported.
        max_bits: u32,
        /// Twice the ring dimension.
        two_n: u64,
    },
    /// There are not enough primes of the requested size.
    #[error(
        "only {found} of {wanted} primes of {bits} bits are 1 modulo 2N = {two_n}; ask for fewer primes, more bits or a smaller ring"
    )]
    TooFewPrimes {
        /// Number of primes that were wanted.
        wanted: usize,
        /// Number of primes that exist.
        found: usize,
        /// Requested size.
        bits: u32,
        /// Twice the ring dimension.
        two_n: u64,
    },
    /// `LEVELED_SIMD` names kernels that there are not.
    #[error(
        "LEVELED_SIMD is {wanted:?}, but this processor has the kernels {available}; name one of them, or none for the fastest"
    )]
    Kernels {
        /// What it names.
        wanted: String,
        /// What it may name.
        available: String,
    },
    /// A limb whose number of words is not a power of two.
    #[error("a limb of {found} words; give N of them, N = 2^log_n")]
    LimbLength {
        /// Number of words.
        found: usize,
    },
    /// A matrix of integers with another number of columns, or bits that no kernel takes.
    #[error("rows of {found} weights of {bits} bits; give {sources} weights of 2 to 16 bits in each")]
    IntegerMatrix {
        /// Weights in a row.
        found: usize,
        /// Weights that a row must have.
        sources: usize,
        /// Bits of a weight, its sign included.
        bits: u32,
    },
    /// An integer weight that has more bits than was said.
    #[error(
        "the integer weight {weight} does not fit into {bits} bits with sign; say more bits, or scale the weights down"
    )]
    IntegerWeight {
        /// The weight.
        weight: i16,
        /// Bits of a weight, its sign included.
        bits: u32,
    },
    /// The operating system gave no randomness.
    #[error("the operating system's random number generator failed: {reason}")]
    Entropy {
        /// What the operating system said.
        reason: String,
    },
}
