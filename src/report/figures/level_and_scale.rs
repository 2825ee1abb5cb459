//! Level and scale through the depth of the network.

use plotters::coord::Shift;
use plotters::prelude::{ChartBuilder, Circle, Color, DrawingArea, DrawingBackend, PathElement, ShapeStyle, WHITE};

use super::canvas::Canvas;
use super::exporter::Figure;
use super::layer_axis::LayerAxis;
use super::layers::LayerSeries;
use super::palette::{BLUE, GREY, GRID, VERMILLION};

/// Two panels that share the layers' names: the level before and after each layer, and the scale after it.
#[derive(Debug)]
pub struct LevelAndScale<'a> {
    /// File name without extension.
    pub name: String,
    /// What is drawn.
    pub series: &'a LayerSeries,
}

impl Figure for LevelAndScale<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> (u32, u32) {
        (860, LayerAxis::new(&self.series.names).figure_height())
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Result<(), String>
    where
        DB::ErrorType: 'static,
    {
        self.draw_panels(area, canvas).map_err(|error| error.to_string())
    }
}

impl LevelAndScale<'_> {
    fn draw_panels<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        canvas: Canvas,
    ) -> Result<(), Box<dyn std::error::Error>>
    where
        DB::ErrorType: 'static,
    {
        let axis = LayerAxis::new(&self.series.names);
        let area = area.margin(canvas.px(10), 0, 0, 0).titled(&self.series.title, canvas.text(15))?;
        let (width, _) = area.dim_in_pixel();
        let labels = canvas.px(axis.label_width());
        let (left, right) = area.split_horizontally(labels + (width - labels) * 3 / 5);
        self.draw_levels(&left, canvas, labels)?;
        self.draw_scales(&right, canvas)
    }

    fn draw_levels<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        canvas: Canvas,
        labels: u32,
    ) -> Result<(), Box<dyn std::error::Error>>
    where
        DB::ErrorType: 'static,
    {
        let axis = LayerAxis::new(&self.series.names);
        let top = self.series.level_in.iter().flatten().copied().fold(1.0, f64::max);
        let mut chart = ChartBuilder::on(area)
            .margin(canvas.px(10))
            .x_label_area_size(canvas.px(44))
            .y_label_area_size(labels)
            .build_cartesian_2d(-0.5..top + 0.5, axis.coordinate())?;
        chart
            .configure_mesh()
            .light_line_style(plotters::style::TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GREY)
            .y_labels(axis.len())
            .y_label_offset(canvas.offset(2))
            .y_label_formatter(&|value| axis.label(value))
            .x_label_formatter(&|level| format!("{level:.0}"))
            .label_style(canvas.text(12))
            .axis_desc_style(canvas.text(13))
            .x_desc("level: before the layer (ring), after it (dot)")
            .draw()?;
        let stroke = ShapeStyle { color: BLUE.to_rgba(), filled: false, stroke_width: canvas.px(2) };
        let levels = self.series.level_in.iter().zip(&self.series.level_out).enumerate();
        for (layer, (before, after)) in levels {
            let (Some(before), Some(after)) = (*before, *after) else {
                continue;
            };
            let row = || axis.centre(layer);
            chart.draw_series([PathElement::new(vec![(before, row()), (after, row())], stroke)])?;
            // A ring is a dot on a dot: a stroked circle has corners in a bitmap.
            chart.draw_series([Circle::new((before, row()), canvas.px(5), BLUE.filled())])?;
            chart.draw_series([Circle::new((before, row()), canvas.px(3), WHITE.filled())])?;
            chart.draw_series([Circle::new((after, row()), canvas.px(5), BLUE.filled())])?;
        }
        Ok(())
    }

    fn draw_scales<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        canvas: Canvas,
    ) -> Result<(), Box<dyn std::error::Error>>
    where
        DB::ErrorType: 'static,
    {
        let axis = LayerAxis::new(&self.series.names);
        let known = || self.series.scale_bits.iter().flatten().copied();
        let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
        let (low, high) = if low <= high { (low - 0.5, high + 0.5) } else { (0.0, 1.0) };
        let mut chart = ChartBuilder::on(area)
            .margin(canvas.px(10))
            .margin_right(canvas.px(24))
            .x_label_area_size(canvas.px(44))
            .build_cartesian_2d(low..high, axis.coordinate())?;
        chart
            .configure_mesh()
            .light_line_style(plotters::style::TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GREY)
            .x_labels(5)
            .y_labels(axis.len())
            .y_label_offset(canvas.offset(2))
            .x_label_formatter(&|bits| format!("{bits:.1}"))
            .label_style(canvas.text(12))
            .axis_desc_style(canvas.text(13))
            .x_desc("scale after the layer (bits)")
            .draw()?;
        let points = self.series.scale_bits.iter().enumerate();
        let points: Vec<_> = points.filter_map(|(layer, bits)| Some((layer, (*bits)?))).collect();
        chart.draw_series(
            points
                .iter()
                .map(|(layer, bits)| Circle::new((*bits, axis.centre(*layer)), canvas.px(4), VERMILLION.filled())),
        )?;
        Ok(())
    }
}
