//! One of the two directories.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use polars::prelude::*;

use super::Circumstance;
use crate::experiment::records::{ImageRow, TrialRow};
use crate::report::ReportError;
use crate::report::columns::{Accuracy, CLEAR, trial};
use crate::report::rows::switch_off;
use crate::report::table::{Table, number, text};
use crate::report::tables;

/// Columns of the program and the machine; threads are as many as the machine has cores where nobody asks for them.
const CIRCUMSTANCES: [&str; 7] = [
    TrialRow::program_version.name,
    TrialRow::commit.name,
    TrialRow::processor.name,
    TrialRow::instruction_set.name,
    TrialRow::cores.name,
    trial::THREADS,
    TrialRow::jobs.name,
];

/// The trials of a directory, the last attempt each, and its images. What is off in a setting reads as empty, as in [`Rows`](crate::report::rows::Rows).
#[derive(Debug)]
pub(super) struct Side {
    trials: DataFrame,
    images: Table,
}

impl Side {
    /// Reads a directory.
    pub(super) fn read(directory: &Path) -> Result<Self, ReportError> {
        let trials = tables::trials(directory)?;
        trials.column(trial::STATUS)?;
        let mut trials = trials.frame().clone();
        let wrong = |error: PolarsError| ReportError::Compute { what: "trials", reason: error.to_string() };
        switch_off(&mut trials).map_err(wrong)?;
        Ok(Self { trials, images: Table::read_or_empty::<ImageRow>(directory)? })
    }

    pub(super) fn len(&self) -> usize {
        self.trials.height()
    }

    pub(super) fn text(&self, column: &str, row: usize) -> String {
        text(&self.trials, column, row)
    }

    pub(super) fn number(&self, column: &str, row: usize) -> Option<f64> {
        number(&self.trials, column, row)
    }

    pub(super) fn id(&self, row: usize) -> String {
        self.text(trial::ID, row)
    }

    pub(super) fn has_ended(&self, row: usize) -> bool {
        self.text(trial::STATUS, row) == "ok"
    }

    pub(super) fn reason(&self, row: usize) -> String {
        self.text(TrialRow::reason.name, row)
    }

    /// Which images of a trial are right; empty: it is not known.
    pub(super) fn right(&self, row: usize, of: Accuracy) -> Result<HashMap<String, bool>, ReportError> {
        let images = self.images.of_attempt(&self.id(row), &self.text(trial::ATTEMPT, row))?;
        let predicted = if of == CLEAR { ImageRow::clear_predicted.name } else { ImageRow::predicted.name };
        let [numbers, labels, predicted] =
            [ImageRow::image.name, ImageRow::label.name, predicted].map(|column| images.text_or_empty(column));
        let rows = numbers.into_iter().zip(labels).zip(predicted);
        Ok(rows
            .filter(|((_, label), _)| !label.is_empty())
            .map(|((image, label), class)| (image, label == class))
            .collect())
    }

    fn values(&self, column: &str) -> String {
        let values: BTreeSet<String> =
            (0..self.len()).map(|row| self.text(column, row)).filter(|it| !it.is_empty()).collect();
        values.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// What of program and machine the two have differently.
pub(super) fn circumstances(before: &Side, after: &Side) -> Vec<Circumstance> {
    let of = |name| Circumstance { name, before: before.values(name), after: after.values(name) };
    CIRCUMSTANCES.into_iter().map(of).filter(|it| it.before != it.after).collect()
}
