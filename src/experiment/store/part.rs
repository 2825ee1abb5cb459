//! One file of a table: a header, and a line for each row.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::experiment::ExperimentError;
use crate::user_file::without_mark;

/// Where rows that were cut short are moved to.
const TORN: &str = "torn_rows.txt";

/// The last row of a file, cut short by a kill, a full disk or a loss of power, and moved aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornRow {
    /// Name of the file.
    pub table: String,
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

/// A file of a table.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    file: File,
}

impl Part {
    /// Opens a file that is there, also for appending if `append` says so, and reads its first line. What a spreadsheet or an editor puts around
    /// the names does not matter.
    ///
    /// # Errors
    /// [`ExperimentError::Read`].
    pub fn open(path: PathBuf, append: bool) -> Result<(Self, String), ExperimentError> {
        let unreadable = |source| ExperimentError::Read { path: path.clone(), source };
        let mut file = OpenOptions::new().read(true).append(append).open(&path).map_err(unreadable)?;
        let mut header = Vec::new();
        BufReader::new(&mut file).read_until(b'\n', &mut header).map_err(unreadable)?;
        let header = String::from_utf8_lossy(without_mark(&header)).into_owned();
        Ok((Self { path, file }, header))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its first row, if that is whole, has as many cells as its header.
    ///
    /// # Errors
    /// [`ExperimentError::Read`].
    pub fn fits_its_header(&self) -> Result<bool, ExperimentError> {
        let content = fs::read(&self.path).map_err(|source| self.unreadable(source))?;
        let whole = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(without_mark(&content[..whole]));
        let columns = reader.headers().map_or(0, StringRecord::len);
        Ok(reader.records().next().is_none_or(|row| row.is_ok_and(|row| row.len() == columns)))
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Reads every row up to a last one that was cut short; gives the content and where its whole rows end. A last row without its
    /// line end is whole if it has all its cells and the run that wrote it `ended` by itself: then an editor took the line end.
    ///
    /// # Errors
    /// [`ExperimentError::TableDamaged`] for a row in the middle, or with all its cells where the run `ended` by itself; [`ExperimentError::Read`].
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
            let mut is_whole = false;
            let read = match reader.read_record(&mut record) {
                Ok(false) => return Ok((content, whole)),
                Ok(true) => {
                    is_whole = ended && line_end == LineEnd::There;
                    row(&header, &record, line_end)
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(reason) = read {
                // Lost power can leave a last line of any bytes; anywhere else, and after a run that ended by itself, it is not ours to judge.
                let ends = content[start..terminated.max(start)].iter().filter(|byte| **byte == b'\n').count();
                if is_whole || ends > 1 {
                    return Err(self.damaged(line, &reason));
                }
                return Ok((content, start));
            }
        }
    }

    /// As [`Part::read`]; a last row that was cut short is moved aside, and one that lacks its line end gets it. Only a run that
    /// has the directory may do this.
    ///
    /// # Errors
    /// As [`Part::read`], and [`ExperimentError::Append`].
    pub fn read_and_repair(
        &mut self,
        ended: bool,
        row: impl FnMut(&StringRecord, &StringRecord, LineEnd) -> Result<(), String>,
    ) -> Result<Option<TornRow>, ExperimentError> {
        let (content, end) = self.read(ended, row)?;
        if end < content.len() {
            self.move_aside(&content, end)?;
            return Ok(Some(TornRow { table: self.name(), bytes: (content.len() - end) as u64 }));
        }
        if !content.ends_with(b"\n") {
            self.file.write_all(b"\n").map_err(|source| self.unwritable(source))?;
        }
        Ok(None)
    }

    /// Appends what stands from `end` on to the file of torn rows, then takes it out of the table.
    fn move_aside(&mut self, content: &[u8], end: usize) -> Result<(), ExperimentError> {
        let path = self.path.with_file_name(TORN);
        let mut text = format!("{}: ", self.name()).into_bytes();
        text.extend(&content[end..]);
        text.push(b'\n');
        append_safely(&path, &text).map_err(|source| ExperimentError::Append { path, source })?;
        self.file.set_len(end as u64).map_err(|source| self.unwritable(source))
    }

    /// Appends whole lines with one write, so that they are all there or none is.
    ///
    /// # Errors
    /// [`ExperimentError::Append`]; then the file is what it was before.
    pub fn append(&mut self, lines: &str) -> Result<(), ExperimentError> {
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

    /// Takes back what was appended after the file had `length` bytes.
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
