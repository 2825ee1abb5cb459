//! Random numbers of a training: each purpose and step has a stream of its own, so that a resumed run draws what an
//! uninterrupted one would.

use chacha20::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What random numbers are drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Which training images are held out.
    Split,
    /// The order of the images in an epoch.
    Order,
    /// Crops and flips of a step.
    Augmentation,
}

/// A stream of draws.
#[derive(Debug)]
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    /// The stream of one purpose at one place of the training (an epoch or a step, counted from the start).
    pub(super) fn new(seed: u64, purpose: Purpose, place: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream((place << 2) | purpose as u64);
        Self(generator)
    }

    /// Uniform in `0..count`, up to a bias of `count / 2^64`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// Puts `items` into a random order (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_purpose_and_place() {
        let first = |seed, purpose, place| Draws::new(seed, purpose, place).below(usize::MAX);
        let base = first(1, Purpose::Order, 2);
        assert_eq!(base, first(1, Purpose::Order, 2));
        for other in [first(2, Purpose::Order, 2), first(1, Purpose::Augmentation, 2), first(1, Purpose::Order, 3)] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn every_item_can_come_first() {
        let mut counts = [0; 4];
        for place in 0..4000 {
            let mut items = [0, 1, 2, 3];
            Draws::new(7, Purpose::Order, place).shuffle(&mut items);
            counts[items[0]] += 1;
        }
        // 1000 each, standard deviation 27.
        assert!(counts.iter().all(|count| (860..1140).contains(count)), "{counts:?}");
    }
}
