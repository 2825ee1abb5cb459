//! The results directory: append-only tables, each row written whole and at once, nothing ever rewritten.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::ExperimentError;
use super::records::{ImageRow, LayerRow, Record, TrialRow};

/// A results directory that rows are appended to.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    trials: Table,
    layers: Table,
    images: Table,
}

impl Store {
    /// Checks, before any work, that a new store could be made at `directory`. Leaves nothing behind.
    ///
    /// # Errors
    /// [`ExperimentError::OutputOccupied`] if it holds anything; [`ExperimentError::OutputNotWritable`].
    pub fn check(directory: &Path) -> Result<(), ExperimentError> {
        let not_writable = |source| ExperimentError::OutputNotWritable { path: directory.to_owned(), source };
        match fs::read_dir(directory) {
            Ok(mut entries) => {
                if let Some(entry) = entries.next() {
                    let example = entry.map_err(not_writable)?.file_name().to_string_lossy().into_owned();
                    return Err(ExperimentError::OutputOccupied { path: directory.to_owned(), example });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(not_writable(error)),
        }
        let directory = std::path::absolute(directory).map_err(not_writable)?;
        let existing = directory.ancestors().find(|above| above.exists()).unwrap_or(&directory);
        let probe = existing.join(format!(".leveled-{}", std::process::id()));
        File::create_new(&probe).and_then(|_| fs::remove_file(&probe)).map_err(not_writable)
    }

    /// Makes a new store with empty tables.
    ///
    /// # Errors
    /// As [`Store::check`].
    pub fn create(directory: &Path) -> Result<Self, ExperimentError> {
        Self::check(directory)?;
        fs::create_dir_all(directory)
            .map_err(|source| ExperimentError::OutputNotWritable { path: directory.to_owned(), source })?;
        create_table::<TrialRow>(directory)?;
        create_table::<LayerRow>(directory)?;
        create_table::<ImageRow>(directory)?;
        Self::open(directory)
    }

    /// Opens the store that a parent process made.
    ///
    /// # Errors
    /// [`ExperimentError::NoResults`], [`ExperimentError::TableHeader`], [`ExperimentError::TableCut`].
    pub fn open(directory: &Path) -> Result<Self, ExperimentError> {
        Ok(Self {
            directory: directory.to_owned(),
            trials: Table::open::<TrialRow>(directory)?,
            layers: Table::open::<LayerRow>(directory)?,
            images: Table::open::<ImageRow>(directory)?,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Appends the row of a trial and waits until the disk has it.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    pub fn append_trial(&mut self, row: &TrialRow) -> Result<(), ExperimentError> {
        self.trials.append(row)?;
        self.trials.sync()
    }

    /// Appends the row of a layer.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    pub fn append_layer(&mut self, row: &LayerRow) -> Result<(), ExperimentError> {
        self.layers.append(row)
    }

    /// Appends the row of an image.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    pub fn append_image(&mut self, row: &ImageRow) -> Result<(), ExperimentError> {
        self.images.append(row)
    }

    /// The recorded row of a trial, if there is one.
    ///
    /// # Errors
    /// [`ExperimentError::Read`]; [`ExperimentError::TableCut`] if a row cannot be read back.
    pub fn find_trial(&self, trial_id: &str) -> Result<Option<TrialRow>, ExperimentError> {
        let path = &self.trials.path;
        let file = File::open(path).map_err(|source| ExperimentError::Read { path: path.clone(), source })?;
        for row in csv::Reader::from_reader(file).deserialize::<TrialRow>() {
            let row = row.map_err(|_| ExperimentError::TableCut { path: path.clone() })?;
            if row.trial_id == trial_id {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

/// Writes a file in one go under another name and then moves it, so that it is never seen half written.
///
/// # Errors
/// [`ExperimentError::Append`].
pub fn write_whole(path: &Path, content: &[u8]) -> Result<(), ExperimentError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = path.with_file_name(name);
    fs::write(&partial, content)
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|source| ExperimentError::Append { path: path.to_owned(), source })
}

/// One append-only table.
#[derive(Debug)]
struct Table {
    path: PathBuf,
    file: File,
}

impl Table {
    fn open<R: Record>(directory: &Path) -> Result<Self, ExperimentError> {
        let path = directory.join(R::FILE);
        let mut file =
            OpenOptions::new().read(true).append(true).open(&path).map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => ExperimentError::NoResults { path: directory.to_owned(), missing: R::FILE },
                _ => ExperimentError::OutputNotWritable { path: directory.to_owned(), source },
            })?;
        let expected = header::<R>()?;
        let mut found = vec![0; expected.len()];
        let length =
            read_up_to(&mut file, &mut found).map_err(|source| ExperimentError::Read { path: path.clone(), source })?;
        found.truncate(length);
        if found != expected.as_bytes() {
            let found = String::from_utf8_lossy(&found).lines().next().unwrap_or_default().to_owned();
            return Err(ExperimentError::TableHeader { path, found, expected: expected.trim_end().to_owned() });
        }
        let mut last = [0];
        file.seek(SeekFrom::End(-1))
            .and_then(|_| file.read_exact(&mut last))
            .map_err(|source| ExperimentError::Read { path: path.clone(), source })?;
        if last != *b"\n" {
            return Err(ExperimentError::TableCut { path });
        }
        Ok(Self { path, file })
    }

    /// One write for the whole row, so that rows of several processes do not mix.
    fn append<R: Record>(&mut self, row: &R) -> Result<(), ExperimentError> {
        let line = encode(row, false)?;
        self.file
            .write_all(line.as_bytes())
            .map_err(|source| ExperimentError::Append { path: self.path.clone(), source })
    }

    fn sync(&self) -> Result<(), ExperimentError> {
        self.file.sync_data().map_err(|source| ExperimentError::Append { path: self.path.clone(), source })
    }
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

fn create_table<R: Record>(directory: &Path) -> Result<(), ExperimentError> {
    let path = directory.join(R::FILE);
    let header = header::<R>()?;
    File::create_new(&path)
        .and_then(|mut file| file.write_all(header.as_bytes()))
        .map_err(|source| ExperimentError::Append { path, source })
}

/// The header line with its line end.
fn header<R: Record>() -> Result<String, ExperimentError> {
    let text = encode(&R::default(), true)?;
    Ok(text.lines().next().unwrap_or_default().to_owned() + "\n")
}

fn encode<R: Record>(row: &R, with_header: bool) -> Result<String, ExperimentError> {
    let wrong = |reason: String| ExperimentError::Encode { what: R::FILE, reason };
    let mut writer = csv::WriterBuilder::new().has_headers(with_header).from_writer(Vec::new());
    writer.serialize(row).map_err(|error| wrong(error.to_string()))?;
    let bytes = writer.into_inner().map_err(|error| wrong(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::trial::tests::sample;

    fn row(trial_id: &str) -> TrialRow {
        TrialRow { trial_id: trial_id.into(), ..TrialRow::failed(&sample(), "a reason, with \"quotes\"\nand a line") }
    }

    #[test]
    fn rows_are_appended_under_one_header() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("a/b");
        let mut parent = Store::create(&out).unwrap();
        let mut child = Store::open(&out).unwrap();
        parent.append_trial(&row("first")).unwrap();
        child.append_trial(&row("second")).unwrap();
        child
            .append_layer(&LayerRow { trial_id: "second".into(), name: "conv1".into(), ..LayerRow::default() })
            .unwrap();
        child.append_image(&ImageRow { trial_id: "second".into(), overflow: true, ..ImageRow::default() }).unwrap();
        let text = fs::read_to_string(out.join("trials.csv")).unwrap();
        assert_eq!(text.matches("trial_id,attempt,status").count(), 1);
        assert_eq!(parent.find_trial("second").unwrap(), Some(row("second")));
        assert_eq!(parent.find_trial("third").unwrap(), None);
        assert_eq!(fs::read_to_string(out.join("images.csv")).unwrap().lines().count(), 2);
    }

    #[test]
    fn a_directory_with_content_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        Store::create(directory.path()).unwrap();
        let error = Store::create(directory.path()).unwrap_err();
        assert!(matches!(error, ExperimentError::OutputOccupied { .. }));
        assert!(error.to_string().contains("choose another --out"));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_refused_without_a_trace() {
        for path in ["/dev/null/results", "/proc/results"] {
            let error = Store::check(Path::new(path)).unwrap_err();
            assert!(matches!(error, ExperimentError::OutputNotWritable { .. }), "{error}");
        }
        let directory = tempfile::tempdir().unwrap();
        Store::check(&directory.path().join("new")).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_cut_line_and_another_header_are_noticed() {
        let directory = tempfile::tempdir().unwrap();
        Store::create(directory.path()).unwrap();
        let path = directory.path().join("trials.csv");
        let header = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{header}abc,ok")).unwrap();
        assert!(matches!(Store::open(directory.path()), Err(ExperimentError::TableCut { .. })));
        fs::write(&path, "id,status\n").unwrap();
        assert!(matches!(Store::open(directory.path()), Err(ExperimentError::TableHeader { .. })));
        fs::remove_file(&path).unwrap();
        assert!(matches!(Store::open(directory.path()), Err(ExperimentError::NoResults { .. })));
    }
}
