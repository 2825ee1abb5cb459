//! Operands of the kernels and how they lie in memory.

use crate::ring::modulus::Modulus;

/// Words of an aligned block.
pub const LANES: usize = 8;

/// Positions whose packed pairs lie together (see [`multiply_accumulate_packed`](super::multiply_accumulate_packed)).
pub const CHUNK: usize = 2 * LANES;

/// Largest bit length of a modulus whose packed residues take 6 bytes.
pub const PACKED_BITS: u32 = 48;

/// Words of [`CHUNK`] packed residues: low halves, then high parts, of 16 bits where the modulus allows it and of 32 otherwise.
pub const fn operand_words(q: &Modulus) -> usize {
    if q.bits() <= PACKED_BITS { CHUNK + CHUNK / 2 } else { 2 * CHUNK }
}

/// Words of one packed pair of [`CHUNK`] positions: low halves of the first operand, of the second, then the high parts likewise.
pub const fn chunk_words(q: &Modulus) -> usize {
    2 * operand_words(q)
}

/// Writes low halves and high parts of residues.
#[inline(always)]
pub fn pack_operand(values: &[u64; CHUNK], low: &mut [u32], high: &mut [u32]) {
    for (low, x) in low.iter_mut().zip(values) {
        *low = *x as u32;
    }
    if high.len() == CHUNK {
        for (high, x) in high.iter_mut().zip(values) {
            *high = (*x >> 32) as u32;
        }
    } else {
        for (high, x) in high.iter_mut().zip(values.as_chunks::<2>().0) {
            *high = (x[0] >> 32) as u32 | ((x[1] >> 32) as u32) << 16;
        }
    }
}

/// The residues that [`pack_operand`] wrote.
#[inline(always)]
pub fn unpack_operand(low: &[u32], high: &[u32]) -> [u64; CHUNK] {
    let (low, wide) = (&low[..CHUNK], high.len() == CHUNK);
    std::array::from_fn(|i| {
        let high = if wide { high[i] } else { high[i / 2] >> (16 * (i % 2)) & 0xffff };
        u64::from(high) << 32 | u64::from(low[i])
    })
}

/// The pair in a chunk of [`chunk_words`] words.
#[inline(always)]
pub fn unpack_chunk(chunk: &[u32]) -> ([u64; CHUNK], [u64; CHUNK]) {
    let (low, high) = chunk.split_at(2 * CHUNK);
    let (high_b, high_a) = high.split_at(high.len() / 2);
    (unpack_operand(&low[..CHUNK], high_b), unpack_operand(&low[CHUNK..], high_a))
}

/// One term of a paired multiply-accumulate: `shared * pair.0` and `shared * pair.1`.
#[derive(Debug, Clone, Copy)]
pub struct Term<'a> {
    /// The operand that both products share (a digit, or a plaintext).
    pub shared: &'a [u64],
    /// The two other operands (the halves of a key, or of a ciphertext).
    pub pair: (&'a [u64], &'a [u64]),
}
