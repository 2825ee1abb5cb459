//! The summary of a results directory: one row per trial.

use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::ReportError;
use super::columns::{CLEAR, ENCRYPTED, SIMULATED, trial};
use super::format::significant;
use super::table::{Table, number, text};
use super::text_table::{Align, TextTable};
use crate::experiment::records::{ImageSet, SecurityVerdict, TrialRow};
use crate::experiment::store::write_whole;

/// How a summary column is shown.
#[derive(Debug, Clone, Copy)]
enum Show {
    /// As it stands.
    Text,
    /// As a number with so many significant digits.
    Number(usize),
    /// As a whole number.
    Whole,
    /// A share, as a percentage with one decimal.
    Percent,
    /// Bytes, in units of 2^20 or 2^30.
    Mebibytes,
    /// Bytes, in units of 2^30.
    Gibibytes,
}

/// Column of `trials.csv`, heading in the Markdown table, how it is shown.
const COLUMNS: [(&str, &str, Show); 26] = [
    ("trial_id", "trial", Show::Text),
    ("status", "status", Show::Text),
    ("network", "network", Show::Text),
    ("width", "width", Show::Whole),
    ("dataset", "data set", Show::Text),
    ("log_n", "log2 N", Show::Whole),
    ("layout", "layout", Show::Text),
    ("backend", "back end", Show::Text),
    ("images", "images", Show::Whole),
    ("agreement", "agreement (%)", Show::Percent),
    ("accuracy", "accuracy (%)", Show::Percent),
    ("simulated_accuracy", "simulated accuracy (%)", Show::Percent),
    ("clear_accuracy", "accuracy in the clear (%)", Show::Percent),
    ("overflow_images", "overflows", Show::Whole),
    ("logit_error_median", "logit error, median", Show::Number(2)),
    ("logit_error_max", "logit error, max", Show::Number(2)),
    ("precision_bits_min", "precision (bits, min)", Show::Number(3)),
    ("precision_bits_median", "precision (bits, median)", Show::Number(3)),
    ("latency_seconds_median", "latency (s)", Show::Number(3)),
    ("keygen_seconds", "key generation (s)", Show::Number(3)),
    ("peak_memory_bytes", "peak memory (GiB)", Show::Gibibytes),
    ("key_bytes", "keys (MiB)", Show::Mebibytes),
    ("ciphertext_bytes", "ciphertext (MiB)", Show::Mebibytes),
    ("levels_used", "levels", Show::Whole),
    ("log2_qp", "log2 QP", Show::Number(4)),
    ("threads", "threads", Show::Whole),
];

/// Name of the column made from the two verdicts.
const SECURITY: &str = "security";

impl Show {
    const fn align(self) -> Align {
        match self {
            Self::Text => Align::Left,
            _ => Align::Right,
        }
    }

    fn cell(self, frame: &DataFrame, column: &str, row: usize) -> String {
        let Some(number) = number(frame, column, row) else { return text(frame, column, row) };
        match self {
            Self::Text | Self::Whole => text(frame, column, row),
            Self::Number(digits) => significant(number, digits),
            Self::Percent => format!("{:.1}", 100.0 * number),
            Self::Mebibytes => significant(number / f64::from(1 << 20), 3),
            Self::Gibibytes => significant(number / f64::from(1 << 30), 3),
        }
    }
}

/// What a row says about security: `128-bit` only if both tables agree, or the older one has no line. Empty if no plan was made.
#[must_use]
pub fn security_word(verdict_2018: &str, verdict_2024: &str) -> &'static str {
    const SECURE: &str = SecurityVerdict::Secure.as_str();
    const UNKNOWN: &str = SecurityVerdict::Unknown.as_str();
    match (verdict_2018, verdict_2024) {
        ("", _) | (_, "") => "",
        (SECURE | UNKNOWN, SECURE) => "128-bit",
        (SECURE, _) => "insecure (2024 line)",
        _ => "insecure",
    }
}

/// The summary of all trials: chosen columns of `trials.csv`, unchanged but for accuracies of held out images, which are none
/// to show, and one that says `insecure` where that is so.
///
/// # Errors
/// [`ReportError::Column`].
pub fn summary(trials: &Table) -> Result<DataFrame, ReportError> {
    let verdicts = trials.text_or_empty("security_2018").into_iter().zip(trials.text_or_empty("security_2024"));
    let security: Vec<&str> = verdicts.map(|(old, new)| security_word(&old, &new)).collect();
    let wrong = |error: PolarsError| ReportError::Compute { what: "summary", reason: error.to_string() };
    let mut frame = trials.select(&COLUMNS.map(|(column, _, _)| column))?;
    frame.with_column(Column::new(SECURITY.into(), security)).map_err(wrong)?;
    let images_of = trials.text_or_empty(trial::IMAGES_OF);
    hide_accuracies(&mut frame, &images_of.iter().map(|of| of == ImageSet::Validation.as_str()).collect::<Vec<_>>())
        .map_err(wrong)?;
    Ok(frame)
}

