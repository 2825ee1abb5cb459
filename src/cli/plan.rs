//! `leveled plan`.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::{print, print_json};
use crate::experiment::config::Experiment;
use crate::experiment::preflight::{check_all_memory, plans};
use crate::experiment::run::{Filter, select};
use crate::report::plan_text::plan_text;
use crate::report::run_text::duplicates_text;

/// Say what an experiment would run: levels, log2 QP, security, rotations, keys, predicted memory and seconds.
#[derive(Debug, Args)]
pub struct Plan {
    /// Experiment file, such as experiments/quickstart.yaml.
    file: PathBuf,
    /// Print JSON: a list with one plan per trial.
    #[arg(long)]
    json: bool,
    /// Only trials with these values of a setting; may be given several times.
    #[arg(long = "filter", value_name = "KEY=VALUE[,VALUE]", value_parser = Filter::parse)]
    filters: Vec<Filter>,
}

impl Plan {
    /// Plans every trial; runs and writes nothing. Plans that need too much memory are printed, too, before the refusal.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let experiment = Experiment::read(&self.file)?;
        let selection = select(&experiment.trials, &self.filters, &HashMap::new(), false)?;
        let plans = plans(selection.run.iter().map(|trial| &experiment.trials[*trial]))?;
        if self.json {
            print_json(&plans)?;
        } else {
            let texts: Vec<String> = plans.iter().map(plan_text).collect();
            print(&(texts.join("\n") + &duplicates_text(&experiment.duplicates)))?;
        }
        Ok(check_all_memory(&plans, None)?)
    }
}
