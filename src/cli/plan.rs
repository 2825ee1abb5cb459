//! `leveled plan`.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::{print, print_json};
use crate::experiment::config::Experiment;
use crate::experiment::evaluate;
use crate::report::plan_text::plan_text;

/// Say what an experiment would run: levels, log2 QP, security, rotations, keys, predicted memory and seconds.
#[derive(Debug, Args)]
pub struct Plan {
    /// Experiment file, such as experiments/quickstart.yaml.
    file: PathBuf,
    /// Print JSON: a list with one plan per trial.
    #[arg(long)]
    json: bool,
}

impl Plan {
    /// Plans every trial; runs and writes nothing.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let experiment = Experiment::read(&self.file)?;
        let plans = experiment.trials.iter().map(evaluate::plan).collect::<Result<Vec<_>, _>>()?;
        if self.json {
            return print_json(&plans);
        }
        let texts: Vec<String> = plans.iter().map(plan_text).collect();
        print(&texts.join("\n"))
    }
}
