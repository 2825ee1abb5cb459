//! What a results directory knows of each trial.

use std::collections::{HashMap, HashSet};

use csv::StringRecord;

use super::part::LineEnd;
use crate::experiment::records::{Column, Reading, TrialRow, TrialStatus};
use crate::experiment::trial::is_trial_id;

/// A trial and the number of an attempt at it.
type Attempt = (String, u32);

/// Which trials are recorded, and which attempts there were.
#[derive(Debug, Clone, Default)]
pub struct Index {
    trials: HashSet<Attempt>,
    /// The number and the status of the attempt that counts for each trial.
    counting: HashMap<String, (u32, TrialStatus)>,
    layers: HashMap<Attempt, usize>,
    images: HashMap<Attempt, usize>,
    last: HashMap<String, u32>,
}

/// A table of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// `layers.csv`.
    Layers,
    /// `images.csv`.
    Images,
}

impl Index {
    /// Notes a row of `trials.csv`.
    ///
    /// # Errors
    /// What is wrong with the row.
    pub fn read_trial(&mut self, header: &StringRecord, row: &StringRecord, line_end: LineEnd) -> Result<(), String> {
        let attempt = attempt(header, row)?;
        if line_end == LineEnd::Missing && self.trials.contains(&attempt) {
            return Err("it is recorded already".to_owned());
        }
        let word = cell(header, row, TrialRow::status)?;
        let status = [TrialStatus::Ok, TrialStatus::Failed].into_iter().find(|status| status.as_str() == word);
        let status = status.ok_or_else(|| format!("{word:?} is no status"))?;
        self.note_trial(attempt, status);
        Ok(())
    }

    /// Notes a row of `layers.csv` or `images.csv`.
    ///
    /// # Errors
    /// What is wrong with the row.
    pub fn read_row(&mut self, rows: Rows, header: &StringRecord, row: &StringRecord) -> Result<(), String> {
        let attempt = attempt(header, row)?;
        self.note_last(&attempt);
        let counts = match rows {
            Rows::Layers => &mut self.layers,
            Rows::Images => &mut self.images,
        };
        *counts.entry(attempt).or_default() += 1;
        Ok(())
    }

    /// Notes that an attempt has its row in `trials.csv`.
    pub fn note_trial(&mut self, attempt: Attempt, status: TrialStatus) {
        self.note_last(&attempt);
        let (trial_id, number) = attempt.clone();
        self.trials.insert(attempt);
        let counting = self.counting.entry(trial_id).or_insert((number, status));
        if status.rank(number.into()) > counting.1.rank(counting.0.into()) {
            *counting = (number, status);
        }
    }

    fn note_last(&mut self, (trial_id, attempt): &Attempt) {
        let last = self.last.entry(trial_id.clone()).or_default();
        *last = (*last).max(*attempt);
    }

    /// Whether an attempt has its row in `trials.csv`.
    pub fn has(&self, trial_id: &str, attempt: u32) -> bool {
        self.trials.contains(&(trial_id.to_owned(), attempt))
    }

    /// How many rows of an attempt there are.
    pub fn count(&self, rows: Rows, trial_id: &str, attempt: u32) -> usize {
        let counts = match rows {
            Rows::Layers => &self.layers,
            Rows::Images => &self.images,
        };
        counts.get(&(trial_id.to_owned(), attempt)).copied().unwrap_or(0)
    }

    /// The number of the next attempt at a trial.
    pub fn next_attempt(&self, trial_id: &str) -> u32 {
        self.last.get(trial_id).map_or(1, |last| last.saturating_add(1))
    }

    /// How each trial ended, by the attempt that counts: see [`TrialStatus::rank`].
    pub fn statuses(&self) -> HashMap<String, TrialStatus> {
        self.counting.iter().map(|(trial_id, (_, status))| (trial_id.clone(), *status)).collect()
    }
}

fn attempt(header: &StringRecord, row: &StringRecord) -> Result<Attempt, String> {
    let trial_id = cell(header, row, TrialRow::trial_id)?;
    if !is_trial_id(trial_id) {
        return Err(format!("{trial_id:?} in `trial_id` is no id of a trial"));
    }
    let number = cell(header, row, TrialRow::attempt)?;
    let known = Reading::new(Some(&TrialRow::attempt), false).cell(number).ok().and_then(|number| number.parse().ok());
    let known = known.filter(|number| (1..u32::MAX).contains(number));
    let number = known.ok_or_else(|| format!("{number:?} is no number of an attempt"))?;
    Ok((trial_id.to_owned(), number))
}

fn cell<'r>(header: &StringRecord, row: &'r StringRecord, column: Column) -> Result<&'r str, String> {
    let index = header.iter().position(|name| name == column.name);
    index.and_then(|index| row.get(index)).ok_or_else(|| format!("there is no `{}`", column.name))
}
