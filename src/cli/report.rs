//! `leveled report`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::CliError;
use super::output::print;
use crate::report::summary::write_report;
use crate::report::tables;

/// Make the tables and figures of a results directory again, from its rows.
#[derive(Debug, Args)]
pub struct Report {
    /// Directory that `leveled run` wrote.
    directory: PathBuf,
}

impl Report {
    /// Writes tables and figures and says where.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        print_report(&self.directory, &write_report(&self.directory)?)
    }
}

/// Most trials whose summary is printed.
const SHOWN: usize = 6;

/// Prints the summary of a results directory and the paths of what was made from it.
///
/// # Errors
/// See [`CliError`].
pub fn print_report(directory: &Path, paths: &[PathBuf]) -> Result<(), CliError> {
    let trials = tables::trials(directory)?;
    // A column for each trial: with many of them, the files are easier to read.
    let mut text = if trials.len() <= SHOWN {
        tables::facts(&tables::summary(&trials)?)? + "\n"
    } else {
        format!("{} trials\n\n", trials.len())
    };
    for path in paths {
        text += &format!("{}\n", path.display());
    }
    print(&text)
}
