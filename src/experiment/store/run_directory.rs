//! A results directory that a run writes to: locked, repaired, and with room for a last row.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::directory::{Store, read_trials};
use super::index::Index;
use super::journal::{Journal, TrialRecord};
use super::lock::{self, DirectoryLock, Holder};
use super::part::TornRow;
use super::reserve::Reserve;
use super::whole_file;
use crate::experiment::ExperimentError;
use crate::experiment::records::{AccuracyRow, Record, TrialRow, TrialStatus};

/// Folder in a results directory for what a run needs while it lasts; removed at its end.
pub(super) const PENDING: &str = ".pending";

/// What the names of files begin with that show whether a directory can be written to.
const PROBE: &str = ".leveled-";

/// Ending of the names of files with what a trial has reached.
const CHECKPOINT: &str = ".batches.jsonl";

/// Tables by which results are known.
const TABLES: [&str; 2] = [TrialRow::FILE, AccuracyRow::FILE];

/// What a directory holds before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Nothing, or it is not there.
    Nothing,
    /// Results, to resume.
    Results,
}

/// What was found when a directory was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// The run that did not end by itself, if there was one.
    pub stale: Option<Holder>,
    /// Rows that were cut short and moved aside.
    pub torn: Vec<TornRow>,
    /// Trials whose rows the earlier run had not yet written in full.
    pub completed: Vec<String>,
}

/// A results directory that no other run can use meanwhile.
#[derive(Debug)]
pub struct RunDirectory {
    store: Store,
    index: Index,
    journal: Journal,
    reserve: Reserve,
    pending: PathBuf,
    // Dropped last: the directory is free when nothing more is written.
    _lock: DirectoryLock,
}

