//! The rectangle that values are drawn in, with its grid, ticks and titles.

use super::axis::Axis;
use super::drawing::{Anchor, Drawing, Label, Point};
use crate::report::figures::font::text_width;
use crate::report::figures::palette::{GREY, GRID};

/// Two axes and the rectangle between them, in units.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// From left to right.
    pub x: &'a Axis,
    /// From bottom to top.
    pub y: &'a Axis,
    /// Upper left corner.
    pub corner: Point,
    /// Width and height.
    pub size: Point,
}

/// Size of the numbers and names along an axis.
const LABEL: u32 = 14;

/// Size of what an axis is called.
const TITLE: u32 = 15;

/// Units between an axis and its labels.
const GAP: u32 = 6;

impl Frame<'_> {
    /// Where a pair of values is; none: it has no place on a logarithmic axis.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> Option<Point> {
        Some((self.column(self.x.share(x)?), self.line(self.y.share(y)?)))
    }

    /// Where a value of the upright axis is; none: it has no place on a logarithmic axis.
    #[must_use]
    pub fn height_of(&self, y: f64) -> Option<f64> {
        Some(self.line(self.y.share(y)?))
    }

    /// Whether a line is not above or below.
    #[must_use]
    pub fn holds(&self, line: f64) -> bool {
        self.within(line) == line
    }

    /// The line nearest to a place that lies within.
    #[must_use]
    pub fn within(&self, line: f64) -> f64 {
        line.clamp(self.corner.1, self.bottom())
    }

    /// The lower edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.corner.1 + self.size.1
    }

    fn column(&self, share: f64) -> f64 {
        self.corner.0 + share * self.size.0
    }

    fn line(&self, share: f64) -> f64 {
        self.corner.1 + (1.0 - share) * self.size.1
    }

    /// Draws grid, ticks and titles.
    pub fn draw(&self, drawing: &mut Drawing) {
        let ((left, top), (width, height)) = (self.corner, self.size);
        let (right, bottom) = (left + width, top + height);
        for (share, label) in self.x.ticks() {
            let at = self.column(share);
            // What stands upright over a name is a bar, and needs no line.
            if !self.x.named {
                drawing.path([(at, top), (at, bottom)], GRID, 1);
            }
            drawing.text((at, bottom + f64::from(GAP)), Label::new(label, LABEL, Anchor::Top));
        }
        for (share, label) in self.y.ticks() {
            let at = self.line(share);
            drawing.path([(left, at), (right, at)], GRID, 1);
            drawing.text((left - f64::from(GAP), at), Label::new(label, LABEL, Anchor::Right));
        }
        drawing.path([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], GREY, 1);
        let below = bottom + f64::from(2 * GAP + LABEL);
        drawing.text((left + width / 2.0, below), Label::new(&self.x.title, TITLE, Anchor::Top));
        if !self.y.title.is_empty() {
            let at = (left - f64::from(label_room(self.y)), top + height / 2.0);
            drawing.text(at, Label { upright: true, ..Label::new(&self.y.title, TITLE, Anchor::Top) });
        }
    }
}

/// Units that labels have left of a frame, which longer ones reach beyond.
const MOST_LABELS: u32 = 300;

/// Units that labels and title of an upright axis need to its left.
#[must_use]
pub fn label_room(axis: &Axis) -> u32 {
    let labels = axis.ticks().map(|(_, label)| text_width(label, LABEL)).max().unwrap_or(0).min(MOST_LABELS);
    let title = if axis.title.is_empty() { 0 } else { TITLE + GAP };
    title + labels + GAP
}

/// Units that labels and title of a horizontal axis need below it.
pub const AXIS_HEIGHT: u32 = 2 * GAP + LABEL + TITLE + 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_labels_leave_room_for_the_frame() {
        let names = |letters: usize| Axis::names("", &["x".repeat(letters)]);
        assert!(label_room(&names(3)) < label_room(&names(20)));
        assert!(label_room(&names(500)) <= MOST_LABELS + GAP);
        assert!(label_room(&Axis::from_zero("seconds", [1e250])) <= MOST_LABELS + TITLE + 2 * GAP);
    }
}
