//! The only place of this floor that calls encrypted inference: planning, evaluating a trial, a single inference, serving a client.

mod checkpoint;
mod clear;
mod description;
mod exchange;
mod memory;
mod outcome;
mod preparation;
mod row_sink;
mod server;
mod session;
mod simulation;
mod single;
mod statistics;
mod task;
mod together;
mod trial;

pub use clear::predicted_bytes as predicted_clear_bytes;
pub use description::Planner;
pub use row_sink::RowSink;
pub use server::{SERVER_FILES, ServerRequest, prepare_bundle, prepare_server_keys, serve};
pub use single::infer;
pub use statistics::{Z, median, wilson};
pub use trial::evaluate;
