//! Matrices of small integers, laid out for [`weighted_products`](super::weighted_products).

use super::sum_program::Tile;
use crate::ring::error::RingError;
use crate::ring::modulus::{Modulus, VECTOR_BITS};

/// Outputs whose sums a kernel keeps in registers together.
pub const ROWS: usize = 6;

/// Tiles that a kernel works on together.
pub const TILES: usize = 2;

/// A matrix of integers of `bits` bits with sign: a row for each output, a column for each source.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegerMatrix {
    outputs: usize,
    sources: usize,
    bits: u32,
    /// Weights made positive by adding 2^(bits - 1): for every [`ROWS`] outputs, for every source, one of each.
    panels: Vec<u64>,
    /// The weights themselves, likewise.
    signed: Vec<f64>,
}

impl IntegerMatrix {
    /// The matrix with the given rows, of `sources` columns each.
    ///
    /// # Errors
    /// [`RingError::IntegerMatrix`] for another number of columns or of bits, [`RingError::IntegerWeight`] for a weight that
    /// does not fit.
    pub fn new<'a>(sources: usize, bits: u32, rows: impl IntoIterator<Item = &'a [i16]>) -> Result<Self, RingError> {
        if !(2..=i16::BITS).contains(&bits) {
            return Err(RingError::IntegerMatrix { found: sources, sources, bits });
        }
        let offset = 1i64 << (bits - 1);
        let (mut panels, mut signed) = (Vec::new(), Vec::new());
        let mut outputs = 0;
        for row in rows {
            if row.len() != sources {
                return Err(RingError::IntegerMatrix { found: row.len(), sources, bits });
            }
            if outputs % ROWS == 0 {
                panels.resize(panels.len() + ROWS * sources, 0);
                signed.resize(panels.len(), 0.0);
            }
            let panel = outputs / ROWS * ROWS * sources;
            for (column, weight) in row.iter().enumerate() {
                let positive = i64::from(*weight) + offset;
                if !(0..2 * offset).contains(&positive) {
                    return Err(RingError::IntegerWeight { weight: *weight, bits });
                }
                let at = panel + column * ROWS + outputs % ROWS;
                panels[at] = positive as u64;
                signed[at] = f64::from(*weight);
            }
            outputs += 1;
        }
        Ok(Self { outputs, sources, bits, panels, signed })
    }

    /// Number of outputs.
    pub const fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of sources.
    pub const fn sources(&self) -> usize {
        self.sources
    }

    /// What was added to every weight.
    pub(super) const fn offset(&self) -> u64 {
        1 << (self.bits - 1)
    }

    /// Whether at least one product fits into 64 bits on top of a residue modulo `q`, and the sum of all sources does.
    pub(super) fn suits(&self, q: &Modulus) -> bool {
        let sum = q.bits() + self.sources.max(1).next_power_of_two().ilog2();
        q.bits() <= VECTOR_BITS && sum <= 64 && self.lazy_terms(q) > 0
    }

    /// Products that fit into 64 bits on top of a residue modulo `q`.
    pub(super) fn lazy_terms(&self, q: &Modulus) -> usize {
        let residue = u128::from(q.value() - 1);
        let product = ((1u128 << self.bits) - 1) * residue;
        ((u128::from(u64::MAX) - residue) / product.max(1)) as usize
    }

    /// Whether single products modulo `q` stay below 2^52.
    pub(super) fn is_narrow(&self, q: &Modulus) -> bool {
        self.bits + q.bits() <= 52
    }

    /// For every [`ROWS`] outputs the weights of each source, made positive.
    pub(super) fn panels(&self) -> impl Iterator<Item = &[[u64; ROWS]]> {
        self.panels.chunks_exact((ROWS * self.sources).max(1)).map(|panel| panel.as_chunks().0)
    }

    /// For every [`ROWS`] outputs the weights of each source.
    pub(super) fn signed_panels(&self) -> impl Iterator<Item = &[[f64; ROWS]]> {
        self.signed.chunks_exact((ROWS * self.sources).max(1)).map(|panel| panel.as_chunks().0)
    }
}

/// One output word for each of [`TILES`] tiles.
pub type TilePair<'a> = [&'a [Tile]; TILES];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        let matrix = |bits, row: &[i16]| IntegerMatrix::new(2, bits, [row]);
        assert!(matrix(4, &[-8, 7]).is_ok());
        assert_eq!(matrix(4, &[0, 8]), Err(RingError::IntegerWeight { weight: 8, bits: 4 }));
        assert_eq!(matrix(4, &[-9, 0]), Err(RingError::IntegerWeight { weight: -9, bits: 4 }));
        assert!(matrix(16, &[i16::MIN, i16::MAX]).is_ok());
        for bits in [0, 1, 17] {
            assert_eq!(matrix(bits, &[0, 0]), Err(RingError::IntegerMatrix { found: 2, sources: 2, bits }));
        }
        assert_eq!(matrix(4, &[1]), Err(RingError::IntegerMatrix { found: 1, sources: 2, bits: 4 }));
    }
}
