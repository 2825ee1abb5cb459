//! Signs that points are drawn with: series differ in form as well as in colour.

use plotters::coord::Shift;
use plotters::prelude::{Circle, DrawingArea, DrawingBackend, PathElement, Polygon, Rectangle};
use plotters::style::{Color, RGBColor, WHITE};

use super::frame::{Drawn, Pixel, stroke};
use crate::report::figures::canvas::Canvas;
use crate::report::figures::palette::SERIES;

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

/// Half the size of a sign in units.
const RADIUS: i32 = 5;

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
    ///
    /// # Errors
    /// What the drawing library says.
    pub fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, at: Pixel, canvas: Canvas) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        self.filled(area, at, canvas.offset(RADIUS), self.colour, canvas)?;
        // Strokes have no inside: hollow ones are thin.
        if self.hollow && !self.is_strokes() {
            self.filled(area, at, canvas.offset(RADIUS - 2), WHITE, canvas)?;
        }
        Ok(())
    }

    const fn is_strokes(&self) -> bool {
        matches!(self.form, Form::Cross | Form::Plus | Form::Star)
    }

    fn filled<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        (x, y): Pixel,
        radius: i32,
        colour: RGBColor,
        canvas: Canvas,
    ) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        let style = colour.filled();
        let r = radius;
        match self.form {
            Form::Disc => area.draw(&Circle::new((x, y), r, style))?,
            Form::Square => area.draw(&Rectangle::new([(x - r + 1, y - r + 1), (x + r - 1, y + r - 1)], style))?,
            Form::Triangle => {
                area.draw(&Polygon::new(vec![(x, y - r), (x - r, y + r - 1), (x + r, y + r - 1)], style))?
            }
            Form::Wedge => area.draw(&Polygon::new(vec![(x, y + r), (x - r, y - r + 1), (x + r, y - r + 1)], style))?,
            Form::Diamond => {
                area.draw(&Polygon::new(vec![(x, y - r - 1), (x + r + 1, y), (x, y + r + 1), (x - r - 1, y)], style))?;
            }
            Form::Cross | Form::Plus | Form::Star => {
                let line = stroke(canvas, colour, if self.hollow { 1 } else { 2 });
                let (cross, plus) = (self.form != Form::Plus, self.form != Form::Cross);
                let strokes = [(cross, r, r), (cross, r, -r), (plus, r, 0), (plus, 0, r)];
                for (_, dx, dy) in strokes.into_iter().filter(|(drawn, ..)| *drawn) {
                    area.draw(&PathElement::new(vec![(x - dx, y - dy), (x + dx, y + dy)], line))?;
                }
            }
        }
        Ok(())
    }
}
