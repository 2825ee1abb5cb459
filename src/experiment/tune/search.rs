//! The search: fastest candidates first, each on more and more images until it is clear that it is too coarse, or all have been seen.

use std::ops::Range;

use super::grid::is_no_finer;
use super::measured::Measured;
use crate::experiment::parameter_set::ParameterSet;
use crate::experiment::records::words;

/// Images of the first look at a candidate; every further look doubles what has been seen.
const FIRST_LOOK: usize = 100;

/// Standard deviations by which the loss of a candidate must be beyond the tolerance before all images have been seen. A candidate whose
/// loss is the tolerance is dropped wrongly at one look with a probability of 0.13 %.
const DEVIATIONS: f64 = 3.0;

/// What a rounding of a number of points may make of it.
const ROUNDING: f64 = 1e-9;

/// When a candidate is good enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criterion {
    /// Points of accuracy that it may lose against clear text.
    pub tolerance: f64,
    /// On how many images.
    pub images: usize,
}

words! {
    /// What became of a candidate.
    pub enum Verdict {
        /// The scheme, the security line or the memory has no room for it.
        Refused = "refused",
        /// It loses more than the tolerance.
        Rejected = "rejected",
        /// It has no more bits than one that is clearly too coarse.
        Skipped = "skipped",
        /// The first that is good enough.
        Chosen = "chosen",
        /// One before it is good enough.
        Unneeded = "unneeded",
    }
}

/// What was found out about a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What became of it.
    pub verdict: Verdict,
    /// The images that it was tried on.
    pub measured: Measured,
}

impl Criterion {
    /// The images that are evaluated after the first `seen`.
    fn look_after(&self, seen: usize) -> Range<usize> {
        let end = if seen == 0 { FIRST_LOOK } else { 2 * seen };
        seen..end.min(self.images)
    }

    /// Whether a loss is beyond the tolerance whatever the remaining images say.
    fn is_clearly_exceeded(&self, measured: &Measured) -> bool {
        measured.interval_points(DEVIATIONS).0 > self.tolerance
    }

    fn is_met(&self, measured: &Measured) -> bool {
        measured.loss_points() <= self.tolerance + ROUNDING
    }
}

/// Looks for the first of `candidates`, fastest first, that is good enough. `measure` evaluates images of a candidate; `seen` is told after
/// every look what all images so far say and, after the last one, what became of the candidate. What is returned is in the order of the
/// candidates.
///
/// # Errors
/// What `measure` says.
pub fn search<E>(
    candidates: &[ParameterSet],
    criterion: Criterion,
    mut measure: impl FnMut(usize, Range<usize>) -> Result<Measured, E>,
    mut seen: impl FnMut(usize, &Measured, Option<Verdict>),
) -> Result<Vec<Found>, E> {
    let mut all = Vec::with_capacity(candidates.len());
    let mut too_coarse: Vec<&ParameterSet> = Vec::new();
    let mut is_found = false;
    for (index, candidate) in candidates.iter().enumerate() {
        let is_coarse = too_coarse.iter().any(|coarse| is_no_finer(candidate, coarse));
        if is_found || is_coarse {
            let verdict = if is_found { Verdict::Unneeded } else { Verdict::Skipped };
            all.push(Found { verdict, measured: Measured::default() });
            continue;
        }
        let found =
            judged(criterion, |images| measure(index, images), |measured, verdict| seen(index, measured, verdict))?;
        if criterion.is_clearly_exceeded(&found.measured) {
            too_coarse.push(candidate);
        }
        is_found = found.verdict == Verdict::Chosen;
        all.push(found);
    }
    Ok(all)
}

