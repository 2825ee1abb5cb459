//! One append-only table.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::header::{difference, without_mark};
use crate::experiment::ExperimentError;
use crate::experiment::records::{Record, header_line, row_lines};

/// Where rows that were cut short are moved to.
const TORN: &str = "torn_rows.txt";

/// The last row of a table, cut short by a kill, a full disk or a loss of power, and moved aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornRow {
    /// File name of the table.
    pub table: &'static str,
    /// What there was of it, in bytes.
    pub bytes: u64,
}

/// Whether a row has its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// It has.
    There,
    /// It is the last one, and has not.
    Missing,
}

/// A table whose rows are of type `R`. A row is one line.
#[derive(Debug)]
pub struct TableFile<R> {
    path: PathBuf,
    file: File,
    rows: PhantomData<R>,
}

impl<R: Record> TableFile<R> {
    /// Makes a table with no rows, or opens one that was made and never written to.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    pub fn create(directory: &Path) -> Result<(), ExperimentError> {
        let path = directory.join(R::FILE);
        let header = header_line::<R>();
        // A run that was killed while it made the table leaves less than the header.
        let begun = fs::read(&path).unwrap_or_default();
        if path.exists() && !(begun.len() < header.len() && header.as_bytes().starts_with(&begun)) {
            return Ok(());
        }
        fs::write(&path, header).map_err(|source| ExperimentError::Append { path, source })
    }

    /// Opens a table and checks its header.
    ///
    /// # Errors
    /// [`ExperimentError::NoResults`], [`ExperimentError::Read`], [`ExperimentError::TableHeader`].
    pub fn open(directory: &Path) -> Result<Self, ExperimentError> {
        let path = directory.join(R::FILE);
        let mut file = OpenOptions::new().read(true).append(true).open(&path).map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                ExperimentError::NoResults { path: directory.to_owned(), missing: R::FILE }
            } else {
                ExperimentError::Read { path: path.clone(), source }
            }
        })?;
        let mut found = Vec::new();
        BufReader::new(&mut file)
            .read_until(b'\n', &mut found)
            .map_err(|source| ExperimentError::Read { path: path.clone(), source })?;
        // What a spreadsheet or an editor puts around the names does not matter.
        let found = String::from_utf8_lossy(without_mark(&found)).into_owned();
        if let Some(difference) = difference(&found, &header_line::<R>()) {
            return Err(ExperimentError::TableHeader { path, difference });
        }
        Ok(Self { path, file, rows: PhantomData })
    }

    /// Checks that the last line is whole.
    ///
    /// # Errors
    /// [`ExperimentError::TableCut`].
    pub fn check_end(&mut self) -> Result<(), ExperimentError> {
        let mut last = [0];
        let read = self.file.seek(SeekFrom::End(-1)).and_then(|_| self.file.read_exact(&mut last));
        read.map_err(|source| self.unreadable(source))?;
        if last == *b"\n" { Ok(()) } else { Err(ExperimentError::TableCut { path: self.path.clone() }) }
    }

    /// Reads every row up to a last one that was cut short; gives the content and where its whole rows end. A last row without its
    /// line end is whole if it has all its cells and the run that wrote it `ended` by itself: then an editor took the line end.
    ///
    /// # Errors
    /// [`ExperimentError::TableDamaged`] for a row in the middle; [`ExperimentError::Read`].
    pub fn read(
        &self,
        ended: bool,
        mut row: impl FnMut(&StringRecord, &StringRecord, LineEnd) -> Result<(), String>,
    ) -> Result<(Vec<u8>, usize), ExperimentError> {
        let content = fs::read(&self.path).map_err(|source| self.unreadable(source))?;
        let begin = content.len() - without_mark(&content).len();
        let terminated = content.iter().rposition(|byte| *byte == b'\n').map_or(begin, |end| end + 1);
        let whole = if ended { content.len() } else { terminated };
        let mut reader = csv::Reader::from_reader(&content[begin..whole]);
        let header = reader.headers().map_err(|error| self.damaged(1, &error))?.clone();
        loop {
            let mut record = StringRecord::new();
            let start = begin + reader.position().byte() as usize;
            let line = reader.position().line();
            let line_end = if start < terminated { LineEnd::There } else { LineEnd::Missing };
            let read = match reader.read_record(&mut record) {
                Ok(false) => return Ok((content, whole)),
                Ok(true) => row(&header, &record, line_end),
                Err(error) => Err(error.to_string()),
            };
            if let Err(reason) = read {
                // Lost power can leave a last line of any bytes; anywhere else it is not ours to judge.
                let ends = content[start..terminated.max(start)].iter().filter(|byte| **byte == b'\n').count();
                if ends > 1 {
                    return Err(self.damaged(line, &reason));
                }
                return Ok((content, start));
            }
        }
    }

    /// As [`TableFile::read`]; a last row that was cut short is moved aside, and one that lacks its line end gets it. Only a run that
    /// has the directory may do this.
    ///
    /// # Errors
    /// As [`TableFile::read`], and [`ExperimentError::Append`].
    pub fn read_and_repair(
        &mut self,
        ended: bool,
        row: impl FnMut(&StringRecord, &StringRecord, LineEnd) -> Result<(), String>,
    ) -> Result<Option<TornRow>, ExperimentError> {
        let (content, end) = self.read(ended, row)?;
        if end < content.len() {
            self.move_aside(&content, end)?;
            return Ok(Some(TornRow { table: R::FILE, bytes: (content.len() - end) as u64 }));
        }
        if !content.ends_with(b"\n") {
            self.file.write_all(b"\n").map_err(|source| self.unwritable(source))?;
        }
        Ok(None)
    }

    /// Appends what stands from `end` on to the file of torn rows, then takes it out of the table.
    fn move_aside(&mut self, content: &[u8], end: usize) -> Result<(), ExperimentError> {
        let path = self.path.with_file_name(TORN);
        let mut text = format!("{}: ", R::FILE).into_bytes();
        text.extend(&content[end..]);
        text.push(b'\n');
        append_safely(&path, &text).map_err(|source| ExperimentError::Append { path, source })?;
        self.file.set_len(end as u64).map_err(|source| self.unwritable(source))
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
        if lines.is_empty() {
            return Ok(());
        }
        let before = self.length()?;
        self.file.write_all(lines.as_bytes()).map_err(|source| {
            // A full disk takes a part of a write.
            let _ = self.file.set_len(before);
            self.unwritable(source)
        })
    }

    /// Length in bytes.
    ///
    /// # Errors
    /// [`ExperimentError::Read`].
    pub fn length(&self) -> Result<u64, ExperimentError> {
        self.file.metadata().map(|metadata| metadata.len()).map_err(|source| self.unreadable(source))
    }

    /// Takes back what was appended after the table had `length` bytes.
    pub fn take_back(&mut self, length: u64) {
        // If this fails, the rows stay: they are whole, and belong to an attempt that has no row of its own.
        let _ = self.file.set_len(length);
    }

    /// Waits until the disk has the rows.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    pub fn sync(&self) -> Result<(), ExperimentError> {
        self.file.sync_data().map_err(|source| self.unwritable(source))
    }

    fn unreadable(&self, source: io::Error) -> ExperimentError {
        ExperimentError::Read { path: self.path.clone(), source }
    }

    fn unwritable(&self, source: io::Error) -> ExperimentError {
        ExperimentError::Append { path: self.path.clone(), source }
    }

    fn damaged(&self, line: u64, reason: &impl ToString) -> ExperimentError {
        ExperimentError::TableDamaged { path: self.path.clone(), line, reason: reason.to_string() }
    }
}

/// Appends to a file and waits until the disk has it.
fn append_safely(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text)?;
    file.sync_data()
}
