//! A recorded table in memory.

use std::path::{Path, PathBuf};

use csv::StringRecord;
use polars::functions::concat_df_diagonal;
use polars::prelude::*;

use super::ReportError;
use super::columns::trial;
use crate::experiment::ExperimentError;
use crate::experiment::records::{ColumnKind, Reading, Record, TrialStatus, shows_decimal_comma};
use crate::experiment::store::header::delimiter;
use crate::experiment::store::{ended_by_itself, table_parts};
use crate::user_file::without_mark;

/// A recorded table, each column of the type that its documentation states: an id such as `12e4567890123456` must not become a number on
/// its way. A column that is not documented, of another version, is text.
#[derive(Debug, Clone)]
pub struct Table {
    frame: DataFrame,
    name: &'static str,
}

impl Table {
    /// Reads the table of the records `R` in a results directory. What spreadsheets do to a table (other delimiters, decimal commas,
    /// `TRUE`, a byte order mark) is undone where it is unambiguous.
    ///
    /// # Errors
    /// [`ExperimentError::NoResults`] if there is none; [`ReportError::Table`] and [`ReportError::Cell`] if it is damaged.
    pub fn read<R: Record>(directory: &Path) -> Result<Self, ReportError> {
        let paths = table_parts::<R>(directory);
        if paths.is_empty() {
            return Err(ExperimentError::NoResults { path: directory.to_owned(), missing: R::FILE }.into());
        }
        let ended = ended_by_itself(directory);
        let parts = paths.into_iter().map(|path| read_part::<R>(path, ended)).collect::<Result<Vec<_>, _>>()?;
        Self::of::<R>(concat_df_diagonal(&parts))
    }

    fn of<R: Record>(frame: PolarsResult<DataFrame>) -> Result<Self, ReportError> {
        let wrong = |error: PolarsError| ReportError::Compute { what: R::FILE, reason: error.to_string() };
        Ok(Self { frame: frame.map_err(wrong)?, name: R::FILE })
    }

    /// As [`Table::read`]; a table that is not there, as in a copy of `trials.csv` alone, has no rows.
    ///
    /// # Errors
    /// Those of [`Table::read`] but for [`ExperimentError::NoResults`].
    pub fn read_or_empty<R: Record>(directory: &Path) -> Result<Self, ReportError> {
        if !table_parts::<R>(directory).is_empty() {
            return Self::read::<R>(directory);
        }
        let names: Vec<String> = R::COLUMNS.iter().map(|column| column.name.to_owned()).collect();
        Self::of::<R>(DataFrame::new(0, columns_of::<R>(directory, &names, &[])?))
    }

    /// The name of its first file, such as `trials.csv`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All columns.
    #[must_use]
    pub const fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// A column as text, an empty one for each cell without anything and where the table has no such column.
    #[must_use]
    pub fn text_or_empty(&self, column: &str) -> Vec<String> {
        (0..self.len()).map(|row| text(&self.frame, column, row)).collect()
    }