/// Evaluates all images of a candidate, or as many as show that it is too coarse.
fn judged<E>(
    criterion: Criterion,
    mut measure: impl FnMut(Range<usize>) -> Result<Measured, E>,
    mut seen: impl FnMut(&Measured, Option<Verdict>),
) -> Result<Found, E> {
    let mut measured = Measured::default();
    loop {
        measured += measure(criterion.look_after(measured.images))?;
        let verdict = if criterion.is_clearly_exceeded(&measured) {
            Some(Verdict::Rejected)
        } else if measured.images < criterion.images {
            None
        } else if criterion.is_met(&measured) {
            Some(Verdict::Chosen)
        } else {
            Some(Verdict::Rejected)
        };
        seen(&measured, verdict);
        if let Some(verdict) = verdict {
            return Ok(Found { verdict, measured });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::experiment::parameter_set::tests::set;

    /// Searches candidates that lose so many images of a hundred, and says how many images of each were evaluated.
    fn searched(candidates: &[(ParameterSet, usize)], criterion: Criterion) -> (Vec<Verdict>, Vec<usize>) {
        let sets: Vec<ParameterSet> = candidates.iter().map(|(set, _)| set.clone()).collect();
        let measure = |index: usize, images: Range<usize>| {
            // Evenly among the images.
            let lost = |end: usize| end * candidates[index].1 / 100;
            let worse = lost(images.end) - lost(images.start);
            let agreeing = images.len() - worse;
            Ok::<_, Infallible>(Measured { images: images.len(), worse, agreeing, ..Measured::default() })
        };
        let mut told = Vec::new();
        let mut seen = |index, measured: &Measured, verdict: Option<Verdict>| {
            told.extend(verdict.map(|verdict| (index, measured.images, verdict)));
        };
        let found = search(&sets, criterion, measure, &mut seen).unwrap();
        let evaluated = found.iter().enumerate().filter(|(_, found)| found.measured.images > 0);
        let expected: Vec<_> = evaluated.map(|(index, found)| (index, found.measured.images, found.verdict)).collect();
        assert_eq!(told, expected);
        (found.iter().map(|f| f.verdict).collect(), found.iter().map(|f| f.measured.images).collect())
    }

    #[test]
    fn the_fastest_that_is_good_enough_is_chosen() {
        use Verdict::{Chosen, Rejected, Skipped, Unneeded};
        let candidates = [
            (set(16.0, 14.0, 22), 40),
            (set(17.0, 15.0, 23), 20),
            // No finer than the one before, and so never looked at.
            (set(17.0, 14.0, 23), 0),
            (set(18.0, 16.0, 24), 1),
            (set(19.0, 17.0, 25), 0),
            (set(20.0, 18.0, 26), 0),
        ];
        let (verdicts, images) = searched(&candidates, Criterion { tolerance: 0.1, images: 1000 });
        assert_eq!(verdicts, [Rejected, Rejected, Skipped, Rejected, Chosen, Unneeded]);
        // Hopeless ones end at the first look; one of 100 is known to be too many after the last.
        assert_eq!(images, [100, 100, 0, 1000, 1000, 0]);
        let (verdicts, _) = searched(&candidates, Criterion { tolerance: 1.0, images: 1000 });
        assert_eq!(verdicts, [Rejected, Rejected, Skipped, Chosen, Unneeded, Unneeded]);
        let (verdicts, images) = searched(&candidates, Criterion { tolerance: 40.0, images: 1000 });
        assert_eq!((verdicts[0], verdicts[1], images[0]), (Chosen, Unneeded, 1000));
        let (verdicts, _) = searched(&candidates[..2], Criterion { tolerance: 0.1, images: 1000 });
        assert_eq!(verdicts, [Rejected, Rejected]);
    }

    #[test]
    fn one_that_is_barely_beyond_makes_no_other_skipped() {
        // 1 of 100 is no proof against 0.5 points on 300 images.
        let candidates = [(set(18.0, 16.0, 24), 1), (set(18.0, 15.0, 24), 0)];
        let (verdicts, _) = searched(&candidates, Criterion { tolerance: 0.5, images: 300 });
        assert_eq!(verdicts, [Verdict::Rejected, Verdict::Chosen]);
    }

    #[test]
    fn looks_double_up_to_all_images() {
        let look = |seen, images| Criterion { tolerance: 0.1, images }.look_after(seen);
        assert_eq!([look(0, 1000), look(100, 1000), look(200, 1000)], [0..100, 100..200, 200..400]);
        assert_eq!([look(800, 1000), look(0, 40), look(0, 100)], [800..1000, 0..40, 0..100]);
    }

    #[test]
    fn an_error_ends_the_search() {
        let ended =
            search(&[set(20.0, 18.0, 26)], Criterion { tolerance: 0.1, images: 9 }, |_, _| Err("x"), |_, _, _| ());
        assert_eq!(ended, Err("x"));
    }
}
