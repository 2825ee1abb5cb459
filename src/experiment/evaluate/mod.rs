//! The only place of this floor that calls encrypted inference: planning, evaluating a trial, a single inference.

mod checkpoint;
mod clear;
mod description;
mod memory;
mod outcome;
mod preparation;
mod row_sink;
mod session;
mod simulation;
mod single;
mod statistics;
mod task;
mod trial;

pub use clear::BYTES as CLEAR_BYTES;
pub use description::Planner;
pub use row_sink::RowSink;
pub use single::infer;
pub use statistics::{Z, median, wilson};
pub use trial::evaluate;
