//! A linear map as kernel taps.

use std::ops::Range;

use crate::network::lowered::{LinearMap, Shape};
use crate::network::window::inside;

/// Kernel size, stride and padding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

impl Window {
    /// The window of a map; `None` for a dense one.
    pub fn of(map: &LinearMap) -> Option<Self> {
        match map {
            LinearMap::Convolution { kernel, stride, padding, .. } => {
                Some(Self { kernel: *kernel, stride: *stride, padding: *padding })
            }
            LinearMap::ChannelScale { placement, .. } => Some(Self { kernel: 1, stride: placement.stride, padding: 0 }),
            LinearMap::Dense { .. } => None,
        }
    }
}

/// Output rows (or columns) whose input under kernel position `tap` is inside the image.
pub(super) fn valid(tap: usize, window: &Window, outputs: usize, inputs: usize) -> Range<usize> {
    inside(tap, inputs, outputs, window.stride, window.padding)
}

/// Whether kernel position `tap`, of all rows, is inside the image for some output. Averages after a convolution make kernels wider than
/// small planes.
pub(super) fn reads(tap: usize, window: &Window, output: Shape, input: Shape) -> bool {
    let some = |tap, outputs, inputs| !valid(tap, window, outputs, inputs).is_empty();
    some(tap / window.kernel, output.height, input.height) && some(tap % window.kernel, output.width, input.width)
}
