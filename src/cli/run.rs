//! `leveled run`.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;

use super::CliError;
use super::harness::{Limits, Work};
use super::output::{print, print_json};
use super::report::print_report;
use super::waiting::waiting;
use crate::experiment::byte_size::ByteSize;
use crate::experiment::clock::UtcTime;
use crate::experiment::config::Experiment;
use crate::experiment::notice::tell;
use crate::experiment::overrides::{Override, arguments, quoted};
use crate::experiment::prices::KnownPrices;
use crate::experiment::run::Filter;
use crate::experiment::store::RunDirectory;
use crate::report::run_text::{dry_run_text, duplicates_text, others_text};
use crate::report::summary::{write_report, write_tables};
use crate::report::tables::trials;

/// Most trials whose figures are made at the end of a run.
const FIGURED: usize = 12;

/// Run an experiment file: each trial on encrypted images, rows, a summary, and tables and figures of up to 12 trials (`leveled report` makes them of more). A directory that an earlier run of the
/// experiment wrote is resumed: what is recorded there does not run again.
#[derive(Debug, Args)]
pub struct Run {
    /// Experiment file, such as experiments/quickstart.yaml.
    file: PathBuf,
    /// Directory for the results: new, empty, or with results of this experiment to resume [default: results/NAME-DATE-TIME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Value in place of the file's, for every trial: a setting (`log_n=14`), part of one (`memory.limit='4 GiB'`), an axis
    /// (`sweep.seed='[1, 2]'`) or `name=...`; may be given several times. Paths are as in the file.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<Override>,
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
    /// With --dry-run: JSON, a list of trials with predicted memory and seconds, for other machines than this one.
    #[arg(long, requires = "dry_run")]
    json: bool,
    /// Start no further trial after one has failed.
    #[arg(long)]
    fail_fast: bool,
    /// Run trials again that are recorded as failed in --out.
    #[arg(long, requires = "out")]
    retry_failed: bool,
}

impl Run {
    /// Checks everything that can be checked, then runs every trial that is not recorded yet and writes the report.
    ///
    /// # Errors
    /// See [`CliError`]; before the first trial starts, nothing is written.
    pub fn execute(self) -> Result<(), CliError> {
        let experiment = Experiment::read_with(&self.file, &self.set)?;
        let directory = self.out.clone().unwrap_or_else(|| {
            PathBuf::from("results").join(format!("{}-{}", experiment.name, UtcTime::now().compact()))
        });
        if !self.dry_run {
            RunDirectory::check(&directory)?;
        }
        let limits = Limits { jobs: self.jobs, memory: self.max_memory, fail_fast: self.fail_fast };
        let out = self.out.as_deref();
        if io::stderr().is_terminal() {
            // It takes seconds until there is a bar, and one more where the machine has not been measured yet.
            tell(&format!("planning {} trial(s) of {}\n", experiment.trials.len(), experiment.name));
        }
        let work = Work::of(experiment, out, KnownPrices::here()?, &self.filters, self.retry_failed, limits)?;
        let others = others_text(work.others);
        if self.json {
            return print_json(&waiting(&work));
        }
        if self.dry_run {
            let text = dry_run_text(&work.experiment, &work.selection, &work.forecasts, &work.plans);
            print(&(text + &others))?;
            return work.check_memory(self.max_memory);
        }
        let notes = duplicates_text(&work.experiment.duplicates) + &others;
        let ended = work.run(&directory, self.out.is_none(), &notes)?;
        // What an experiment is not about is no news at its end; `leveled report` tells it.
        let directory = &ended.directory;
        // Figures of many trials take long.
        if trials(directory)?.len() <= FIGURED {
            let (paths, _) = write_report(std::slice::from_ref(directory), directory)?;
            print_report(directory, &paths, &[])?;
        } else {
            print_report(directory, &write_tables(directory)?, &[])?;
            tell(&format!(
                "tables and figures of so many trials: leveled report {}\n",
                quoted(&directory.display().to_string())
            ));
        }
        let resume = |retry| self.command_to_resume(directory, retry);
        work.conclude(&ended, || resume(self.retry_failed), || resume(true))
    }

    /// What to type to go on, and to run what failed again.
    fn command_to_resume(&self, directory: &Path, retry: bool) -> String {
        let path = |path: &Path| quoted(&path.display().to_string());
        let set = arguments(self.set.iter().map(Override::text));
        let mut command = format!("leveled run {} --out {}{set}", path(&self.file), path(directory));
        for filter in &self.filters {
            command += &format!(" --filter {}", quoted(&filter.to_string()));
        }
        if self.jobs > 1 {
            command += &format!(" --jobs {}", self.jobs);
        }
        if let Some(memory) = self.max_memory {
            // What is shown is rounded.
            let shown = memory.to_string();
            let exact = if ByteSize::parse(&shown) == Ok(memory) { shown } else { memory.0.to_string() };
            command += &format!(" --max-memory {}", quoted(&exact));
        }
        for (given, option) in [(self.fail_fast, " --fail-fast"), (retry, " --retry-failed")] {
            command += if given { option } else { "" };
        }
        command
    }
}