    /// A column as text; empty cells are empty texts.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn text(&self, column: &str) -> Result<Vec<String>, ReportError> {
        self.column(column).map(|_| self.text_or_empty(column))
    }

    /// A column as numbers; what is empty or no number is `None`.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn numbers(&self, column: &str) -> Result<Vec<Option<f64>>, ReportError> {
        self.column(column).map(|_| (0..self.len()).map(|row| number(&self.frame, column, row)).collect())
    }

    /// The first rows.
    #[must_use]
    pub fn head(&self, rows: usize) -> Self {
        Self { frame: self.frame.head(Some(rows)), name: self.name }
    }

    /// The rows whose `column` of texts is `value`.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn rows_where(&self, column: &str, value: &str) -> Result<Self, ReportError> {
        let mask = self.column(column)?.str().map_err(|error| self.wrong(&error))?.equal(value);
        let frame = self.frame.filter(&mask).map_err(|error| self.wrong(&error))?;
        Ok(Self { frame, name: self.name })
    }

    /// The rows of an attempt at a trial; of all attempts where it has no number.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn of_attempt(&self, id: &str, attempt: &str) -> Result<Self, ReportError> {
        let of_trial = self.rows_where(trial::ID, id)?;
        let Ok(attempt) = attempt.parse::<u64>() else { return Ok(of_trial) };
        let mask = of_trial.column(trial::ATTEMPT)?.u64().map(|attempts| attempts.equal(attempt));
        let frame = mask.and_then(|mask| of_trial.frame.filter(&mask)).map_err(|error| self.wrong(&error))?;
        Ok(Self { frame, name: self.name })
    }

    /// Of the attempts at a trial the one each that counts ([`TrialStatus::rank`]), in the order of the first ones.
    ///
    /// # Errors
    /// [`ReportError::Column`] if there are no ids.
    pub fn last_attempts(&self) -> Result<Self, ReportError> {
        self.column(trial::ID)?;
        let wrong = |error| self.wrong(&error);
        let rank = |row: &usize| attempt_rank(&self.frame, *row);
        let trials = alike(&self.frame, &[trial::ID]).map_err(wrong)?;
        let last: Vec<usize> = trials.iter().filter_map(|rows| rows.iter().copied().max_by_key(rank)).collect();
        Ok(Self { frame: rows_at(&self.frame, &last).map_err(wrong)?, name: self.name })
    }

    /// These columns alone, in this order; empty where the table, of another version, has no such column.
    ///
    /// # Errors
    /// [`ReportError::Compute`] if a column is named twice.
    pub fn select(&self, columns: &[&str]) -> Result<DataFrame, ReportError> {
        let empty = |name: &str| Column::full_null(name.into(), self.len(), &DataType::String);
        let columns = columns.iter().map(|name| self.frame.column(name).cloned().unwrap_or_else(|_| empty(name)));
        DataFrame::new(self.len(), columns.collect()).map_err(|error| self.wrong(&error))
    }

    /// A column.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn column(&self, column: &str) -> Result<&Column, ReportError> {
        let missing = |_| ReportError::Column { table: self.name, column: column.to_owned() };
        self.frame.column(column).map_err(missing)
    }

    fn wrong(&self, error: &PolarsError) -> ReportError {
        ReportError::Compute { what: self.name, reason: error.to_string() }
    }
}

/// The cells of one file of a table; `ended`: nobody is writing to it.
fn read_part<R: Record>(path: PathBuf, ended: bool) -> Result<DataFrame, ReportError> {
    let bytes = std::fs::read(&path).map_err(|source| ExperimentError::Read { path: path.clone(), source })?;
    let damaged = |reason: String| ReportError::Table { path: path.clone(), reason };
    let text = std::str::from_utf8(without_mark(&bytes))
        .map_err(|error| damaged(format!("it is not in UTF-8 ({error}); save it so")))?;
    let header = text.lines().next().unwrap_or_default();
    // A last line without its end may be cut short while the run that writes it has not ended.
    let is_cut = !text.ends_with('\n') && !ended;
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter(header)).flexible(true).from_reader(text.as_bytes());
    let names: Vec<String> =
        reader.headers().map_err(|error| damaged(error.to_string()))?.iter().map(str::to_owned).collect();
    if names.iter().all(String::is_empty) {
        return Err(damaged("it is empty".to_owned()));
    }
    let mut rows: Vec<(u64, StringRecord)> = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| damaged(error.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        rows.push((line, row));
    }
    if is_cut {
        rows.pop();
    }
    // A spreadsheet may add rows without anything.
    rows.retain(|(_, row)| row.iter().any(|cell| !cell.is_empty()));
    if let Some((line, row)) = rows.iter().find(|(_, row)| row.len() != names.len()) {
        let reason = format!("line {line} has {} cells, and the header {} columns", row.len(), names.len());
        return Err(damaged(reason));
    }
    let columns = columns_of::<R>(&path, &names, &rows)?;
    DataFrame::new(rows.len(), columns).map_err(|error| damaged(error.to_string()))
}