impl RunDirectory {
    /// What a directory holds, without touching it.
    ///
    /// # Errors
    /// [`ExperimentError::OutputOccupied`] if it holds anything but results; [`ExperimentError::OutputNotWritable`].
    fn content(directory: &Path) -> Result<Content, ExperimentError> {
        let not_writable = |source| ExperimentError::OutputNotWritable { path: directory.to_owned(), source };
        let mut content = Content::Nothing;
        match fs::read_dir(directory) {
            Ok(entries) => {
                for entry in entries {
                    let name = entry.map_err(not_writable)?.file_name().to_string_lossy().into_owned();
                    if TABLES.iter().any(|table| directory.join(table).is_file()) {
                        content = Content::Results;
                    } else if name != PENDING && name != lock::FILE && !name.starts_with(PROBE) {
                        return Err(ExperimentError::OutputOccupied { path: directory.to_owned(), example: name });
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(not_writable(error)),
        }
        Ok(content)
    }

    /// Checks, before any work, that a run could write to `directory`. Leaves nothing behind.
    ///
    /// # Errors
    /// [`ExperimentError::OutputOccupied`] if it holds anything but results; [`ExperimentError::OutputNotWritable`].
    pub fn check(directory: &Path) -> Result<Content, ExperimentError> {
        let not_writable = |source| ExperimentError::OutputNotWritable { path: directory.to_owned(), source };
        let content = Self::content(directory)?;
        let directory = std::path::absolute(directory).map_err(not_writable)?;
        let existing = directory.ancestors().find(|above| above.exists()).unwrap_or(&directory);
        let probe = existing.join(format!("{PROBE}{}", std::process::id()));
        // A process with the same number that was killed here may have left one.
        let _ = fs::remove_file(&probe);
        File::create_new(&probe).and_then(|_| fs::remove_file(&probe)).map_err(not_writable)?;
        Ok(content)
    }

    /// How each trial ended, see [`Index::statuses`], without touching anything.
    ///
    /// # Errors
    /// [`ExperimentError::OutputOccupied`], [`ExperimentError::TableHeader`], [`ExperimentError::TableDamaged`].
    pub fn recorded(directory: &Path) -> Result<HashMap<String, TrialStatus>, ExperimentError> {
        Self::content(directory)?;
        if directory.join(TrialRow::FILE).is_file() {
            Ok(read_trials(directory)?.statuses())
        } else {
            Ok(HashMap::new())
        }
    }

    /// Makes a directory that nobody else has made: `wanted`, or that name with a number behind it.
    ///
    /// # Errors
    /// [`ExperimentError::OutputNotWritable`].
    pub fn make_new(wanted: &Path) -> Result<PathBuf, ExperimentError> {
        let not_writable = |source| ExperimentError::OutputNotWritable { path: wanted.to_owned(), source };
        fs::create_dir_all(wanted.parent().unwrap_or(Path::new("."))).map_err(not_writable)?;
        let mut path = wanted.to_owned();
        for number in 2.. {
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let mut name = wanted.file_name().unwrap_or_default().to_owned();
                    name.push(format!("-{number}"));
                    path.set_file_name(name);
                }
                made => {
                    made.map_err(not_writable)?;
                    break;
                }
            }
        }
        Ok(path)
    }

    /// Takes a directory: makes it if it is not there, resumes what is.
    ///
    /// # Errors
    /// As [`RunDirectory::check`]; [`ExperimentError::Locked`], [`ExperimentError::TableHeader`],
    /// [`ExperimentError::TableDamaged`].
    pub fn take(directory: &Path) -> Result<(Self, Recovery), ExperimentError> {
        Self::check(directory)?;
        let not_writable = |source| ExperimentError::OutputNotWritable { path: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(not_writable)?;
        let lock = DirectoryLock::take(directory)?;
        let pending = directory.join(PENDING);
        fs::create_dir_all(&pending).map_err(not_writable)?;
        whole_file::remove_partial(&pending);
        whole_file::remove_files(&pending);
        let reserve = Reserve::take(&pending).map_err(not_writable)?;
        let mut store = Store::create(directory)?;
        let (index, torn) = store.read_and_repair(lock.stale.is_none())?;
        let journal = Journal::new(pending.clone());
        let recovery = Recovery { stale: lock.stale.clone(), torn, completed: Vec::new() };
        let taken = Self { store, index, journal, reserve, pending, _lock: lock };
        taken.complete(recovery)
    }

    /// Writes the rest of the rows that a killed run was writing.
    fn complete(mut self, mut recovery: Recovery) -> Result<(Self, Recovery), ExperimentError> {
        for record in self.journal.left() {
            let TrialRow { trial_id, attempt, status, .. } = &record.trial;
            if !self.index.has(trial_id, *attempt) {
                self.store.append_record(&record, &self.index)?;
                self.index.note_trial((trial_id.clone(), *attempt), *status);
                recovery.completed.push(trial_id.clone());
            }
            self.journal.end(&record);
            self.drop_checkpoint(&record.trial);
        }
        Ok((self, recovery))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.store.directory()
    }

    /// Where a trial keeps what it has reached, until its rows stand in the tables.
    #[must_use]
    pub fn checkpoint(&self, trial_id: &str) -> PathBuf {
        self.pending.join(format!("{trial_id}{CHECKPOINT}"))
    }

    /// Removes that file of a trial that came to its end.
    fn drop_checkpoint(&self, trial: &TrialRow) {
        if trial.status == TrialStatus::Ok {
            let _ = fs::remove_file(self.checkpoint(&trial.trial_id));
        }
    }

    /// Trials of which such a file is there.
    pub(super) fn checkpointed(&self) -> Vec<String> {
        let paths = whole_file::files_with(&self.pending, CHECKPOINT);
        paths.iter().filter_map(|path| Some(path.file_name()?.to_str()?.strip_suffix(CHECKPOINT)?.to_owned())).collect()
    }

    /// How each trial ended, see [`Index::statuses`].
    #[must_use]
    pub fn statuses(&self) -> HashMap<String, TrialStatus> {
        self.index.statuses()
    }

    /// Writes all rows of a trial as its next attempt: all of them, or none.
    ///
    /// # Errors
    /// [`ExperimentError::Append`]; then the tables are what they were before.
    pub fn record(&mut self, record: TrialRecord) -> Result<(), ExperimentError> {
        // Of a trial that was killed: gigabytes, perhaps, that the rows need.
        let _ = fs::remove_dir_all(whole_file::files_beside(&self.checkpoint(&record.trial.trial_id)));
        let attempt = self.index.next_attempt(&record.trial.trial_id);
        let record = record.with_attempt(attempt);
        let lengths = self.store.lengths()?;
        let written = self.journal.begin(&record).and_then(|()| self.store.append_record(&record, &self.index));
        if written.is_err() {
            self.store.take_back(lengths);
        }
        self.journal.end(&record);
        written?;
        self.drop_checkpoint(&record.trial);
        self.index.note_trial((record.trial.trial_id, attempt), record.trial.status);
        Ok(())
    }

    /// Writes the row of a trial whose rows could not be written, in the room that was kept for that.
    ///
    /// # Errors
    /// [`ExperimentError::Append`]: there is no room even for that.
    pub fn record_last(&mut self, mut row: TrialRow) -> Result<(), ExperimentError> {
        self.reserve.release();
        row.attempt = self.index.next_attempt(&row.trial_id);
        self.store.append_trial(&row)?;
        self.index.note_trial((row.trial_id, row.attempt), row.status);
        Ok(())
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        // Rows that could not be written stay for the next run; then the folder is not empty and stays as well.
        self.reserve.release();
        let _ = fs::remove_dir(&self.pending);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::store::journal::tests::record;

    /// A directory with the records of these trials.
    fn recorded(trials: &[(&str, TrialStatus)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let (mut run, _) = RunDirectory::take(directory.path()).unwrap();
        trials.iter().for_each(|(trial_id, status)| run.record(record(trial_id, *status)).unwrap());
        directory
    }

    fn status(run: &RunDirectory, trial_id: &str) -> Option<TrialStatus> {
        run.statuses().get(trial_id).copied()
    }

    fn lines(directory: &Path, table: &str) -> usize {
        fs::read_to_string(directory.join(table)).unwrap().lines().count() - 1
    }

    fn counts(directory: &Path) -> [usize; 3] {
        ["trials.csv", "layers.csv", "images.csv"].map(|table| lines(directory, table))
    }

    #[test]
    fn attempts_are_numbered_and_the_last_counts() {
        let directory = tempfile::tempdir().unwrap();
        let (mut run, recovery) = RunDirectory::take(directory.path()).unwrap();
        assert_eq!(recovery, Recovery::default());
        run.record(record("a", TrialStatus::Failed)).unwrap();
        run.record(record("b", TrialStatus::Ok)).unwrap();
        assert_eq!((status(&run, "a"), status(&run, "c")), (Some(TrialStatus::Failed), None));
        drop(run);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
        let (mut run, _) = RunDirectory::take(directory.path()).unwrap();
        run.record(record("a", TrialStatus::Ok)).unwrap();
        assert_eq!((status(&run, "a"), run.statuses().len()), (Some(TrialStatus::Ok), 2));
        let text = fs::read_to_string(directory.path().join("trials.csv")).unwrap();
        let begins: Vec<_> = text.lines().skip(1).map(|line| &line[..6]).collect();
        assert_eq!(begins, ["a,1,fa", "b,1,ok", "a,2,ok"]);
        assert_eq!(counts(directory.path()), [3, 6, 9]);
    }

    #[test]
    fn a_torn_row_is_moved_aside_and_never_merged() {
        let directory = recorded(&[("a", TrialStatus::Ok)]);
        let path = directory.path().join("trials.csv");
        let whole = fs::read_to_string(&path).unwrap();
        // Cut anywhere, the line end alone included, and followed by what a loss of power leaves.
        let row = whole.lines().nth(1).unwrap();
        for rest in ["b", "b,1,o", row, "\0\0\0\n", "b,2\n"] {
            fs::write(&path, format!("{whole}{rest}")).unwrap();
            assert_eq!(RunDirectory::recorded(directory.path()).unwrap().len(), 1);
            let (run, recovery) = RunDirectory::take(directory.path()).unwrap();
            assert_eq!(recovery.torn, [TornRow { table: "trials.csv".into(), bytes: rest.len() as u64 }], "{rest:?}");
            drop(run);
            assert_eq!(fs::read_to_string(&path).unwrap(), whole);
        }
        let aside = fs::read_to_string(directory.path().join("torn_rows.txt")).unwrap();
        assert!(aside.starts_with("trials.csv: b\ntrials.csv: b,1,o\n"), "{aside}");
    }

    #[test]
    fn what_editors_and_spreadsheets_do_to_line_ends_loses_nothing() {
        let directory = recorded(&[("a", TrialStatus::Ok), ("b", TrialStatus::Failed)]);
        let tables = ["trials.csv", "layers.csv", "images.csv"];
        let whole = tables.map(|table| fs::read_to_string(directory.path().join(table)).unwrap());
        let changes: [fn(&str) -> String; 4] = [
            |text| text.trim_end().to_owned(),
            |text| text.replace('\n', "\r\n"),
            |text| format!("\u{feff}{text}"),
            |text| format!("\u{feff}{}", text.trim_end().replace('\n', "\r\n")),
        ];
        for change in changes {
            for (table, text) in tables.iter().zip(&whole) {
                fs::write(directory.path().join(table), change(text)).unwrap();
            }
            assert_eq!(RunDirectory::recorded(directory.path()).unwrap().len(), 2);
            let (mut run, recovery) = RunDirectory::take(directory.path()).unwrap();
            assert_eq!(recovery, Recovery::default());
            assert_eq!((status(&run, "a"), status(&run, "b")), (Some(TrialStatus::Ok), Some(TrialStatus::Failed)));
            run.record(record("c", TrialStatus::Ok)).unwrap();
            drop(run);
            assert_eq!(counts(directory.path()), [3, 6, 9]);
            assert_eq!(RunDirectory::recorded(directory.path()).unwrap().len(), 3);
        }
        // After a kill, the end of a number may be missing as well.
        fs::write(directory.path().join(tables[2]), whole[2].trim_end()).unwrap();
        fs::write(directory.path().join(lock::FILE), r#"{"process":1,"machine":"m","since":"s"}"#).unwrap();
        let (_, recovery) = RunDirectory::take(directory.path()).unwrap();
        assert_eq!(recovery.torn.len(), 1);
    }

    #[test]
    fn other_columns_and_changed_ids_are_named_and_nothing_is_touched() {
        let directory = recorded(&[("a", TrialStatus::Ok), ("b", TrialStatus::Ok)]);
        let path = directory.path().join("trials.csv");
        let text = fs::read_to_string(&path).unwrap();
        for (changed, said) in [
            (text.replacen(",reason", ",remark", 1), "it lacks `reason`; it has `remark`"),
            (text.replace(',', ";"), "its cells are separated by `;`"),
            (text.replacen("\na,1", "\na,0", 1), "\"0\" is no number of an attempt"),
            (text.replacen("\na,1", "\na,4294967295", 1), "is no number of an attempt"),
            (text.replacen("\na,1", "\n1.23457E+15,1", 1), "\"1.23457E+15\" in `trial_id` is no id of a trial"),
        ] {
            fs::write(&path, &changed).unwrap();
            for error in [
                RunDirectory::recorded(directory.path()).unwrap_err(),
                RunDirectory::take(directory.path()).map(|_| ()).unwrap_err(),
            ] {
                assert!(error.to_string().contains(said) && error.is_user_error(), "{error}");
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), changed);
        }
    }

    /// A table as a version wrote it that did not know `column` yet.
    fn without(text: &str, column: &str) -> String {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let left_out = rows[0].iter().position(|name| name == column).unwrap();
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in &rows {
            let kept = row.iter().enumerate().filter(|(index, _)| *index != left_out);
            writer.write_record(kept.map(|(_, cell)| cell)).unwrap();
        }
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    #[test]
    fn what_an_earlier_version_wrote_stays_and_goes_on_in_further_files() {
        let directory = recorded(&[("a", TrialStatus::Ok), ("b", TrialStatus::Failed)]);
        let file = |name: &str| directory.path().join(name);
        let text = fs::read_to_string(file("trials.csv")).unwrap();
        let old = without(&text, "reason");
        let images = fs::read(file("images.csv")).unwrap();
        fs::write(file("trials.csv"), &old).unwrap();
        assert_eq!(RunDirectory::recorded(directory.path()).unwrap().len(), 2);
        assert!(!file("trials.2.csv").exists(), "who only reads makes nothing");
        // A run that was killed while it made the further file.
        fs::write(file("trials.2.csv"), &text[..30]).unwrap();
        assert_eq!(RunDirectory::recorded(directory.path()).unwrap().len(), 2);
        for trial_id in ["b", "c"] {
            let (mut run, recovery) = RunDirectory::take(directory.path()).unwrap();
            assert_eq!(recovery, Recovery::default());
            run.record(record(trial_id, TrialStatus::Ok)).unwrap();
        }
        assert_eq!(fs::read_to_string(file("trials.csv")).unwrap(), old);
        let more = fs::read_to_string(file("trials.2.csv")).unwrap();
        assert!(more.starts_with(text.lines().next().unwrap()), "{more}");
        let begins: Vec<_> = more.lines().skip(1).map(|line| &line[..6]).collect();
        assert_eq!(begins, ["b,2,ok", "c,1,ok"]);
        // Of the tables whose columns are the same, the file goes on.
        assert!(fs::read(file("images.csv")).unwrap().starts_with(&images) && !file("images.2.csv").exists());
        let statuses = RunDirectory::recorded(directory.path()).unwrap();
        assert_eq!(statuses.len(), 3);
        assert!(statuses.values().all(|status| *status == TrialStatus::Ok), "{statuses:?}");
        // A row that was cut short is moved out of its own file; columns of a later version are named, and nothing is touched.
        fs::write(file("trials.2.csv"), format!("{more}d,1,o")).unwrap();
        let (run, recovery) = RunDirectory::take(directory.path()).unwrap();
        assert_eq!((recovery.torn[0].table.as_str(), recovery.torn[0].bytes), ("trials.2.csv", 5));
        drop(run);
        // A name that somebody took out of a header is no column that was not there.
        for damaged in ["trials.csv", "trials.2.csv"] {
            let whole = fs::read_to_string(file(damaged)).unwrap();
            fs::write(file(damaged), whole.replacen(",ended", "", 1)).unwrap();
            let error = RunDirectory::take(directory.path()).map(|_| ()).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{damaged} has other columns")) && error.contains("it lacks `ended`"),
                "{error}"
            );
            assert!(!file("trials.3.csv").exists());
            fs::write(file(damaged), whole).unwrap();
        }
        let later = more.replacen(",reason", ",reason,mood", 1);
        fs::write(file("trials.2.csv"), &later).unwrap();
        let error = RunDirectory::take(directory.path()).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("trials.2.csv has other columns") && error.is_user_error(), "{error}");
        assert!(error.to_string().contains("it has `mood`"), "{error}");
        assert_eq!(fs::read_to_string(file("trials.2.csv")).unwrap(), later);
    }

    #[test]
    fn damage_in_the_middle_is_not_repaired() {
        let directory = recorded(&[("a", TrialStatus::Ok), ("b", TrialStatus::Ok)]);
        let path = directory.path().join("trials.csv");
        let text = fs::read_to_string(&path).unwrap().replacen("a,1,ok", "a,1,oak", 1);
        fs::write(&path, &text).unwrap();
        let error = RunDirectory::take(directory.path()).unwrap_err().to_string();
        assert!(error.starts_with("line 2 of ") && error.contains("\"oak\" is no status"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_record_that_a_kill_cut_short_is_completed_once() {
        let directory = tempfile::tempdir().unwrap();
        let whole = record("a", TrialStatus::Ok).with_attempt(1);
        // As a kill leaves it: written down, and some of its rows in the tables.
        for (images, layers, trials) in [(0, 0, 0), (2, 0, 0), (3, 1, 0), (3, 2, 1)] {
            let out = directory.path().join(format!("{images}{layers}{trials}"));
            let mut store = Store::create(&out).unwrap();
            whole.images[..images].iter().for_each(|row| store.append_image(row).unwrap());
            whole.layers[..layers].iter().for_each(|row| store.append_layer(row).unwrap());
            (0..trials).for_each(|_| store.append_trial(&whole.trial).unwrap());
            fs::create_dir(out.join(PENDING)).unwrap();
            Journal::new(out.join(PENDING)).begin(&whole).unwrap();
            let (run, recovery) = RunDirectory::take(&out).unwrap();
            assert_eq!((status(&run, "a"), recovery.completed.len()), (Some(TrialStatus::Ok), 1 - trials));
            drop(run);
            assert_eq!(counts(&out), [1, 2, 3]);
            assert!(!out.join(PENDING).exists());
        }
    }

    #[test]
    fn rows_without_a_trial_do_not_take_the_number_of_its_attempt() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::create(directory.path()).unwrap();
        let orphan = record("a", TrialStatus::Ok).with_attempt(1);
        store.append_image(&orphan.images[0]).unwrap();
        let (mut run, _) = RunDirectory::take(directory.path()).unwrap();
        assert_eq!(status(&run, "a"), None);
        run.record(record("a", TrialStatus::Ok)).unwrap();
        let text = fs::read_to_string(directory.path().join("trials.csv")).unwrap();
        assert!(text.lines().last().unwrap().starts_with("a,2,ok"), "{text}");
    }

    #[test]
    fn rows_that_cannot_be_written_leave_the_tables_as_they_were() {
        let directory = tempfile::tempdir().unwrap();
        let (mut run, _) = RunDirectory::take(directory.path()).unwrap();
        run.record(record("a", TrialStatus::Ok)).unwrap();
        // The journal has no place any more.
        fs::remove_dir_all(directory.path().join(PENDING)).unwrap();
        let error = run.record(record("b", TrialStatus::Ok)).unwrap_err();
        assert!(matches!(error, ExperimentError::Append { .. }));
        assert_eq!(counts(directory.path()), [1, 2, 3]);
        run.record_last(TrialRow { trial_id: "b".into(), status: TrialStatus::Failed, ..TrialRow::default() }).unwrap();
        assert_eq!((status(&run, "b"), counts(directory.path())), (Some(TrialStatus::Failed), [2, 2, 3]));
    }

    #[test]
    fn a_directory_with_other_content_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("thesis.tex"), "").unwrap();
        let error = RunDirectory::check(directory.path()).unwrap_err();
        assert!(matches!(error, ExperimentError::OutputOccupied { .. }));
        assert!(error.to_string().contains("\"thesis.tex\"") && error.to_string().contains("choose another directory"));
        assert!(RunDirectory::take(directory.path()).is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn runs_of_one_second_get_directories_of_their_own() {
        let directory = tempfile::tempdir().unwrap();
        let wanted = directory.path().join("results/e-20260101-000000");
        let made: Vec<PathBuf> = (0..3).map(|_| RunDirectory::make_new(&wanted).unwrap()).collect();
        let names: Vec<_> = made.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["e-20260101-000000", "e-20260101-000000-2", "e-20260101-000000-3"]);
        assert!(made.iter().all(|path| path.is_dir()));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_refused_without_a_trace() {
        for path in ["/dev/null/results", "/proc/results"] {
            let error = RunDirectory::check(Path::new(path)).unwrap_err();
            assert!(matches!(error, ExperimentError::OutputNotWritable { .. }), "{error}");
        }
        let directory = tempfile::tempdir().unwrap();
        // A process with the same number that was killed here.
        let left = directory.path().join(format!("{PROBE}{}", std::process::id()));
        fs::write(&left, "").unwrap();
        assert_eq!(RunDirectory::check(directory.path()).unwrap(), Content::Nothing);
        assert!(!left.exists());
        assert_eq!(RunDirectory::check(&directory.path().join("new")).unwrap(), Content::Nothing);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
