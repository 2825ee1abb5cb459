//! Signs that points are drawn with: series differ in form as well as in colour.

use plotters::style::{RGBColor, WHITE};

use super::drawing::{Drawing, Point, Shape};
use crate::report::figures::palette::{BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILLION};

/// The form of a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A disc.
    Disc,
    /// A square.
    Square,
    /// A triangle that points up.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A triangle that points down.
    Wedge,
    /// Two crossing strokes.
    Cross,
    /// The same upright.
    Plus,
    /// Both over each other.
    Star,
}

/// A sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// Its form.
    pub form: Form,
    /// Its colour.
    pub colour: RGBColor,
    /// Whether it is white inside.
    pub hollow: bool,
}

/// Colours and forms of series, in order.
pub const SERIES: [(RGBColor, Form); 8] = [
    (BLUE, Form::Disc),
    (VERMILLION, Form::Square),
    (GREEN, Form::Triangle),
    (PURPLE, Form::Diamond),
    (ORANGE, Form::Wedge),
    (SKY, Form::Cross),
    (INK, Form::Plus),
    (GREY, Form::Star),
];

/// Half the size of a sign in units.
const RADIUS: u32 = 5;

impl Marker {
    /// The sign of a series by its place among others.
    #[must_use]
    pub const fn of_series(place: usize) -> Self {
        let (colour, form) = SERIES[place % SERIES.len()];
        Self { form, colour, hollow: false }
    }

    /// The same, white inside.
    #[must_use]
    pub const fn hollow(self) -> Self {
        Self { hollow: true, ..self }
    }

    /// Draws the sign.
    pub fn draw(&self, drawing: &mut Drawing, at: Point) {
        self.filled(drawing, at, RADIUS, self.colour);
        // Strokes have no inside: hollow ones are thin.
        if self.hollow && !self.is_strokes() {
            self.filled(drawing, at, RADIUS - 2, WHITE);
        }
    }

    const fn is_strokes(&self) -> bool {
        matches!(self.form, Form::Cross | Form::Plus | Form::Star)
    }

    fn filled(&self, drawing: &mut Drawing, (x, y): Point, radius: u32, colour: RGBColor) {
        let r = f64::from(radius);
        let mut outline = |corners: &[Point]| drawing.shapes.push(Shape::Polygon(corners.to_vec(), colour));
        match self.form {
            Form::Disc => drawing.shapes.push(Shape::Disc((x, y), radius, colour)),
            Form::Square => drawing.area([(x - r + 1.0, y - r + 1.0), (x + r - 1.0, y + r - 1.0)], colour),
            Form::Triangle => outline(&[(x, y - r), (x - r, y + r - 1.0), (x + r, y + r - 1.0)]),
            Form::Wedge => outline(&[(x, y + r), (x - r, y - r + 1.0), (x + r, y - r + 1.0)]),
            Form::Diamond => outline(&[(x, y - r - 1.0), (x + r + 1.0, y), (x, y + r + 1.0), (x - r - 1.0, y)]),
            Form::Cross | Form::Plus | Form::Star => {
                let (cross, plus) = (self.form != Form::Plus, self.form != Form::Cross);
                let strokes = [(cross, r, r), (cross, r, -r), (plus, r, 0.0), (plus, 0.0, r)];
                for (_, dx, dy) in strokes.into_iter().filter(|(drawn, ..)| *drawn) {
                    drawing.path([(x - dx, y - dy), (x + dx, y + dy)], colour, if self.hollow { 1 } else { 2 });
                }
            }
        }
    }
}
