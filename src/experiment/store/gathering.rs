//! Rows of parts, results directories of their own, into one.

use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::directory::all_rows;
use super::journal::TrialRecord;
use super::run_directory::{PENDING, RunDirectory};
use crate::experiment::ExperimentError;
use crate::experiment::records::{ImageRow, LayerRow, Record, TrialRow, TrialStatus, row_lines};

/// What was found in parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gathered {
    /// Attempts at trials that were not there yet.
    pub added: usize,
    /// Parts that a run has; they are left for the next time.
    pub in_use: Vec<PathBuf>,
}

impl RunDirectory {
    /// Checks that a directory is a part: a run has begun in it.
    ///
    /// # Errors
    /// [`ExperimentError::NoResults`], [`ExperimentError::Read`].
    pub fn check_part(part: &Path) -> Result<(), ExperimentError> {
        fs::read_dir(part).map_err(|source| ExperimentError::Read { path: part.to_owned(), source })?;
        if [TrialRow::FILE, PENDING].iter().any(|name| part.join(name).exists()) {
            Ok(())
        } else {
            Err(ExperimentError::NoResults { path: part.to_owned(), missing: TrialRow::FILE })
        }
    }

    /// Records the attempts of parts that are not recorded here, each as the next one at its trial, and keeps what the parts have of
    /// trials that did not come to their end. A part stays as it is, and gathering it again adds nothing.
    ///
    /// # Errors
    /// As [`RunDirectory::take`] for a part, but for one that is in use; [`ExperimentError::Argument`] for one that
    /// cannot be written; those of [`RunDirectory::record`].
    pub fn gather(&mut self, parts: &[PathBuf]) -> Result<Gathered, ExperimentError> {
        // How often each row stands here: a part may have two attempts that read alike.
        let mut here: HashMap<String, usize> = HashMap::new();
        for row in all_rows(self.path())? {
            *here.entry(mark(&row)?).or_default() += 1;
        }
        let mut gathered = Gathered::default();
        for part in parts {
            Self::check_part(part)?;
            if part.canonicalize().ok() == self.path().canonicalize().ok() {
                let problem =
                    format!("{} is the directory to gather into; name the directories of the parts", part.display());
                return Err(ExperimentError::Argument { name: "PARTS", problem });
            }
            // Taken, so that what a kill left is in order and nobody writes meanwhile.
            let taken = match Self::take(part) {
                Ok((taken, _)) => taken,
                Err(ExperimentError::Locked { .. }) => {
                    gathered.in_use.push(part.clone());
                    continue;
                }
                Err(error) => return Err(of_part(part, error)),
            };
            let mut left = here.clone();
            for record in records(part)? {
                let mark = mark(&record.trial)?;
                match left.get_mut(&mark) {
                    Some(count) if *count > 0 => *count -= 1,
                    _ => {
                        self.record(record)?;
                        *here.entry(mark).or_default() += 1;
                        gathered.added += 1;
                    }
                }
            }
            for trial_id in taken.checkpointed() {
                if self.statuses().get(&trial_id) != Some(&TrialStatus::Ok) {
                    add_batches(&taken.checkpoint(&trial_id), &self.checkpoint(&trial_id))?;
                }
            }
        }
        Ok(gathered)
    }
}

/// Why a part cannot be taken, in words for what is only read: those of the store are for a directory that rows go to.
fn of_part(part: &Path, error: ExperimentError) -> ExperimentError {
    match error {
        ExperimentError::OutputNotWritable { source, .. } | ExperimentError::Append { source, .. } => {
            let problem = format!(
                "{} cannot be written: {source}; a part is locked while it is read, and what a kill left in it is \
                 put in order: change its permissions, or copy it and name the copy",
                part.display()
            );
            ExperimentError::Argument { name: "PARTS", problem }
        }
        error => error,
    }
}

/// What tells an attempt from others, wherever it stands: its row but for its number.
fn mark(row: &TrialRow) -> Result<String, ExperimentError> {
    row_lines([&TrialRow { attempt: 0, ..row.clone() }])
}

