//! The channel layout: one ciphertext for each channel (method section 5, the article's "HW").
//!
//! Pixel (y, x) of a plane sits in slot `row_slots * pitch * y + pitch * x`: a stride leaves data where they are and doubles
//! the pitch. Below a plane enough slots stay zero that a convolution may read one padding above and below it. Members of
//! an ensemble sit in blocks behind each other, and images of a batch behind these; the image itself is repeated for
//! every member. What is left of the ciphertext repeats all that.

use serde::{Deserialize, Serialize};

use super::MIN_PERIOD;
use crate::network::lowered::Shape;

/// What a channel layout is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelOptions {
    /// Members of the ensemble.
    pub members: usize,
    /// Images in a ciphertext.
    pub batch: usize,
    /// Product of all strides of the network.
    pub largest_pitch: usize,
    /// Largest padding of a convolution, in pixels.
    pub padding: usize,
    /// Whether zeros also part the rows, so that taps beside a plane read zeros too.
    pub row_gap: bool,
    /// Slots of the logits' period, which with several images must not be read across their border.
    pub classes_period: usize,
}

/// The channel layout of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelLayout {
    shape: Shape,
    /// Members whose channels the shape has; 1 for an image that all members share.
    members: usize,
    /// Blocks of one image: as many as members.
    blocks: usize,
    /// Slots from one row of the unstrided plane to the next.
    row_slots: usize,
    /// Slots of one member.
    block_slots: usize,
    /// Slots before the first pixel.
    margin: usize,
    pitch: usize,
    batch: usize,
}

impl ChannelLayout {
    /// The layout of a fresh image. Whether it fits into a ciphertext: [`ChannelLayout::capacity`].
    pub fn image(shape: Shape, options: &ChannelOptions) -> Self {
        let reach = options.padding * options.largest_pitch;
        let row_slots = shape.width + if options.row_gap { options.padding } else { 0 };
        let margin = if options.batch > 1 { options.classes_period } else { 0 };
        let used = margin + shape.height * row_slots + reach * (row_slots + 1);
        Self {
            shape,
            members: 1,
            blocks: options.members,
            row_slots,
            block_slots: used.next_power_of_two().max(MIN_PERIOD).max(options.classes_period),
            margin,
            pitch: 1,
            batch: options.batch,
        }
    }

    /// The layout of a value with channels of its own for every member, after a convolution with `stride`.
    pub fn strided(&self, shape: Shape, stride: usize) -> Self {
        Self { shape, members: self.blocks, pitch: self.pitch * stride, ..*self }
    }

    /// Whether the plane lies within that of the image, around which there are zeros: not where a convolution makes it larger.
    pub const fn fits(&self, image: Shape) -> bool {
        // With pixels further apart than the image is wide, taps beside the plane would reach beyond those zeros.
        self.pitch <= image.height
            && self.pitch <= image.width
            && (self.shape.height - 1) * self.pitch < image.height
            && (self.shape.width - 1) * self.pitch < image.width
    }

    /// Whether one that came from elsewhere is a layout in ciphertexts of `slots` slots.
    pub(super) fn is_sound(&self, slots: usize) -> bool {
        let Self { shape, members, blocks, row_slots, block_slots, margin, pitch, batch } = *self;
        let sizes = [members, blocks, row_slots, block_slots, pitch, batch];
        let bounded = sizes.iter().all(|size| (1..=slots).contains(size)) && margin <= slots;
        bounded
            && (members == 1 || members == blocks)
            && shape.channels.is_multiple_of(members)
            && self.period() <= slots
            && self.slot(0, shape.height - 1, shape.width - 1) < block_slots
    }

    /// Shape of the value: the channels of all members.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Number of ciphertexts: channels of one member.
    pub const fn ciphertexts(&self) -> usize {
        self.shape.channels / self.members
    }

    /// Members of the ensemble.
    pub const fn blocks(&self) -> usize {
        self.blocks
    }

    /// Slots of one member.
    pub const fn block_slots(&self) -> usize {
        self.block_slots
    }

