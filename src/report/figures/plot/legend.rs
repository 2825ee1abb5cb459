//! The key below a chart: it never covers what is drawn, and leaves the chart the whole width.

use plotters::style::RGBColor;

use super::dash::{PATTERNS, Pattern, broken};
use super::drawing::{Anchor, Drawing, Label, Point};
use super::marker::Marker;
use super::text::wrap;
use crate::report::figures::font::text_width;

/// The sign of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// A line with a point on it.
    Line(Marker),
    /// A broken line with a point on it.
    BrokenLine(Marker),
    /// A point alone.
    Point(Marker),
    /// A broken line.
    Broken(RGBColor, Pattern),
    /// A coloured area.
    Area(RGBColor),
    /// A short upright line.
    Tick(RGBColor),
    /// The number or letter beside a point.
    Label(String),
    /// Nothing: a remark.
    None,
}

/// Entries from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Legend {
    entries: Vec<(Sign, String)>,
}

/// Size of the text.
const SIZE: u32 = 14;

/// Height of a line in units.
const LINE: u32 = 18;

/// Units that a sign takes.
const SIGN: u32 = 34;

/// Units between two columns.
const GAP: u32 = 14;

/// Most columns.
const COLUMNS: usize = 3;

/// An entry with its text in lines.
type Entry<'a> = (&'a Sign, Vec<String>);

impl Legend {
    /// Adds an entry; a long one takes several lines.
    pub fn push(&mut self, sign: Sign, text: &str) {
        self.entries.push((sign, text.to_owned()));
    }

    /// Adds an entry unless it is there.
    pub fn push_once(&mut self, sign: Sign, text: &str) {
        if !self.entries.iter().any(|(known, other)| *known == sign && other == text) {
            self.push(sign, text);
        }
    }

    /// Units from top to bottom in so many from left to right.
    #[must_use]
    pub fn height(&self, width: u32) -> u32 {
        LINE * self.columns(width).iter().map(|column| lines(column)).max().unwrap_or(0) as u32
    }

    /// The entries by column: as many columns as the texts leave room for, two of a long key whatever they need.
    fn columns(&self, width: u32) -> Vec<Vec<Entry<'_>>> {
        let widest = self.entries.iter().map(|(_, text)| SIGN + text_width(text, SIZE)).max().unwrap_or(0);
        let least = if self.entries.len() > 6 { 2 } else { 1 };
        let count = ((width + GAP) / (widest + GAP)) as usize;
        let count = count.max(least).min(COLUMNS).min(self.entries.len().max(1));
        let room = column_width(width, count).saturating_sub(SIGN);
        let all: Vec<Entry<'_>> = self.entries.iter().map(|(sign, text)| (sign, wrap(text, SIZE, room))).collect();
        // The lowest height at which the entries, in order, fit into the columns.
        let least = lines(&all).div_ceil(count);
        (least..).map(|height| filled(&all, height)).find(|columns| columns.len() <= count).unwrap_or_default()
    }

    /// Draws the entries into a width in units.
    pub fn draw(&self, drawing: &mut Drawing, (left, top): Point, width: u32) {
        let columns = self.columns(width);
        let step = column_width(width, columns.len()) + GAP;
        for (place, column) in columns.iter().enumerate() {
            let left = left + f64::from(step * place as u32);
            let mut y = top + f64::from(LINE / 2);
            for (sign, texts) in column {
                draw_sign(drawing, sign, (left, y));
                for text in texts {
                    drawing.text((left + f64::from(SIGN), y), Label::new(text, SIZE, Anchor::Left));
                    y += f64::from(LINE);
                }
            }
        }
    }
}

fn column_width(width: u32, columns: usize) -> u32 {
    ((width + GAP) / columns.max(1) as u32).saturating_sub(GAP)
}

fn lines(column: &[Entry<'_>]) -> usize {
    column.iter().map(|(_, texts)| texts.len()).sum()
}

/// The entries in columns of a height.
fn filled<'a>(all: &[Entry<'a>], height: usize) -> Vec<Vec<Entry<'a>>> {
    let mut columns: Vec<Vec<Entry<'a>>> = Vec::new();
    for entry in all {
        match columns.last_mut() {
            Some(column) if lines(column) + entry.1.len() <= height => column.push(entry.clone()),
            _ => columns.push(vec![entry.clone()]),
        }
    }
    columns
}

fn draw_sign(drawing: &mut Drawing, sign: &Sign, (left, y): Point) {
    let (from, middle, to) = (left + 2.0, left + 15.0, left + 28.0);
    match sign {
        Sign::Line(marker) => {
            drawing.path([(from, y), (to, y)], marker.colour, 2);
            marker.draw(drawing, (middle, y));
        }
        Sign::BrokenLine(marker) => {
            broken(drawing, &[(from, y), (to, y)], PATTERNS[1], marker.colour);
            marker.draw(drawing, (middle, y));
        }
        Sign::Point(marker) => marker.draw(drawing, (middle, y)),
        Sign::Broken(colour, pattern) => broken(drawing, &[(from, y), (to, y)], *pattern, *colour),
        Sign::Area(colour) => drawing.area([(from + 6.0, y - 6.0), (to - 6.0, y + 6.0)], *colour),
        Sign::Tick(colour) => drawing.path([(middle, y - 6.0), (middle, y + 6.0)], *colour, 2),
        Sign::Label(text) => drawing.text((middle, y), Label::new(text, SIZE, Anchor::Centre)),
        Sign::None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_as_wide_as_its_chart() {
        let mut legend = Legend::default();
        assert_eq!(legend.height(600), 0);
        for _ in 0..3 {
            legend.push(Sign::None, "short");
        }
        assert_eq!(legend.height(600), LINE, "three columns");
        legend.push(Sign::None, &"word ".repeat(40));
        assert!(legend.columns(600).len() == 1 && legend.height(600) > 5 * LINE, "{legend:?}");
        for _ in 0..9 {
            legend.push(Sign::None, "one of many");
        }
        let columns = legend.columns(600);
        assert_eq!((columns.len(), columns.iter().map(Vec::len).sum::<usize>()), (2, 13));
    }
}
