//! The layers of trials, from the directories that they are in; each is read once.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::ReportError;
use super::columns::trial;
use super::rows::Rows;
use super::table::Table;
use crate::experiment::records::LayerRow;

/// The layers of a directory, and which trials have some.
#[derive(Debug)]
struct Known {
    table: Table,
    trials: HashSet<String>,
}

/// Tables of layers by directory.
#[derive(Debug, Default)]
pub struct LayerTables {
    read: RefCell<HashMap<PathBuf, Known>>,
}

impl LayerTables {
    fn with<T>(&self, rows: &Rows, row: usize, then: impl FnOnce(&Known) -> T) -> Result<T, ReportError> {
        let directory = rows.directory(row);
        let mut read = self.read.borrow_mut();
        if !read.contains_key(directory) {
            let table = Table::read::<LayerRow>(directory)?;
            let trials = table.text(trial::ID)?.into_iter().collect();
            read.insert(directory.clone(), Known { table, trials });
        }
        Ok(then(&read[directory]))
    }

    /// Whether a trial has layers.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn has(&self, rows: &Rows, row: usize) -> Result<bool, ReportError> {
        self.with(rows, row, |known| known.trials.contains(rows.text(trial::ID, row)))
    }

    /// The layers of a trial.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn of(&self, rows: &Rows, row: usize) -> Result<Table, ReportError> {
        self.with(rows, row, |known| {
            let of_trial = known.table.rows_where(trial::ID, rows.text(trial::ID, row))?;
            // An earlier attempt may have left some, too.
            match rows.text(trial::ATTEMPT, row) {
                "" => Ok(of_trial),
                attempt => of_trial.rows_where(trial::ATTEMPT, attempt),
            }
        })?
    }
}
