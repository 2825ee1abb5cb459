//! Which trials of two directories are the same.

use std::collections::HashMap;

use super::side::Side;
use crate::experiment::records::TrialRow;
use crate::report::columns::trial;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Matched {
    /// Rows before and after.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Trials that came to their end and have no counterpart.
    pub(super) only_before: Vec<String>,
    /// Trials that came to their end after and were not there before.
    pub(super) only_after: Vec<String>,
    /// Trials that failed before and came to their end after.
    pub(super) mended: Vec<String>,
}

/// Matches trials by their ids, then those that are left by their settings, where these say which they are, at last by those
/// but for the threads. A trial that failed before has nothing to be compared with.
pub(super) fn matched(before: &Side, after: &Side) -> Matched {
    let ids: HashMap<String, usize> = (0..after.len()).map(|row| (after.id(row), row)).collect();
    let ended: Vec<usize> = (0..before.len()).filter(|row| before.has_ended(*row)).collect();
    let mut counterpart: HashMap<usize, usize> =
        ended.iter().filter_map(|row| Some((*row, *ids.get(&before.id(*row))?))).collect();
    let left_before: Vec<usize> = ended.iter().copied().filter(|row| !counterpart.contains_key(row)).collect();
    let known: Vec<String> = (0..before.len()).map(|row| before.id(row)).collect();
    let left_after: Vec<usize> = (0..after.len()).filter(|row| !known.contains(&after.id(*row))).collect();
    counterpart.extend(unique_pairs((before, &left_before), (after, &left_after), &[]));
    // Where nobody asks for threads, they are as many as the machine has cores; where a sweep does, several trials differ
    // in them alone.
    let [all_before, all_after] = [before, after].map(|side| (0..side.len()).collect::<Vec<_>>());
    let is_left = |(row, other): &(usize, usize)| left_before.contains(row) && left_after.contains(other);
    let but_threads = unique_pairs((before, &all_before), (after, &all_after), &[trial::THREADS]);
    counterpart.extend(but_threads.into_iter().filter(is_left));
    let pairs: Vec<(usize, usize)> = ended.iter().filter_map(|row| Some((*row, *counterpart.get(row)?))).collect();
    let taken = |row: &usize| pairs.iter().any(|(_, other)| other == row);
    let alone = |side: &Side, rows: Vec<usize>| {
        let labels = labels_of(side, &(0..side.len()).collect::<Vec<_>>());
        rows.into_iter().map(|row| named(&labels[row], &side.id(row))).collect()
    };
    let only_before = alone(before, ended.into_iter().filter(|row| !counterpart.contains_key(row)).collect());
    let ended_after = (0..after.len()).filter(|row| after.has_ended(*row));
    let failed = |row: &usize| (0..before.len()).any(|old| before.id(old) == after.id(*row) && !before.has_ended(old));
    let (mended, new) = ended_after.filter(|row| !taken(row)).partition(failed);
    let (mended, only_after) = (alone(after, mended), alone(after, new));
    Matched { pairs, only_before, only_after, mended }
}

/// The rows before and after that are the only ones with their settings, but for those in `without`.
fn unique_pairs(before: (&Side, &[usize]), after: (&Side, &[usize]), without: &[&str]) -> Vec<(usize, usize)> {
    let [these, those] = [before, after].map(|(side, rows)| by_settings(side, rows, without));
    let only = |rows: &Vec<usize>| if let [row] = rows.as_slice() { Some(*row) } else { None };
    these.iter().filter_map(|(settings, rows)| only(rows).zip(those.get(settings).and_then(only))).collect()
}

/// Rows by all of their settings but for those in `without`.
fn by_settings(side: &Side, rows: &[usize], without: &[&str]) -> HashMap<Vec<String>, Vec<usize>> {
    let mut all: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
    for row in rows {
        let columns = TrialRow::SETTINGS.iter().copied().chain([TrialRow::images_of.name]);
        let columns = columns.filter(|column| !without.contains(column));
        all.entry(columns.map(|column| side.text(column, *row)).collect()).or_default().push(*row);
    }
    all
}

/// What distinguishes each pair from the others.
pub(super) fn labels(before: &Side, pairs: &[(usize, usize)]) -> Vec<String> {
    let rows: Vec<usize> = pairs.iter().map(|(row, _)| *row).collect();
    let labels = labels_of(before, &rows);
    labels.into_iter().zip(rows).map(|(label, row)| if label.is_empty() { before.id(row) } else { label }).collect()
}

fn labels_of(side: &Side, rows: &[usize]) -> Vec<String> {
    let differs = |column: &&str| rows.iter().any(|row| side.text(column, *row) != side.text(column, rows[0]));
    let columns: Vec<&str> = TrialRow::SETTINGS.iter().copied().filter(differs).collect();
    let label = |row: &usize| {
        let parts = columns.iter().map(|column| (column, side.text(column, *row))).filter(|(_, text)| !text.is_empty());
        parts.map(|(column, text)| format!("{column}={text}")).collect::<Vec<_>>().join(" ")
    };
    rows.iter().map(label).collect()
}

fn named(label: &str, id: &str) -> String {
    if label.is_empty() { id.to_owned() } else { format!("{label} ({id})") }
}
