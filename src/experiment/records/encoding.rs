//! Rows as lines of CSV.

use serde::Serialize;

use super::Record;
use crate::experiment::ExperimentError;

/// The header line with its line end.
#[must_use]
pub fn header_line<R: Record>() -> String {
    R::COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(",") + "\n"
}

/// One line for each row. Line breaks within a cell become spaces, so that a line is always a row.
///
/// # Errors
/// [`ExperimentError::Encode`].
pub fn row_lines<'r, R: Record + 'r>(rows: impl IntoIterator<Item = &'r R>) -> Result<String, ExperimentError> {
    let mut lines = String::new();
    for row in rows {
        let text = encode(row)?;
        lines += &text.trim_end_matches('\n').replace(['\n', '\r'], " ");
        lines.push('\n');
    }
    Ok(lines)
}

/// The texts of a row's cells, in the order of the columns.
///
/// # Errors
/// [`ExperimentError::Encode`].
pub fn cells<R: Record>(row: &R) -> Result<Vec<(&'static str, String)>, ExperimentError> {
    let text = encode(row)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let wrong = |error: csv::Error| ExperimentError::Encode { what: R::FILE, reason: error.to_string() };
    let cells = reader.records().next().transpose().map_err(wrong)?.unwrap_or_default();
    Ok(R::COLUMNS.iter().map(|column| column.name).zip(cells.iter().map(str::to_owned)).collect())
}

fn encode<R: Record>(row: &R) -> Result<String, ExperimentError> {
    csv_text([row], false).map_err(|reason| ExperimentError::Encode { what: R::FILE, reason })
}

/// Rows as CSV.
///
/// # Errors
/// Why a row cannot be written.
pub fn csv_text<S: Serialize>(rows: impl IntoIterator<Item = S>, with_header: bool) -> Result<String, String> {
    let mut writer = csv::WriterBuilder::new().has_headers(with_header).from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::records::{AccuracyRow, ImageRow, LayerRow, TrialRow};

    #[test]
    fn a_row_is_a_line() {
        let row = TrialRow { reason: "first, \"second\"\nthird\r\n".into(), ..TrialRow::default() };
        let lines = row_lines([&row, &row]).unwrap();
        assert_eq!(lines.lines().count(), 2);
        assert!(lines.lines().all(|line| line.ends_with(",\"first, \"\"second\"\" third  \"")), "{lines}");
        assert_eq!(row_lines::<ImageRow>([]).unwrap(), "");
    }

    #[test]
    fn the_header_is_what_serialisation_writes() {
        fn check<R: Record>() {
            let written = csv_text([R::default()], true).unwrap();
            assert_eq!(written.lines().next().unwrap(), header_line::<R>().trim_end());
        }
        check::<TrialRow>();
        check::<LayerRow>();
        check::<ImageRow>();
        check::<AccuracyRow>();
    }

    #[test]
    fn cells_know_their_columns() {
        let row = ImageRow { trial_id: "a,b".into(), overflow: true, ..ImageRow::default() };
        let cells = cells(&row).unwrap();
        assert_eq!(cells[0], ("trial_id", "a,b".into()));
        assert!(cells.contains(&("overflow", "true".into())) && cells.contains(&("label", "".into())));
    }
}
