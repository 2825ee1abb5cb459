//! A recorded table in memory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use polars::prelude::*;

use super::ReportError;
use super::spreadsheet::{Reading, shows_decimal_comma};
use crate::experiment::ExperimentError;
use crate::experiment::records::{ColumnKind, Record};
use crate::experiment::store::header::{delimiter, without_mark};
use crate::experiment::store::{ended_by_itself, table_parts};

/// A recorded table. Every cell is text until a column is asked for as numbers: an id such as `12e4567890123456` must not
/// become a number on its way.
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
        let wrong = |error: PolarsError| ReportError::Compute { what: R::FILE, reason: error.to_string() };
        Ok(Self { frame: stacked(parts).map_err(wrong)?, name: R::FILE })
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

    /// Names of the columns.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.frame.get_column_names().into_iter().map(|name| name.to_string()).collect()
    }

    /// A column as text; where the table has no such column, an empty text for each row.
    #[must_use]
    pub fn text_or_empty(&self, column: &str) -> Vec<String> {
        self.text(column).unwrap_or_else(|_| vec![String::new(); self.len()])
    }

    /// A column as text; empty cells are empty texts.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn text(&self, column: &str) -> Result<Vec<String>, ReportError> {
        Ok(self.cells(column)?.iter().map(|cell| cell.unwrap_or_default().to_owned()).collect())
    }

    /// A column as numbers; what is empty or no number is `None`.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn numbers(&self, column: &str) -> Result<Vec<Option<f64>>, ReportError> {
        let numbers = self.cells(column)?.cast(&DataType::Float64).map_err(|error| self.wrong(&error))?;
        let numbers = numbers.f64().map_err(|error| self.wrong(&error))?;
        Ok(numbers.iter().collect())
    }

    /// The first rows.
    #[must_use]
    pub fn head(&self, rows: usize) -> Self {
        Self { frame: self.frame.head(Some(rows)), name: self.name }
    }

    /// The rows whose `column` is `value`.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn rows_where(&self, column: &str, value: &str) -> Result<Self, ReportError> {
        let mask = self.cells(column)?.equal(value);
        let frame = self.frame.filter(&mask).map_err(|error| self.wrong(&error))?;
        Ok(Self { frame, name: self.name })
    }

    /// The rows with these numbers, in this order.
    ///
    /// # Errors
    /// [`ReportError::Compute`].
    pub fn rows_at(&self, rows: &[usize]) -> Result<Self, ReportError> {
        let rows = IdxCa::from_vec("rows".into(), rows.iter().map(|row| *row as IdxSize).collect());
        let frame = self.frame.take(&rows).map_err(|error| self.wrong(&error))?;
        Ok(Self { frame, name: self.name })
    }

    /// Of the rows with the same `column` the one with the largest number in `by` each, of several of these the last, in the order of
    /// their first ones.
    ///
    /// # Errors
    /// [`ReportError::Column`] if there is no `column`.
    pub fn last_by(&self, column: &str, by: &str) -> Result<Self, ReportError> {
        let keys = self.text(column)?;
        let order: Vec<u64> = self.text_or_empty(by).iter().map(|cell| cell.parse().unwrap_or(0)).collect();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut rows: Vec<usize> = Vec::new();
        for (row, key) in keys.iter().enumerate() {
            match places.get(key.as_str()) {
                Some(place) if order[row] >= order[rows[*place]] => rows[*place] = row,
                Some(_) => {}
                None => {
                    places.insert(key, rows.len());
                    rows.push(row);
                }
            }
        }
        self.rows_at(&rows)
    }

    /// These columns alone, in this order; empty where the table, of another version, has no such column.
    ///
    /// # Errors
    /// [`ReportError::Compute`] if a column is named twice.
    pub fn select(&self, columns: &[&str]) -> Result<DataFrame, ReportError> {
        let texts = columns.iter().map(|name| Column::new((*name).into(), self.text_or_empty(name))).collect();
        DataFrame::new(self.len(), texts).map_err(|error| self.wrong(&error))
    }

    /// The cells of a column.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub(super) fn cells(&self, column: &str) -> Result<&StringChunked, ReportError> {
        let missing = |_| ReportError::Column { table: self.name, column: column.to_owned() };
        self.frame.column(column).and_then(Column::str).map_err(missing)
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

/// The rows of all files of a table; empty where one, of an earlier version, has no such column.
fn stacked(parts: Vec<DataFrame>) -> PolarsResult<DataFrame> {
    let mut names: Vec<PlSmallStr> = Vec::new();
    for name in parts.iter().flat_map(DataFrame::get_column_names) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let widened = parts.iter().map(|part| {
        let column = |name: &PlSmallStr| match part.column(name) {
            Ok(column) => column.clone(),
            Err(_) => Column::full_null(name.clone(), part.height(), &DataType::String),
        };
        DataFrame::new(part.height(), names.iter().map(column).collect())
    });
    let mut all = DataFrame::default();
    for part in widened {
        let part = part?;
        all = if all.width() == 0 { part } else { all.vstack(&part)? };
    }
    Ok(all)
}

/// The columns of a table, each cell as it was written.
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
        Ok(StringChunked::from_iter(cells).with_name(name.as_str().into()).into_column())
    };
    names.iter().enumerate().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::records::LayerRow;

    #[test]
    fn ids_stay_text_and_empty_cells_are_no_numbers() {
        let directory = tempfile::tempdir().unwrap();
        let text = "trial_id,layer,seconds\n12e4567890123456,0,0.5\n0000000000000001,1,\n";
        std::fs::write(directory.path().join("layers.csv"), text).unwrap();
        let table = Table::read::<LayerRow>(directory.path()).unwrap();
        assert_eq!(table.text("trial_id").unwrap(), ["12e4567890123456", "0000000000000001"]);
        assert_eq!(table.numbers("seconds").unwrap(), [Some(0.5), None]);
        assert_eq!(table.rows_where("trial_id", "0000000000000001").unwrap().len(), 1);
        assert!(table.numbers("absent").unwrap_err().to_string().contains("absent"));
    }

    #[test]
    fn the_last_attempt_counts() {
        let directory = tempfile::tempdir().unwrap();
        let text = "trial_id,layer,seconds\na,0,1\nb,0,2\na,0,3\nc,0,4\n";
        std::fs::write(directory.path().join("layers.csv"), text).unwrap();
        let table = Table::read::<LayerRow>(directory.path()).unwrap().last_by("trial_id", "attempt").unwrap();
        assert_eq!(table.text("trial_id").unwrap(), ["a", "b", "c"]);
        assert_eq!(table.text("seconds").unwrap(), ["3", "2", "4"]);
    }

    #[test]
    fn files_of_several_versions_are_one_table() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("layers.csv"), "trial_id,layer\na,0\n").unwrap();
        std::fs::write(directory.path().join("layers.2.csv"), "trial_id,name,layer\nb,conv1,1\n").unwrap();
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
}
