//! The key beside a chart: it never covers what is drawn.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor};

use super::frame::{Drawn, Pixel, anchored, stroke, write};
use super::marker::Marker;
use crate::report::figures::canvas::Canvas;

/// The sign of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// A line with a point on it.
    Line(Marker),
    /// A point alone.
    Point(Marker),
    /// A broken line.
    Broken(RGBColor),
    /// A coloured area.
    Area(RGBColor),
    /// Nothing: a heading, or more of the entry above.
    None,
}

/// Entries from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Legend {
    entries: Vec<(Sign, String)>,
}

/// Height of a line in units.
const LINE: u32 = 19;

/// Units that the signs take.
const SIGNS: u32 = 36;

/// Letters after which an entry goes on in a new line.
const WRAP: usize = 44;

impl Legend {
    /// Adds an entry; a long one takes several lines.
    pub fn push(&mut self, sign: Sign, text: &str) {
        let mut line = String::new();
        let mut sign = sign;
        for word in text.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WRAP {
                self.entries.push((sign, std::mem::take(&mut line)));
                sign = Sign::None;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line += word;
        }
        self.entries.push((sign, line));
    }

    /// Units from the chart to the edge of the figure.
    #[must_use]
    pub fn width(&self) -> u32 {
        let longest = self.entries.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0);
        if longest == 0 { 16 } else { SIGNS + 30 + 69 * longest as u32 / 10 }
    }

    /// Units from top to bottom.
    #[must_use]
    pub fn height(&self) -> u32 {
        LINE * self.entries.len() as u32
    }

    /// Draws the entries.
    ///
    /// # Errors
    /// What the drawing library says.
    pub fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, (left, top): Pixel, canvas: Canvas) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        for (number, (sign, text)) in self.entries.iter().enumerate() {
            let y = top + canvas.offset((LINE * number as u32 + LINE / 2) as i32);
            let (from, to) = (left + canvas.offset(2), left + canvas.offset(28));
            let middle = (left + canvas.offset(15), y);
            match sign {
                Sign::Line(marker) => {
                    area.draw(&PathElement::new(vec![(from, y), (to, y)], stroke(canvas, marker.colour, 2)))?;
                    marker.draw(area, middle, canvas)?;
                }
                Sign::Point(marker) => marker.draw(area, middle, canvas)?,
                Sign::Broken(colour) => broken(area, from, to, y, *colour, canvas)?,
                Sign::Area(colour) => {
                    let half = canvas.offset(6);
                    area.draw(&Rectangle::new([(from + half, y - half), (to - half, y + half)], colour.filled()))?;
                }
                Sign::None => {}
            }
            let style = anchored(canvas.text(12), HPos::Left, VPos::Center);
            write(area, text, (left + canvas.offset(SIGNS as i32), y), style)?;
        }
        Ok(())
    }
}

/// A broken horizontal line.
///
/// # Errors
/// What the drawing library says.
pub fn broken<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    from: i32,
    to: i32,
    y: i32,
    colour: RGBColor,
    canvas: Canvas,
) -> Drawn
where
    DB::ErrorType: 'static,
{
    let (dash, gap) = (canvas.offset(7), canvas.offset(5));
    let mut x = from;
    while x < to {
        let end = (x + dash).min(to);
        area.draw(&PathElement::new(vec![(x, y), (end, y)], stroke(canvas, colour, 2)))?;
        x = end + gap;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_entries_are_broken_between_words() {
        let mut legend = Legend::default();
        legend.push(Sign::None, &"word ".repeat(20));
        assert!(legend.height() >= 2 * LINE && legend.width() < 420, "{legend:?}");
    }
}
