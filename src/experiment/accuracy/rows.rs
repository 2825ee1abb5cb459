//! The rows of an evaluation: in a results directory, if there is one, where what is recorded is not measured again.

use std::path::Path;

use crate::experiment::ExperimentError;
use crate::experiment::records::AccuracyRow;
use crate::experiment::store::{LockedTable, Recovery};

/// The rows of an evaluation.
#[derive(Debug, Default)]
pub(super) struct Rows {
    table: Option<LockedTable<AccuracyRow>>,
    rows: Vec<AccuracyRow>,
    recorded: usize,
}

impl Rows {
    /// Rows that go into a directory, or nowhere.
    ///
    /// # Errors
    /// As [`LockedTable::take`].
    pub(super) fn into_directory(out: Option<&Path>) -> Result<(Self, Recovery), ExperimentError> {
        let (table, recovery) = out.map(LockedTable::take).transpose()?.unzip();
        Ok((Self { table, ..Self::default() }, recovery.unwrap_or_default()))
    }

    /// Takes the row that `described` is without its measurements: the recorded one, or what `measure` gives.
    ///
    /// # Errors
    /// Those of `measure`, and [`ExperimentError::Append`].
    pub(super) fn take(
        &mut self,
        described: AccuracyRow,
        measure: impl FnOnce(AccuracyRow) -> Result<AccuracyRow, ExperimentError>,
    ) -> Result<(), ExperimentError> {
        let earlier = self.table.iter().flat_map(LockedTable::rows);
        if let Some(row) = earlier.rev().find(|row| identity(row) == identity(&described)) {
            self.recorded += 1;
            self.rows.push(row.clone());
            return Ok(());
        }
        let row = measure(described)?;
        if let Some(table) = &mut self.table {
            table.append(row.clone())?;
        }
        self.rows.push(row);
        Ok(())
    }

    /// All rows of the evaluation, and how many of them were recorded before.
    pub(super) fn into_parts(self) -> (Vec<AccuracyRow>, usize) {
        (self.rows, self.recorded)
    }
}

/// What a measurement is of: a row without its numbers, the names that weights have here, and what the card says of their training.
fn identity(row: &AccuracyRow) -> AccuracyRow {
    AccuracyRow {
        models: String::new(),
        epochs: None,
        recipe_sha256: String::new(),
        relative_error: None,
        correct: 0,
        accuracy_percent: 0.0,
        exploding_images: 0,
        largest_activation: 0.0,
        seconds: 0.0,
        ..row.clone()
    }
}
