//! Runs trials: each in a child process, so that a crash or a kill costs one row; one writer for all rows.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::child_process::{ChildCommand, Outcome};
use super::interrupt::Interrupt;
use super::observer::Observer;
use super::queue::Queue;
use crate::experiment::ExperimentError;
use crate::experiment::event::{Event, EventSink};
use crate::experiment::records::{TrialRow, TrialStatus};
use crate::experiment::store::RunDirectory;
use crate::experiment::trial::TrialSpec;

/// How often a run looks whether it is to end.
const POLL: Duration = Duration::from_millis(100);

/// A trial that is to run.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The trial.
    pub spec: &'a TrialSpec,
    /// Its predicted peak memory.
    pub memory_bytes: u64,
}

/// How to run trials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// Most trials side by side.
    pub jobs: usize,
    /// What trials side by side may need together by their predictions, in bytes.
    pub memory_bytes: Option<u64>,
    /// Whether a failed trial keeps further ones from being started.
    pub fail_fast: bool,
    /// SHA-256 of the experiment file, for the rows.
    pub experiment_sha256: String,
}

/// How the trials of a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunSummary {
    /// Evaluated to their end.
    pub ok: usize,
    /// Recorded as failed.
    pub failed: usize,
    /// Never started.
    pub left: usize,
    /// Whether it was asked to end.
    pub interrupted: bool,
}

/// What a trial's thread tells the run.
enum Message {
    Progress(usize, Event),
    Ended(usize, Result<Box<Outcome>, ExperimentError>),
}

/// Passes a trial's progress on.
struct Sender {
    trial: usize,
    messages: mpsc::Sender<Message>,
}

impl EventSink for Sender {
    fn send(&mut self, event: Event) {
        // Only a run that is over does not listen.
        let _ = self.messages.send(Message::Progress(self.trial, event));
    }
}

