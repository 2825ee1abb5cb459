//! Two results directories, trial by trial: what got worse, what got better.

mod difference;
mod matching;
mod side;
mod text;

use std::path::Path;

use serde::Serialize;

use super::ReportError;
pub use difference::{Difference, Verdict};
use matching::{Matched, matched};
use side::Side;
pub use text::comparison_text;

/// What counts as worse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tolerance {
    /// Percent points of accuracy that may be lost.
    pub accuracy_points: f64,
    /// Percent that an evaluation may take longer.
    pub seconds_percent: f64,
    /// Whether trials may be gone.
    pub missing: bool,
}

/// One trial in both directories.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedTrial {
    /// What distinguishes it from the other trials, such as `log_n=15 threads=2`; its id, if nothing does.
    pub label: String,
    /// Its id before.
    pub trial_id: String,
    /// Its id after: another one where weights, cards or images changed, and no setting.
    pub trial_id_after: String,
    /// Why it failed after, though it had come to its end before.
    pub failed: Option<String>,
    /// What the accuracy is of: `encrypted`, `simulated` or `clear text`.
    pub accuracy_of: Option<&'static str>,
    /// Accuracy in percent; the difference in percent points.
    pub accuracy: Option<Difference>,
    /// Median seconds of an evaluation; the difference in percent.
    pub seconds: Option<Difference>,
}

impl ComparedTrial {
    /// Whether it is worse in anything.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        let worse = |it: &Option<Difference>| it.as_ref().is_some_and(|it| it.verdict == Verdict::Worse);
        self.failed.is_some() || worse(&self.accuracy) || worse(&self.seconds)
    }

    /// What it is sorted by: failed first, then by lost accuracy, by lost time; what is not worse by the same.
    fn severity(&self) -> (u8, f64) {
        let of =
            |it: &Option<Difference>, verdict| it.as_ref().filter(|it| it.verdict == verdict).map(|it| it.difference);
        let accuracy = |verdict| of(&self.accuracy, verdict);
        let seconds = |verdict| of(&self.seconds, verdict);
        match () {
            () if self.failed.is_some() => (0, 0.0),
            () if accuracy(Verdict::Worse).is_some() => (1, accuracy(Verdict::Worse).unwrap_or(0.0)),
            () if seconds(Verdict::Worse).is_some() => (2, -seconds(Verdict::Worse).unwrap_or(0.0)),
            () if accuracy(Verdict::Better).is_some() => (4, -accuracy(Verdict::Better).unwrap_or(0.0)),
            () if seconds(Verdict::Better).is_some() => (5, seconds(Verdict::Better).unwrap_or(0.0)),
            () => (3, 0.0),
        }
    }
}

/// Two results directories.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Before.
    pub before: String,
    /// After.
    pub after: String,
    /// What counts as worse.
    pub tolerance: Tolerance,
    /// Trials in both, what got worse first.
    pub trials: Vec<ComparedTrial>,
    /// Trials that came to their end before and are not there after.
    pub only_before: Vec<String>,
    /// Trials that came to their end after and were not there before.
    pub only_after: Vec<String>,
    /// Trials that failed before and came to their end after.
    pub mended: Vec<String>,
    /// What the two have differently, of program and machine: seconds may differ for that alone.
    pub circumstances: Vec<Circumstance>,
}

/// Something of program or machine that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Circumstance {
    /// The column.
    pub name: &'static str,
    /// Its values before.
    pub before: String,
    /// Its values after.
    pub after: String,
}

impl Comparison {
    /// Number of trials that got worse, those included that are gone where none may be.
    #[must_use]
    pub fn worse(&self) -> usize {
        self.trials.iter().filter(|trial| trial.is_worse()).count() + self.gone()
    }

    /// Number of trials that [`worse`](Self::worse) is of.
    #[must_use]
    pub fn total(&self) -> usize {
        self.trials.len() + self.gone()
    }

    fn gone(&self) -> usize {
        if self.tolerance.missing { 0 } else { self.only_before.len() }
    }
}

