//! Where the time goes: seconds by layer and operation.

use plotters::style::RGBColor;

use super::layers::LayerSeries;
use super::palette::{BLUE, GREEN, ORANGE, PURPLE};
use super::plot::{Anchor, Axis, Drawing, Label, Legend, ROW, Sheet, Sign};
use crate::report::format::significant;

/// The operations with their colours, from left to right.
const OPERATIONS: [(&str, RGBColor); 4] = [
    ("linear transform, rescale, bias", BLUE),
    ("squaring and relinearization", ORANGE),
    ("packing into complex slots", GREEN),
    ("encoding of diagonals", PURPLE),
];

/// Size of the numbers beside the bars.
const NUMBER: u32 = 13;

/// Seconds of a layer by operation.
fn parts(series: &LayerSeries, layer: usize) -> [f64; 4] {
    let part = |column: &[Option<f64>]| column.get(layer).copied().flatten().unwrap_or(0.0);
    [&series.linear_seconds, &series.square_seconds, &series.pack_seconds, &series.encode_seconds]
        .map(|column| part(column))
}

fn legend(parts: &[[f64; 4]], total: f64) -> Legend {
    let mut legend = Legend::default();
    for (operation, (words, colour)) in OPERATIONS.into_iter().enumerate() {
        let sum: f64 = parts.iter().map(|parts| parts[operation]).sum();
        // What nobody can see in the bars needs no key.
        if sum > total / 1000.0 {
            legend.push(Sign::Area(colour), &format!("{words}: {} s", significant(sum, 3)));
        }
    }
    legend
}

/// Horizontal bars: median seconds of each layer, by operation, the sum beside its bar.
#[must_use]
pub fn seconds_by_layer(series: &LayerSeries) -> Drawing {
    let parts: Vec<[f64; 4]> = (0..series.names.len()).map(|layer| parts(series, layer)).collect();
    let total = |(layer, parts): (usize, &[f64; 4])| {
        series.seconds.get(layer).copied().flatten().unwrap_or_else(|| parts.iter().sum())
    };
    let totals: Vec<f64> = parts.iter().enumerate().map(total).collect();
    let (sum, largest) = (totals.iter().sum(), totals.iter().copied().fold(0.0, f64::max));
    // The numbers beside the bars need room.
    let title = format!("seconds, median over images (sum of all layers: {} s)", significant(sum, 3));
    let (x, y) = (Axis::from_zero(title, [largest * 1.1]), Axis::names("", &series.names).reversed());
    let height = ROW * series.names.len() as u32 + ROW / 2;
    let (mut drawing, frame) = Sheet::new(TITLE, &series.title, &y, height, legend(&parts, sum)).framed(&x, &y);
    let decimals = decimals(largest.max(1e-9));
    for (layer, (parts, total)) in parts.iter().zip(totals).enumerate() {
        let mut from = 0.0;
        for (seconds, (_, colour)) in parts.iter().zip(OPERATIONS) {
            let ends = (frame.at(from, layer as f64 - 0.34), frame.at(from + seconds, layer as f64 + 0.34));
            if let (Some(start), Some(end)) = ends
                && end.0 > start.0
            {
                drawing.area([start, end], colour);
            }
            from += seconds;
        }
        if let Some((right, middle)) = frame.at(total.max(from), layer as f64) {
            drawing.number((right + 4.0, middle), Label::new(format!("{total:.decimals$}"), NUMBER, Anchor::Left));
        }
    }
    drawing
}

/// Heading.
const TITLE: &str = "Seconds by layer and operation";

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
