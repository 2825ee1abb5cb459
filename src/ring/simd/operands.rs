//! Operands of the kernels and how they lie in memory.

use crate::ring::modulus::Modulus;

/// Words of an aligned block.
pub const LANES: usize = 8;

/// Positions whose packed pairs lie together (see [`multiply_accumulate_packed`](super::multiply_accumulate_packed)).
pub const CHUNK: usize = 2 * LANES;

/// Words of one packed pair of [`CHUNK`] positions: low halves of the first operand, of the second, then the high parts
/// likewise, of 16 bits where the modulus allows it and of 32 otherwise.
pub const fn chunk_words(q: &Modulus) -> usize {
    if q.bits() <= 48 { 3 * CHUNK } else { 4 * CHUNK }
}

/// The pair in a chunk of [`chunk_words`] words.
#[inline(always)]
pub fn unpack_chunk(chunk: &[u32]) -> ([u64; CHUNK], [u64; CHUNK]) {
    let (low, high) = chunk.split_at(2 * CHUNK);
    let wide = high.len() == 2 * CHUNK;
    let value = |i: usize| {
        let high = if wide { high[i] } else { high[i / 2] >> (16 * (i % 2)) & 0xffff };
        u64::from(high) << 32 | u64::from(low[i])
    };
    (std::array::from_fn(value), std::array::from_fn(|i| value(CHUNK + i)))
}

/// One term of a paired multiply-accumulate: `shared * pair.0` and `shared * pair.1`.
#[derive(Debug, Clone, Copy)]
pub struct Term<'a> {
    /// The operand that both products share (a digit, or a plaintext).
    pub shared: &'a [u64],
    /// The two other operands (the halves of a key, or of a ciphertext).
    pub pair: (&'a [u64], &'a [u64]),
}
