//! Error bars.

use plotters::style::RGBColor;

use super::drawing::{Drawing, Point};
use super::frame::Frame;

/// Half the width of a cap in units.
pub const CAP: f64 = 4.0;

/// The upper and the lower end of a bar on the drawing; an end that lies outside of the frame is cut at it.
#[must_use]
pub fn bar_ends(frame: &Frame<'_>, x: f64, (low, high): (f64, f64)) -> Option<(Point, Point)> {
    let ((column, bottom), (_, top)) = (frame.at(x, low)?, frame.at(x, high)?);
    Some(((column, frame.within(top)), (column, frame.within(bottom))))
}

/// Draws a bar with caps.
pub fn error_bar(drawing: &mut Drawing, frame: &Frame<'_>, x: f64, bar: Option<(f64, f64)>, colour: RGBColor) {
    let Some((top, bottom)) = bar.and_then(|bar| bar_ends(frame, x, bar)) else { return };
    drawing.path([bottom, top], colour, 1);
    for (x, y) in [bottom, top] {
        drawing.path([(x - CAP, y), (x + CAP, y)], colour, 1);
    }
}
