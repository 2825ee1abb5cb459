//! The packed layout: channels side by side, and interleaved in the gaps that strides leave (multiplexed packing, Lee et
//! al. 2022).
//!
//! A grid holds one unstrided channel, rows and columns rounded up to powers of two. At pitch p a pixel (y, x) sits at
//! (p y + a, p x + b) of its grid, and the p^2 places (a, b) hold p^2 channels: channel c is in grid c / p^2 at place
//! c mod p^2. Grids follow each other within a ciphertext. If they fill only part of it, their number is rounded up to a
//! power of two and the contents repeat to the end: rotations then wrap around within the period.

use serde::{Deserialize, Serialize};

use crate::network::lowered::Shape;

/// The packed layout of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedLayout {
    shape: Shape,
    /// Rows and columns of the grid, powers of two.
    grid: (usize, usize),
    pitch: usize,
    /// Grids in a ciphertext.
    grids_per_ciphertext: usize,
}

impl PackedLayout {
    /// The layout of a fresh image of `shape`, or `None` if one channel does not fit into `slots`.
    pub fn image(shape: Shape, slots: usize) -> Option<Self> {
        let grid = (shape.height.next_power_of_two(), shape.width.next_power_of_two());
        // The encoder's smallest period is 8.
        let grid = if grid.0 * grid.1 < 8 { (grid.0, 8 / grid.0) } else { grid };
        let grids_per_ciphertext = slots / (grid.0 * grid.1);
        (grids_per_ciphertext > 0).then_some(Self { shape, grid, pitch: 1, grids_per_ciphertext })
    }

    /// The layout after a convolution with `stride`: data stay where they are, the pitch grows.
    pub fn strided(&self, shape: Shape, stride: usize) -> Self {
        Self { shape, pitch: self.pitch * stride, ..*self }
    }

    /// The same in so many slots of each ciphertext, if contents repeat after them or do not fill more.
    pub fn within(&self, slots: usize) -> Option<Self> {
        let grids_per_ciphertext = slots / self.grid_slots();
        let fits = grids_per_ciphertext >= self.grids_per_ciphertext || self.period() <= slots;
        (grids_per_ciphertext > 0 && fits && self.ciphertexts() == self.grids().div_ceil(grids_per_ciphertext))
            .then_some(Self { grids_per_ciphertext, ..*self })
    }

    /// Whether one that came from elsewhere is a layout in ciphertexts of `slots` slots.
    pub(super) fn is_sound(&self, slots: usize) -> bool {
        let within = |size: usize| size.is_power_of_two() && size <= slots;
        let Self { grid: (rows, columns), pitch, grids_per_ciphertext: grids, .. } = *self;
        [rows, columns, grids].into_iter().all(within)
            && rows * columns * grids <= slots
            && (1..=slots).contains(&pitch)
            && self.fits()
    }

    /// Shape of the value.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Slots of one grid.
    pub const fn grid_slots(&self) -> usize {
        self.grid.0 * self.grid.1
    }

    /// Distance of neighbouring pixels.
    pub const fn pitch(&self) -> usize {
        self.pitch
    }

    /// Number of grids.
    pub const fn grids(&self) -> usize {
        self.shape.channels.div_ceil(self.pitch * self.pitch)
    }

    /// Number of ciphertexts.
    pub const fn ciphertexts(&self) -> usize {
        self.grids().div_ceil(self.grids_per_ciphertext)
    }

    /// Slots after which contents repeat.
    pub fn period(&self) -> usize {
        self.grids().next_power_of_two().min(self.grids_per_ciphertext) * self.grid_slots()
    }

    /// Offset in slots of a step of (rows, columns) at this pitch.
    pub const fn step(&self, rows: i64, columns: i64) -> i64 {
        (rows * self.grid.1 as i64 + columns) * self.pitch as i64
    }

    /// Whether every value has a slot within its grid: not for strides beyond the image's sides, nor where a convolution makes the plane
    /// larger than the grid.
    pub fn fits(&self) -> bool {
        let Shape { channels, height, width } = self.shape;
        let last = channels.min(self.pitch * self.pitch) - 1;
        let (row, column) = (last / self.pitch, last.min(self.pitch - 1));
        (height - 1) * self.pitch + row < self.grid.0 && (width - 1) * self.pitch + column < self.grid.1
    }

    /// Ciphertext and slot of a value.
    pub const fn position(&self, channel: usize, row: usize, column: usize) -> (usize, usize) {
        let places = self.pitch * self.pitch;
        let (grid, place) = (channel / places, channel % places);
        let y = row * self.pitch + place / self.pitch;
        let x = column * self.pitch + place % self.pitch;
        let slot = grid % self.grids_per_ciphertext * self.grid_slots() + y * self.grid.1 + x;
        (grid / self.grids_per_ciphertext, slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn values_have_slots_of_their_own_within_a_period(channels in 1usize..40, log_side in 1u32..4, strides in 0u32..3, log_slots in 6u32..9) {
            let side = 1usize << log_side;
            let Some(image) = PackedLayout::image(Shape::new(3, side, side), 1 << log_slots) else { return Ok(()) };
            let strides = strides.min(log_side);
            let small = side >> strides;
            let layout = image.strided(Shape::new(channels, small, small), 1 << strides);
            let mut seen = HashSet::new();
            for c in 0..channels {
                for y in 0..small {
                    for x in 0..small {
                        let (ciphertext, slot) = layout.position(c, y, x);
                        prop_assert!(ciphertext < layout.ciphertexts() && slot < layout.period());
                        prop_assert!(seen.insert((ciphertext, slot)));
                    }
                }
            }
            prop_assert!(layout.period().is_power_of_two() && layout.period() <= 1 << log_slots);
        }
    }

    #[test]
    fn resnet20_takes_one_ciphertext_at_every_stage() {
        let image = PackedLayout::image(Shape::new(3, 32, 32), 16384).unwrap();
        assert_eq!((image.ciphertexts(), image.period()), (1, 4096));
        for (channels, side, stride, period) in [(16, 32, 1, 16384), (32, 16, 2, 8192), (64, 8, 4, 4096)] {
            let layout = image.strided(Shape::new(channels, side, side), stride);
            assert_eq!((layout.ciphertexts(), layout.period()), (1, period));
        }
        // At the paper's width the first stage takes four.
        assert_eq!(image.strided(Shape::new(64, 32, 32), 1).ciphertexts(), 4);
        assert!(PackedLayout::image(Shape::new(3, 32, 32), 512).is_none());
    }
}
