//! The axis that figures by layer share: layers from top to bottom, their names in full and upright.

use plotters::coord::ranged1d::{IntoSegmentedCoord, SegmentValue, SegmentedCoord};
use plotters::coord::types::RangedCoordi32;

/// Height of a layer's row in units.
const ROW: u32 = 24;

/// Space for title and the value axis in units.
const AROUND: u32 = 110;

/// Rows from top to bottom.
#[derive(Debug, Clone, Copy)]
pub struct LayerAxis<'a> {
    names: &'a [String],
}

impl<'a> LayerAxis<'a> {
    /// An axis for these layers.
    #[must_use]
    pub const fn new(names: &'a [String]) -> Self {
        Self { names }
    }

    /// Number of layers.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.names.len()
    }

    /// Height of a figure with this axis, in units.
    #[must_use]
    pub fn figure_height(&self) -> u32 {
        AROUND + ROW * self.names.len() as u32
    }

    /// Width that the names need, in units.
    #[must_use]
    pub fn label_width(&self) -> u32 {
        let longest = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        24 + 7 * longest as u32
    }

    /// The coordinate for the drawing library, which counts from the bottom.
    #[must_use]
    pub fn coordinate(&self) -> SegmentedCoord<RangedCoordi32> {
        (0..self.names.len() as i32 - 1).into_segmented()
    }

    /// Centre of the row of a layer.
    #[must_use]
    pub fn centre(&self, layer: usize) -> SegmentValue<i32> {
        SegmentValue::CenterOf(self.names.len() as i32 - 1 - layer as i32)
    }

    /// Name of a row.
    #[must_use]
    pub fn label(&self, value: &SegmentValue<i32>) -> String {
        let SegmentValue::CenterOf(row) = value else {
            return String::new();
        };
        let layer = usize::try_from(self.names.len() as i32 - 1 - row).ok();
        layer.and_then(|layer| self.names.get(layer)).cloned().unwrap_or_default()
    }
}
