//! Lines and points against two axes, the key beside them.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement};
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::Axis;
use super::frame::{Drawn, Frame, Pixel, anchored, label_room, stroke, write};
use super::legend::{Legend, Sign, broken};
use super::marker::Marker;
use crate::report::figures::canvas::Canvas;
use crate::report::figures::exporter::Figure;
use crate::report::figures::palette::{GREY, SERIES};

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
    /// What the key calls them.
    pub name: String,
    /// From left to right, or from top to bottom.
    pub points: Vec<ChartPoint>,
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
    /// At most as many as there are colours.
    pub series: Vec<Series>,
    /// Broken lines across.
    pub references: Vec<Reference>,
    /// Width and height of the frame in units.
    pub frame: (u32, u32),
}

/// Units above the frame.
pub const ABOVE: u32 = 58;

/// Units below the frame.
pub const BELOW: u32 = 56;

/// Draws heading and second line.
///
/// # Errors
/// What the drawing library says.
pub fn headings<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>, title: &str, subtitle: &str, canvas: Canvas) -> Drawn
where
    DB::ErrorType: 'static,
{
    let left = canvas.offset(14);
    write(area, title, (left, canvas.offset(12)), anchored(canvas.text(15), HPos::Left, VPos::Top))?;
    let small = anchored(canvas.coloured_text(11, GREY), HPos::Left, VPos::Top);
    write(area, subtitle, (left, canvas.offset(35)), small)
}

/// Units that a heading needs from left to right.
#[must_use]
pub fn headings_width(title: &str, subtitle: &str) -> u32 {
    let (title, subtitle) = (title.chars().count() as u32, subtitle.chars().count() as u32);
    28 + (85 * title / 10).max(63 * subtitle / 10)
}

impl Chart {
    fn marker(number: usize) -> Marker {
        let (colour, form) = SERIES[number % SERIES.len()];
        Marker { form, colour, hollow: false }
    }

    fn reference_colour(number: usize) -> RGBColor {
        // From the end: series take colours from the beginning.
        SERIES[SERIES.len() - 1 - number % SERIES.len()].0
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        for (number, series) in self.series.iter().enumerate() {
            legend.push(Sign::Line(Self::marker(number)), &series.name);
        }
        for (number, reference) in self.references.iter().enumerate() {
            legend.push(Sign::Broken(Self::reference_colour(number)), &reference.name);
        }
        legend
    }

    fn draw_all<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        headings(area, &self.title, &self.subtitle, canvas)?;
        let corner = (canvas.offset(label_room(&self.y) as i32), canvas.offset(ABOVE as i32));
        let size = (canvas.offset(self.frame.0 as i32), canvas.offset(self.frame.1 as i32));
        let frame = Frame { x: &self.x, y: &self.y, corner, size, canvas };
        frame.draw(area)?;
        for (number, reference) in self.references.iter().enumerate() {
            if let Some(share) = self.y.share(reference.y) {
                let y = corner.1 + ((1.0 - share) * f64::from(size.1)).round() as i32;
                broken(area, corner.0, corner.0 + size.0, y, Self::reference_colour(number), canvas)?;
            }
        }
        for (number, series) in self.series.iter().enumerate() {
            let marker = Self::marker(number);
            for point in &series.points {
                error_bar(area, &frame, point, marker.colour)?;
            }
            let line: Vec<Pixel> = series.points.iter().filter_map(|point| frame.at(point.x, point.y)).collect();
            area.draw(&PathElement::new(line.clone(), stroke(canvas, marker.colour, 2)))?;
            line.into_iter().try_for_each(|at| marker.draw(area, at, canvas))?;
        }
        self.legend().draw(area, (corner.0 + size.0 + canvas.offset(14), corner.1), canvas)
    }
}

/// A bar with caps.
fn error_bar<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    frame: &Frame<'_>,
    point: &ChartPoint,
    colour: RGBColor,
) -> Drawn
where
    DB::ErrorType: 'static,
{
    let Some((low, high)) = point.bar else { return Ok(()) };
    let (Some((x, bottom)), Some((_, top))) = (frame.at(point.x, low), frame.at(point.x, high)) else { return Ok(()) };
    // An end that lies outside is cut at the frame.
    let within = |y: i32| y.clamp(frame.corner.1, frame.corner.1 + frame.size.1);
    let (bottom, top, cap) = (within(bottom), within(top), frame.canvas.offset(4));
    let line = stroke(frame.canvas, colour, 1);
    area.draw(&PathElement::new(vec![(x, bottom), (x, top)], line))?;
    for y in [bottom, top] {
        area.draw(&PathElement::new(vec![(x - cap, y), (x + cap, y)], line))?;
    }
    Ok(())
}

impl Figure for Chart {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> (u32, u32) {
        let legend = self.legend();
        let width = label_room(&self.y) + self.frame.0 + 14 + legend.width();
        (width.max(headings_width(&self.title, &self.subtitle)), ABOVE + self.frame.1.max(legend.height()) + BELOW)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Result<(), String>
    where
        DB::ErrorType: 'static,
    {
        self.draw_all(area, canvas).map_err(|error| error.to_string())
    }
}
