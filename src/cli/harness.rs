//! An experiment into a results directory: what commands that run trials have in common.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::CliError;
use crate::experiment::byte_size::ByteSize;
use crate::experiment::config::Experiment;
use crate::experiment::evaluate::predicted_clear_bytes;
use crate::experiment::fingerprint::sha256_of_text;
use crate::experiment::memory_left::{available_memory_bytes, bound_share, enforced_bytes, least};
use crate::experiment::notice::tell;
use crate::experiment::plan_view::PlanView;
use crate::experiment::preflight::{check_all_memory, check_all_threads, check_clear_memory, plans};
use crate::experiment::prices::KnownPrices;
use crate::experiment::provenance::Provenance;
use crate::experiment::records::{TrialRow, TrialStatus};
use crate::experiment::run::{
    Board, ChildCommand, Filter, Forecast, Interrupt, Job, Recognised, RunOptions, RunSummary, Selection, labels, run,
    select,
};
use crate::experiment::store::{RunDirectory, newest_part};
use crate::experiment::trial::TrialSpec;
use crate::report::run_text::recovery_text;

/// How much faster a simulated image is than an encrypted one, about; for the time that is left.
const SIMULATED_SPEED: f64 = 60.0;

/// Seconds of an image in the clear, about; likewise.
const CLEAR_SECONDS: f64 = 0.01;

/// Which trials of an experiment are to run, and what they need.
#[derive(Debug)]
pub struct Work {
    /// The experiment.
    pub experiment: Experiment,
    /// Its trials: to be run, and recorded before.
    pub selection: Selection,
    /// The plans of those that are to be run; none: in the clear.
    pub plans: Vec<Option<PlanView>>,
    /// What is known of each before it runs.
    pub forecasts: Vec<Forecast>,
    /// Recorded trials that are none of the experiment.
    pub others: usize,
    limits: Limits,
    prices: KnownPrices,
    /// Of this run alone.
    provenance: Provenance,
}

/// How trials run.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most trials side by side.
    pub jobs: u32,
    /// Memory that they may need together.
    pub memory: Option<ByteSize>,
    /// Whether no further trial starts after one has failed.
    pub fail_fast: bool,
}

impl Limits {
    /// Bytes that all trials may need together, if it is known. More than is free may be asked for: then trials wait for memory.
    fn memory_bytes(&self) -> Option<u64> {
        self.memory.map(|size| size.0).or_else(available_memory_bytes)
    }