/// Every attempt that is recorded in a directory, in the order of `trials.csv`.
fn records(directory: &Path) -> Result<Vec<TrialRecord>, ExperimentError> {
    let mut records: Vec<TrialRecord> =
        all_rows(directory)?.into_iter().map(|trial| TrialRecord { trial, ..TrialRecord::default() }).collect();
    let index: HashMap<(String, u32), usize> = records
        .iter()
        .enumerate()
        .map(|(index, record)| ((record.trial.trial_id.clone(), record.trial.attempt), index))
        .collect();
    // Rows of an attempt that has none of its own are those of a run that was killed; it runs again.
    for row in all_rows::<LayerRow>(directory)? {
        if let Some(record) = index.get(&(row.trial_id.clone(), row.attempt)) {
            records[*record].layers.push(row);
        }
    }
    for row in all_rows::<ImageRow>(directory)? {
        if let Some(record) = index.get(&(row.trial_id.clone(), row.attempt)) {
            records[*record].images.push(row);
        }
    }
    Ok(records)
}

/// The batches in a file of them: a line each, wherever it stands. What a kill cut short or the disk spoilt is none.
fn batches(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    content.split(|byte| *byte == b'\n').filter(move |line| std::str::from_utf8(line).is_ok_and(is_json))
}

/// Appends the batches of a file to another one that does not have them.
fn add_batches(from: &Path, to: &Path) -> Result<(), ExperimentError> {
    let unreadable = |source| ExperimentError::Read { path: from.to_owned(), source };
    let lost = |source| ExperimentError::Append { path: to.to_owned(), source };
    let lines = fs::read(from).map_err(unreadable)?;
    let there = if to.exists() { fs::read(to).map_err(lost)? } else { Vec::new() };
    let there: HashSet<&[u8]> = batches(&there).collect();
    let new: Vec<&[u8]> = batches(&lines).filter(|line| !there.contains(line)).collect();
    if new.is_empty() {
        return Ok(());
    }
    // Where the last line was cut short, what follows begins on its own.
    let mut text = vec![b'\n'];
    new.into_iter().for_each(|line| text.extend(line.iter().chain(b"\n")));
    let mut file = OpenOptions::new().create(true).append(true).open(to).map_err(lost)?;
    file.write_all(&text).and_then(|()| file.sync_data()).map_err(lost)
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;
    use crate::experiment::store::{journal, lock};

    fn record(trial_id: &str, status: TrialStatus, reason: &str) -> TrialRecord {
        let mut record = journal::tests::record(trial_id, status);
        record.trial.reason = reason.to_owned();
        record
    }

    fn part(root: &Path, name: &str, records: &[TrialRecord]) -> PathBuf {
        let (mut run, _) = RunDirectory::take(&root.join(name)).unwrap();
        for record in records {
            run.record(record.clone()).unwrap();
        }
        root.join(name)
    }

    fn attempts(directory: &Path) -> Vec<(String, u32)> {
        all_rows::<TrialRow>(directory).unwrap().into_iter().map(|row| (row.trial_id, row.attempt)).collect()
    }

    #[test]
    fn parts_are_gathered_once() {
        let root = tempfile::tempdir().unwrap();
        let (ok, failed) = (TrialStatus::Ok, TrialStatus::Failed);
        // Two attempts at `a` read alike; `b` was tried here before.
        let a = part(root.path(), "a", &[record("a", failed, "x"), record("a", failed, "x"), record("a", ok, "")]);
        let b = part(root.path(), "b", &[record("b", ok, "")]);
        let all = part(root.path(), "all", &[record("b", failed, "y")]);
        let (mut run, _) = RunDirectory::take(&all).unwrap();
        // The same part twice is one.
        assert_eq!(run.gather(&[a.clone(), a.clone()]).unwrap(), Gathered { added: 3, in_use: vec![] });
        let parts = [a, b];
        for added in [1, 0, 0] {
            assert_eq!(run.gather(&parts).unwrap(), Gathered { added, in_use: vec![] });
        }
        drop(run);
        let expected = [("b", 1), ("a", 1), ("a", 2), ("a", 3), ("b", 2)];
        assert_eq!(attempts(&all), expected.map(|(id, attempt)| (id.to_owned(), attempt)));
        assert_eq!((all_rows::<LayerRow>(&all).unwrap().len(), all_rows::<ImageRow>(&all).unwrap().len()), (10, 15));
        // The rows of images are those of their attempt.
        assert_eq!(all_rows::<ImageRow>(&all).unwrap().iter().filter(|row| row.attempt == 3).count(), 3);
    }

    /// A table whose last row has an error of a spreadsheet in a column.
    fn spoilt(table: &str, column: &str) -> String {
        let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
        let place = lines[0].split(',').position(|name| name == column).unwrap();
        let last = lines.pop().unwrap();
        let cells: Vec<&str> =
            last.split(',').enumerate().map(|(at, cell)| if at == place { "#REF!" } else { cell }).collect();
        lines.push(cells.join(","));
        lines.join("\n") + "\n"
    }

    #[test]
    fn a_last_row_that_was_spoilt_is_no_row_that_was_cut_short() {
        let root = tempfile::tempdir().unwrap();
        let a = part(root.path(), "a", &[record("a", TrialStatus::Ok, "")]);
        let all = part(root.path(), "all", &[]);
        let gathered = || RunDirectory::take(&all).unwrap().0.gather(from_ref(&a));
        for (directory, table, column) in [
            (&a, "images.csv", "label"),
            (&a, "layers.csv", "seconds"),
            (&a, "trials.csv", "clear_accuracy"),
            (&all, "trials.csv", "clear_accuracy"),
        ] {
            if directory == &all {
                assert_eq!(gathered().unwrap().added, 1);
            }
            let path = directory.join(table);
            let whole = fs::read_to_string(&path).unwrap();
            fs::write(&path, spoilt(&whole, column)).unwrap();
            let error = gathered().unwrap_err();
            assert!(matches!(error, ExperimentError::TableDamaged { .. }), "{table}: {error}");
            fs::write(&path, whole).unwrap();
        }
        assert_eq!(gathered().unwrap().added, 0);
    }

    #[test]
    fn a_failure_elsewhere_does_not_undo_what_came_to_its_end() {
        let root = tempfile::tempdir().unwrap();
        let ok = part(root.path(), "ok", &[record("a", TrialStatus::Ok, "")]);
        let failed = part(root.path(), "failed", &[record("a", TrialStatus::Failed, "no memory")]);
        for (name, parts) in [("one", [&ok, &failed]), ("other", [&failed, &ok])] {
            let (mut run, _) = RunDirectory::take(&root.path().join(name)).unwrap();
            assert_eq!(run.gather(&parts.map(Clone::clone)).unwrap().added, 2);
            assert_eq!(run.statuses()["a"], TrialStatus::Ok);
        }
    }

    #[test]
    fn what_is_in_use_waits_and_what_is_not_there_is_named() {
        let root = tempfile::tempdir().unwrap();
        let a = part(root.path(), "a", &[record("a", TrialStatus::Ok, "")]);
        let (mut run, _) = RunDirectory::take(&root.path().join("all")).unwrap();
        let (held, _) = RunDirectory::take(&a).unwrap();
        assert_eq!(run.gather(from_ref(&a)).unwrap(), Gathered { added: 0, in_use: vec![a.clone()] });
        drop(held);
        assert_eq!(run.gather(from_ref(&a)).unwrap().added, 1);
        let text = run.gather(&[root.path().join("none")]).unwrap_err().to_string();
        assert!(text.contains("none") && !root.path().join("none").exists(), "{text}");
    }

    #[test]
    fn batches_of_a_trial_that_did_not_come_to_its_end_follow() {
        let root = tempfile::tempdir().unwrap();
        let a = part(root.path(), "a", &[record("a", TrialStatus::Failed, "killed"), record("b", TrialStatus::Ok, "")]);
        let (held, _) = RunDirectory::take(&a).unwrap();
        let paths = ["a", "b"].map(|id| held.checkpoint(id));
        for path in &paths {
            fs::write(path, b"\n[1]\n\xff\xfe\n[2]\n[3").unwrap();
        }
        drop(held);
        let (mut run, _) = RunDirectory::take(&root.path().join("all")).unwrap();
        fs::write(run.checkpoint("a"), b"[0]\n\xff\xfe\n[1]\n[2").unwrap();
        for _ in 0..2 {
            run.gather(from_ref(&a)).unwrap();
        }
        // Once each, and nothing of what is no batch.
        assert_eq!(fs::read(run.checkpoint("a")).unwrap(), b"[0]\n\xff\xfe\n[1]\n[2\n[2]\n");
        assert!(!run.checkpoint("b").exists() && paths.iter().all(|path| path.exists()));
    }

    #[test]
    fn a_part_that_cannot_be_written_is_to_be_copied() {
        let root = tempfile::tempdir().unwrap();
        let a = part(root.path(), "a", &[record("a", TrialStatus::Ok, "")]);
        let (mut run, _) = RunDirectory::take(&root.path().join("all")).unwrap();
        // In the place of the lock, what even the superuser cannot write.
        fs::create_dir(a.join(lock::FILE)).unwrap();
        let error = run.gather(from_ref(&a)).unwrap_err();
        assert!(matches!(error, ExperimentError::Argument { name: "PARTS", .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("{} cannot be written: ", a.display())), "{text}");
        assert!(text.ends_with("name the copy") && !text.contains("--out") && error.is_user_error(), "{text}");
    }
}
