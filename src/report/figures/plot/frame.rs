//! The rectangle that values are drawn in, with its grid, ticks and titles.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, RGBColor, ShapeStyle, TextStyle};

use super::axis::Axis;
use crate::report::figures::canvas::{Canvas, text_width};
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

/// Size of the numbers and names along an axis.
pub const LABEL: u32 = 14;

/// Size of what an axis is called.
const TITLE: u32 = 15;

/// Units between an axis and its labels.
const GAP: u32 = 6;

/// Draws a line of text.
///
/// # Errors
/// What the drawing library says.
pub fn write<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    text: &str,
    at: Pixel,
    style: TextStyle<'static>,
    canvas: Canvas,
) -> Drawn
where
    DB::ErrorType: 'static,
{
    let down = style.font.get_transform().transform(0, canvas.text_drop(style.font.get_size()));
    Ok(area.draw(&Text::new(text.to_owned(), (at.0 + down.0, at.1 + down.1), style))?)
}

impl Frame<'_> {
    /// Where a pair of values is; none: it has no place on a logarithmic axis.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Option<Pixel> {
        Some((self.column(self.x.share(x)?), self.line(self.y.share(y)?)))
    }

    /// Where a value of the upright axis is; none: it has no place on a logarithmic axis.
    #[must_use]
    pub fn height_of(&self, y: f64) -> Option<i32> {
        Some(self.line(self.y.share(y)?))
    }

    /// Whether a line is not above or below.
    #[must_use]
    pub fn holds(&self, line: i32) -> bool {
        self.within(line) == line
    }

    /// The line nearest to a place that lies within.
    #[must_use]
    pub fn within(&self, line: i32) -> i32 {
        line.clamp(self.corner.1, self.corner.1 + self.size.1)
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
            let style = anchored(canvas.text(LABEL), HPos::Center, VPos::Top);
            write(area, label, (at, bottom + canvas.offset(GAP as i32)), style, canvas)?;
        }
        for (share, label) in self.y.ticks() {
            let at = self.line(share);
            area.draw(&PathElement::new(vec![(left, at), (right, at)], stroke(canvas, GRID, 1)))?;
            let style = anchored(canvas.text(LABEL), HPos::Right, VPos::Center);
            write(area, label, (left - canvas.offset(GAP as i32), at), style, canvas)?;
        }
        area.draw(&Rectangle::new([(left, top), (right, bottom)], stroke(canvas, GREY, 1)))?;
        let middle = (left + width / 2, top + height / 2);
        let style = anchored(canvas.text(TITLE), HPos::Center, VPos::Top);
        write(area, &self.x.title, (middle.0, bottom + canvas.offset((2 * GAP + LABEL) as i32)), style, canvas)?;
        if !self.y.title.is_empty() {
            let style = anchored(canvas.text(TITLE), HPos::Center, VPos::Top).transform(FontTransform::Rotate270);
            let at = (left - canvas.offset(label_room(self.y) as i32), middle.1);
            write(area, &self.y.title, at, style, canvas)?;
        }
        Ok(())
    }
}

/// Units that labels and title of an upright axis need to its left.
#[must_use]
pub fn label_room(axis: &Axis) -> u32 {
    let labels = axis.ticks().map(|(_, label)| text_width(label, LABEL)).max().unwrap_or(0);
    let title = if axis.title.is_empty() { 0 } else { TITLE + GAP };
    title + labels + GAP
}

/// Units that labels and title of a horizontal axis need below it.
pub const AXIS_HEIGHT: u32 = 2 * GAP + LABEL + TITLE + 4;
