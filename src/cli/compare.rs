//! `leveled compare`.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::{print, print_json};
use crate::report::compare::{Tolerance, compare, comparison_text};

/// Compare two results directories trial by trial: accuracy and seconds with intervals, what got worse first. Exit code 1 if something
/// got worse, for continuous integration.
#[derive(Debug, Args)]
pub struct Compare {
    /// Results directory before.
    before: PathBuf,
    /// Results directory after.
    after: PathBuf,
    /// Percent points of accuracy that may be lost.
    #[arg(long, value_name = "POINTS", default_value_t = 0.0, value_parser = tolerated)]
    accuracy_tolerance: f64,
    /// Percent that an evaluation may take longer.
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0, value_parser = tolerated)]
    seconds_tolerance: f64,
    /// Count trials that are not there after as worse.
    #[arg(long)]
    complete: bool,
    /// Print JSON in place of Markdown.
    #[arg(long)]
    json: bool,
}

impl Compare {
    /// Compares and prints.
    ///
    /// # Errors
    /// See [`CliError`]; [`CliError::Worse`].
    pub fn execute(self) -> Result<(), CliError> {
        let tolerance = Tolerance {
            accuracy_points: self.accuracy_tolerance,
            seconds_percent: self.seconds_tolerance,
            missing: !self.complete,
        };
        let comparison = compare(&self.before, &self.after, tolerance)?;
        if self.json {
            print_json(&comparison)?;
        } else {
            print(&comparison_text(&comparison))?;
        }
        match comparison.worse() {
            0 => Ok(()),
            worse => Err(CliError::Worse { worse, total: comparison.total() }),
        }
    }
}

fn tolerated(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "a tolerance is a number of at least 0".to_owned())
}
