//! Random draws for k-means++.

use chacha20::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::network::random::unit;

/// The draws of one group of weights: ChaCha20 with one key for each seed and one stream for each group, so they do not
/// depend on the order in which groups are clustered.
pub(super) struct Draws(ChaCha20Rng);

impl Draws {
    /// The draws of the group that begins with part `part` of member `member`.
    pub(super) fn new(seed: u64, member: usize, part: usize) -> Self {
        let mut generator = ChaCha20Rng::seed_from_u64(seed);
        generator.set_stream((member as u64) << 32 | part as u64);
        Self(generator)
    }

    /// Uniform in `0.0..total`.
    pub(super) fn below(&mut self, total: f64) -> f64 {
        total * unit(self.0.next_u64())
    }

    /// Uniform in `0..count`, up to a bias of `count / 2^64`.
    pub(super) fn index(&mut self, count: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(count)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_streams_of_their_own() {
        let first = |seed, member, part| Draws::new(seed, member, part).index(u64::MAX);
        assert_eq!(first(1, 2, 3), first(1, 2, 3));
        let all = [first(1, 2, 3), first(2, 2, 3), first(1, 3, 3), first(1, 2, 4), first(1, 0, 3)];
        assert!((1..all.len()).all(|i| !all[..i].contains(&all[i])), "{all:?}");
    }

    #[test]
    fn draws_stay_inside() {
        let mut draws = Draws::new(5, 0, 0);
        assert!((0..1000).all(|_| draws.index(3) < 3 && (0.0..2.5).contains(&draws.below(2.5))));
    }
}
