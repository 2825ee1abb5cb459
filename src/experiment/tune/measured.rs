//! What simulated images say about a parameter set, image by image beside clear text.

use std::ops::AddAssign;

use serde::Serialize;

use crate::experiment::evaluate::median;
use crate::experiment::records::ImageRow;

/// Images, each evaluated in the clear and simulated.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Measured {
    /// How many.
    pub images: usize,
    /// Right in the clear and wrong simulated; an overflow is wrong.
    pub worse: usize,
    /// Wrong in the clear and right simulated.
    pub better: usize,
    /// Of the same class.
    pub agreeing: usize,
    /// For each image without overflow the median over classes of |logit - clear-text logit|.
    #[serde(skip)]
    pub logit_errors: Vec<f64>,
}

impl Measured {
    /// What these rows say.
    #[must_use]
    pub fn of(rows: &[ImageRow]) -> Self {
        let right = |row: &ImageRow, class: Option<u32>| class.is_some() && class == row.label;
        let count = |predicate: &dyn Fn(&ImageRow) -> bool| rows.iter().filter(|row| predicate(row)).count();
        Self {
            images: rows.len(),
            worse: count(&|row| right(row, row.clear_predicted) && !right(row, row.predicted)),
            better: count(&|row| !right(row, row.clear_predicted) && right(row, row.predicted)),
            agreeing: count(&|row| row.agreement == Some(true)),
            logit_errors: rows.iter().filter_map(|row| row.logit_error_median).collect(),
        }
    }

    /// Points of accuracy that clear text is ahead on these images.
    #[must_use]
    pub fn loss_points(&self) -> f64 {
        100.0 * (self.worse as f64 - self.better as f64) / self.images as f64
    }

    /// Where the loss in points is on all images of the kind, with `z` standard deviations to both sides: the adjusted Wald interval for
    /// a difference of paired proportions (Bonett and Price, British Journal of Mathematical and Statistical Psychology 65, 2012).
    #[must_use]
    pub fn interval_points(&self, z: f64) -> (f64, f64) {
        let count = self.images as f64 + 2.0;
        let (worse, better) = ((self.worse as f64 + 1.0) / count, (self.better as f64 + 1.0) / count);
        let loss = worse - better;
        let half = z * ((worse + better - loss * loss) / count).sqrt();
        (100.0 * (loss - half), 100.0 * (loss + half))
    }

    /// Share of the images of the same class, 0 to 1.
    #[must_use]
    pub fn agreement(&self) -> f64 {
        self.agreeing as f64 / self.images as f64
    }

    /// Median over images without overflow of their [`logit_errors`](Self::logit_errors); none: all overflow.
    #[must_use]
    pub fn logit_error_median(&self) -> Option<f64> {
        median(self.logit_errors.iter().copied())
    }
}

impl AddAssign for Measured {
    fn add_assign(&mut self, more: Self) {
        self.images += more.images;
        self.worse += more.worse;
        self.better += more.better;
        self.agreeing += more.agreeing;
        self.logit_errors.extend(more.logit_errors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: u32, clear: Option<u32>, simulated: Option<u32>) -> ImageRow {
        ImageRow {
            label: Some(label),
            clear_predicted: clear,
            predicted: simulated,
            agreement: Some(clear.is_some() && clear == simulated),
            logit_error_median: simulated.map(f64::from),
            ..ImageRow::default()
        }
    }

    #[test]
    fn images_are_counted_in_pairs() {
        let rows = [
            row(1, Some(1), Some(1)),
            row(1, Some(1), Some(2)),
            row(1, Some(1), None),
            row(1, Some(2), Some(1)),
            row(1, Some(2), Some(3)),
            row(1, None, None),
        ];
        let mut found = Measured::of(&rows);
        let logit_errors = vec![1.0, 2.0, 1.0, 3.0];
        assert_eq!(found, Measured { images: 6, worse: 2, better: 1, agreeing: 1, logit_errors });
        found += Measured::of(&rows[..2]);
        assert_eq!((found.images, found.worse, found.better, found.agreeing), (8, 3, 1, 2));
        assert_eq!((found.loss_points(), found.agreement(), found.logit_error_median()), (25.0, 0.25, Some(1.5)));
    }

    #[test]
    fn intervals_of_paired_differences() {
        // By hand: 11/102 - 6/102, and 1.96 sqrt((17/102 - (5/102)^2) / 102) = 0.0787.
        let (low, high) = Measured { images: 100, worse: 10, better: 5, ..Measured::default() }.interval_points(1.96);
        assert!((low + 2.964).abs() < 0.01 && (high - 12.768).abs() < 0.01, "{low} {high}");
        // No difference among 2,000 images does not say that there is none.
        let (low, high) = Measured { images: 2000, ..Measured::default() }.interval_points(1.96);
        assert!((high - 0.138).abs() < 0.001 && (low + high).abs() < 1e-9, "{low} {high}");
    }
}
