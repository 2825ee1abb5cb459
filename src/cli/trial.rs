//! `leveled trial`, the command that `leveled run` starts for each trial; a cluster engine can start it as well.

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::CliError;
use crate::experiment::child::{end_with_parent, run_trial};

/// Evaluate one trial; its progress and its rows go to standard output as JSON lines.
#[derive(Debug, Args)]
pub struct Trial {
    /// Trial specification (JSON); `-` reads it from standard input.
    spec: PathBuf,
    /// File that keeps the batches evaluated so far; a later call with the same file goes on from there.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// End when the process that started this one ends.
    #[arg(long)]
    supervised: bool,
}

impl Trial {
    /// Evaluates the trial.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        if self.supervised {
            end_with_parent();
        }
        Ok(run_trial(&self.spec, self.checkpoint.as_deref(), io::stdin(), io::stdout(), io::stdout())?)
    }
}
