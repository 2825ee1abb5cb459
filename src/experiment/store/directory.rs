//! The three tables of a results directory.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::index::{Index, Rows};
use super::journal::TrialRecord;
use super::lock;
use super::part::TornRow;
use super::table_file::TableFile;
use crate::experiment::ExperimentError;
use crate::experiment::records::{ImageRow, LayerRow, Reading, Record, TrialRow, TrialStatus};

/// The tables of a results directory.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    trials: TableFile<TrialRow>,
    layers: TableFile<LayerRow>,
    images: TableFile<ImageRow>,
}

/// How long the tables are, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    trials: u64,
    layers: u64,
    images: u64,
}

impl Store {
    /// Makes the tables that are not there and opens all.
    ///
    /// # Errors
    /// [`ExperimentError::OutputNotWritable`], and as [`TableFile::create`].
    pub fn create(directory: &Path) -> Result<Self, ExperimentError> {
        fs::create_dir_all(directory)
            .map_err(|source| ExperimentError::OutputNotWritable { path: directory.to_owned(), source })?;
        Ok(Self {
            directory: directory.to_owned(),
            trials: TableFile::create(directory)?,
            layers: TableFile::create(directory)?,
            images: TableFile::create(directory)?,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Reads what is recorded; last rows that were cut short are moved aside. `ended`: see [`Part::read`](super::part::Part::read).
    ///
    /// # Errors
    /// [`ExperimentError::TableDamaged`], and what reading and moving say.
    pub(super) fn read_and_repair(&mut self, ended: bool) -> Result<(Index, Vec<TornRow>), ExperimentError> {
        let mut index = Index::default();
        let torn = [
            self.trials.read_and_repair(ended, |header, row, line_end| index.read_trial(header, row, line_end))?,
            self.layers.read_and_repair(ended, |header, row, _| index.read_row(Rows::Layers, header, row))?,
            self.images.read_and_repair(ended, |header, row, _| index.read_row(Rows::Images, header, row))?,
        ];
        Ok((index, torn.into_iter().flatten().collect()))
    }

    /// Appends what is not there yet of a record, and waits until the disk has it; its row of `trials.csv` comes when it has the others, so that
    /// whatever ends the machine, a trial that counts as done has its rows.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    pub(super) fn append_record(&mut self, record: &TrialRecord, index: &Index) -> Result<(), ExperimentError> {
        let TrialRecord { trial, layers, images } = record;
        let there = |rows| index.count(rows, &trial.trial_id, trial.attempt);
        self.images.append(images.iter().skip(there(Rows::Images)))?;
        self.layers.append(layers.iter().skip(there(Rows::Layers)))?;
        self.images.sync()?;
        self.layers.sync()?;
        self.append_trial(trial)
    }

    /// How long the tables are.
    ///
    /// # Errors
    /// [`ExperimentError::Read`].
    pub(super) fn lengths(&self) -> Result<Lengths, ExperimentError> {
        Ok(Lengths { trials: self.trials.length()?, layers: self.layers.length()?, images: self.images.length()? })
    }

    /// Takes back what was appended since the tables were so long.
    pub(super) fn take_back(&mut self, lengths: Lengths) {
        self.trials.take_back(lengths.trials);
        self.layers.take_back(lengths.layers);
        self.images.take_back(lengths.images);
    }

    /// Appends the row of a trial and waits until the disk has it.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    pub fn append_trial(&mut self, row: &TrialRow) -> Result<(), ExperimentError> {
        self.trials.append([row])?;
        self.trials.sync()
    }

    /// Appends the row of a layer.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    #[cfg(test)]
    pub fn append_layer(&mut self, row: &LayerRow) -> Result<(), ExperimentError> {
        self.layers.append([row])
    }

    /// Appends the row of an image.
    ///
    /// # Errors
    /// [`ExperimentError::Append`].
    #[cfg(test)]
    pub fn append_image(&mut self, row: &ImageRow) -> Result<(), ExperimentError> {
        self.images.append([row])
    }
}

/// What `trials.csv` says, without touching it; a last row that was cut short is no row.
///
/// # Errors
/// [`ExperimentError::TableHeader`], [`ExperimentError::TableDamaged`].
pub(super) fn read_trials(directory: &Path) -> Result<Index, ExperimentError> {
    let mut index = Index::default();
    let ended = lock::ended_by_itself(directory);
    TableFile::<TrialRow>::open(directory)?
        .read(ended, |header, row, line_end| index.read_trial(header, row, line_end))?;
    Ok(index)
}

/// Every row of a table that has been repaired, in the order in which they were written: the last one is as whole as the others.
///
/// # Errors
/// As [`read_trials`].
pub(super) fn all_rows<R: Record>(directory: &Path) -> Result<Vec<R>, ExperimentError> {
    rows_where(directory, true, |_| true)
}

/// Those that are wanted; `ended`: see [`Part::read`](super::part::Part::read).
fn rows_where<R: Record>(
    directory: &Path,
    ended: bool,
    wanted: impl Fn(&R) -> bool,
) -> Result<Vec<R>, ExperimentError> {
    let mut rows = Vec::new();
    TableFile::<R>::open(directory)?.read(ended, |header, row, _| {
        let row = as_written::<R>(header, row)?.deserialize(Some(header)).map_err(|error| error.to_string())?;
        if wanted(&row) {
            rows.push(row);
        }
        Ok(())
    })?;
    Ok(rows)
}

/// A row without what a spreadsheet does to cells (`TRUE`, `15.0`).
fn as_written<R: Record>(header: &StringRecord, row: &StringRecord) -> Result<StringRecord, String> {
    let column = |name: &str| R::COLUMNS.iter().find(|column| column.name == name);
    header.iter().zip(row).map(|(name, cell)| Reading::new(column(name), false).cell(cell)).collect()
}

/// The rows of `trials.csv` that count: of each trial the last attempt that came to its end, by trial.
///
/// # Errors
/// As [`RunDirectory::recorded`](super::RunDirectory::recorded).
pub fn trial_rows(directory: &Path) -> Result<HashMap<String, TrialRow>, ExperimentError> {
    let ended = lock::ended_by_itself(directory);
    let mut rows = rows_where(directory, ended, |row: &TrialRow| row.status == TrialStatus::Ok)?;
    // Other programs sort tables.
    rows.sort_by_key(|row| row.attempt);
    Ok(rows.into_iter().map(|row| (row.trial_id.clone(), row)).collect())
}

/// The rows of `images.csv` of the last attempt at a trial that came to its end; none if there is no such attempt.
///
/// # Errors
/// As [`trial_rows`].
pub fn image_rows(directory: &Path, trial_id: &str) -> Result<Vec<ImageRow>, ExperimentError> {
    let attempt = trial_rows(directory)?.get(trial_id).map(|row| row.attempt);
    let wanted = |row: &ImageRow| row.trial_id == trial_id && Some(row.attempt) == attempt;
    rows_where(directory, lock::ended_by_itself(directory), wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_appended_under_one_header() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("a/b");
        let row = |trial_id: &str| TrialRow { trial_id: trial_id.into(), attempt: 1, ..TrialRow::default() };
        let mut store = Store::create(&out).unwrap();
        store.append_trial(&row("first")).unwrap();
        let mut again = Store::create(&out).unwrap();
        again.append_trial(&row("second")).unwrap();
        again.append_layer(&LayerRow { trial_id: "second".into(), ..LayerRow::default() }).unwrap();
        again.append_image(&ImageRow { trial_id: "second".into(), overflow: true, ..ImageRow::default() }).unwrap();
        let text = fs::read_to_string(out.join("trials.csv")).unwrap();
        assert_eq!(text.matches("trial_id,attempt,status").count(), 1);
        assert_eq!(text.lines().count(), 3);
        assert_eq!(fs::read_to_string(out.join("images.csv")).unwrap().lines().count(), 2);
    }

    #[test]
    fn images_are_those_of_the_last_attempt_that_came_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::create(directory.path()).unwrap();
        let id = || "one".to_owned();
        // As another program may have sorted them.
        for (attempt, status) in [(2, TrialStatus::Ok), (1, TrialStatus::Ok), (3, TrialStatus::Failed)] {
            for image in 0..2 {
                store.append_image(&ImageRow { trial_id: id(), attempt, image, ..ImageRow::default() }).unwrap();
            }
            store.append_trial(&TrialRow { trial_id: id(), attempt, status, ..TrialRow::default() }).unwrap();
        }
        let found: Vec<_> =
            image_rows(directory.path(), "one").unwrap().iter().map(|row| (row.attempt, row.image)).collect();
        assert_eq!(found, [(2, 0), (2, 1)]);
        assert!(image_rows(directory.path(), "other").unwrap().is_empty());
    }

