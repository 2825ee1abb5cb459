//! A figure as plain shapes, the same for every format.

use plotters::style::{RGBColor, WHITE};

use crate::report::figures::font::text_width;
use crate::report::figures::palette::INK;

/// A point, in units from the upper left corner; a unit is one pixel of an SVG.
pub type Point = (f64, f64);

/// The place of a text that its point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its upper left corner.
    Corner,
    /// The middle of its upper edge.
    Top,
    /// The middle of its left edge.
    Left,
    /// The middle of its right edge.
    Right,
    /// Its middle.
    Centre,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The text.
    pub text: String,
    /// Its size in units.
    pub size: u32,
    /// Its colour.
    pub colour: RGBColor,
    /// What of it is at its point.
    pub anchor: Anchor,
    /// Whether it reads from bottom to top.
    pub upright: bool,
}

impl Label {
    /// A level text in the colour of text.
    #[must_use]
    pub fn new(text: impl Into<String>, size: u32, anchor: Anchor) -> Self {
        Self { text: text.into(), size, colour: INK, anchor, upright: false }
    }
}

/// What a figure is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Straight strokes of a width from point to point.
    Path(Vec<Point>, RGBColor, u32),
    /// What lies between two corners.
    Area([Point; 2], RGBColor),
    /// What lies within an outline.
    Polygon(Vec<Point>, RGBColor),
    /// What lies within a radius of a point.
    Disc(Point, u32, RGBColor),
    /// A text at a point.
    Text(Point, Label),
}

/// Shapes on a white sheet, the last one on top.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawing {
    /// Width and height in units.
    pub size: (u32, u32),
    /// The shapes.
    pub shapes: Vec<Shape>,
}

impl Drawing {
    /// Draws strokes from point to point.
    pub fn path(&mut self, points: impl Into<Vec<Point>>, colour: RGBColor, width: u32) {
        self.shapes.push(Shape::Path(points.into(), colour, width));
    }

    /// Fills what lies between two corners.
    pub fn area(&mut self, corners: [Point; 2], colour: RGBColor) {
        self.shapes.push(Shape::Area(corners, colour));
    }

    /// Writes a text.
    pub fn text(&mut self, at: Point, label: Label) {
        self.shapes.push(Shape::Text(at, label));
    }

    /// Writes a short text, centred at a point or right of it, on white, so that no line of the grid strikes it through.
    pub fn number(&mut self, at: Point, label: Label) {
        let (width, half) = (f64::from(text_width(&label.text, label.size)), f64::from(label.size / 2));
        let left = if label.anchor == Anchor::Left { at.0 } else { at.0 - width / 2.0 };
        self.area([(left, at.1 - half), (left + width, at.1 + half)], WHITE);
        self.text(at, label);
    }

    /// This drawing with another one below it.
    #[must_use]
    pub fn above(mut self, below: Self) -> Self {
        let height = f64::from(self.size.1);
        let down = |(x, y): Point| (x, y + height);
        let moved = below.shapes.into_iter().map(|shape| match shape {
            Shape::Path(points, colour, width) => Shape::Path(points.into_iter().map(down).collect(), colour, width),
            Shape::Area(corners, colour) => Shape::Area(corners.map(down), colour),
            Shape::Polygon(corners, colour) => Shape::Polygon(corners.into_iter().map(down).collect(), colour),
            Shape::Disc(centre, radius, colour) => Shape::Disc(down(centre), radius, colour),
            Shape::Text(at, label) => Shape::Text(down(at), label),
        });
        self.shapes.extend(moved);
        Self { size: (self.size.0.max(below.size.0), self.size.1 + below.size.1), ..self }
    }
}
