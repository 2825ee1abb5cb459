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
        print_report(&self.directory)
    }
}

/// Writes tables and figures, prints the summary and the paths.
///
/// # Errors
/// See [`CliError`].
pub fn print_report(directory: &Path) -> Result<(), CliError> {
    let paths = write_report(directory)?;
    let summary = tables::summary(&tables::trials(directory)?)?;
    let mut text = tables::facts(&summary)? + "\n";
    for path in paths {
        text += &format!("{}\n", path.display());
    }
    print(&text)
}
