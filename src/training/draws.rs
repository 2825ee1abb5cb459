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
    /// Crops and flips of one image that come again.
    Variant,
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

/// The draws by which the images of a batch are varied.
#[derive(Debug)]
pub(super) struct ImageDraws {
    current: Draws,
    /// Seed and number of a variant that comes again, where images have streams of their own.
    variant: Option<(u64, u32)>,
}

impl ImageDraws {
    /// One stream for the images of the step at `place`, one after the other.
    pub(super) fn of_step(seed: u64, place: u64) -> Self {
        Self { current: Draws::new(seed, Purpose::Augmentation, place), variant: None }
    }

    /// A stream for each image, the same whenever this variant of it comes.
    pub(super) fn of_variant(seed: u64, variant: u32) -> Self {
        Self { current: Draws::new(seed, Purpose::Variant, 0), variant: Some((seed, variant)) }
    }

    /// The stream of the image with this index.
    pub(super) fn image(&mut self, index: usize) -> &mut Draws {
        if let Some((seed, variant)) = self.variant {
            self.current = Draws::new(seed, Purpose::Variant, u64::from(variant) << 32 | index as u64);
        }
        &mut self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_of_an_image_comes_again_and_a_step_goes_on() {
        let drawn = |mut draws: ImageDraws, image| draws.image(image).below(usize::MAX);
        let base = drawn(ImageDraws::of_variant(1, 2), 3);
        let mut later = ImageDraws::of_variant(1, 2);
        later.image(4).below(usize::MAX);
        assert_eq!(later.image(3).below(usize::MAX), base);
        for (seed, variant, image) in [(2, 2, 3), (1, 3, 3), (1, 2, 4)] {
            assert_ne!(drawn(ImageDraws::of_variant(seed, variant), image), base);
        }
        let mut step = ImageDraws::of_step(1, 2);
        assert_ne!(step.image(3).below(usize::MAX), step.image(3).below(usize::MAX));
    }

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
