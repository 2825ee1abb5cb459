//! The layers or images of trials, from the directories that they are in; each is read once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::path::PathBuf;

use super::ReportError;
use super::columns::trial;
use super::rows::Rows;
use super::table::Table;
use crate::experiment::records::Record;

/// Tables of the records `R` by directory.
#[derive(Debug)]
pub struct RowTables<R> {
    read: RefCell<HashMap<PathBuf, Table>>,
    record: PhantomData<R>,
}

impl<R> Default for RowTables<R> {
    fn default() -> Self {
        Self { read: RefCell::default(), record: PhantomData }
    }
}

impl<R: Record> RowTables<R> {
    /// The rows of the attempt that a trial's row is of; an earlier attempt may have left some, too.
    ///
    /// # Errors
    /// As [`Table::read_or_empty`].
    pub fn of(&self, rows: &Rows, row: usize) -> Result<Table, ReportError> {
        let directory = rows.directory(row);
        let mut read = self.read.borrow_mut();
        if !read.contains_key(directory) {
            read.insert(directory.to_owned(), Table::read_or_empty::<R>(directory)?);
        }
        read[directory].of_attempt(&rows.text(trial::ID, row), &rows.text(trial::ATTEMPT, row))
    }
}
