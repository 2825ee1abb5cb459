//! Lines and points against two axes, the key below them.

use plotters::style::RGBColor;

use super::axis::Axis;
use super::clip::between;
use super::dash::{PATTERNS, Pattern, broken};
use super::drawing::{Drawing, Point};
use super::error_bar::error_bar;
use super::frame::Frame;
use super::legend::{Legend, Sign};
use super::marker::{Marker, SERIES};
use super::sheet::Sheet;

/// One value against another, with the ends of its error bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartPoint {
    /// Along the horizontal axis.
    pub x: f64,
    /// Along the upright axis.
    pub y: f64,
    /// Lower and upper end of the error bar, on the upright axis.
    pub bar: Option<(f64, f64)>,
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What the key calls them; empty: the key does not.
    pub name: String,
    /// From left to right, or from top to bottom.
    pub points: Vec<ChartPoint>,
    /// Their sign; the line between hollow ones is broken.
    pub marker: Marker,
}

/// A value that does not depend on the horizontal axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// What the key calls it.
    pub name: String,
    /// Along the upright axis.
    pub y: f64,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// File name without extension.
    pub name: String,
    /// Heading.
    pub title: String,
    /// What error bars are, and what else one must know.
    pub subtitle: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The upright axis.
    pub y: Axis,
    /// What is drawn as points.
    pub series: Vec<Series>,
    /// Broken lines across.
    pub references: Vec<Reference>,
    /// Entries that the key has besides.
    pub remarks: Vec<(Sign, String)>,
    /// Height of the frame in units.
    pub height: u32,
}

/// Units between the error bars of two series at the same place.
const ASIDE: f64 = 5.0;

impl Chart {
    /// Colour and pattern of a reference.
    fn look(number: usize) -> (RGBColor, Pattern) {
        // From the end: series take colours from the beginning.
        (SERIES[SERIES.len() - 1 - number % SERIES.len()].0, PATTERNS[number % PATTERNS.len()])
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        for series in self.series.iter().filter(|series| !series.name.is_empty()) {
            let hollow = series.marker.hollow;
            let sign = if hollow { Sign::BrokenLine(series.marker) } else { Sign::Line(series.marker) };
            legend.push(sign, &series.name);
        }
        for (number, reference) in self.references.iter().enumerate() {
            let (colour, pattern) = Self::look(number);
            legend.push(Sign::Broken(colour, pattern), &reference.name);
        }
        for (sign, text) in &self.remarks {
            legend.push(sign.clone(), text);
        }
        legend
    }

    /// Units that a series is moved sideways, so that error bars at the same place do not cover each other.
    fn aside(&self, number: usize) -> f64 {
        let barred = self.series.iter().flat_map(|series| &series.points).any(|point| point.bar.is_some());
        let middle = (self.series.len() as f64 - 1.0) / 2.0;
        if barred { (number as f64 - middle) * ASIDE } else { 0.0 }
    }

    /// The chart as it is drawn.
    #[must_use]
    pub fn drawing(&self) -> Drawing {
        let sheet = Sheet::new(&self.title, &self.subtitle, &self.y, self.height, self.legend());
        let (mut drawing, frame) = sheet.framed(&self.x, &self.y);
        let (left, right) = (frame.corner.0, frame.corner.0 + frame.size.0);
        for (number, reference) in self.references.iter().enumerate() {
            let Some(line) = frame.height_of(reference.y).filter(|line| frame.holds(*line)) else { continue };
            let (colour, pattern) = Self::look(number);
            broken(&mut drawing, &[(left, line), (right, line)], pattern, colour);
        }
        for (number, series) in self.series.iter().enumerate() {
            let frame = Frame { corner: (left + self.aside(number), frame.corner.1), ..frame };
            draw_series(&mut drawing, &frame, series);
        }
        drawing
    }
}

/// Draws bars, line and signs of a series; what lies above or below the frame is not drawn.
fn draw_series(drawing: &mut Drawing, frame: &Frame<'_>, series: &Series) {
    let marker = series.marker;
    let visible = |at: &Point| frame.holds(at.1);
    for point in series.points.iter().filter(|point| frame.at(point.x, point.y).is_some_and(|at| visible(&at))) {
        error_bar(drawing, frame, point.x, point.bar, marker.colour);
    }
    let line: Vec<Point> = series.points.iter().filter_map(|point| frame.at(point.x, point.y)).collect();
    for part in between(&line, frame.corner.1, frame.bottom()) {
        if marker.hollow {
            broken(drawing, &part, PATTERNS[1], marker.colour);
        } else {
            drawing.path(part, marker.colour, 2);
        }
    }
    line.into_iter().filter(visible).for_each(|at| marker.draw(drawing, at));
}
