//! `leveled run`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::CliError;
use super::output::print;
use super::report::print_report;
use crate::experiment::byte_size::ByteSize;
use crate::experiment::clock::UtcTime;
use crate::experiment::config::Experiment;
use crate::experiment::fingerprint::sha256_of_text;
use crate::experiment::host::available_memory_bytes;
use crate::experiment::notice::tell;
use crate::experiment::plan_view::PlanView;
use crate::experiment::preflight::{check_all_memory, plans};
use crate::experiment::prices::KnownPrices;
use crate::experiment::provenance::Provenance;
use crate::experiment::records::{Record, TrialRow, TrialStatus};
use crate::experiment::run::{
    Board, ChildCommand, Filter, Forecast, Interrupt, Job, Recognised, RunOptions, Selection, labels, run, select,
};
use crate::experiment::store::RunDirectory;
use crate::report::run_text::{dry_run_text, duplicates_text, others_text, recovery_text};
use crate::report::summary::{write_report, write_tables};

/// How much faster a simulated image is than an encrypted one, about; for the time that is left.
const SIMULATED_SPEED: f64 = 60.0;

/// Most trials whose figures are made at the end of a run.
const FIGURED: usize = 12;

/// Run an experiment file: each trial on encrypted images, rows, a summary and figures. A directory that an earlier run of the
/// experiment wrote is resumed: what is recorded there does not run again.
#[derive(Debug, Args)]
pub struct Run {
    /// Experiment file, such as experiments/quickstart.yaml.
    file: PathBuf,
    /// Directory for the results: new, empty, or with results of this experiment to resume [default: results/NAME-DATE-TIME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only trials with these values of a setting; may be given several times.
    #[arg(long = "filter", value_name = "KEY=VALUE[,VALUE]", value_parser = Filter::parse)]
    filters: Vec<Filter>,
    /// Most trials side by side; they disturb each other's seconds.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: u32,
    /// Memory that trials side by side may need together by their predictions, such as `64 GiB` [default: what is available].
    #[arg(long, value_name = "SIZE", value_parser = ByteSize::parse)]
    max_memory: Option<ByteSize>,
    /// Say what would run, with predicted memory and seconds; run and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Start no further trial after one has failed.
    #[arg(long)]
    fail_fast: bool,
    /// Run trials again that are recorded as failed.
    #[arg(long)]
    retry_failed: bool,
}

impl Run {
    /// Checks everything that can be checked, then runs every trial that is not recorded yet and writes the report.
    ///
    /// # Errors
    /// See [`CliError`]; before the first trial starts, nothing is written.
    pub fn execute(self) -> Result<(), CliError> {
        let experiment = Experiment::read(&self.file)?;
        let mut directory = self.out.clone().unwrap_or_else(|| {
            PathBuf::from("results").join(format!("{}-{}", experiment.name, UtcTime::now().compact()))
        });
        let prices = KnownPrices::here()?;
        let mut provenance = Provenance::of(&experiment, &prices);
        let mut recorded = HashMap::new();
        if self.out.is_some() {
            provenance = provenance.after(&directory)?;
            recorded = RunDirectory::recorded(&directory)?;
        }
        if !self.dry_run {
            RunDirectory::check(&directory)?;
        }
        let recognise = |recorded: &_| Recognised::of(recorded, &experiment.trials, &provenance.trials);
        let recognised = recognise(&recorded);
        let selection = select(&experiment.trials, &self.filters, &recognised.statuses, self.retry_failed)?;
        let chosen = || selection.run.iter().map(|trial| &experiment.trials[*trial]);
        let plans = plans(chosen(), &prices)?;
        let forecasts = forecasts(&experiment, &selection, &plans)?;
        if self.dry_run {
            let text = dry_run_text(&experiment, &selection, &forecasts, &plans);
            print(&(text + &others_text(recognised.others)))?;
            return Ok(check_all_memory(&plans, self.max_memory)?);
        }
        check_all_memory(&plans, self.max_memory)?;
        let interrupt = Interrupt::listen()?;
        let child = ChildCommand::this_program(&prices)?;
        if self.out.is_none() {
            directory = RunDirectory::make_new(&directory)?;
        }
        let (mut results, recovery) = RunDirectory::take(&directory)?;
        provenance.write(&directory)?;
        tell(&duplicates_text(&experiment.duplicates));
        tell(&(recovery_text(&recovery) + &others_text(recognised.others)));
        let jobs: Vec<Job<'_>> =
            chosen().zip(&plans).map(|(spec, plan)| Job { spec, memory_bytes: plan.memory_bytes }).collect();
        let options = RunOptions {
            jobs: self.jobs as usize,
            memory_bytes: self.max_memory.map(|size| size.0).or_else(available_memory_bytes),
            fail_fast: self.fail_fast,
            experiment_sha256: sha256_of_text(&experiment.text),
        };
        let mut board = Board::new(&experiment.name, forecasts);
        let summary = run(&jobs, &mut results, &child, &options, &interrupt, &mut board);
        drop(board);
        let statuses = recognise(&results.statuses()).statuses;
        drop(results);
        let summary = summary?;
        // Figures of many trials take long; `leveled report` makes them.
        let few = experiment.trials.len() <= FIGURED;
        // What an experiment is not about is no news at its end; `leveled report` tells it.
        let report = || write_report(std::slice::from_ref(&directory), &directory).map(|(paths, _)| paths);
        let paths = if few { report()? } else { write_tables(&directory)? };
        print_report(&directory, &paths, &[])?;
        let failed =
            experiment.trials.iter().filter(|spec| statuses.get(&spec.id) == Some(&TrialStatus::Failed)).count();
        if summary.interrupted {
            return Err(CliError::Interrupted { left: summary.left, resume: self.command_to_resume(&directory) });
        }
        if failed > 0 {
            let table = directory.join(TrialRow::FILE).display().to_string();
            return Err(CliError::TrialsFailed { failed, total: experiment.trials.len(), left: summary.left, table });
        }
        Ok(())
    }

    /// What to type to go on.
    fn command_to_resume(&self, directory: &Path) -> String {
        format!("leveled run {} --out {}", self.file.display(), directory.display())
    }
}

fn forecasts(experiment: &Experiment, selection: &Selection, plans: &[PlanView]) -> Result<Vec<Forecast>, CliError> {
    let labels = labels(&experiment.trials)?;
    let forecast = |(trial, plan): (&usize, &PlanView)| Forecast {
        label: if labels[*trial].is_empty() { plan.trial_id.clone() } else { labels[*trial].clone() },
        images: plan.images,
        seconds: if plan.is_encrypted() { plan.seconds } else { plan.seconds / SIMULATED_SPEED },
    };
    Ok(selection.run.iter().zip(plans).map(forecast).collect())
}
