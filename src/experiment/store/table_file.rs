//! One append-only table. Versions of this program may write other columns than earlier ones did: what those wrote stays in its file, and
//! rows with more columns go to a further one.

use std::fs;
use std::iter;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::header::{Fit, fit};
use super::part::{LineEnd, Part, TornRow};
use crate::experiment::ExperimentError;
use crate::experiment::records::{Record, header_line, row_lines};

/// The files of a table that a directory has, the oldest first: `trials.csv`, `trials.2.csv` and so on.
#[must_use]
pub fn table_parts<R: Record>(directory: &Path) -> Vec<PathBuf> {
    let later = (2..).map(|number: u32| part_path::<R>(directory, number));
    iter::once(directory.join(R::FILE)).chain(later).take_while(|path| path.is_file()).collect()
}

/// The file of a table that a directory's newest rows are in.
#[must_use]
pub fn newest_part<R: Record>(directory: &Path) -> PathBuf {
    table_parts::<R>(directory).pop().unwrap_or_else(|| directory.join(R::FILE))
}

/// Where part `number` of a table is, from 2.
fn part_path<R: Record>(directory: &Path, number: u32) -> PathBuf {
    directory.join(R::FILE).with_extension(format!("{number}.csv"))
}

/// A table whose rows are of type `R`. A row is one line.
#[derive(Debug)]
pub struct TableFile<R> {
    /// Files that earlier versions wrote, with fewer columns.
    older: Vec<Part>,
    /// The file that rows are appended to; of a table that is only read, the last one that there is.
    last: Part,
    rows: PhantomData<R>,
}

impl<R: Record> TableFile<R> {
    /// Opens a table for appending: makes it if it is not there, and a further file of it if an earlier version wrote the last one.
    ///
    /// # Errors
    /// [`ExperimentError::Append`], and as [`TableFile::open`].
    pub fn create(directory: &Path) -> Result<Self, ExperimentError> {
        let parts = table_parts::<R>(directory);
        let header = header_line::<R>();
        let begin = |path: PathBuf| {
            fs::write(&path, &header).map_err(|source| ExperimentError::Append { path, source })?;
            Ok(Self::checked(directory, true)?.0)
        };
        let Some(last) = parts.last() else { return begin(directory.join(R::FILE)) };
        match Self::checked(directory, true)? {
            (table, Fit::Same) => Ok(table),
            (_, Fit::Begun) => begin(last.clone()),
            _ => begin(part_path::<R>(directory, parts.len() as u32 + 1)),
        }
    }

    /// Opens a table for reading and checks its headers.
    ///
    /// # Errors
    /// [`ExperimentError::NoResults`], [`ExperimentError::Read`], [`ExperimentError::TableHeader`].
    pub fn open(directory: &Path) -> Result<Self, ExperimentError> {
        Ok(Self::checked(directory, false)?.0)
    }

    /// The table, and how the header of its last file is to the one that this version writes: the same or older.
    fn checked(directory: &Path, append: bool) -> Result<(Self, Fit), ExperimentError> {
        let expected = header_line::<R>();
        let checked = |path: PathBuf| {
            let (part, found) = Part::open(path, append)?;
            match fit(&found, &expected) {
                Fit::Other(difference) => {
                    Err(ExperimentError::TableHeader { path: part.path().to_owned(), difference })
                }
                // Somebody took a name out of the header, not a column out of the table.
                Fit::Older(difference) if !part.fits_its_header()? => {
                    Err(ExperimentError::TableHeader { path: part.path().to_owned(), difference })
                }
                fit => Ok((part, fit)),
            }
        };
        let mut parts = table_parts::<R>(directory).into_iter().map(checked).collect::<Result<Vec<_>, _>>()?;
        match parts.pop() {
            Some((last, fit)) => {
                let older = parts.into_iter().map(|(part, _)| part).collect();
                Ok((Self { older, last, rows: PhantomData }, fit))
            }
            None => Err(ExperimentError::NoResults { path: directory.to_owned(), missing: R::FILE }),
        }
    }

    /// Reads every row; of the last file up to a last row that was cut short, see [`Part::read`].
    ///
    /// # Errors
    /// As [`Part::read`].
    pub fn read(
        &self,
        ended: bool,
        mut row: impl FnMut(&StringRecord, &StringRecord, LineEnd) -> Result<(), String>,
    ) -> Result<(), ExperimentError> {
        self.older.iter().chain([&self.last]).try_for_each(|part| part.read(ended, &mut row).map(|_| ()))
    }

    /// As [`TableFile::read`], and repairs the files, see [`Part::read_and_repair`].
    ///
    /// # Errors
    /// As [`Part::read_and_repair`].
    pub fn read_and_repair(
        &mut self,
        ended: bool,
        mut row: impl FnMut(&StringRecord, &StringRecord, LineEnd) -> Result<(), String>,
    ) -> Result<Vec<TornRow>, ExperimentError> {
        let mut torn = Vec::new();
        for part in self.older.iter_mut().chain([&mut self.last]) {
            torn.extend(part.read_and_repair(ended, &mut row)?);
        }
        Ok(torn)
    }

    /// Appends rows with one write, so that they are all there or none is.
    ///
    /// # Errors
    /// [`ExperimentError::Append`]; then the table is what it was before.
    pub fn append<'r>(&mut self, rows: impl IntoIterator<Item = &'r R>) -> Result<(), ExperimentError>
    where
        R: 'r,
    {
        let lines = row_lines(rows)?;
        if lines.is_empty() { Ok(()) } else { self.last.append(&lines) }
    }

    /// Length in bytes of what is appended to.
    ///
    /// # Errors
    /// [`ExperimentError::Read`].
    pub fn length(&self) -> Result<u64, ExperimentError> {
        self.last.length()
    }

    /// Takes back what was appended after the table had this [`length`](Self::length).
    pub fn take_back(&mut self, length: u64) {
        self.last.take_back(length);
    }

    /// Waits until the disk has the rows.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    pub fn sync(&self) -> Result<(), ExperimentError> {
        self.last.sync()
    }
}