/// Runs trials and records them in `directory`. Trials that run when something goes wrong, or when the run is asked to end, come to
/// their end and are recorded.
///
/// # Errors
/// Rows that cannot be written, a program that cannot be started. A failing trial is no error: it is a row.
pub fn run(
    jobs: &[Job<'_>],
    directory: &mut RunDirectory,
    child: &ChildCommand,
    options: &RunOptions,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<RunSummary, ExperimentError> {
    let mut queue = Queue::new(jobs.iter().map(|job| job.memory_bytes).collect(), options.jobs, options.memory_bytes);
    let mut summary = RunSummary::default();
    let mut fault: Option<ExperimentError> = None;
    let (sender, messages) = mpsc::channel();
    thread::scope(|scope| {
        loop {
            if interrupt.wanted() && !summary.interrupted {
                summary.interrupted = true;
                observer.note("finishing what runs; Ctrl-C again stops at once");
            }
            let stopped = fault.is_some() || interrupt.wanted() || (options.fail_fast && summary.failed > 0);
            while let Some(trial) = (!stopped).then(|| queue.start()).flatten() {
                observer.started(trial);
                let (spec, messages) = (jobs[trial].spec, sender.clone());
                let checkpoint = directory.checkpoint(&spec.id);
                scope.spawn(move || {
                    let outcome =
                        child.evaluate(spec, Some(&checkpoint), &mut Sender { trial, messages: messages.clone() });
                    let _ = messages.send(Message::Ended(trial, outcome.map(Box::new)));
                });
            }
            if queue.running() == 0 {
                break;
            }
            match messages.recv_timeout(POLL) {
                Ok(Message::Progress(trial, event)) => observer.progress(trial, &event),
                Ok(Message::Ended(trial, outcome)) => {
                    queue.end(trial);
                    let recorded = outcome.and_then(|outcome| record(jobs[trial].spec, *outcome, directory, options));
                    match recorded {
                        Ok(Recorded { row, fault: found }) => {
                            match row.status {
                                TrialStatus::Ok => summary.ok += 1,
                                TrialStatus::Failed => summary.failed += 1,
                            }
                            observer.ended(trial, &row);
                            fault = fault.take().or(found);
                        }
                        Err(error) => fault = fault.take().or(Some(error)),
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    summary.left = queue.waiting();
    summary.interrupted = interrupt.wanted();
    fault.map_or(Ok(summary), Err)
}

/// A row as it stands in `trials.csv`, and why it is not the one that was meant to.
struct Recorded {
    row: TrialRow,
    fault: Option<ExperimentError>,
}

/// Records a trial. If its rows cannot be written, a row that says so is.
fn record(
    spec: &TrialSpec,
    outcome: Outcome,
    directory: &mut RunDirectory,
    options: &RunOptions,
) -> Result<Recorded, ExperimentError> {
    let mark = |row: &mut TrialRow| {
        row.jobs = u32::try_from(options.jobs).ok();
        row.experiment_sha256.clone_from(&options.experiment_sha256);
    };
    let mut record = outcome.into_record(spec);
    mark(&mut record.trial);
    let row = record.trial.clone();
    match directory.record(record) {
        Ok(()) => Ok(Recorded { row, fault: None }),
        Err(error) => {
            let mut row = TrialRow::failed(spec, format!("its rows could not be written: {error}"));
            mark(&mut row);
            match directory.record_last(row.clone()) {
                Ok(()) => Ok(Recorded { row, fault: Some(error) }),
                Err(_) => Err(error),
            }
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::experiment::run::child_process::tests::{events, script};
    use crate::experiment::run::observer::Unobserved;
    use crate::experiment::setting::Threads;
    use crate::experiment::trial::tests::sample_with;

    fn specs(count: u32) -> Vec<TrialSpec> {
        (1..=count).map(|threads| sample_with(|settings| settings.threads = Threads(Some(threads)))).collect()
    }

    fn options() -> RunOptions {
        RunOptions { jobs: 1, memory_bytes: None, fail_fast: false, experiment_sha256: "e".into() }
    }

    fn run_script(specs: &[TrialSpec], out: &Path, text: &str, options: &RunOptions) -> Result<RunSummary, String> {
        let (mut directory, _) = RunDirectory::take(out).unwrap();
        let jobs: Vec<_> = specs.iter().map(|spec| Job { spec, memory_bytes: 1 }).collect();
        let interrupt = Interrupt::default();
        let summary = run(&jobs, &mut directory, &script(text), options, &interrupt, &mut Unobserved);
        summary.map_err(|error| error.to_string())
    }

    fn rows(directory: &Path) -> Vec<TrialRow> {
        let mut rows: Vec<TrialRow> =
            csv::Reader::from_path(directory.join("trials.csv")).unwrap().deserialize().map(Result::unwrap).collect();
        rows.sort_by_key(|row| row.threads);
        rows
    }

    /// A script that prints the events of the trial whose specification it reads, or does something else for one of them.
    fn one_of(specs: &[TrialSpec], odd: usize, other: &str) -> String {
        let cases: String = specs
            .iter()
            .enumerate()
            .map(|(index, spec)| {
                let id = &spec.id;
                let action =
                    if index == odd { other.to_owned() } else { format!("cat <<'END'\n{}\nEND\n", events(spec)) };
                format!("*{id}*) {action} ;;\n")
            })
            .collect();
        format!("case $(cat) in\n{cases}esac")
    }

    #[test]
    fn a_killed_child_costs_one_row() {
        let directory = tempfile::tempdir().unwrap();
        let specs = specs(3);
        let summary = run_script(&specs, directory.path(), &one_of(&specs, 1, "kill -9 $$"), &options()).unwrap();
        assert_eq!(summary, RunSummary { ok: 2, failed: 1, left: 0, interrupted: false });
        let rows = rows(directory.path());
        let states: Vec<_> = rows.iter().map(|row| (row.status, row.attempt, row.jobs)).collect();
        let (ok, failed) = (TrialStatus::Ok, TrialStatus::Failed);
        assert_eq!(states, [(ok, 1, Some(1)), (failed, 1, Some(1)), (ok, 1, Some(1))]);
        assert!(rows[1].reason.contains("signal 9") && rows[0].experiment_sha256 == "e", "{rows:?}");
        let images = fs::read_to_string(directory.path().join("images.csv")).unwrap();
        assert_eq!(images.lines().count(), 1 + 4);
    }

    #[test]
    fn fail_fast_leaves_the_rest() {
        let directory = tempfile::tempdir().unwrap();
        let specs = specs(3);
        let options = RunOptions { fail_fast: true, ..options() };
        let summary = run_script(&specs, directory.path(), &one_of(&specs, 0, "exit 3"), &options).unwrap();
        assert_eq!(summary, RunSummary { ok: 0, failed: 1, left: 2, interrupted: false });
    }

    #[test]
    fn a_run_that_was_interrupted_before_starts_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let specs = specs(3);
        let interrupt = Interrupt::default();
        interrupt.ask();
        let (mut out, _) = RunDirectory::take(directory.path()).unwrap();
        let jobs: Vec<_> = specs.iter().map(|spec| Job { spec, memory_bytes: 1 }).collect();
        let child = script("exit 1");
        let summary = run(&jobs, &mut out, &child, &options(), &interrupt, &mut Unobserved).unwrap();
        assert_eq!(summary, RunSummary { ok: 0, failed: 0, left: 3, interrupted: true });
    }

    #[test]
    fn trials_run_side_by_side() {
        let directory = tempfile::tempdir().unwrap();
        let specs = specs(4);
        // Each child waits until all four are there.
        let meet = directory.path().join("meet");
        fs::create_dir(&meet).unwrap();
        let meet = meet.display();
        let text = format!(
            "touch {meet}/$$; n=0; while [ $(ls {meet} | wc -l) -lt 4 ] && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done; \
             [ $n -lt 200 ] || exit 9; {}",
            one_of(&specs, 9, "")
        );
        let options = RunOptions { jobs: 4, ..options() };
        let summary = run_script(&specs, &directory.path().join("out"), &text, &options).unwrap();
        assert_eq!(summary.ok, 4);
        assert_eq!(rows(&directory.path().join("out")).len(), 4);
    }

    #[test]
    fn a_directory_that_takes_no_more_files_leaves_one_failed_row() {
        let directory = tempfile::tempdir().unwrap();
        let specs = specs(3);
        // While the second trial runs, the place for new files goes away.
        let away = format!("rm -r {0}/.pending; touch {0}/.pending", directory.path().display());
        let text = one_of(&specs, 1, &format!("{away}; cat <<'END'\n{}\nEND\n", events(&specs[1])));
        let error = run_script(&specs, directory.path(), &text, &options()).unwrap_err();
        assert!(error.starts_with("cannot append to ") && error.contains(".record.json"), "{error}");
        let rows = rows(directory.path());
        assert_eq!(rows.iter().map(|row| row.status).collect::<Vec<_>>(), [TrialStatus::Ok, TrialStatus::Failed]);
        assert!(rows[1].reason.starts_with("its rows could not be written: cannot append to"), "{}", rows[1].reason);
    }
}
