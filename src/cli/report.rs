//! `leveled report`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::CliError;
use super::output::print;
use crate::report::left_out::LeftOut;
use crate::report::rows::has_trials;
use crate::report::summary::write_report;
use crate::report::tables;

/// Make tables, figures and a page of results directories, from their rows alone.
#[derive(Debug, Args)]
pub struct Report {
    /// Directories that `leveled run` wrote; several are one report.
    #[arg(required = true)]
    directories: Vec<PathBuf>,
    /// Directory for the report [default: the results directory; must be given for several].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Report {
    /// Writes the report and says where.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let out = match (self.out, self.directories.as_slice()) {
            (Some(out), _) => out,
            (None, [directory]) => directory.clone(),
            (None, several) => return Err(CliError::ReportNeedsOut { directories: several.len() }),
        };
        let (paths, left_out) = write_report(&self.directories, &out)?;
        match self.directories.as_slice() {
            [directory] if has_trials(directory) => print_report(directory, &paths, &left_out),
            _ => print(&(paths_text(&paths) + &left_out_text(&left_out))),
        }
    }
}

/// Most trials whose summary is printed.
const SHOWN: usize = 6;

/// Prints the summary of a results directory, the paths of what was made from it, and what was left out.
///
/// # Errors
/// See [`CliError`].
pub fn print_report(directory: &Path, paths: &[PathBuf], left_out: &[LeftOut]) -> Result<(), CliError> {
    let trials = tables::trials(directory)?;
    // A column for each trial: with many of them, the files are easier to read.
    let text = if trials.len() <= SHOWN {
        tables::facts(&tables::summary(&trials)?) + "\n"
    } else {
        format!("{} trials\n\n", trials.len())
    };
    print(&(text + &paths_text(paths) + &left_out_text(left_out)))
}

fn paths_text(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("{}\n", path.display())).collect()
}

fn left_out_text(left_out: &[LeftOut]) -> String {
    if left_out.is_empty() {
        return String::new();
    }
    let line = |LeftOut { what, why }: &LeftOut| format!("  {what}: {why}\n");
    format!("left out:\n{}", left_out.iter().map(line).collect::<String>())
}
