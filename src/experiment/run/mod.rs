//! Running an experiment: which trials, several at a time, each in a child process.

mod board;
mod child_process;
mod interrupt;
mod observer;
mod queue;
mod recognition;
mod runner;
mod selection;

pub use board::{Board, Forecast};
pub use child_process::ChildCommand;
pub use interrupt::{EXIT_CODE, Interrupt};
pub use observer::{Observer, Unobserved};
pub use recognition::Recognised;
pub use runner::{Job, RunOptions, RunSummary, run};
pub use selection::{Filter, Selection, labels, select};
