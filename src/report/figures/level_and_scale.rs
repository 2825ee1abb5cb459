//! Level and scale through the depth of the network.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement};

use super::canvas::Canvas;
use super::exporter::Figure;
use super::layers::LayerSeries;
use super::palette::{BLUE, VERMILLION};
use super::plot::{Axis, Drawn, Form, Frame, Legend, Marker, ROW, Scale, Sheet, Sign, stroke};

/// Two panels that share the layers' names: the level before and after each layer, and the scale after it.
#[derive(Debug)]
pub struct LevelAndScale<'a> {
    /// File name without extension.
    pub name: String,
    /// What is drawn.
    pub series: &'a LayerSeries,
    /// What one must know besides what it is of; may be empty.
    pub remark: String,
}

/// Heading.
const TITLE: &str = "Level and scale by layer";

/// Units between the panels.
const GAP: i32 = 22;

/// Sign of the level after a layer.
const AFTER: Marker = Marker { form: Form::Disc, colour: BLUE, hollow: false };

/// Sign of the level before it.
const BEFORE: Marker = AFTER.hollow();

/// Sign of the scale.
const SCALE: Marker = Marker { form: Form::Diamond, colour: VERMILLION, hollow: false };

impl LevelAndScale<'_> {
    fn names(&self) -> Axis {
        Axis::names("", &self.series.names).reversed()
    }

    fn sheet(&self, names: &Axis) -> Sheet {
        let mut legend = Legend::default();
        legend.push(Sign::Point(BEFORE), "level before the layer");
        legend.push(Sign::Point(AFTER), "level after it");
        legend.push(Sign::Point(SCALE), "scale after it");
        let subtitle = [self.series.title.as_str(), self.remark.as_str()].map(str::to_owned);
        let subtitle = subtitle.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
        let rows = self.series.names.len() as u32;
        Sheet::new(TITLE, &subtitle, names, ROW * rows + ROW / 2, legend)
    }

    fn draw_all<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        let names = self.names();
        let sheet = self.sheet(&names);
        sheet.draw(area, canvas)?;
        let (corner, size) = sheet.place(canvas);
        let left = (size.0 - canvas.offset(GAP)) * 3 / 5;
        let known = |column: &[Option<f64>]| column.iter().copied().flatten().collect::<Vec<_>>();
        let levels = Axis::around("level", Scale::Linear, known(&self.series.level_in).into_iter().chain([0.0]));
        self.draw_levels(area, &Frame { x: &levels, y: &names, corner, size: (left, size.1), canvas })?;
        let scales = Axis::around("scale (bits)", Scale::Linear, known(&self.series.scale_bits));
        // The rows are those of the panel beside it, which names them.
        let unnamed = Axis::names("", &vec![String::new(); self.series.names.len()]).reversed();
        let corner = (corner.0 + left + canvas.offset(GAP), corner.1);
        let size = (size.0 - left - canvas.offset(GAP), size.1);
        self.draw_scales(area, &Frame { x: &scales, y: &unnamed, corner, size, canvas })
    }

    fn draw_levels<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, frame: &Frame<'_>) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        frame.draw(area)?;
        let levels = self.series.level_in.iter().zip(&self.series.level_out).enumerate();
        for (layer, (before, after)) in levels {
            let (Some(before), Some(after)) = (*before, *after) else { continue };
            let ends = (frame.at(before, layer as f64), frame.at(after, layer as f64));
            let (Some(from), Some(to)) = ends else { continue };
            area.draw(&PathElement::new(vec![from, to], stroke(frame.canvas, BLUE, 2)))?;
            BEFORE.draw(area, from, frame.canvas)?;
            AFTER.draw(area, to, frame.canvas)?;
        }
        Ok(())
    }

    fn draw_scales<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, frame: &Frame<'_>) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        frame.draw(area)?;
        let points = self.series.scale_bits.iter().enumerate();
        let mut places = points.filter_map(|(layer, bits)| frame.at((*bits)?, layer as f64));
        places.try_for_each(|at| SCALE.draw(area, at, frame.canvas))
    }
}

impl Figure for LevelAndScale<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> (u32, u32) {
        self.sheet(&self.names()).size()
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Result<(), String>
    where
        DB::ErrorType: 'static,
    {
        self.draw_all(area, canvas).map_err(|error| error.to_string())
    }
}
