//! What all figures have in common: their width, the heading above the frame and the key below it.

use super::axis::Axis;
use super::drawing::{Anchor, Drawing, Label, Point};
use super::frame::{AXIS_HEIGHT, Frame, label_room};
use super::legend::Legend;
use super::text::wrap;
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
    fn size(&self) -> (u32, u32) {
        let legend = self.legend.height(WIDTH - 2 * EDGE);
        (WIDTH, self.above() + self.height + AXIS_HEIGHT + if legend > 0 { legend + EDGE } else { 0 } + EDGE)
    }

    /// Corner and size of the frame.
    #[must_use]
    pub fn place(&self) -> (Point, Point) {
        let width = WIDTH - RIGHT - self.room;
        let point = |x: u32, y: u32| (f64::from(x), f64::from(y));
        (point(self.room, self.above()), point(width, self.height))
    }

    /// A drawing of heading, key and the frame between two axes, and the frame.
    #[must_use]
    pub fn framed<'a>(&self, x: &'a Axis, y: &'a Axis) -> (Drawing, Frame<'a>) {
        let mut drawing = self.drawing();
        let (corner, size) = self.place();
        let frame = Frame { x, y, corner, size };
        frame.draw(&mut drawing);
        (drawing, frame)
    }

    /// A drawing of heading and key.
    #[must_use]
    pub fn drawing(&self) -> Drawing {
        let mut drawing = Drawing { size: self.size(), shapes: Vec::new() };
        let left = f64::from(EDGE);
        let mut y = EDGE;
        for text in &self.title {
            drawing.text((left, f64::from(y)), Label::new(text, TITLE, Anchor::Corner));
            y += TITLE + 6;
        }
        for text in &self.subtitle {
            let label = Label { colour: GREY, ..Label::new(text, SUBTITLE, Anchor::Corner) };
            drawing.text((left, f64::from(y)), label);
            y += LINE;
        }
        let below = self.above() + self.height + AXIS_HEIGHT + EDGE;
        self.legend.draw(&mut drawing, (left, f64::from(below)), WIDTH - 2 * EDGE);
        drawing
    }
}
