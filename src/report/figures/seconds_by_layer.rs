//! Where the time goes: seconds by layer and operation.

use plotters::style::RGBColor;

use super::palette::{BLUE, GREEN, ORANGE, PURPLE};
use super::plot::{Anchor, Axis, Drawing, Label, Legend, ROW, Sheet, Sign};
use crate::report::ReportError;
use crate::report::format::{decimals, significant};
use crate::report::table::Table;

/// The operations with their columns and colours, from left to right.
const OPERATIONS: [(&str, &str, RGBColor); 4] = [
    ("linear_seconds", "linear transform, rescale, bias", BLUE),
    ("square_seconds", "squaring and relinearization", ORANGE),
    ("pack_seconds", "packing into complex slots", GREEN),
    ("encode_seconds", "encoding of diagonals", PURPLE),
];

/// Size of the numbers beside the bars.
const NUMBER: u32 = 13;

fn legend(parts: &[[f64; 4]], total: f64) -> Legend {
    let mut legend = Legend::default();
    for (operation, (_, words, colour)) in OPERATIONS.into_iter().enumerate() {
        let sum: f64 = parts.iter().map(|parts| parts[operation]).sum();
        // What nobody can see in the bars needs no key.
        if sum > total / 1000.0 {
            legend.push(Sign::Area(colour), &format!("{words}: {} s", significant(sum, 3)));
        }
    }
    legend
}

/// Horizontal bars: median seconds of each layer, by operation, the sum beside its bar. `subtitle` says of which trial.
///
/// # Errors
/// [`ReportError::Column`].
pub fn seconds_by_layer(layers: &Table, subtitle: &str) -> Result<Drawing, ReportError> {
    let names = layers.text("name")?;
    let mut parts = vec![[0.0; OPERATIONS.len()]; names.len()];
    for (operation, (column, ..)) in OPERATIONS.into_iter().enumerate() {
        for (parts, seconds) in parts.iter_mut().zip(layers.numbers(column)?) {
            parts[operation] = seconds.unwrap_or(0.0);
        }
    }
    let known = layers.numbers("seconds")?.into_iter().zip(&parts);
    let totals: Vec<f64> = known.map(|(total, parts)| total.unwrap_or_else(|| parts.iter().sum())).collect();
    let (sum, largest) = (totals.iter().sum(), totals.iter().copied().fold(0.0, f64::max));
    // The numbers beside the bars need room.
    let title = format!("seconds, median over evaluations (sum of all layers: {} s)", significant(sum, 3));
    let (x, y) = (Axis::from_zero(title, [largest * 1.1]), Axis::names("", &names).reversed());
    let height = ROW * names.len() as u32 + ROW / 2;
    let (mut drawing, frame) = Sheet::new(TITLE, subtitle, &y, height, legend(&parts, sum)).framed(&x, &y);
    let decimals = decimals(largest);
    for (layer, (parts, total)) in parts.iter().zip(totals).enumerate() {
        let mut from = 0.0;
        for (seconds, (.., colour)) in parts.iter().zip(OPERATIONS) {
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
    Ok(drawing)
}

/// Heading.
const TITLE: &str = "Seconds by layer and operation";
