//! A trial's own process: evaluates one specification and tells its rows.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Instant;

use super::ExperimentError;
use super::clock::UtcTime;
use super::evaluate::{RowSink, evaluate};
use super::event::{Event, JsonLines};
use super::host;
use super::pause;
use super::prices::KnownPrices;
use super::records::{ImageRow, LayerRow};
use super::trial::TrialSpec;

/// Evaluates the trial whose specification is at `spec` (`-`: in `input`). Progress goes to `progress` and rows to `rows`, one JSON
/// object per line; both may be the same stream. What has been encrypted is kept in the file `checkpoint`, and taken from there.
///
/// # Errors
/// A specification that cannot be read, and what the evaluation says; [`ExperimentError::Append`] if nobody takes the rows.
pub fn run_trial(
    spec: &Path,
    checkpoint: Option<&Path>,
    input: impl Read,
    progress: impl Write + Send,
    rows: impl Write + Send,
) -> Result<(), ExperimentError> {
    pause::listen();
    let start = Instant::now();
    let spec = TrialSpec::read(spec, input)?;
    let mut rows = Rows(JsonLines(rows));
    let mut row = evaluate(&spec, &KnownPrices::here()?, checkpoint, &mut rows, &mut JsonLines(progress))?;
    row.peak_memory_bytes = host::peak_memory_bytes();
    row.trial_seconds = Some(start.elapsed().saturating_sub(pause::paused()).as_secs_f64());
    row.ended = UtcTime::now().rfc3339();
    rows.send(&Event::Trial(Box::new(row)))
}

/// Rows as events.
struct Rows<W>(JsonLines<W>);

impl<W: Write + Send> Rows<W> {
    fn send(&mut self, event: &Event) -> Result<(), ExperimentError> {
        let lost = |source: io::Error| ExperimentError::Append { path: "standard output".into(), source };
        self.0.write(event).map_err(lost)
    }
}

impl<W: Write + Send> RowSink for Rows<W> {
    fn image(&mut self, row: &ImageRow) -> Result<(), ExperimentError> {
        self.send(&Event::Image(Box::new(row.clone())))
    }

    fn layer(&mut self, row: &LayerRow) -> Result<(), ExperimentError> {
        self.send(&Event::Layer(Box::new(row.clone())))
    }
}

/// Makes the operating system kill this process, one of a trial or one of a server's, when the one that started it ends, however that
/// ends: nobody would take what it tells, and the next run needs its memory.
pub fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        // Without it, the process ends by itself when it finds nobody to take what it tells.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
    }
}
