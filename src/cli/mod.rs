//! Command line: one file per subcommand.

mod arguments;
mod error;
mod export;
mod infer;
mod output;
mod plan;
mod report;
mod run;
mod schema;
mod train;
mod trial;

pub use arguments::main;
pub use error::CliError;
