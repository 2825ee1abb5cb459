//! Where values sit: from (channel, row, column) to (ciphertext, slot).

mod channel;
mod classes;
mod packed;
mod tiled;

pub use channel::{ChannelLayout, ChannelOptions};
pub use classes::ClassLayout;
pub use packed::PackedLayout;
pub use tiled::{Reach, TiledLayout};

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::network::lowered::Shape;

/// Smallest period that the encoder can use.
const MIN_PERIOD: usize = 8;

/// Most values, and most ciphertexts, of a layout that came from elsewhere.
const MOST_VALUES: usize = 1 << 24;
const MOST_CIPHERTEXTS: usize = 1 << 16;

/// The layout of one layer's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Channels packed into ciphertexts, multiplexed into the gaps that strides leave.
    Packed(PackedLayout),
    /// One ciphertext for each channel.
    Channel(ChannelLayout),
    /// One ciphertext for each channel and position inside a tile of the plane.
    Tiled(TiledLayout),
    /// One slot for each class, repeated unless several images share the ciphertext.
    Classes(ClassLayout),
}

impl Layout {
    /// Whether one that came from elsewhere is a layout in ciphertexts of `slots` slots: every value has its slot, and there are not more
    /// of either than a network has.
    pub(super) fn is_sound(&self, slots: usize) -> bool {
        let Shape { channels, height, width } = match self {
            Self::Packed(packed) => packed.shape(),
            Self::Channel(channel) => channel.shape(),
            Self::Tiled(tiled) => tiled.shape(),
            Self::Classes(classes) => Shape::new(classes.classes(), 1, 1),
        };
        // Each within the bound first: products of what is not bounded would overflow.
        let few = [channels, height, width].iter().all(|size| (1..=MOST_VALUES).contains(size))
            && channels.saturating_mul(height).saturating_mul(width) <= MOST_VALUES;
        let sound = few
            && match self {
                Self::Packed(packed) => packed.is_sound(slots),
                Self::Channel(channel) => channel.is_sound(slots),
                Self::Tiled(tiled) => tiled.is_sound(slots),
                Self::Classes(_) => self.period() <= slots,
            };
        sound && self.ciphertexts() <= MOST_CIPHERTEXTS
    }

    /// Number of ciphertexts.
    pub fn ciphertexts(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.ciphertexts(),
            Self::Channel(channel) => channel.ciphertexts(),
            Self::Tiled(tiled) => tiled.ciphertexts(),
            Self::Classes(_) => 1,
        }
    }

    /// Slots after which contents repeat within a ciphertext, a power of two.
    pub fn period(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.period(),
            Self::Channel(channel) => channel.period(),
            Self::Tiled(tiled) => tiled.period(),
            Self::Classes(classes) => classes.period(),
        }
    }

    /// Slots from one image of a batch to the next.
    pub fn image_slots(&self) -> usize {
        match self {
            Self::Tiled(tiled) => tiled.tiles(),
            _ => self.period(),
        }
    }

    /// Images that ciphertexts of `slots` slots hold unless fewer are asked for.
    pub fn batch(&self, slots: usize) -> usize {
        match self {
            Self::Tiled(tiled) => slots / tiled.tiles(),
            _ => 1,
        }
    }

    /// Shape of the value.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Packed(packed) => packed.shape(),
            Self::Channel(channel) => channel.shape(),
            Self::Tiled(tiled) => tiled.shape(),
            Self::Classes(classes) => Shape::new(classes.classes(), 1, 1),
        }
    }

    /// Ciphertext and first slot of a value.
    pub fn position(&self, channel: usize, row: usize, column: usize) -> (usize, usize) {
        match self {
            Self::Packed(packed) => packed.position(channel, row, column),
            Self::Channel(layout) => layout.position(channel, row, column),
            Self::Tiled(layout) => layout.position(channel, row, column),
            Self::Classes(_) => (0, channel),
        }
    }

    /// (ciphertext, slot) of every value, in row-major order of [channels, rows, columns].
    pub fn positions(&self) -> Vec<(usize, usize)> {
        let Shape { channels, height, width } = self.shape();
        let mut positions = Vec::with_capacity(channels * height * width);
        for channel in 0..channels {
            for row in 0..height {
                for column in 0..width {
                    positions.push(self.position(channel, row, column));
                }
            }
        }
        positions
    }

    /// One period of each ciphertext's slots, filled with row-major values; unused slots are zero.
    pub fn scatter(&self, values: &[f64]) -> Vec<Vec<f64>> {
        if let Self::Tiled(layout) = self {
            return layout.scatter(values);
        }
        let mut slots = vec![vec![0.0; self.period()]; self.ciphertexts()];
        for (value, (ciphertext, slot)) in values.iter().zip(self.positions()) {
            slots[ciphertext][slot] = *value;
        }
        if let Self::Channel(layout) = self {
            slots.iter_mut().for_each(|period| layout.share(period));
        }
        slots
    }

    /// The values in row-major order from the ciphertexts' slots.
    pub fn gather<T: Copy>(&self, slots: &[impl Deref<Target = [T]>]) -> Vec<T> {
        self.positions().into_iter().map(|(ciphertext, slot)| slots[ciphertext][slot]).collect()
    }
}
