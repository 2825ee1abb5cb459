//! Where the time goes: seconds by layer.

use plotters::coord::Shift;
use plotters::prelude::{ChartBuilder, Color, DrawingArea, DrawingBackend, EmptyElement, Rectangle, Text};

use super::canvas::Canvas;
use super::exporter::Figure;
use super::layer_axis::LayerAxis;
use super::layers::LayerSeries;
use super::palette::{BLUE, GREY, GRID};
use crate::report::format::significant;

/// Horizontal bars: median seconds of each layer, the number beside its bar.
#[derive(Debug)]
pub struct SecondsByLayer<'a> {
    /// File name without extension.
    pub name: String,
    /// What is drawn.
    pub series: &'a LayerSeries,
}

impl Figure for SecondsByLayer<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> (u32, u32) {
        (760, LayerAxis::new(&self.series.names).figure_height())
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Result<(), String>
    where
        DB::ErrorType: 'static,
    {
        self.draw_bars(area, canvas).map_err(|error| error.to_string())
    }
}

impl SecondsByLayer<'_> {
    fn draw_bars<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        canvas: Canvas,
    ) -> Result<(), Box<dyn std::error::Error>>
    where
        DB::ErrorType: 'static,
    {
        let axis = LayerAxis::new(&self.series.names);
        let seconds: Vec<f64> = self.series.seconds.iter().map(|seconds| seconds.unwrap_or(0.0)).collect();
        let total: f64 = seconds.iter().sum();
        let largest = seconds.iter().copied().fold(1e-9, f64::max);
        let area = area.margin(canvas.px(10), 0, 0, 0).titled(&self.series.title, canvas.text(15))?;
        let mut chart = ChartBuilder::on(&area)
            .margin(canvas.px(10))
            .margin_right(canvas.px(24))
            .x_label_area_size(canvas.px(44))
            .y_label_area_size(canvas.px(axis.label_width()))
            .build_cartesian_2d(0.0..largest * 1.12, axis.coordinate())?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .light_line_style(plotters::style::TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GREY)
            .y_labels(axis.len())
            .y_label_offset(canvas.offset(2))
            .y_label_formatter(&|value| axis.label(value))
            .label_style(canvas.text(12))
            .axis_desc_style(canvas.text(13))
            .x_desc(format!("seconds, median over images (sum of all layers: {} s)", significant(total, 3)))
            .draw()?;
        let bars = seconds.iter().enumerate().map(|(layer, seconds)| {
            let (lower, upper) = axis.edges(layer);
            let mut bar = Rectangle::new([(0.0, lower), (*seconds, upper)], BLUE.filled());
            bar.set_margin(canvas.px(4), canvas.px(4), 0, 0);
            bar
        });
        chart.draw_series(bars)?;
        let decimals = decimals(largest);
        let numbers = seconds.iter().enumerate().map(|(layer, seconds)| {
            EmptyElement::at((*seconds, axis.centre(layer)))
                + Text::new(format!("{seconds:.decimals$}"), (canvas.offset(4), canvas.offset(-3)), canvas.text(11))
        });
        chart.draw_series(numbers)?;
        Ok(())
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
