//! The command line as a whole, and the exit code.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::client::Client;
use super::data::Data;
use super::error::CliError;
use super::evaluate::Evaluate;
use super::export::Export;
use super::infer::Infer;
use super::inspect::Inspect;
use super::plan::Plan;
use super::report::Report;
use super::run::Run;
use super::schema::Schema;
use super::server::Server;
use super::train::Train;
use super::trial::Trial;
use crate::experiment::notice::tell;
use crate::ring::simd::Instructions;

/// Private inference of residual networks under leveled homomorphic encryption (RNS-CKKS).
#[derive(Debug, Parser)]
#[command(
    name = "leveled",
    version,
    about,
    after_help = "Exit codes: 0 done, 1 a fault of the program or a failed trial, 2 something to change in what you asked for, 130 interrupted."
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
    Export(Export),
    Schema(Schema),
    Train(Train),
    Evaluate(Evaluate),
    Data(Data),
    Client(Client),
    Server(Server),
    Inspect(Inspect),
    #[command(hide = true)]
    Trial(Trial),
}

/// Runs the program: reads the command line, does what it says, and prints an error with its causes to standard error.
#[must_use]
pub fn main() -> ExitCode {
    match Arguments::parse().command.execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {}\n", error.with_causes()));
            ExitCode::from(error.exit_code())
        }
    }
}

impl Command {
    fn execute(self) -> Result<(), CliError> {
        Instructions::chosen()?;
        match self {
            Self::Run(run) => run.execute(),
            Self::Plan(plan) => plan.execute(),
            Self::Infer(infer) => infer.execute(),
            Self::Report(report) => report.execute(),
            Self::Export(export) => export.execute(),
            Self::Schema(schema) => schema.execute(),
            Self::Train(train) => train.execute(),
            Self::Evaluate(evaluate) => evaluate.execute(),
            Self::Data(data) => data.execute(),
            Self::Client(client) => client.execute(),
            Self::Server(server) => server.execute(),
            Self::Inspect(inspect) => inspect.execute(),
            Self::Trial(trial) => trial.execute(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
