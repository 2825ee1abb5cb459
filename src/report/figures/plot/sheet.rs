//! What all figures have in common: their width, the heading above the frame and the key below it.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend};
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::Axis;
use super::frame::{AXIS_HEIGHT, Drawn, Frame, Pixel, anchored, label_room, write};
use super::legend::Legend;
use super::text::wrap;
use crate::report::figures::canvas::Canvas;
use crate::report::figures::palette::GREY;

/// Units from left to right. Text of 14 units is 8 points high where a figure is as wide as a page of 16 cm.
const WIDTH: u32 = 640;

/// Height of a row that has a name, such as a layer.
pub const ROW: u32 = 18;

/// Units that stay free at the edges.
const EDGE: u32 = 12;

/// Units that stay free right of the frame: half a label of its axis.
const RIGHT: u32 = 24;

/// Size of the heading.
const TITLE: u32 = 18;

/// Size of the lines below it.
const SUBTITLE: u32 = 14;

/// Height of a line of them.
const LINE: u32 = 18;

/// Where heading, frame and key of a figure are.
#[derive(Debug, Clone)]
pub struct Sheet {
    title: Vec<String>,
    subtitle: Vec<String>,
    legend: Legend,
    /// Units left of the frame.
    room: u32,
    /// Height of the frame.
    height: u32,
}

impl Sheet {
    /// A sheet for a frame of a height with this upright axis.
    #[must_use]
    pub fn new(title: &str, subtitle: &str, y: &Axis, height: u32, legend: Legend) -> Self {
        let lines = |text, size| wrap(text, size, WIDTH - 2 * EDGE);
        Self {
            title: lines(title, TITLE),
            subtitle: lines(subtitle, SUBTITLE),
            legend,
            room: EDGE + label_room(y),
            height,
        }
    }

    fn above(&self) -> u32 {
        EDGE + (TITLE + 6) * self.title.len() as u32 + LINE * self.subtitle.len() as u32 + 8
    }

    /// Width and height of the figure in units.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        let legend = self.legend.height(WIDTH - 2 * EDGE);
        (WIDTH, self.above() + self.height + AXIS_HEIGHT + if legend > 0 { legend + EDGE } else { 0 } + EDGE)
    }

    /// Corner and size of the frame in pixels.
    #[must_use]
    pub fn place(&self, canvas: Canvas) -> (Pixel, Pixel) {
        let width = WIDTH - RIGHT - self.room;
        let pixels = |x: u32, y: u32| (canvas.offset(x as i32), canvas.offset(y as i32));
        (pixels(self.room, self.above()), pixels(width, self.height))
    }

    /// Draws heading, key and the frame between two axes, which it returns.
    ///
    /// # Errors
    /// What the drawing library says.
    pub fn draw_framed<'a, DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        x: &'a Axis,
        y: &'a Axis,
        canvas: Canvas,
    ) -> Result<Frame<'a>, Box<dyn std::error::Error>>
    where
        DB::ErrorType: 'static,
    {
        self.draw(area, canvas)?;
        let (corner, size) = self.place(canvas);
        let frame = Frame { x, y, corner, size, canvas };
        frame.draw(area)?;
        Ok(frame)
    }

    /// Draws heading and key.
    ///
    /// # Errors
    /// What the drawing library says.
    pub fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        let left = canvas.offset(EDGE as i32);
        let mut y = EDGE;
        for text in &self.title {
            let style = anchored(canvas.text(TITLE), HPos::Left, VPos::Top);
            write(area, text, (left, canvas.offset(y as i32)), style, canvas)?;
            y += TITLE + 6;
        }
        for text in &self.subtitle {
            let style = anchored(canvas.coloured_text(SUBTITLE, GREY), HPos::Left, VPos::Top);
            write(area, text, (left, canvas.offset(y as i32)), style, canvas)?;
            y += LINE;
        }
        let below = self.above() + self.height + AXIS_HEIGHT + EDGE;
        self.legend.draw(area, (left, canvas.offset(below as i32)), WIDTH - 2 * EDGE, canvas)
    }
}