    #[test]
    fn rows_are_read_as_they_were_written_before_a_spreadsheet_saved_them() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::create(directory.path()).unwrap();
        for image in 0..2 {
            let row = ImageRow { trial_id: "one".into(), attempt: 1, image, overflow: true, ..ImageRow::default() };
            store.append_image(&row).unwrap();
        }
        let path = directory.path().join("images.csv");
        let saved = fs::read_to_string(&path).unwrap().replace(",true,", ",TRUE,").replace("one,1,0,", "one,1.0,0.0,");
        assert_eq!((saved.matches("TRUE").count(), saved.matches("1.0").count()), (2, 1));
        fs::write(&path, &saved).unwrap();
        let images = || all_rows::<ImageRow>(directory.path());
        assert_eq!(images().unwrap().iter().map(|row| (row.attempt, row.overflow)).collect::<Vec<_>>(), [(1, true); 2]);
        // What it spoilt is not passed over, the last row neither.
        let last = saved.rfind("TRUE").unwrap();
        fs::write(&path, saved[..last].to_owned() + "WAHR" + &saved[last + 4..]).unwrap();
        let text = images().unwrap_err().to_string();
        assert!(text.contains("line 3 of") && text.contains("`WAHR` is neither true nor false"), "{text}");
        assert!(text.ends_with("remove it and its trial's line in trials.csv to run that trial again"), "{text}");
    }

    #[test]
    fn a_missing_table_and_another_header_are_noticed() {
        let directory = tempfile::tempdir().unwrap();
        Store::create(directory.path()).unwrap();
        let path = directory.path().join("trials.csv");
        fs::write(&path, "id,status\n").unwrap();
        assert!(matches!(Store::create(directory.path()), Err(ExperimentError::TableHeader { .. })));
        assert!(matches!(read_trials(directory.path()), Err(ExperimentError::TableHeader { .. })));
        fs::remove_file(&path).unwrap();
        assert!(matches!(read_trials(directory.path()), Err(ExperimentError::NoResults { .. })));
    }

    #[test]
    fn a_table_whose_making_was_cut_short_is_made_again() {
        let directory = tempfile::tempdir().unwrap();
        Store::create(directory.path()).unwrap();
        let path = directory.path().join("layers.csv");
        let header = fs::read_to_string(&path).unwrap();
        for begun in ["", &header[..20], header.trim_end()] {
            fs::write(&path, begun).unwrap();
            Store::create(directory.path()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), header);
        }
    }
}
