//! The course of a training.

use std::path::{Path, PathBuf};

use super::plot::{Axis, Chart, ChartPoint, Drawing, Marker, Scale, Series};
use super::rendered::Rendered;
use crate::report::ReportError;
use crate::training::EpochRow;

/// Draws the history of a training, whose epochs were evaluated on `evaluated_images` (in words), into its directory; nothing if no epoch is done.
///
/// # Errors
/// [`ReportError`]: what drawing and writing say.
pub fn write_history_figure(
    title: &str,
    evaluated_images: &str,
    rows: &[EpochRow],
    directory: &Path,
) -> Result<Vec<PathBuf>, ReportError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Rendered::of("history", "", &history(title, evaluated_images, rows))?.write(directory)?.to_vec())
}

/// Largest inputs above this are drawn at it: what explodes reaches every size.
const CEILING: f64 = 1e4;

/// Accuracy on training and evaluated images over the epochs, and below it the largest input of an activation.
fn history(title: &str, evaluated_images: &str, rows: &[EpochRow]) -> Drawing {
    let series = |name: &str, place: usize, value: &dyn Fn(&EpochRow) -> f64| {
        let point = |row: &EpochRow| ChartPoint { x: f64::from(row.epoch), y: value(row), bar: None };
        Series { name: name.to_owned(), points: rows.iter().map(point).collect(), marker: Marker::of_series(place) }
    };
    let accuracies = vec![
        series(evaluated_images, 0, &|row| row.validation_accuracy_percent),
        series("training images", 1, &|row| row.training_accuracy_percent),
    ];
    let largest = vec![series("", 0, &|row| row.largest_activation.clamp(1.0, CEILING))];
    let above = chart(title, "accuracy (%)", Scale::Linear, accuracies);
    let below = chart("", "largest activation input", Scale::Log10, largest);
    above.drawing().above(below.drawing())
}

fn chart(title: &str, quantity: &str, scale: Scale, series: Vec<Series>) -> Chart {
    let points = || series.iter().flat_map(|series| &series.points);
    let y = Axis::around(quantity, scale, points().map(|point| point.y));
    Chart {
        name: String::new(),
        title: title.to_owned(),
        subtitle: String::new(),
        x: Axis::around("epoch", Scale::Linear, points().map(|point| point.x)),
        y: if scale == Scale::Linear { y.within(0.0, 100.0) } else { y },
        series,
        references: Vec::new(),
        remarks: Vec::new(),
        height: 220,
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
        let paths = write_history_figure("a network", "held out images", &rows, directory.path()).unwrap();
        assert_eq!(paths.len(), 2);
        let svg = std::fs::read_to_string(&paths[0]).unwrap();
        assert!(svg.contains("a network") && svg.contains("held out images"));
        assert!(write_history_figure("a network", "held out images", &[], directory.path()).unwrap().is_empty());
    }
}
