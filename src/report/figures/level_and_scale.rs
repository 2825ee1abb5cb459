//! Level and scale through the depth of the network.

use super::palette::{BLUE, VERMILLION};
use super::plot::{Axis, Drawing, Form, Frame, Legend, Marker, ROW, Scale, Sheet, Sign};
use crate::report::ReportError;
use crate::report::table::Table;

/// Heading.
const TITLE: &str = "Level and scale by layer";

/// Units between the panels.
const GAP: f64 = 22.0;

/// Sign of the level after a layer.
const AFTER: Marker = Marker { form: Form::Disc, colour: BLUE, hollow: false };

/// Sign of the level before it.
const BEFORE: Marker = AFTER.hollow();

/// Sign of the scale.
const SCALE: Marker = Marker { form: Form::Diamond, colour: VERMILLION, hollow: false };

/// What the figure is drawn from.
pub const COLUMNS: [&str; 4] = ["name", "level_in", "level_out", "scale_bits"];

/// Two panels that share the layers' names: the level before and after each layer, and the scale after it. `subtitle` says of which trials.
///
/// # Errors
/// [`ReportError::Column`].
pub fn level_and_scale(layers: &Table, subtitle: &str) -> Result<Drawing, ReportError> {
    let [name, level_in, level_out, scale_bits] = COLUMNS;
    let (names, rows) = (Axis::names("", &layers.text(name)?).reversed(), layers.len());
    let mut legend = Legend::default();
    legend.push(Sign::Point(BEFORE), "level before the layer");
    legend.push(Sign::Point(AFTER), "level after it");
    legend.push(Sign::Point(SCALE), "scale after it");
    let sheet = Sheet::new(TITLE, subtitle, &names, ROW * rows as u32 + ROW / 2, legend);
    let mut drawing = sheet.drawing();
    let (corner, size) = sheet.place();
    let left = ((size.0 - GAP) * 0.6).floor();
    let (before, after) = (layers.numbers(level_in)?, layers.numbers(level_out)?);
    let levels = Axis::around("level", Scale::Linear, before.iter().copied().flatten().chain([0.0]));
    draw_levels(&mut drawing, &Frame { x: &levels, y: &names, corner, size: (left, size.1) }, &before, &after);
    let bits = layers.numbers(scale_bits)?;
    let scales = Axis::around("scale (bits)", Scale::Linear, bits.iter().copied().flatten());
    // The rows are those of the panel beside it, which names them.
    let unnamed = Axis::names("", &vec![String::new(); rows]).reversed();
    let (corner, size) = ((corner.0 + left + GAP, corner.1), (size.0 - left - GAP, size.1));
    let frame = Frame { x: &scales, y: &unnamed, corner, size };
    frame.draw(&mut drawing);
    let places = bits.iter().enumerate().filter_map(|(layer, bits)| frame.at((*bits)?, layer as f64));
    places.for_each(|at| SCALE.draw(&mut drawing, at));
    Ok(drawing)
}

fn draw_levels(drawing: &mut Drawing, frame: &Frame<'_>, before: &[Option<f64>], after: &[Option<f64>]) {
    frame.draw(drawing);
    for (layer, (before, after)) in before.iter().zip(after).enumerate() {
        let (Some(before), Some(after)) = (*before, *after) else { continue };
        let ends = (frame.at(before, layer as f64), frame.at(after, layer as f64));
        let (Some(from), Some(to)) = ends else { continue };
        drawing.path([from, to], BLUE, 2);
        BEFORE.draw(drawing, from);
        AFTER.draw(drawing, to);
    }
}