/// A cell as text, as it was written; empty where there is nothing.
#[must_use]
pub fn text(frame: &DataFrame, column: &str, row: usize) -> String {
    match frame.column(column).and_then(|column| column.get(row)) {
        Err(_) | Ok(AnyValue::Null) => String::new(),
        // As the tables have it: `22.0`, `0.00001`, `1e-7`.
        Ok(AnyValue::Float64(number)) => serde_json::json!(number).to_string(),
        Ok(cell) => cell.get_str().map_or_else(|| cell.to_string(), str::to_owned),
    }
}

/// A cell as a number; none where there is nothing, or something else.
#[must_use]
pub fn number(frame: &DataFrame, column: &str, row: usize) -> Option<f64> {
    let cell = frame.column(column).and_then(|column| column.get(row)).ok()?;
    let number = if let Some(text) = cell.get_str() { text.parse().ok() } else { cell.extract() };
    number.filter(|number: &f64| number.is_finite())
}

/// The [`TrialStatus::rank`] of an attempt.
#[must_use]
pub fn attempt_rank(frame: &DataFrame, row: usize) -> (bool, u64) {
    let is_ok = text(frame, trial::STATUS, row) == TrialStatus::Ok.as_str();
    let status = if is_ok { TrialStatus::Ok } else { TrialStatus::Failed };
    status.rank(number(frame, trial::ATTEMPT, row).unwrap_or(0.0) as u64)
}

/// The rows that agree in some columns, those that the table has, in the order of the first ones.
///
/// # Errors
/// What polars says.
pub fn alike(frame: &DataFrame, columns: &[&str]) -> PolarsResult<Vec<Vec<usize>>> {
    let known: Vec<&str> = columns.iter().copied().filter(|name| frame.column(name).is_ok()).collect();
    if known.is_empty() || frame.height() == 0 {
        return Ok(if frame.height() == 0 { Vec::new() } else { vec![(0..frame.height()).collect()] });
    }
    let groups = frame.group_by_stable(known)?;
    let rows = |group| match group {
        GroupsIndicator::Idx((_, rows)) => rows.iter().map(|row| *row as usize).collect(),
        GroupsIndicator::Slice([first, count]) => (first as usize..(first + count) as usize).collect(),
    };
    Ok(groups.get_groups().iter().map(rows).collect())
}

/// The rows with these numbers, in this order.
///
/// # Errors
/// What polars says.
pub fn rows_at(frame: &DataFrame, rows: &[usize]) -> PolarsResult<DataFrame> {
    frame.take(&IdxCa::from_vec("rows".into(), rows.iter().map(|row| *row as IdxSize).collect()))
}

/// The columns of a table.
fn columns_of<R: Record>(
    path: &Path,
    names: &[String],
    rows: &[(u64, StringRecord)],
) -> Result<Vec<Column>, ReportError> {
    let documented: Vec<_> = names.iter().map(|name| R::COLUMNS.iter().find(|column| column.name == *name)).collect();
    let numbers: Vec<usize> = (0..names.len())
        .filter(|index| documented[*index].is_some_and(|column| column.kind == ColumnKind::Number))
        .collect();
    let decimal_commas = rows.iter().any(|(_, row)| numbers.iter().any(|index| shows_decimal_comma(&row[*index])));
    let column = |(index, name): (usize, &String)| {
        let reading = Reading::new(documented[index], decimal_commas);
        let cell = |(line, row): &(u64, StringRecord)| {
            let cell = reading.cell(&row[index]).map_err(|problem| ReportError::Cell {
                path: path.to_owned(),
                line: *line,
                column: name.clone(),
                problem,
            })?;
            Ok((!cell.is_empty()).then_some(cell))
        };
        let cells = rows.iter().map(cell).collect::<Result<Vec<Option<String>>, ReportError>>()?;
        typed(name, &StringChunked::from_iter(cells), documented[index].map(|column| &column.kind))
            .map_err(|error| ReportError::Table { path: path.to_owned(), reason: error.to_string() })
    };
    names.iter().enumerate().map(column).collect()
}