    /// Distance of neighbouring pixels in a row.
    pub const fn pitch(&self) -> usize {
        self.pitch
    }

    /// Slots of one image: all of its members.
    pub const fn period(&self) -> usize {
        (self.block_slots * self.blocks).next_power_of_two()
    }

    /// Images that a ciphertext of `slots` slots holds.
    pub const fn capacity(&self, slots: usize) -> usize {
        slots / self.period()
    }

    /// Images that are encrypted together.
    pub const fn batch(&self) -> usize {
        self.batch
    }

    /// Slots from a pixel to the one `rows` below and `columns` to the right.
    pub const fn step(&self, rows: i64, columns: i64) -> i64 {
        (rows * self.row_slots as i64 + columns) * self.pitch as i64
    }

    /// First slot of pixel (`row`, `column`) in the block of `member`.
    pub const fn slot(&self, member: usize, row: usize, column: usize) -> usize {
        member * self.block_slots + self.margin + (row * self.row_slots + column) * self.pitch
    }

    /// Ciphertext and first slot of a value.
    pub const fn position(&self, channel: usize, row: usize, column: usize) -> (usize, usize) {
        let channels = self.ciphertexts();
        (channel % channels, self.slot(channel / channels, row, column))
    }

    /// Repeats what the first block holds in the blocks of the other members, if they share the value.
    pub fn share(&self, period: &mut [f64]) {
        if self.members == 1 {
            let (first, others) = period.split_at_mut(self.block_slots);
            for block in others.chunks_mut(self.block_slots).take(self.blocks - 1) {
                block.copy_from_slice(first);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn options() -> ChannelOptions {
        ChannelOptions { members: 1, batch: 1, largest_pitch: 4, padding: 1, row_gap: false, classes_period: 16 }
    }

    #[test]
    fn members_of_32_by_32_are_2048_slots_apart() {
        for row_gap in [false, true] {
            let image =
                ChannelLayout::image(Shape::new(3, 32, 32), &ChannelOptions { members: 4, row_gap, ..options() });
            assert_eq!((image.ciphertexts(), image.block_slots(), image.period()), (3, 2048, 8192));
            assert_eq!((image.capacity(16384), image.capacity(4096)), (2, 0));
            let inner = image.strided(Shape::new(4 * 16, 16, 16), 2);
            assert_eq!((inner.ciphertexts(), inner.pitch()), (16, 2));
            let row = if row_gap { 33 } else { 32 };
            assert_eq!(inner.position(17, 3, 5), (1, 2048 + 6 * row + 10));
            assert_eq!(inner.step(-1, 1), 2 - 2 * row as i64);
        }
    }

    #[test]
    fn values_have_slots_of_their_own_and_taps_beside_a_plane_read_none() {
        for (row_gap, batch, strides) in [(true, 1, 0), (false, 1, 1), (true, 2, 2), (false, 2, 0)] {
            let image =
                ChannelLayout::image(Shape::new(2, 8, 8), &ChannelOptions { members: 2, row_gap, batch, ..options() });
            let side = 8 >> strides;
            let layout = image.strided(Shape::new(2 * 3, side, side), 1 << strides);
            let mut seen = HashSet::new();
            for channel in 0..6 {
                for pixel in 0..side * side {
                    let (ciphertext, slot) = layout.position(channel, pixel / side, pixel % side);
                    assert!(ciphertext < layout.ciphertexts() && slot < layout.period());
                    assert!(seen.insert((ciphertext, slot)));
                }
            }
            let period = layout.period() as i64;
            for edge in 0..side {
                let taps = [(0, edge, -1, 0), (side - 1, edge, 1, 0), (edge, 0, 0, -1), (edge, side - 1, 0, 1)];
                for (row, column, rows, columns) in taps {
                    let read = (layout.slot(1, row, column) as i64 + layout.step(rows, columns)).rem_euclid(period);
                    // Without a gap between rows, columns need masks.
                    if columns == 0 || row_gap {
                        assert!(!seen.contains(&(0, read as usize)), "{rows} {columns} from {row} {column}");
                    }
                }
            }
        }
    }
}
