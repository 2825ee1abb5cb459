//! Which training images are trained on and which are held out for every choice.

use super::draws::{Draws, Purpose};

/// A split of the training images into two disjoint parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Indices of the images that are trained on, increasing.
    pub training: Vec<usize>,
    /// Indices of the images held out, increasing.
    pub validation: Vec<usize>,
}

impl Split {
    /// Holds out `validation` of `images` images, drawn from `seed`; all of them if there are no more.
    #[must_use]
    pub fn new(images: usize, validation: usize, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..images).collect();
        Draws::new(seed, Purpose::Split, 0).shuffle(&mut order);
        let mut held_out = order.split_off(images.saturating_sub(validation));
        order.sort_unstable();
        held_out.sort_unstable();
        Self { training: order, validation: held_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_is_disjoint_complete_and_stable() {
        let split = Split::new(50_000, 5_000, 0);
        assert_eq!((split.training.len(), split.validation.len()), (45_000, 5_000));
        let mut all = [split.training.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..50_000));
        assert_eq!(split, Split::new(50_000, 5_000, 0));
        assert_ne!(split, Split::new(50_000, 5_000, 1));
        // Cards name the split by its seed: were it to change, shipped networks would have seen held out images.
        assert_eq!(split.validation[..4], FIRST_HELD_OUT);
    }

    const FIRST_HELD_OUT: [usize; 4] = [5, 7, 13, 21];

    #[test]
    fn few_images_may_all_be_held_out() {
        assert_eq!(Split::new(3, 5, 0), Split { training: vec![], validation: vec![0, 1, 2] });
    }
}
