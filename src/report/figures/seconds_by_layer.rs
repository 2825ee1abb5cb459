//! Where the time goes: seconds by layer and operation.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, Rectangle};
use plotters::style::{Color, RGBColor};

use super::canvas::Canvas;
use super::exporter::Figure;
use super::layers::LayerSeries;
use super::palette::{BLUE, GREEN, ORANGE, PURPLE};
use super::plot::{Axis, Drawn, Legend, ROW, Sheet, Sign, number};
use crate::report::format::significant;

/// Horizontal bars: median seconds of each layer, by operation, the sum beside its bar.
#[derive(Debug)]
pub struct SecondsByLayer<'a> {
    /// File name without extension.
    pub name: String,
    /// What is drawn.
    pub series: &'a LayerSeries,
}

/// The operations with their colours, from left to right.
const OPERATIONS: [(&str, RGBColor); 4] = [
    ("linear transform, rescale, bias", BLUE),
    ("squaring and relinearization", ORANGE),
    ("packing into complex slots", GREEN),
    ("encoding of diagonals", PURPLE),
];

/// Size of the numbers beside the bars.
const NUMBER: u32 = 13;

impl SecondsByLayer<'_> {
    /// Seconds of a layer by operation.
    fn parts(&self, layer: usize) -> [f64; 4] {
        let part = |column: &[Option<f64>]| column.get(layer).copied().flatten().unwrap_or(0.0);
        let series = self.series;
        [&series.linear_seconds, &series.square_seconds, &series.pack_seconds, &series.encode_seconds]
            .map(|column| part(column))
    }

    fn total(&self, layer: usize) -> f64 {
        self.series.seconds.get(layer).copied().flatten().unwrap_or_else(|| self.parts(layer).iter().sum())
    }

    fn axes(&self) -> (Axis, Axis) {
        let totals: Vec<f64> = (0..self.series.names.len()).map(|layer| self.total(layer)).collect();
        let sum = significant(totals.iter().sum(), 3);
        // The numbers beside the bars need room.
        let high = totals.iter().copied().fold(0.0, f64::max) * 1.1;
        let x = Axis::from_zero(format!("seconds, median over images (sum of all layers: {sum} s)"), [high]);
        (x, Axis::names("", &self.series.names).reversed())
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        let total: f64 = (0..self.series.names.len()).map(|layer| self.total(layer)).sum();
        for (operation, (words, colour)) in OPERATIONS.into_iter().enumerate() {
            let sum: f64 = (0..self.series.names.len()).map(|layer| self.parts(layer)[operation]).sum();
            // What nobody can see in the bars needs no key.
            if sum > total / 1000.0 {
                legend.push(Sign::Area(colour), &format!("{words}: {} s", significant(sum, 3)));
            }
        }
        legend
    }

    fn sheet(&self, y: &Axis) -> Sheet {
        let rows = self.series.names.len() as u32;
        Sheet::new(TITLE, &self.series.title, y, ROW * rows + ROW / 2, self.legend())
    }

    fn draw_all<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        let (x, y) = self.axes();
        let frame = self.sheet(&y).draw_framed(area, &x, &y, canvas)?;
        let layers = 0..self.series.names.len();
        let decimals = decimals(layers.clone().map(|layer| self.total(layer)).fold(1e-9, f64::max));
        for layer in layers {
            let mut from = 0.0;
            for (seconds, (_, colour)) in self.parts(layer).into_iter().zip(OPERATIONS) {
                let ends = (frame.at(from, layer as f64 - 0.34), frame.at(from + seconds, layer as f64 + 0.34));
                if let (Some(start), Some(end)) = ends
                    && end.0 > start.0
                {
                    area.draw(&Rectangle::new([start, end], colour.filled()))?;
                }
                from += seconds;
            }
            let total = self.total(layer);
            if let Some((right, middle)) = frame.at(total.max(from), layer as f64) {
                let at = (right + canvas.offset(4), middle);
                number(area, &format!("{total:.decimals$}"), at, NUMBER, true, canvas)?;
            }
        }
        Ok(())
    }
}

/// Heading.
const TITLE: &str = "Seconds by layer and operation";

impl Figure for SecondsByLayer<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> (u32, u32) {
        self.sheet(&self.axes().1).size()
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Result<(), String>
    where
        DB::ErrorType: 'static,
    {
        self.draw_all(area, canvas).map_err(|error| error.to_string())
    }
}

/// Decimals that give the largest number three digits; all numbers of the figure have as many.
fn decimals(largest: f64) -> usize {
    (2 - largest.log10().floor() as i32).clamp(0, 6) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_decimals_as_the_largest_needs() {
        assert_eq!([0.012, 0.5, 1.7, 32.0, 4e3].map(decimals), [4, 3, 2, 1, 0]);
    }
}
