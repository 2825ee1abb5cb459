//! What a results directory knows of each trial.

use std::collections::HashMap;

use csv::StringRecord;

use super::part::LineEnd;
use crate::experiment::records::{Column, TrialRow, TrialStatus};
use crate::experiment::trial::is_trial_id;

/// A trial and the number of an attempt at it.
type Attempt = (String, u32);

/// Which trials are recorded, and which attempts there were.
#[derive(Debug, Clone, Default)]
pub struct Index {
    trials: HashMap<Attempt, TrialStatus>,
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
        if line_end == LineEnd::Missing && self.trials.contains_key(&attempt) {
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
        self.trials.insert(attempt, status);
    }

    fn note_last(&mut self, (trial_id, attempt): &Attempt) {
        let last = self.last.entry(trial_id.clone()).or_default();
        *last = (*last).max(*attempt);
    }

    /// How the last recorded attempt at a trial ended.
    fn status(&self, trial_id: &str) -> Option<TrialStatus> {
        let last = *self.last.get(trial_id)?;
        // An attempt may have left rows of images and no row of its own.
        (1..=last).rev().find_map(|attempt| self.trials.get(&(trial_id.to_owned(), attempt)).copied())
    }

    /// Whether an attempt has its row in `trials.csv`.
    pub fn has(&self, trial_id: &str, attempt: u32) -> bool {
        self.trials.contains_key(&(trial_id.to_owned(), attempt))
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

    /// How the last recorded attempt at each trial ended.
    pub fn statuses(&self) -> HashMap<String, TrialStatus> {
        self.last.keys().filter_map(|trial_id| Some((trial_id.clone(), self.status(trial_id)?))).collect()
    }
}

fn attempt(header: &StringRecord, row: &StringRecord) -> Result<Attempt, String> {
    let trial_id = cell(header, row, TrialRow::trial_id)?;
    if !is_trial_id(trial_id) {
        return Err(format!("{trial_id:?} in `trial_id` is no id of a trial"));
    }
    let number = cell(header, row, TrialRow::attempt)?;
    let number = number.parse().map_err(|_| format!("{number:?} is no number of an attempt"))?;
    Ok((trial_id.to_owned(), number))
}

fn cell<'r>(header: &StringRecord, row: &'r StringRecord, column: Column) -> Result<&'r str, String> {
    let index = header.iter().position(|name| name == column.name);
    index.and_then(|index| row.get(index)).ok_or_else(|| format!("there is no `{}`", column.name))
}
