//! The command line as a whole, and the exit code.

use std::panic;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use super::client::Client;
use super::compare::Compare;
use super::completions::Completions;
use super::data::Data;
use super::error::CliError;
use super::evaluate::Evaluate;
use super::export::Export;
use super::gather::Gather;
use super::import::Import;
use super::infer::Infer;
use super::inspect::Inspect;
use super::manual::Manual;
use super::plan::Plan;
use super::report::Report;
use super::run::Run;
use super::schema::Schema;
use super::server::Server;
use super::train::Train;
use super::trial::Trial;
use super::tune::Tune;
use crate::experiment::memory_left::{check_least, read_share};
use crate::experiment::notice::tell;
use crate::ring::simd::Instructions;

/// Name of the program.
pub(super) const NAME: &str = "leveled";

/// Private inference of residual networks under leveled homomorphic encryption (RNS-CKKS).
#[derive(Debug, Parser)]
#[command(
    name = NAME,
    version,
    about,
    after_help = "Exit codes: 0 done, 1 a fault of the program, a failed trial or something that `compare` finds worse, 2 something to change in what you asked for, 130 interrupted."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Run),
    Plan(Plan),
    Infer(Infer),
    Report(Report),
    Compare(Compare),
    Gather(Gather),
    Export(Export),
    Schema(Schema),
    Train(Train),
    Evaluate(Evaluate),
    Tune(Tune),
    Data(Data),
    Import(Import),
    Completions(Completions),
    #[command(name = "man")]
    Manual(Manual),
    Client(Client),
    Server(Server),
    Inspect(Inspect),
    #[command(hide = true)]
    Trial(Trial),
}

/// The command line, for what is made from it.
pub(super) fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the program: reads the command line, does what it says, and prints an error with its causes to standard error.
#[must_use]
pub fn main() -> ExitCode {
    // Whatever goes wrong ends with one of the documented exit codes; the message of a panic has been printed.
    match panic::catch_unwind(|| Arguments::parse().command.execute()) {
        Err(_) => ExitCode::FAILURE,
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            tell(&format!("error: {}\n", error.with_causes()));
            ExitCode::from(error.exit_code())
        }
    }
}

impl Command {
    fn execute(self) -> Result<(), CliError> {
        Instructions::chosen()?;
        check_least()?;
        read_share()?;
        match self {
            Self::Run(run) => run.execute(),
            Self::Plan(plan) => plan.execute(),
            Self::Infer(infer) => infer.execute(),
            Self::Report(report) => report.execute(),
            Self::Compare(compare) => compare.execute(),
            Self::Gather(gather) => gather.execute(),
            Self::Export(export) => export.execute(),
            Self::Schema(schema) => schema.execute(),
            Self::Train(train) => train.execute(),
            Self::Evaluate(evaluate) => evaluate.execute(),
            Self::Tune(tune) => tune.execute(),
            Self::Data(data) => data.execute(),
            Self::Import(import) => import.execute(),
            Self::Completions(completions) => completions.execute(),
            Self::Manual(manual) => manual.execute(),
            Self::Client(client) => client.execute(),
            Self::Server(server) => server.execute(),
            Self::Inspect(inspect) => inspect.execute(),
            Self::Trial(trial) => trial.execute(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
