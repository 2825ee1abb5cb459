//! Tables of results.

use std::fs;

use leveled::experiment::records::{ImageRow, LayerRow, Record, TrialRow};
use leveled::experiment::store::{RunDirectory, image_rows, trial_rows};
use leveled::report::rows::Rows;

use super::Target;
use super::files::file;

/// A directory of results with a trial.
const TRIALS: &str = include_str!("../seeds/trials_csv/one.csv");

/// `trials.csv`, as runs and reports read it.
pub fn trials() -> Target {
    of_table(TrialRow::FILE)
}

/// `images.csv` beside a trial.
pub fn images() -> Target {
    of_table(ImageRow::FILE)
}

fn of_table(table: &'static str) -> Target {
    let directory = file("results");
    fs::create_dir_all(&directory).expect("TMPDIR can be written");
    fs::write(directory.join(TrialRow::FILE), TRIALS).expect("TMPDIR can be written");
    let trial = trial_rows(&directory).expect("the seed is a table").into_keys().next().unwrap_or_default();
    for table in [ImageRow::FILE, LayerRow::FILE] {
        fs::write(directory.join(table), "").expect("TMPDIR can be written");
    }
    Box::new(move |data| {
        fs::write(directory.join(table), data).expect("TMPDIR can be written");
        let _ = image_rows(&directory, &trial);
        let _ = RunDirectory::recorded(&directory);
        let _ = Rows::read(std::slice::from_ref(&directory));
    })
}
