//! Command line: one file per subcommand.

mod arguments;
mod client;
mod data;
mod error;
mod evaluate;
mod export;
mod harness;
mod infer;
mod inspect;
mod output;
mod plan;
mod report;
mod run;
mod schema;
mod server;
mod train;
mod trial;

pub use arguments::main;
pub use error::CliError;
