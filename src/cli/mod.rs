//! Command line: one file per subcommand.

mod arguments;
mod client;
mod compare;
mod completions;
mod data;
mod error;
mod evaluate;
mod export;
mod gather;
mod harness;
mod import;
mod infer;
mod inspect;
mod manual;
mod output;
mod overwriting;
mod plan;
mod report;
mod run;
mod schema;
mod server;
mod train;
mod trial;
mod tune;
mod waiting;

pub use arguments::main;
pub use error::CliError;