    /// Lets those of `trials` trials that run side by side keep no more of what they could make anew than leaves room for all: before they
    /// are planned. What is free bounds that, too.
    fn share_memory(&self, trials: usize) {
        let side_by_side = u64::from(self.jobs).min(trials as u64).max(1);
        let all = least([self.memory.map(|size| size.0), available_memory_bytes()]);
        if let Some(all) = all.filter(|_| side_by_side > 1 || self.memory.is_some()) {
            bound_share(all / side_by_side);
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Where the rows are.
    pub directory: PathBuf,
    /// How the trials ended.
    summary: RunSummary,
    /// Of the trials that pass the filters, those that are recorded as failed.
    failed: usize,
    /// Trials that pass the filters.
    total: usize,
}

/// Predicted peak memory of a trial with its plan; none: in the clear.
pub fn memory_bytes(spec: &TrialSpec, plan: Option<&PlanView>) -> u64 {
    plan.map_or_else(|| predicted_clear_bytes(spec), |plan| plan.memory_bytes)
}

impl Work {
    /// Plans what is not recorded yet in the directory `out`; none: a new one.
    ///
    /// # Errors
    /// See [`CliError`]; nothing is written.
    pub fn of(
        experiment: Experiment,
        out: Option<&Path>,
        prices: KnownPrices,
        filters: &[Filter],
        retry_failed: bool,
        limits: Limits,
    ) -> Result<Self, CliError> {
        let provenance = Provenance::of(&experiment, &prices);
        let (mut known, mut recorded) = (provenance.clone(), HashMap::new());
        if let Some(out) = out {
            known = known.after(out)?;
            recorded = RunDirectory::recorded(out)?;
        }
        let Recognised { statuses, others } = Recognised::of(&recorded, &experiment.trials, &known.trials);
        let selection = select(&experiment.trials, filters, &statuses, retry_failed)?;
        limits.share_memory(selection.run.len());
        let plans = plans(selection.run.iter().map(|trial| &experiment.trials[*trial]), &prices)?;
        let forecasts = forecasts(&experiment, &selection, &plans)?;
        Ok(Self { experiment, selection, plans, forecasts, others, limits, prices, provenance })
    }

    /// Checks the predicted memory of every trial.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn check_memory(&self, limit: Option<ByteSize>) -> Result<(), CliError> {
        check_all_memory(self.plans.iter().flatten(), limit)?;
        Ok(check_clear_memory(self.selection.run.iter().map(|trial| &self.experiment.trials[*trial]), limit)?)
    }

    /// Runs the trials into `directory`; with `is_new` into that or, if somebody has it, one of a similar name. `notes` are told when the
    /// directory is taken.
    ///
    /// # Errors
    /// See [`CliError`]; before the first trial starts, nothing is written.
    pub fn run(&self, directory: &Path, is_new: bool, notes: &str) -> Result<Ended, CliError> {
        check_all_threads(self.selection.run.iter().map(|trial| &self.experiment.trials[*trial]))?;
        // `memory.limit` may be more than the machine has left now, but not more than what ends a process.
        let bound = least([self.limits.memory.map(|size| size.0), enforced_bytes()]);
        self.check_memory(bound.map(ByteSize))?;
        let interrupt = Interrupt::listen()?;
        let child = ChildCommand::this_program(&self.prices)?;
        let directory = if is_new { RunDirectory::make_new(directory)? } else { directory.to_owned() };
        let (mut results, recovery) = RunDirectory::take(&directory)?;
        // Another run may have had the directory while these trials were planned.
        let provenance = self.provenance.clone().after(&directory)?;
        provenance.write(&directory)?;
        let statuses = |results: &RunDirectory| {
            Recognised::of(&results.statuses(), &self.experiment.trials, &provenance.trials).statuses
        };
        let before = statuses(&results);
        tell(&(recovery_text(&recovery) + notes));
        let (mut jobs, mut forecasts) = (Vec::new(), Vec::new());
        for ((trial, plan), forecast) in self.selection.run.iter().zip(&self.plans).zip(&self.forecasts) {
            let spec = &self.experiment.trials[*trial];
            if before.get(&spec.id) != Some(&TrialStatus::Ok) {
                jobs.push(Job { spec, memory_bytes: memory_bytes(spec, plan.as_ref()) });
                forecasts.push(forecast.clone());
            }
        }
        let options = RunOptions {
            jobs: self.limits.jobs as usize,
            memory_bytes: self.limits.memory_bytes(),
            fail_fast: self.limits.fail_fast,
            experiment_sha256: sha256_of_text(&self.experiment.text),
        };
        let mut board = Board::new(&self.experiment.name, forecasts);
        let summary = run(&jobs, &mut results, &child, &options, &interrupt, &mut board);
        drop(board);
        let after = statuses(&results);
        let Selection { run: chosen, done, failed: given_up } = &self.selection;
        let failed = |trial: &&usize| after.get(&self.experiment.trials[**trial].id) == Some(&TrialStatus::Failed);
        let failed = chosen.iter().chain(given_up).filter(failed).count();
        let total = chosen.len() + done.len() + given_up.len();
        Ok(Ended { directory, summary: summary?, failed, total })
    }

    /// What a run that did not do everything ends with; `resume` goes on, and `retry` runs again what failed.
    ///
    /// # Errors
    /// [`CliError::Interrupted`], [`CliError::TrialsFailed`].
    pub fn conclude(
        &self,
        ended: &Ended,
        resume: impl FnOnce() -> String,
        retry: impl FnOnce() -> String,
    ) -> Result<(), CliError> {
        let Ended { directory, summary, failed, total } = ended;
        if summary.left > 0 && summary.interrupted {
            return Err(CliError::Interrupted { left: summary.left, resume: resume() });
        }
        if *failed > 0 {
            let table = newest_part::<TrialRow>(directory).display().to_string();
            let (failed, total) = (*failed, *total);
            return Err(CliError::TrialsFailed { failed, total, left: summary.left, table, retry: retry() });
        }
        Ok(())
    }
}

fn forecasts(
    experiment: &Experiment,
    selection: &Selection,
    plans: &[Option<PlanView>],
) -> Result<Vec<Forecast>, CliError> {
    let labels = labels(&experiment.trials)?;
    let seconds = |plan: &PlanView| if plan.is_encrypted() { plan.seconds } else { plan.seconds / SIMULATED_SPEED };
    let forecast = |(trial, plan): (&usize, &Option<PlanView>)| {
        let spec = &experiment.trials[*trial];
        Forecast {
            label: if labels[*trial].is_empty() { spec.id.clone() } else { labels[*trial].clone() },
            evaluations: plan.as_ref().map_or(spec.settings.images.count() as u32, PlanView::evaluations),
            seconds: plan.as_ref().map_or(CLEAR_SECONDS, seconds),
        }
    };
    Ok(selection.run.iter().zip(plans).map(forecast).collect())
}
