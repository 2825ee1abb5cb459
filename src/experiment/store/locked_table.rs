//! One table of a results directory, which nobody else can write to meanwhile.

use std::fs;
use std::path::Path;

use super::lock::DirectoryLock;
use super::run_directory::{Recovery, RunDirectory};
use super::table_file::TableFile;
use crate::experiment::ExperimentError;
use crate::experiment::records::Record;

/// The table of the records `R` in a directory that no run can use meanwhile.
#[derive(Debug)]
pub struct LockedTable<R> {
    table: TableFile<R>,
    rows: Vec<R>,
    // Dropped last: the directory is free when nothing more is written.
    _lock: DirectoryLock,
}

impl<R: Record> LockedTable<R> {
    /// Takes a directory: makes it if it is not there, reads the rows that are.
    ///
    /// # Errors
    /// As [`RunDirectory::check`]; [`ExperimentError::Locked`], [`ExperimentError::TableHeader`], [`ExperimentError::TableDamaged`].
    pub fn take(directory: &Path) -> Result<(Self, Recovery), ExperimentError> {
        RunDirectory::check(directory)?;
        fs::create_dir_all(directory)
            .map_err(|source| ExperimentError::OutputNotWritable { path: directory.to_owned(), source })?;
        let lock = DirectoryLock::take(directory)?;
        let mut table = TableFile::<R>::create(directory)?;
        let mut rows = Vec::new();
        let torn = table.read_and_repair(lock.stale.is_none(), |header, row, _| {
            rows.push(row.deserialize(Some(header)).map_err(|error| error.to_string())?);
            Ok(())
        })?;
        let recovery = Recovery { stale: lock.stale.clone(), torn, completed: Vec::new() };
        Ok((Self { table, rows, _lock: lock }, recovery))
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// Appends a row and waits until the disk has it.
    ///
    /// # Errors
    /// [`ExperimentError::Append`]; then the table is what it was before.
    pub fn append(&mut self, row: R) -> Result<(), ExperimentError> {
        self.table.append([&row])?;
        self.table.sync()?;
        self.rows.push(row);
        Ok(())
    }
}
