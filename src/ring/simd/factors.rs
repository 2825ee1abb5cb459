//! Factors of one tile, each distinct word once.

use super::sum_program::{TILE, Tile};

/// The factors of a program for one tile.
///
/// Evaluations of a sparse polynomial, one in X^stride, come in runs of equal words, so a factor is `distinct` words, a power of two
/// up to [`TILE`], each of which serves [`TILE`]/`distinct` words of the tile: what is smaller stays in the first cache.
#[derive(Debug, Clone)]
pub struct Factors {
    words: Vec<Tile>,
    count: usize,
    distinct: usize,
}

impl Default for Factors {
    fn default() -> Self {
        Self { words: Vec::new(), count: 0, distinct: 1 }
    }
}

impl Factors {
    /// Number of factors.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no factor.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Distinct words of a factor: 1, 2, 4, 8 or 16.
    pub(super) const fn distinct(&self) -> usize {
        self.distinct
    }

    /// The distinct words of each factor, `D` of them.
    pub(super) fn distinct_words<const D: usize>(&self) -> &[[u64; D]] {
        &bytemuck::cast_slice::<Tile, u64>(&self.words).as_chunks().0[..self.count]
    }

    /// The words, factor after factor, aligned to a cache line.
    pub(super) fn words(&self) -> *const u64 {
        self.words.as_ptr().cast()
    }

    /// Removes all factors; further ones have so many distinct words.
    ///
    /// # Panics
    /// If `distinct` does not divide [`TILE`].
    pub fn clear(&mut self, distinct: usize) {
        assert!(distinct > 0 && TILE.is_multiple_of(distinct), "a tile does not hold {distinct} runs");
        (self.count, self.distinct) = (0, distinct);
        self.words.clear();
    }

    /// Appends a factor.
    ///
    /// # Panics
    /// If the number of words is not that of the distinct ones.
    pub fn push(&mut self, words: &[u64]) {
        let at = self.count * self.distinct;
        if at.is_multiple_of(TILE) {
            self.words.push(Tile::default());
        }
        self.words[at / TILE].0[at % TILE..][..self.distinct].copy_from_slice(words);
        self.count += 1;
    }

    /// The factors with these numbers of another tile.
    ///
    /// # Panics
    /// If there is no such factor.
    pub fn select(&mut self, from: &Self, numbers: &[u32]) {
        self.clear(from.distinct);
        for &number in numbers {
            let at = number as usize * from.distinct;
            self.push(&from.words[at / TILE].0[at % TILE..][..from.distinct]);
        }
    }

    /// All words of a factor.
    #[inline(always)]
    pub(super) fn tile(&self, index: usize) -> [u64; TILE] {
        let at = index * self.distinct;
        let words = &self.words[at / TILE].0[at % TILE..][..self.distinct];
        std::array::from_fn(|i| words[i / (TILE / self.distinct)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_distinct_word_serves_its_run() {
        for distinct in [1, 2, 4, 8, 16] {
            let mut factors = Factors::default();
            factors.clear(distinct);
            for factor in 0..5 {
                let words: Vec<u64> = (0..distinct as u64).map(|word| 100 * factor + word).collect();
                factors.push(&words);
            }
            let mut chosen = Factors::default();
            chosen.select(&factors, &[4, 1]);
            assert_eq!((factors.len(), chosen.len(), chosen.is_empty()), (5, 2, false));
            for i in 0..TILE {
                assert_eq!(factors.tile(3)[i], 300 + (i / (TILE / distinct)) as u64);
                assert_eq!([chosen.tile(0)[i], chosen.tile(1)[i]], [factors.tile(4)[i], factors.tile(1)[i]]);
            }
        }
    }
}
