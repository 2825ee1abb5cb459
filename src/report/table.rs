//! A recorded table in memory.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use polars::prelude::*;

use super::ReportError;
use crate::experiment::ExperimentError;
use crate::experiment::records::Record;

/// A recorded table. Every cell is text until a column is asked for as numbers: an id such as `12e4567890123456` must not
/// become a number on its way.
#[derive(Debug, Clone)]
pub struct Table {
    frame: DataFrame,
    name: &'static str,
}

impl Table {
    /// Reads the table of the records `R` in a results directory.
    ///
    /// # Errors
    /// [`ExperimentError::NoResults`] if there is none; [`ReportError::Table`] if it is damaged.
    pub fn read<R: Record>(directory: &Path) -> Result<Self, ReportError> {
        Self::read_file(directory, R::FILE)
    }

    /// Reads the table `name` in a directory.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read_file(directory: &Path, name: &'static str) -> Result<Self, ReportError> {
        let path = directory.join(name);
        if !path.is_file() {
            return Err(ExperimentError::NoResults { path: directory.to_owned(), missing: name }.into());
        }
        let file = std::fs::File::open(&path).map_err(|source| ExperimentError::Read { path: path.clone(), source })?;
        let frame = CsvReadOptions::default()
            .with_has_header(true)
            .with_infer_schema_length(Some(0))
            .into_reader_with_file_handle(file)
            .finish()
            .map_err(|error| ReportError::Table { path, reason: error.to_string() })?;
        Ok(Self { frame, name })
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

    /// Of the rows with the same `column` the last one each, in the order of their first ones.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn last_by(&self, column: &str) -> Result<Self, ReportError> {
        let keys = self.text(column)?;
        let last: HashMap<&str, IdxSize> =
            keys.iter().zip(0..).map(|(key, row): (&String, IdxSize)| (key.as_str(), row)).collect();
        let mut seen = HashSet::new();
        let rows: Vec<IdxSize> =
            keys.iter().filter(|key| seen.insert(key.as_str())).map(|key| last[key.as_str()]).collect();
        let frame = self.frame.take(&IdxCa::from_vec("rows".into(), rows)).map_err(|error| self.wrong(&error))?;
        Ok(Self { frame, name: self.name })
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
        let table = Table::read::<LayerRow>(directory.path()).unwrap().last_by("trial_id").unwrap();
        assert_eq!(table.text("trial_id").unwrap(), ["a", "b", "c"]);
        assert_eq!(table.text("seconds").unwrap(), ["3", "2", "4"]);
    }

    #[test]
    fn a_directory_without_results() {
        let error = Table::read::<LayerRow>(Path::new("/nonexistent")).unwrap_err();
        assert!(error.to_string().contains("name a directory that `leveled run` wrote"));
        assert!(error.is_user_error());
    }
}
