//! A trial's own process: evaluates one specification and appends its rows.

use std::io::Write;
use std::path::Path;

use super::ExperimentError;
use super::evaluate::evaluate;
use super::event::{Event, EventSink, JsonLines};
use super::host;
use super::store::Store;
use super::trial::TrialSpec;

/// Evaluates the trial whose specification is at `spec`, appends its rows to the store at `directory`, and writes progress to
/// `events`, one JSON object per line.
///
/// # Errors
/// A specification or store that cannot be read, and what the evaluation says. Then no row of the trial is appended; the
/// parent process does that.
pub fn run_trial(spec: &Path, directory: &Path, events: impl Write + Send) -> Result<(), ExperimentError> {
    let spec = TrialSpec::read(spec)?;
    let mut store = Store::open(directory)?;
    let mut events = JsonLines(events);
    let mut row = evaluate(&spec, &mut store, &mut events)?;
    row.peak_memory_bytes = host::peak_memory_bytes();
    store.append_trial(&row)?;
    events.send(Event::Recorded);
    Ok(())
}
