//! `leveled plan`.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::{print, print_json};
use crate::experiment::config::Experiment;
use crate::experiment::preflight::{check_memory, plans};
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
    /// Plans every trial; runs and writes nothing. Plans that need too much memory are printed, too, before the refusal.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let plans = plans(&Experiment::read(&self.file)?)?;
        if self.json {
            print_json(&plans)?;
        } else {
            let texts: Vec<String> = plans.iter().map(plan_text).collect();
            print(&texts.join("\n"))?;
        }
        Ok(check_memory(&plans)?)
    }
}
