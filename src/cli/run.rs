//! `leveled run`.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::report::print_report;
use crate::experiment::clock::UtcTime;
use crate::experiment::config::Experiment;
use crate::experiment::preflight::{check_memory, plans};
use crate::experiment::progress::Bars;
use crate::experiment::records::{Record, TrialRow};
use crate::experiment::runner::{ChildCommand, run};
use crate::experiment::store::Store;

/// Run an experiment file: each trial on encrypted images, rows, a summary and figures.
#[derive(Debug, Args)]
pub struct Run {
    /// Experiment file, such as experiments/quickstart.yaml.
    file: PathBuf,
    /// Directory for the results; must not exist or be empty [default: results/NAME-DATE-TIME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Run {
    /// Checks everything that can be checked, then runs every trial and writes the report.
    ///
    /// # Errors
    /// See [`CliError`]; before the first trial starts, nothing is written.
    pub fn execute(self) -> Result<(), CliError> {
        let experiment = Experiment::read(&self.file)?;
        let directory = self.out.unwrap_or_else(|| {
            PathBuf::from("results").join(format!("{}-{}", experiment.name, UtcTime::now().compact()))
        });
        Store::check(&directory)?;
        check_memory(&plans(&experiment)?)?;
        let child = ChildCommand::this_program()?;
        let total = experiment.trials.len();
        let summary = run(&experiment, &directory, &child, |number, spec| {
            Bars::new(&format!("trial {} of {total} ({})", number + 1, spec.id))
        })?;
        print_report(&directory)?;
        if summary.failed > 0 {
            let table = directory.join(TrialRow::FILE).display().to_string();
            return Err(CliError::TrialsFailed { failed: summary.failed, total, table });
        }
        Ok(())
    }
}
