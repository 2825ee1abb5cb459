//! Error bars.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement};
use plotters::style::RGBColor;

use super::frame::{Drawn, Frame, Pixel, stroke};

/// Half the width of a cap in units.
pub const CAP: i32 = 4;

/// The upper and the lower end of a bar on the drawing area; an end that lies outside of the frame is cut at it.
#[must_use]
pub fn bar_ends(frame: &Frame<'_>, x: f64, (low, high): (f64, f64)) -> Option<(Pixel, Pixel)> {
    let ((column, bottom), (_, top)) = (frame.at(x, low)?, frame.at(x, high)?);
    Some(((column, frame.within(top)), (column, frame.within(bottom))))
}

/// Draws a bar with caps.
///
/// # Errors
/// What the drawing library says.
pub fn error_bar<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    frame: &Frame<'_>,
    x: f64,
    bar: Option<(f64, f64)>,
    colour: RGBColor,
) -> Drawn
where
    DB::ErrorType: 'static,
{
    let Some((top, bottom)) = bar.and_then(|bar| bar_ends(frame, x, bar)) else { return Ok(()) };
    let (cap, line) = (frame.canvas.offset(CAP), stroke(frame.canvas, colour, 1));
    area.draw(&PathElement::new(vec![bottom, top], line))?;
    for (x, y) in [bottom, top] {
        area.draw(&PathElement::new(vec![(x - cap, y), (x + cap, y)], line))?;
    }
    Ok(())
}
