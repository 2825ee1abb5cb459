//! The layers of trials, from the directories that they are in; each is read once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;

use super::ReportError;
use super::columns::trial;
use super::rows::Rows;
use super::table::Table;
use crate::experiment::records::LayerRow;

/// Tables of layers by directory.
#[derive(Debug, Default)]
pub struct LayerTables {
    read: RefCell<HashMap<PathBuf, Table>>,
}

impl LayerTables {
    /// The layers of a trial.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn of(&self, rows: &Rows, row: usize) -> Result<Table, ReportError> {
        let directory = rows.directory(row);
        let mut read = self.read.borrow_mut();
        if !read.contains_key(directory) {
            read.insert(directory.clone(), Table::read::<LayerRow>(directory)?);
        }
        read[directory].rows_where(trial::ID, rows.text(trial::ID, row))
    }
}
