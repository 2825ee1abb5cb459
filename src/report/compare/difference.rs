//! Differences with intervals.

use serde::Serialize;

use super::side::Side;
use crate::experiment::evaluate::{Z, wilson};
use crate::experiment::records::TrialRow;
use crate::report::ReportError;
use crate::report::columns::{Accuracy, CLEAR, ENCRYPTED, SIMULATED, trial};

/// How sure it is that something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Worse by more than is tolerated, and not by chance; of what was measured once, the tolerance alone decides.
    Worse,
    /// Better, likewise.
    Better,
    /// Neither.
    Unclear,
}

/// One quantity before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// The difference, in percent points of an accuracy and in percent of seconds.
    pub difference: f64,
    /// Ends of its 95 % interval; none: there is one measurement of each.
    pub interval: Option<(f64, f64)>,
    /// Whether the same images were compared one by one.
    pub paired: bool,
    /// What it comes to.
    pub verdict: Verdict,
}

/// The accuracies of a trial and what they are of: encrypted, simulated or in the clear, whichever both have first.
pub(super) fn accuracy(
    before: &Side,
    row: usize,
    after: &Side,
    row_after: usize,
    tolerated: f64,
) -> Result<Option<(&'static str, Difference)>, ReportError> {
    for of in [ENCRYPTED, SIMULATED, CLEAR] {
        let share = |side: &Side, row| Some((side.number(of.share, row)?, side.number(of.images, row)? as usize));
        let Some((one, other)) = share(before, row).zip(share(after, row_after)) else { continue };
        let paired = paired(before, row, after, row_after, of)?;
        let Some((low, high)) = paired.or_else(|| unpaired(one, other)) else { continue };
        let difference = 100.0 * (other.0 - one.0);
        let (low, high) = (100.0 * low, 100.0 * high);
        let verdict = match () {
            () if high < 0.0 && difference < -tolerated => Verdict::Worse,
            () if low > 0.0 && difference > tolerated => Verdict::Better,
            () => Verdict::Unclear,
        };
        let (before, after) = (100.0 * one.0, 100.0 * other.0);
        let interval = Some((low, high));
        return Ok(Some((
            of.word,
            Difference { before, after, difference, interval, paired: paired.is_some(), verdict },
        )));
    }
    Ok(None)
}

/// The interval of the difference of two shares of the same images (Agresti and Min 2005: Wald, with half an image added to each of the
/// four kinds of pairs); none: the images are not the same, or not known.
fn paired(
    before: &Side,
    row: usize,
    after: &Side,
    row_after: usize,
    of: Accuracy,
) -> Result<Option<(f64, f64)>, ReportError> {
    let same = |column| before.text(column, row) == after.text(column, row_after);
    if !same(TrialRow::dataset_sha256.name) {
        return Ok(None);
    }
    let (one, other) = (before.right(row, of)?, after.right(row_after, of)?);
    if one.is_empty() || one.len() != other.len() || one.keys().any(|image| !other.contains_key(image)) {
        return Ok(None);
    }
    let lost = one.iter().filter(|(image, right)| **right && !other[*image]).count();
    let gained = one.iter().filter(|(image, right)| !**right && other[*image]).count();
    if lost + gained == 0 {
        // Not one image has changed.
        return Ok(Some((0.0, 0.0)));
    }
    let (lost, gained, images) = (lost as f64 + 0.5, gained as f64 + 0.5, one.len() as f64 + 2.0);
    let centre = (gained - lost) / images;
    let variance = (lost + gained) / images - centre * centre;
    let half = Z * (variance / images).sqrt();
    Ok(Some((centre - half, centre + half)))
}

/// The interval of the difference of two shares of different images, from their Wilson intervals (Newcombe 1998, method 10).
fn unpaired((one, images): (f64, usize), (other, other_images): (f64, usize)) -> Option<(f64, f64)> {
    let interval = |share: f64, images: usize| wilson((share * images as f64).round() as usize, images);
    let ((low, high), (other_low, other_high)) = (interval(one, images)?, interval(other, other_images)?);
    let difference = other - one;
    Some((difference - (other - other_low).hypot(high - one), difference + (other_high - other).hypot(one - low)))
}

/// The median seconds of an evaluation.
pub(super) fn seconds(before: &Side, row: usize, after: &Side, row_after: usize, tolerated: f64) -> Option<Difference> {
    let (one, other) = (before.number(trial::LATENCY, row)?, after.number(trial::LATENCY, row_after)?);
    if one <= 0.0 {
        return None;
    }
    let ratio = other / one;
    let difference = 100.0 * (ratio - 1.0);
    let errors = relative_error(before, row, one).zip(relative_error(after, row_after, other));
    let interval = errors.map(|(one, other)| {
        let half = 100.0 * Z * ratio * one.hypot(other);
        (difference - half, difference + half)
    });
    let (low, high) = interval.unwrap_or((difference, difference));
    let verdict = match () {
        () if low > 0.0 && difference > tolerated => Verdict::Worse,
        () if high < 0.0 && difference < -tolerated => Verdict::Better,
        () => Verdict::Unclear,
    };
    Some(Difference { before: one, after: other, difference, interval, paired: false, verdict })
}

/// The standard error of a median over itself, by the quartiles, as notches of box plots have it (McGill, Tukey and Larsen 1978); none: of
/// one evaluation nothing is known.
fn relative_error(side: &Side, row: usize, median: f64) -> Option<f64> {
    let count = side.number(TrialRow::latency_evaluations.name, row).filter(|count| *count > 1.0)?;
    let range = side.number(trial::LATENCY_HIGH, row)? - side.number(trial::LATENCY_LOW, row)?;
    Some(1.253 * range / 1.349 / count.sqrt() / median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_shares_by_a_published_example() {
        // Newcombe 1998, table II, example (a): 56/70 - 48/80, method 10.
        let (low, high) = unpaired((48.0 / 80.0, 80), (56.0 / 70.0, 70)).unwrap();
        assert!((low - 0.0524).abs() < 5e-4 && (high - 0.3339).abs() < 5e-4, "{low} {high}");
        assert_eq!(unpaired((0.5, 0), (0.5, 10)), None);
    }
}
