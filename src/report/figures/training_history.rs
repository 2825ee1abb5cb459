//! The course of a training.

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::{ChartBuilder, Circle, Color, DrawingArea, DrawingBackend, LineSeries, ShapeStyle};
use plotters::style::RGBColor;

use super::canvas::Canvas;
use super::exporter::{Figure, export};
use super::palette::{BLUE, GREY, GRID, VERMILLION};
use crate::report::ReportError;
use crate::training::EpochRow;

/// Two panels over the epochs: accuracy on training and held out images, and the largest input of an activation.
#[derive(Debug)]
struct TrainingHistory<'a> {
    rows: &'a [EpochRow],
    title: &'a str,
}

/// Draws the history of a training into its directory; nothing if no epoch is done.
///
/// # Errors
/// [`ReportError`]: what drawing and writing say.
pub fn write_history_figure(title: &str, rows: &[EpochRow], directory: &Path) -> Result<Vec<PathBuf>, ReportError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    Ok(export(&TrainingHistory { rows, title }, directory)?.to_vec())
}

impl Figure for TrainingHistory<'_> {
    fn name(&self) -> &str {
        "history"
    }

    fn size(&self) -> (u32, u32) {
        (860, 340)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Result<(), String>
    where
        DB::ErrorType: 'static,
    {
        self.draw_panels(area, canvas).map_err(|error| error.to_string())
    }
}

/// A line with its colour, and its points.
type Series = (RGBColor, Vec<(f64, f64)>);

/// Largest inputs above this are drawn at it: what explodes reaches every size.
const CEILING: f64 = 1e4;

impl TrainingHistory<'_> {
    fn draw_panels<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        canvas: Canvas,
    ) -> Result<(), Box<dyn std::error::Error>>
    where
        DB::ErrorType: 'static,
    {
        let area = area.margin(canvas.px(10), 0, 0, 0).titled(self.title, canvas.text(15))?;
        let (left, right) = area.split_horizontally(canvas.px(430));
        let points = |value: &dyn Fn(&EpochRow) -> f64| -> Vec<(f64, f64)> {
            self.rows.iter().map(|row| (f64::from(row.epoch), value(row))).collect()
        };
        let accuracies = [
            (VERMILLION, points(&|row| row.training_accuracy_percent)),
            (BLUE, points(&|row| row.validation_accuracy_percent)),
        ];
        let lowest = accuracies.iter().flat_map(|(_, points)| points).map(|point| point.1).fold(100.0, f64::min);
        let range = ((lowest - 2.0).max(0.0), 100.0);
        self.draw_panel(
            &left,
            canvas,
            &accuracies,
            range,
            "accuracy (%): training (red), held out (blue)",
            &|value| format!("{value:.0}"),
        )?;
        let largest = [(BLUE, points(&|row| row.largest_activation.clamp(1.0, CEILING).log10()))];
        let top = largest[0].1.iter().map(|point| point.1).fold(1.0, f64::max) + 0.1;
        let name = "largest activation input, held out images";
        self.draw_panel(&right, canvas, &largest, (0.0, top), name, &|value| format!("{:.3}", 10f64.powf(*value)))
    }

    fn draw_panel<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        canvas: Canvas,
        series: &[Series],
        (low, high): (f64, f64),
        name: &str,
        label: &dyn Fn(&f64) -> String,
    ) -> Result<(), Box<dyn std::error::Error>>
    where
        DB::ErrorType: 'static,
    {
        let last = self.rows.last().map_or(1.0, |row| f64::from(row.epoch));
        let mut chart = ChartBuilder::on(area)
            .margin(canvas.px(12))
            .x_label_area_size(canvas.px(44))
            .y_label_area_size(canvas.px(60))
            .build_cartesian_2d(0.0..last + 0.5, low..high)?;
        chart
            .configure_mesh()
            .light_line_style(plotters::style::TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GREY)
            .x_label_formatter(&|epoch| format!("{epoch:.0}"))
            .y_label_formatter(label)
            .label_style(canvas.text(12))
            .axis_desc_style(canvas.text(13))
            .x_desc("epoch")
            .y_desc(name)
            .draw()?;
        for (colour, points) in series {
            let stroke = ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: canvas.px(2) };
            chart.draw_series(LineSeries::new(points.iter().copied(), stroke))?;
            chart.draw_series(points.iter().map(|point| Circle::new(*point, canvas.px(2), colour.filled())))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_drawn_whatever_explodes() {
        let row = |epoch, largest_activation| EpochRow {
            epoch,
            learning_rate: 0.1,
            loss: 1.0,
            cross_entropy: 1.0,
            penalty: 0.0,
            training_accuracy_percent: 50.0,
            validation_accuracy_percent: 40.0,
            validation_accuracy_clamped_percent: None,
            exploding_images: 0,
            largest_activation,
            largest_site: "act1".to_owned(),
            images_per_second: 100.0,
            seconds: 1.0,
        };
        let directory = tempfile::tempdir().unwrap();
        let rows = [row(1, f64::INFINITY), row(2, 12.0), row(3, 0.0)];
        let paths = write_history_figure("a network", &rows, directory.path()).unwrap();
        assert_eq!(paths.len(), 2);
        let svg = std::fs::read_to_string(&paths[0]).unwrap();
        assert!(svg.contains("a network") && svg.contains("held out (blue)"));
        assert!(write_history_figure("a network", &[], directory.path()).unwrap().is_empty());
    }
}
