//! Level and scale through the depth of the network.

use super::layers::LayerSeries;
use super::palette::{BLUE, VERMILLION};
use super::plot::{Axis, Drawing, Form, Frame, Legend, Marker, ROW, Scale, Sheet, Sign};

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

/// Two panels that share the layers' names: the level before and after each layer, and the scale after it. `remark` is what one must know
/// besides what it is of; it may be empty.
#[must_use]
pub fn level_and_scale(series: &LayerSeries, remark: &str) -> Drawing {
    let rows = series.names.len();
    let names = Axis::names("", &series.names).reversed();
    let mut legend = Legend::default();
    legend.push(Sign::Point(BEFORE), "level before the layer");
    legend.push(Sign::Point(AFTER), "level after it");
    legend.push(Sign::Point(SCALE), "scale after it");
    let subtitle: Vec<&str> = [series.title.as_str(), remark].into_iter().filter(|part| !part.is_empty()).collect();
    let sheet = Sheet::new(TITLE, &subtitle.join("; "), &names, ROW * rows as u32 + ROW / 2, legend);
    let mut drawing = sheet.drawing();
    let (corner, size) = sheet.place();
    let left = ((size.0 - GAP) * 0.6).floor();
    let known = |column: &[Option<f64>]| column.iter().copied().flatten().collect::<Vec<_>>();
    let levels = Axis::around("level", Scale::Linear, known(&series.level_in).into_iter().chain([0.0]));
    draw_levels(&mut drawing, &Frame { x: &levels, y: &names, corner, size: (left, size.1) }, series);
    let scales = Axis::around("scale (bits)", Scale::Linear, known(&series.scale_bits));
    // The rows are those of the panel beside it, which names them.
    let unnamed = Axis::names("", &vec![String::new(); rows]).reversed();
    let (corner, size) = ((corner.0 + left + GAP, corner.1), (size.0 - left - GAP, size.1));
    draw_scales(&mut drawing, &Frame { x: &scales, y: &unnamed, corner, size }, series);
    drawing
}

fn draw_levels(drawing: &mut Drawing, frame: &Frame<'_>, series: &LayerSeries) {
    frame.draw(drawing);
    let levels = series.level_in.iter().zip(&series.level_out).enumerate();
    for (layer, (before, after)) in levels {
        let (Some(before), Some(after)) = (*before, *after) else { continue };
        let ends = (frame.at(before, layer as f64), frame.at(after, layer as f64));
        let (Some(from), Some(to)) = ends else { continue };
        drawing.path([from, to], BLUE, 2);
        BEFORE.draw(drawing, from);
        AFTER.draw(drawing, to);
    }
}

fn draw_scales(drawing: &mut Drawing, frame: &Frame<'_>, series: &LayerSeries) {
    frame.draw(drawing);
    let points = series.scale_bits.iter().enumerate();
    let places = points.filter_map(|(layer, bits)| frame.at((*bits)?, layer as f64));
    places.for_each(|at| SCALE.draw(drawing, at));
}