/// Empties the accuracies of the trials that are `held_out`.
fn hide_accuracies(frame: &mut DataFrame, held_out: &[bool]) -> PolarsResult<()> {
    let shown: BooleanChunked = held_out.iter().map(|held_out| Some(!held_out)).collect();
    for of in [ENCRYPTED, SIMULATED, CLEAR] {
        let found = frame.column(of.share)?.as_materialized_series().clone();
        let nothing = Series::full_null(of.share.into(), found.len(), found.dtype());
        frame.with_column(found.zip_with(&shown, &nothing)?.into_column())?;
    }
    Ok(())
}

/// Writes `summary.csv` and `summary.md` into the results directory and gives their paths.
///
/// # Errors
/// As [`summary`], and what writing says.
pub fn write_summary(trials: &Table, directory: &Path) -> Result<[PathBuf; 2], ReportError> {
    let mut frame = summary(trials)?;
    let wrong = |error: PolarsError| ReportError::Compute { what: "summary", reason: error.to_string() };
    let mut csv = Vec::new();
    CsvWriter::new(&mut csv).finish(&mut frame).map_err(wrong)?;
    let paths = [directory.join("summary.csv"), directory.join("summary.md")];
    write_whole(&paths[0], &csv)?;
    write_whole(&paths[1], markdown(trials, &frame)?.as_bytes())?;
    Ok(paths)
}

fn markdown(trials: &Table, frame: &DataFrame) -> Result<String, ReportError> {
    let mut text = summary_table(frame).markdown();
    let failures: Vec<_> = trials
        .text("trial_id")?
        .into_iter()
        .zip(trials.text_or_empty("reason"))
        .filter(|(_, reason)| !reason.is_empty())
        .collect();
    if !failures.is_empty() {
        text += "\nFailed:\n\n";
        for (trial, reason) in failures {
            text += &format!("* `{trial}`: {}\n", reason.replace(['\n', '\r'], " "));
        }
    }
    Ok(text)
}

/// The summary as texts, for Markdown or a terminal.
#[must_use]
pub fn summary_table(frame: &DataFrame) -> TextTable {
    let shown = COLUMNS.into_iter().chain([(SECURITY, SECURITY, Show::Text)]);
    let mut table = TextTable::new(shown.clone().map(|(_, heading, show)| (heading, show.align())));
    for row in 0..frame.height() {
        table.push(shown.clone().map(|(column, _, show)| show.cell(frame, column, row)).collect());
    }
    table
}

/// The summary for a terminal: a line per fact and a column per trial, which stays narrow where the table is wide.
#[must_use]
pub fn facts(frame: &DataFrame) -> String {
    summary_table(frame).transposed().plain()
}

/// Reads the trials of a results directory: of several attempts at a trial the last one that came to its end counts.
///
/// # Errors
/// As [`Table::read`].
pub fn trials(directory: &Path) -> Result<Table, ReportError> {
    Table::read::<TrialRow>(directory)?.last_attempts()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::directory;

    #[test]
    fn a_summary_has_no_accuracy_of_held_out_images() {
        let header = "trial_id,status,images_of,agreement,accuracy,simulated_accuracy";
        let rows = "a,ok,test,1,0.9,0.8\nb,ok,validation,1,0.7,0.6\n";
        let directory = directory(&[("trials.csv", &format!("{header}\n{rows}"))]);
        let frame = summary(&trials(directory.path()).unwrap()).unwrap();
        let cells = |row: usize| header.split(',').skip(3).map(|name| text(&frame, name, row)).collect::<Vec<_>>();
        assert_eq!((cells(0).join(" "), cells(1).join(" ")), ("1.0 0.9 0.8".into(), "1.0  ".into()));
    }

    #[test]
    fn only_two_agreeing_verdicts_are_128_bit() {
        assert_eq!(security_word("secure", "secure"), "128-bit");
        assert_eq!(security_word("secure", "insecure"), "insecure (2024 line)");
        assert_eq!(security_word("insecure", "insecure"), "insecure");
        assert_eq!((security_word("unknown", "secure"), security_word("unknown", "insecure")), ("128-bit", "insecure"));
        assert_eq!(security_word("", ""), "");
    }

    #[test]
    fn cells() {
        let frame = DataFrame::new(
            1,
            vec![
                Column::new("bytes".into(), [3_221_225_472_u64]),
                Column::new("share".into(), [0.9]),
                Column::new("none".into(), [None::<f64>]),
            ],
        );
        let frame = frame.unwrap();
        let cell = |show: Show, column| show.cell(&frame, column, 0);
        assert_eq!(cell(Show::Gibibytes, "bytes"), "3.00");
        assert_eq!(cell(Show::Percent, "share"), "90.0");
        assert_eq!(cell(Show::Whole, "bytes"), "3221225472");
        assert_eq!(cell(Show::Number(3), "none"), "");
    }
}