/// A column with the type of its documentation.
fn typed(name: &str, cells: &StringChunked, kind: Option<&ColumnKind>) -> PolarsResult<Column> {
    let column = match kind {
        Some(ColumnKind::Integer) => cells.cast(&DataType::UInt64)?,
        Some(ColumnKind::Number) => cells.cast(&DataType::Float64)?,
        Some(ColumnKind::Boolean) => {
            let truth = cells.iter().map(|cell| cell.map(|cell| cell == "true"));
            BooleanChunked::from_iter(truth).into_series()
        }
        Some(ColumnKind::Text | ColumnKind::Words(_)) | None => cells.clone().into_series(),
    };
    Ok(column.with_name(name.into()).into_column())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::records::{LayerRow, TrialRow};
    use crate::report::rows::tests::directory;

    #[test]
    fn ids_stay_text_and_empty_cells_are_no_numbers() {
        let text = "trial_id,layer,seconds\n12e4567890123456,0,0.5\n0000000000000001,1,\n";
        let directory = directory(&[("layers.csv", text)]);
        let table = Table::read::<LayerRow>(directory.path()).unwrap();
        assert_eq!(table.text("trial_id").unwrap(), ["12e4567890123456", "0000000000000001"]);
        assert_eq!(table.numbers("seconds").unwrap(), [Some(0.5), None]);
        assert_eq!(table.rows_where("trial_id", "0000000000000001").unwrap().len(), 1);
        assert!(table.numbers("absent").unwrap_err().to_string().contains("absent"));
    }

    #[test]
    fn the_last_attempt_counts() {
        let directory = directory(&[("layers.csv", "trial_id,layer,seconds\na,0,1\nb,0,2\na,0,3\nc,0,4\n")]);
        let table = Table::read::<LayerRow>(directory.path()).unwrap().last_attempts().unwrap();
        assert_eq!(table.text("trial_id").unwrap(), ["a", "b", "c"]);
        assert_eq!(table.numbers("seconds").unwrap(), [Some(3.0), Some(2.0), Some(4.0)]);
        let directory = self::directory(&[(
            "trials.csv",
            "trial_id,attempt,status\na,1,failed\na,2,ok\na,3,failed\nb,1,failed\nb,2,failed\n",
        )]);
        let table = Table::read::<TrialRow>(directory.path()).unwrap().last_attempts().unwrap();
        assert_eq!(table.text("attempt").unwrap(), ["2", "2"]);
    }

    #[test]
    fn files_of_several_versions_are_one_table() {
        let later = ("layers.2.csv", "trial_id,name,layer\nb,conv1,1\n");
        let directory = directory(&[("layers.csv", "trial_id,layer\na,0\n"), later]);
        let table = Table::read::<LayerRow>(directory.path()).unwrap();
        let texts = ["trial_id", "layer", "name"].map(|name| table.text(name).unwrap());
        assert_eq!(texts, [["a", "b"], ["0", "1"], ["", "conv1"]]);
    }

    #[test]
    fn a_directory_without_results() {
        let error = Table::read::<LayerRow>(Path::new("/nonexistent")).unwrap_err();
        assert!(error.to_string().contains("name a directory that `leveled run` wrote"));
        assert!(error.is_user_error());
    }

    #[test]
    fn a_table_that_is_not_there_has_no_rows() {
        let directory = directory(&[("trials.csv", "trial_id,status\na,ok\n")]);
        let table = Table::read_or_empty::<LayerRow>(directory.path()).unwrap();
        assert!(table.is_empty() && table.numbers("seconds").unwrap().is_empty());
        assert!(table.of_attempt("a", "1").unwrap().is_empty());
        std::fs::write(directory.path().join("layers.csv"), "").unwrap();
        assert!(Table::read_or_empty::<LayerRow>(directory.path()).unwrap_err().to_string().contains("it is empty"));
    }
}
