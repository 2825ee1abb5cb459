//! `leveled plan`.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::{print, print_json};
use crate::experiment::config::Experiment;
use crate::experiment::level_view::level_views;
use crate::experiment::notice::tell;
use crate::experiment::operations_view::{article_views, compared_view};
use crate::experiment::overrides::Override;
use crate::experiment::plan_view::PlanView;
use crate::experiment::preflight::{check_all_memory, plans};
use crate::experiment::prices::KnownPrices;
use crate::experiment::run::{Filter, select};
use crate::experiment::security_view::{ChainBits, SecurityView, article_chains};
use crate::report::level_text::{level_csv, level_text};
use crate::report::operations_text::{article_text, compared_text};
use crate::report::plan_text::plan_text;
use crate::report::run_text::duplicates_text;
use crate::report::security_text::security_text;

/// Say what an experiment would run: levels, log2 QP, security, rotations, keys, predicted memory and seconds.
#[derive(Debug, Args)]
pub struct Plan {
    /// Experiment file, such as experiments/quickstart.yaml.
    #[arg(required_unless_present_any = ["levels", "operations", "security", "chain"])]
    file: Option<PathBuf>,
    /// Print JSON: a list with one plan per trial.
    #[arg(long)]
    json: bool,
    /// Print the levels of every network with each optimisation on and off instead; needs no experiment.
    #[arg(long, conflicts_with_all = ["file", "operations", "filters", "set"])]
    levels: bool,
    /// With --levels: CSV, a line for each node.
    #[arg(long, requires = "levels", conflicts_with_all = ["json", "file"])]
    csv: bool,
    /// Print what the published security lines say about the chains of the article's code instead, or about --chain; needs no experiment.
    #[arg(long, conflicts_with_all = ["file", "levels", "operations", "filters", "set"])]
    security: bool,
    /// As --security, of a chain of primes of these sizes in bits, special primes included: 60,40x20,60 is one of 60, twenty of 40, one of 60.
    #[arg(long, value_name = "BITS", requires = "log_n", conflicts_with_all = ["file", "levels", "operations", "filters", "set"])]
    chain: Option<ChainBits>,
    /// With --chain: log2 of the ring dimension N.
    #[arg(long, value_name = "LOG_N", requires = "chain", value_parser = clap::value_parser!(u32).range(1..=30))]
    log_n: Option<u32>,
    /// Print operation counts by layer beside those of the article's algorithm; without an experiment, the article's networks.
    #[arg(long)]
    operations: bool,
    /// Value in place of the file's, for every trial: a setting (`log_n=14`), part of one (`memory.limit='4 GiB'`), an axis
    /// (`sweep.seed='[1, 2]'`) or `name=...`; may be given several times. Paths are as in the file.
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "file")]
    set: Vec<Override>,
    /// Only trials with these values of a setting; may be given several times.
    #[arg(long = "filter", value_name = "KEY=VALUE[,VALUE]", value_parser = Filter::parse, requires = "file")]
    filters: Vec<Filter>,
}

impl Plan {
    /// Plans every trial; runs and writes nothing. Plans that need too much memory are printed, too, before the refusal.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        if self.levels {
            return self.print_levels();
        }
        if self.security || self.chain.is_some() {
            return self.print_security();
        }
        let Some(file) = &self.file else { return self.print_article() };
        let experiment = Experiment::read_with(file, &self.set)?;
        let selection = select(&experiment.trials, &self.filters, &HashMap::new(), false)?;
        let plans = plans(selection.run.iter().map(|trial| &experiment.trials[*trial]), &KnownPrices::here()?)?;
        let in_the_clear = plans.iter().filter(|plan| plan.is_none()).count();
        if in_the_clear > 0 {
            tell(&format!("{in_the_clear} trial(s) are evaluated in the clear, which needs no plan\n"));
        }
        let plans: Vec<PlanView> = plans.into_iter().flatten().collect();
        if self.operations {
            let compared = plans.iter().map(compared_view).collect::<Result<Vec<_>, _>>()?;
            if self.json {
                print_json(&compared)?;
            } else {
                print(&compared.iter().map(compared_text).collect::<Vec<_>>().join("\n"))?;
            }
        } else if self.json {
            print_json(&plans)?;
        } else {
            let texts: Vec<String> = plans.iter().map(plan_text).collect();
            print(&(texts.join("\n") + &duplicates_text(&experiment.duplicates)))?;
        }
        Ok(check_all_memory(&plans, None)?)
    }

    fn print_levels(&self) -> Result<(), CliError> {
        let views = level_views()?;
        match (self.json, self.csv) {
            (true, _) => print_json(&views),
            (_, true) => print(&level_csv(&views)?),
            _ => print(&level_text(&views)),
        }
    }

    fn print_security(&self) -> Result<(), CliError> {
        let views = match (&self.chain, self.log_n) {
            (Some(chain), Some(log_n)) => vec![SecurityView::new(None, chain, log_n)],
            _ => article_chains(),
        };
        if self.json { print_json(&views) } else { print(&security_text(&views)) }
    }

    fn print_article(&self) -> Result<(), CliError> {
        let views = article_views()?;
        if self.json { print_json(&views) } else { print(&article_text(&views)) }
    }
}
