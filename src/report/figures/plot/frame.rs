//! The rectangle that values are drawn in, with its grid, ticks and titles.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, RGBColor, ShapeStyle, TextStyle};

use super::axis::Axis;
use crate::report::figures::canvas::Canvas;
use crate::report::figures::palette::{GREY, GRID};

/// A point on the drawing area.
pub type Pixel = (i32, i32);

/// What drawing may end in.
pub type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Two axes and the rectangle between them, in pixels.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// From left to right.
    pub x: &'a Axis,
    /// From bottom to top.
    pub y: &'a Axis,
    /// Upper left corner.
    pub corner: Pixel,
    /// Width and height.
    pub size: Pixel,
    /// Sizes of text and strokes.
    pub canvas: Canvas,
}

/// A stroke of a width in units.
#[must_use]
pub fn stroke(canvas: Canvas, colour: RGBColor, width: u32) -> ShapeStyle {
    ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: canvas.px(width) }
}

/// Text that is anchored at a point.
#[must_use]
pub fn anchored(style: TextStyle<'static>, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    style.pos(Pos::new(horizontal, vertical))
}

/// Draws a line of text.
///
/// # Errors
/// What the drawing library says.
pub fn write<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    text: &str,
    at: Pixel,
    style: TextStyle<'static>,
) -> Drawn
where
    DB::ErrorType: 'static,
{
    Ok(area.draw(&Text::new(text.to_owned(), at, style))?)
}

impl Frame<'_> {
    /// Where a pair of values is; none: it has no place on a logarithmic axis.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Option<Pixel> {
        Some((self.column(self.x.share(x)?), self.line(self.y.share(y)?)))
    }

    fn column(&self, share: f64) -> i32 {
        self.corner.0 + (share * f64::from(self.size.0)).round() as i32
    }

    fn line(&self, share: f64) -> i32 {
        self.corner.1 + ((1.0 - share) * f64::from(self.size.1)).round() as i32
    }

    /// Draws grid, ticks and titles.
    ///
    /// # Errors
    /// What the drawing library says.
    pub fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        let canvas = self.canvas;
        let ((left, top), (width, height)) = (self.corner, self.size);
        let (right, bottom) = (left + width, top + height);
        for (share, label) in self.x.ticks() {
            let at = self.column(share);
            // What stands upright over a name is a bar, and needs no line.
            if !self.x.named {
                area.draw(&PathElement::new(vec![(at, top), (at, bottom)], stroke(canvas, GRID, 1)))?;
            }
            let style = anchored(canvas.text(12), HPos::Center, VPos::Top);
            write(area, label, (at, bottom + canvas.offset(6)), style)?;
        }
        for (share, label) in self.y.ticks() {
            let at = self.line(share);
            area.draw(&PathElement::new(vec![(left, at), (right, at)], stroke(canvas, GRID, 1)))?;
            let style = anchored(canvas.text(12), HPos::Right, VPos::Center);
            write(area, label, (left - canvas.offset(6), at), style)?;
        }
        area.draw(&Rectangle::new([(left, top), (right, bottom)], stroke(canvas, GREY, 1)))?;
        let middle = (left + width / 2, top + height / 2);
        let style = anchored(canvas.text(13), HPos::Center, VPos::Top);
        write(area, &self.x.title, (middle.0, bottom + canvas.offset(26)), style)?;
        if !self.y.title.is_empty() {
            let style = anchored(canvas.text(13), HPos::Center, VPos::Top).transform(FontTransform::Rotate270);
            write(area, &self.y.title, (left - canvas.offset(label_room(self.y) as i32 - 4), middle.1), style)?;
        }
        Ok(())
    }
}

/// Units that labels and title of an upright axis need to its left.
#[must_use]
pub fn label_room(axis: &Axis) -> u32 {
    let title = if axis.title.is_empty() { 4 } else { 26 };
    16 + 8 * axis.longest_label() as u32 + title
}