/// Compares two results directories: trials of the same id, and trials of the same settings.
///
/// # Errors
/// As [`super::table::Table::read`]; [`ReportError::NothingToCompare`].
pub fn compare(before: &Path, after: &Path, tolerance: Tolerance) -> Result<Comparison, ReportError> {
    let (one, other) = (Side::read(before)?, Side::read(after)?);
    let Matched { pairs, only_before, only_after, mended } = matched(&one, &other);
    if pairs.is_empty() {
        return Err(ReportError::NothingToCompare { before: before.to_owned(), after: after.to_owned() });
    }
    let labels = matching::labels(&one, &pairs);
    let mut trials = Vec::with_capacity(pairs.len());
    for ((row, row_after), label) in pairs.into_iter().zip(labels) {
        let accuracy = difference::accuracy(&one, row, &other, row_after, tolerance.accuracy_points)?;
        trials.push(ComparedTrial {
            label,
            trial_id: one.id(row),
            trial_id_after: other.id(row_after),
            failed: (!other.has_ended(row_after)).then(|| other.reason(row_after)),
            accuracy_of: accuracy.as_ref().map(|(of, _)| *of),
            accuracy: accuracy.map(|(_, difference)| difference),
            seconds: difference::seconds(&one, row, &other, row_after, tolerance.seconds_percent),
        });
    }
    trials.sort_by(|a, b| {
        let ((class, much), (other_class, other_much)) = (a.severity(), b.severity());
        class.cmp(&other_class).then(much.total_cmp(&other_much))
    });
    Ok(Comparison {
        before: before.display().to_string(),
        after: after.display().to_string(),
        tolerance,
        trials,
        only_before,
        only_after,
        mended,
        circumstances: side::circumstances(&one, &other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows;

    const HEADER: &str = "trial_id,attempt,status,log_n,seed,dataset_sha256,processor,accuracy,accuracy_low,accuracy_high,accuracy_images,\
                          latency_seconds_median,latency_seconds_quartile1,latency_seconds_quartile3,latency_evaluations,reason\n";

    fn directory(trials: &str, images: &str) -> tempfile::TempDir {
        let (trials, header) = (format!("{HEADER}{trials}"), "trial_id,attempt,image,label,predicted\n");
        rows::tests::directory(&[("trials.csv", &trials), ("images.csv", &format!("{header}{images}"))])
    }

    /// Rows of 200 images of a trial, the first `wrong` of which are wrong.
    fn images(id: &str, wrong: usize) -> String {
        (0..200).map(|image| format!("{id},1,{image},1,{}\n", u8::from(image >= wrong))).collect()
    }

    const TOLERANCE: Tolerance = Tolerance { accuracy_points: 0.0, seconds_percent: 5.0, missing: true };

    #[test]
    fn what_got_worse_is_first() {
        let before = directory(
            "a,1,ok,13,,x,P,0.95,0.91,0.97,200,5,4.9,5.1,200,\nb,1,ok,14,,x,P,0.95,0.91,0.97,200,5,4.9,5.1,200,\n\
             c,1,ok,15,,x,P,0.95,0.91,0.97,200,5,4.9,5.1,200,\nd,1,ok,16,,x,P,,,,,5,,,1,\ne,1,ok,17,,x,P,,,,,5,,,1,\n\
             f,1,failed,12,,x,P,,,,,,,,,killed\n",
            &[images("a", 10), images("b", 10), images("c", 10)].concat(),
        );
        // The same; slower; less accurate, as another trial of the same settings; failed; missing; another.
        let after = directory(
            "a,1,ok,13,,x,P,0.95,0.91,0.97,200,5.1,5,5.2,200,\nb,1,ok,14,,x,P,0.95,0.91,0.97,200,6,5.9,6.1,200,\n\
             z,1,ok,15,,x,P,0.9,0.85,0.93,200,5,4.9,5.1,200,\nd,1,failed,16,,x,P,,,,,,,,,killed by signal 9\n\
             g,1,ok,11,,x,P,,,,,5,,,1,\nf,2,ok,12,,x,P,,,,,5,,,1,\n",
            &[images("a", 10), images("b", 10), images("z", 20)].concat(),
        );
        let made = compare(before.path(), after.path(), TOLERANCE).unwrap();
        let order: Vec<&str> = made.trials.iter().map(|trial| trial.trial_id.as_str()).collect();
        assert_eq!(order, ["d", "c", "b", "a"]);
        assert_eq!(
            (made.worse(), made.only_before.as_slice(), made.only_after.as_slice()),
            (3, &["log_n=17 (e)".to_owned()][..], &["log_n=11 (g)".to_owned()][..])
        );
        assert_eq!(made.mended, ["log_n=12 (f)"]);
        assert_eq!(made.trials[0].failed.as_deref(), Some("killed by signal 9"));
        let accuracy = made.trials[1].accuracy.as_ref().unwrap();
        assert!(
            (accuracy.difference + 5.0).abs() < 1e-9 && accuracy.verdict == Verdict::Worse && accuracy.paired,
            "{accuracy:?}"
        );
        assert_eq!((made.trials[1].label.as_str(), made.trials[1].trial_id_after.as_str()), ("log_n=15", "z"));
        let seconds = made.trials[2].seconds.as_ref().unwrap();
        assert!((seconds.difference - 20.0).abs() < 1e-9 && seconds.verdict == Verdict::Worse, "{seconds:?}");
        assert!(!made.trials[3].is_worse());
        // Half a percent point more may be lost, and half the time.
        let lenient = Tolerance { accuracy_points: 10.0, seconds_percent: 50.0, missing: true };
        assert_eq!(compare(before.path(), after.path(), lenient).unwrap().worse(), 1);
        let complete = compare(before.path(), after.path(), Tolerance { missing: false, ..lenient }).unwrap();
        assert_eq!((complete.worse(), complete.total()), (2, 5));
        let text = comparison_text(&complete);
        assert!(text.contains("2 of 5 trials got worse; 1 of before is not there after."), "{text}");
        // The other way round it is an improvement.
        let back = compare(after.path(), before.path(), TOLERANCE).unwrap();
        assert_eq!((back.worse(), back.trials[0].trial_id.as_str()), (1, "f"), "but for what failed there");
        assert_eq!(back.trials.last().unwrap().trial_id, "b");
        let text = comparison_text(&made);
        assert!(
            text.contains("3 of 4 trials got worse; 1 of before is not there after.")
                && text.contains("| failed: killed by signal 9"),
            "{text}"
        );
    }

    #[test]
    fn what_may_be_chance_is_unclear() {
        // One image of 200 more is wrong; two evaluations each that overlap, slower by a tenth.
        let before = directory("a,1,ok,13,,x,P,0.95,0.91,0.97,200,5,4.5,5.5,2,\n", &images("a", 10));
        let after = directory("a,1,ok,13,,x,P,0.945,0.9,0.97,200,5.5,5,6,2,\n", &images("a", 11));
        let made = compare(before.path(), after.path(), TOLERANCE).unwrap();
        let (accuracy, seconds) = (made.trials[0].accuracy.as_ref().unwrap(), made.trials[0].seconds.as_ref().unwrap());
        assert_eq!((made.worse(), accuracy.verdict, seconds.verdict), (0, Verdict::Unclear, Verdict::Unclear));
        // Agresti and Min: centre -1/202, variance (2/202 - 1/202^2), half 1.96 sqrt(variance / 202).
        let (low, high) = accuracy.interval.unwrap();
        assert!((low + 1.866).abs() < 5e-3 && (high - 0.875).abs() < 5e-3, "{low} {high}");
        // 1.253 x 1 / 1.349 / sqrt 2 / 5 and / 5.5, together times 1.96 x 1.1.
        let (low, high) = seconds.interval.unwrap();
        assert!((low + 28.28).abs() < 0.05 && (high - 48.28).abs() < 0.05, "{low} {high}");
        let back = compare(after.path(), before.path(), TOLERANCE).unwrap();
        assert_eq!(back.trials[0].seconds.as_ref().unwrap().verdict, Verdict::Unclear);
    }

    #[test]
    fn directories_without_a_common_trial_are_refused() {
        let one = directory("a,1,ok,13,,x,P,,,,,5,,,1,\n", "");
        let other = directory("b,1,ok,14,,x,P,,,,,5,,,1,\n", "");
        let error = compare(one.path(), other.path(), TOLERANCE).unwrap_err();
        assert!(error.is_user_error() && error.to_string().contains("have no trial in common"), "{error}");
    }

    #[test]
    fn settings_that_a_table_of_before_lacks_were_as_they_are_by_default() {
        let one = directory("a,1,ok,13,,x,P,,,,,5,,,1,\n", "");
        let (header, row) = (HEADER.replace("log_n", "pool,log_n"), "b,1,ok,standard,13,,x,P,,,,,5,,,1,\n");
        let other = rows::tests::directory(&[("trials.csv", &format!("{header}{row}"))]);
        let made = compare(one.path(), other.path(), TOLERANCE).unwrap();
        assert_eq!((made.trials[0].trial_id.as_str(), made.trials[0].trial_id_after.as_str()), ("a", "b"));
    }

    #[test]
    fn threads_that_nobody_asked_for_are_a_circumstance() {
        let with_threads = |trials: &str| {
            let header = HEADER.replace("log_n", "threads,log_n");
            rows::tests::directory(&[("trials.csv", &format!("{header}{trials}"))])
        };
        let one = with_threads("a,1,ok,2,13,,x,P,,,,,5,,,1,\n");
        let other = with_threads("z,1,ok,8,13,,x,P,,,,,5,,,1,\n");
        let made = compare(one.path(), other.path(), TOLERANCE).unwrap();
        assert_eq!((made.trials[0].trial_id.as_str(), made.trials[0].trial_id_after.as_str()), ("a", "z"));
        let expected = Circumstance { name: "threads", before: "2".into(), after: "8".into() };
        assert_eq!(made.circumstances, [expected]);
        // Of a sweep, two trials with the same threads are one, and others are not.
        let swept = with_threads("b,1,ok,2,13,,x,P,,,,,5,,,1,\nc,1,ok,4,13,,x,P,,,,,5,,,1,\n");
        let made = compare(one.path(), swept.path(), TOLERANCE).unwrap();
        assert_eq!((made.trials[0].trial_id_after.as_str(), made.only_after.len()), ("b", 1));
        assert!(compare(other.path(), swept.path(), TOLERANCE).is_err());
    }

    #[test]
    fn other_machines_are_told() {
        let one = directory("a,1,ok,13,,x,P,,,,,5,,,1,\n", "");
        let other = directory("a,1,ok,13,,x,Q,,,,,5,,,1,\n", "");
        let made = compare(one.path(), other.path(), TOLERANCE).unwrap();
        let expected = Circumstance { name: "processor", before: "P".into(), after: "Q".into() };
        assert_eq!((made.circumstances.as_slice(), made.worse()), (&[expected][..], 0));
        assert!(comparison_text(&made).contains("processor: P before, Q after"));
    }
}
