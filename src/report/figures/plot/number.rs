//! Numbers and letters within a frame.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, Rectangle};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, WHITE};

use super::frame::{Drawn, Pixel, anchored, write};
use crate::report::figures::canvas::{Canvas, text_width};

/// Draws a short text on white, so that no line of the grid strikes it through: centred at a point or, if `beside`, right of it.
///
/// # Errors
/// What the drawing library says.
pub fn number<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    text: &str,
    at: Pixel,
    size: u32,
    beside: bool,
    canvas: Canvas,
) -> Drawn
where
    DB::ErrorType: 'static,
{
    let (width, half) = (canvas.offset(text_width(text, size) as i32), canvas.offset(size as i32 / 2));
    let left = if beside { at.0 } else { at.0 - width / 2 };
    area.draw(&Rectangle::new([(left, at.1 - half), (left + width, at.1 + half)], WHITE.filled()))?;
    let horizontal = if beside { HPos::Left } else { HPos::Center };
    write(area, text, at, anchored(canvas.text(size), horizontal, VPos::Center), canvas)
}
