//! `leveled server`.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::CliError;
use super::output::print;
use super::overwriting;
use crate::experiment::ExperimentError;
use crate::experiment::bars::Bars;
use crate::experiment::child::end_with_parent;
use crate::experiment::config::Experiment;
use crate::experiment::evaluate::{SERVER_FILES, ServerRequest, prepare_bundle, prepare_server_keys, serve};
use crate::experiment::event::{EventSink, JsonLines};
use crate::experiment::prices::KnownPrices;
use crate::experiment::run::{Filter, labels, select};
use crate::experiment::setting::Threads;
use crate::experiment::trial::TrialSpec;

/// The party that has the network and no secret: plan it for clients, take their keys, evaluate their images.
#[derive(Debug, Args)]
pub struct Server {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Plan the network of an experiment and write what clients need (client.lev); with --keys, take a client's keys.
    Prepare {
        /// Experiment file with one trial; not needed with --keys where DIR is prepared already.
        #[arg(required_unless_present = "keys")]
        experiment: Option<PathBuf>,
        /// Directory of the server.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Evaluation keys of a client: checked, and written as the server reads them.
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
        /// Only the trial with these values of a setting; may be given several times.
        #[arg(long = "filter", value_name = "KEY=VALUE", value_parser = Filter::parse, requires = "experiment")]
        filters: Vec<Filter>,
        #[command(flatten)]
        told: Told,
    },
    /// Evaluate encrypted images.
    Evaluate {
        /// Directory of the server.
        server: PathBuf,
        /// Encrypted images.
        upload: PathBuf,
        /// Where the encrypted logits go.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Evaluation keys of the client [default: those that `prepare` took].
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
        /// Number of threads [default: as the experiment says].
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(Threads::MAX)))]
        threads: Option<u32>,
        /// Where the seconds of loading and of each layer go (JSON).
        #[arg(long, value_name = "FILE")]
        times: Option<PathBuf>,
        #[command(flatten)]
        told: Told,
    },
}

/// For `leveled run`, which starts servers.
#[derive(Debug, Args)]
struct Told {
    /// End when the process that started this one ends; progress goes to standard output as JSON lines.
    #[arg(long, hide = true)]
    supervised: bool,
}

impl Told {
    /// Where progress goes, under this heading.
    fn sink(&self, heading: &str) -> Box<dyn EventSink> {
        if !self.supervised {
            return Box::new(Bars::new(heading));
        }
        end_with_parent();
        Box::new(JsonLines(io::stdout()))
    }
}

impl Server {
    /// Does what was asked and says which files there are.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        match self.action {
            Action::Prepare { experiment, out, keys, filters, told } => {
                let own = SERVER_FILES.map(|name| out.join(name));
                let outputs = own.each_ref().map(|file| ("--out", file.as_path()));
                overwriting::refuse(&outputs, &keys.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
                let mut written = Vec::new();
                if let Some(experiment) = experiment {
                    let (spec, prices) = (one_trial(&Experiment::read(&experiment)?, &filters)?, KnownPrices::here()?);
                    written.push(prepare_bundle(&spec, prices, &out, &mut *told.sink("server: plan"))?);
                }
                if let Some(keys) = keys {
                    written.push(prepare_server_keys(&out, &keys, &mut *told.sink("server: keys of the client"))?);
                }
                print(&written.iter().map(|path| format!("{}\n", path.display())).collect::<String>())
            }
            Action::Evaluate { server: directory, upload, out: result, keys, threads, times, told } => {
                let outputs = [Some(("--out", result.as_path())), times.as_deref().map(|times| ("--times", times))];
                let own = SERVER_FILES.map(|name| directory.join(name));
                let inputs: Vec<&Path> = [&upload].into_iter().chain(&keys).chain(&own).map(PathBuf::as_path).collect();
                overwriting::refuse(&outputs.into_iter().flatten().collect::<Vec<_>>(), &inputs)?;
                let request = ServerRequest { directory, upload, result, keys, threads: Threads(threads), times };
                serve(&request, &mut *told.sink("server: encrypted images"))?;
                print(&format!("{}\n", request.result.display()))
            }
        }
    }
}

fn one_trial(experiment: &Experiment, filters: &[Filter]) -> Result<TrialSpec, CliError> {
    let selection = select(&experiment.trials, filters, &HashMap::new(), false)?;
    if let [trial] = selection.run[..] {
        return Ok(experiment.trials[trial].clone());
    }
    let keys = labels(&experiment.trials)?.join("; ");
    Err(ExperimentError::OneTrial { trials: selection.run.len(), keys }.into())
}
