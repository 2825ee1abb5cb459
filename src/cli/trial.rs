//! `leveled trial`, the command that `leveled run` starts for each trial; a cluster engine can start it as well.

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::CliError;
use crate::experiment::child::run_trial;

/// Evaluate one trial and append its rows.
#[derive(Debug, Args)]
pub struct Trial {
    /// Trial specification (JSON) that `leveled run` wrote.
    spec: PathBuf,
    /// Results directory to append to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Trial {
    /// Evaluates the trial; progress goes to standard output as JSON lines.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        Ok(run_trial(&self.spec, &self.out, io::stdout())?)
    }
}
