//! Runs an experiment: each trial in a child process, so that a crash or a kill costs one row.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use super::ExperimentError;
use super::config::Experiment;
use super::event::{Event, EventSink};
use super::provenance::Provenance;
use super::records::{TrialRow, TrialStatus};
use super::store::{Store, write_whole};
use super::trial::TrialSpec;

/// Folder in a results directory for the specifications of running trials; removed at the end of the run.
const PENDING: &str = ".pending";

/// How much of a failed child's last words is kept in its row.
const REASON_CHARACTERS: usize = 2000;

/// The command that evaluates one trial; the path of the specification, `--out` and the directory are appended to it.
#[derive(Debug, Clone)]
pub struct ChildCommand {
    /// The program.
    pub program: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<OsString>,
}

impl ChildCommand {
    /// This very program with its subcommand `trial`.
    ///
    /// # Errors
    /// [`ExperimentError::Spawn`] if the system does not say where the program is.
    pub fn this_program() -> Result<Self, ExperimentError> {
        let program =
            std::env::current_exe().map_err(|source| ExperimentError::Spawn { program: "leveled".into(), source })?;
        Ok(Self { program, arguments: vec!["trial".into()] })
    }

    fn spawn(&self, spec: &Path, directory: &Path) -> Result<Child, ExperimentError> {
        Command::new(&self.program)
            .args(&self.arguments)
            .arg(spec)
            .arg("--out")
            .arg(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| ExperimentError::Spawn { program: self.program.clone(), source })
    }
}

/// How many trials ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunSummary {
    /// Evaluated to their end.
    pub ok: usize,
    /// Recorded as failed.
    pub failed: usize,
}

/// Runs all trials one after the other into a new store at `directory`. `progress` makes the sink for a trial's events from the
/// trial's number (from 0) and its specification.
///
/// # Errors
/// A directory that cannot be used, or a row that cannot be written. A failing trial is no error: it is a row.
pub fn run<S: EventSink>(
    experiment: &Experiment,
    directory: &Path,
    child: &ChildCommand,
    mut progress: impl FnMut(usize, &TrialSpec) -> S,
) -> Result<RunSummary, ExperimentError> {
    let mut store = Store::create(directory)?;
    Provenance::of(experiment).write(directory)?;
    let pending = directory.join(PENDING);
    let write_error = |source| ExperimentError::Append { path: pending.clone(), source };
    std::fs::create_dir_all(&pending).map_err(write_error)?;
    let mut summary = RunSummary::default();
    for (number, spec) in experiment.trials.iter().enumerate() {
        match run_one(spec, &mut store, &pending, child, &mut progress(number, spec))? {
            TrialStatus::Ok => summary.ok += 1,
            TrialStatus::Failed => summary.failed += 1,
        }
    }
    std::fs::remove_dir_all(&pending).map_err(write_error)?;
    Ok(summary)
}

fn run_one(
    spec: &TrialSpec,
    store: &mut Store,
    pending: &Path,
    command: &ChildCommand,
    events: &mut impl EventSink,
) -> Result<TrialStatus, ExperimentError> {
    let path = pending.join(format!("{}.json", spec.id));
    let text = serde_json::to_string_pretty(spec)
        .map_err(|error| ExperimentError::Encode { what: "a trial specification", reason: error.to_string() })?;
    write_whole(&path, text.as_bytes())?;
    let ending = watch(command.spawn(&path, store.directory())?, events);
    if ending.recorded {
        return Ok(TrialStatus::Ok);
    }
    // It may have been killed between its row and the news of it.
    if let Some(row) = store.find_trial(&spec.id)? {
        return Ok(row.status);
    }
    store.append_trial(&TrialRow::failed(spec, ending.reason))?;
    Ok(TrialStatus::Failed)
}

/// How a child ended.
struct Ending {
    recorded: bool,
    reason: String,
}

/// Passes a child's events on until it ends.
fn watch(mut child: Child, events: &mut impl EventSink) -> Ending {
    let errors = child.stderr.take();
    let listener = thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut errors) = errors {
            // What was read before a failure is still worth telling.
            let _ = errors.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut recorded = false;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Ok(event) = serde_json::from_str::<Event>(&line) {
                recorded |= event == Event::Recorded;
                events.send(event);
            }
        }
    }
    let status = child.wait();
    let last_words = listener.join().unwrap_or_default();
    let reason = match status {
        Ok(status) => reason(status, &last_words),
        Err(error) => format!("the trial's process cannot be waited for: {error}"),
    };
    Ending { recorded, reason }
}

/// Why a child that recorded nothing ended.
fn reason(status: ExitStatus, last_words: &str) -> String {
    let how = match (signal(status), status.code()) {
        (Some(9), _) => "killed by signal 9 (SIGKILL), perhaps because the machine ran out of memory".to_owned(),
        (Some(signal), _) => format!("ended by signal {signal}"),
        (None, Some(0)) => "ended without recording a result".to_owned(),
        (None, Some(code)) => format!("ended with exit code {code}"),
        (None, None) => "ended in an unknown way".to_owned(),
    };
    let words = last_words.trim();
    if words.is_empty() {
        return how;
    }
    let skipped = words.chars().count().saturating_sub(REASON_CHARACTERS);
    let tail: String = words.chars().skip(skipped).collect();
    format!("{how}: {tail}")
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::experiment::event::{Silent, Stage};
    use crate::experiment::setting::Threads;
    use crate::experiment::trial::tests::{sample, sample_with};

    /// A child that is a shell script: `$1` is the specification, `$3` the results directory.
    fn script(directory: &Path, text: &str) -> ChildCommand {
        let path = directory.join("child.sh");
        std::fs::write(&path, text).unwrap();
        ChildCommand { program: "/bin/sh".into(), arguments: vec![path.into()] }
    }

    fn experiment() -> Experiment {
        let second = sample_with(|settings| settings.threads = Threads(1));
        Experiment { name: "e".into(), text: "name: e".into(), trials: vec![sample(), second], duplicates: vec![] }
    }

    fn rows(directory: &Path) -> Vec<TrialRow> {
        let mut reader = csv::Reader::from_path(directory.join("trials.csv")).unwrap();
        reader.deserialize().map(|row| row.unwrap()).collect()
    }

    #[test]
    fn a_killed_child_costs_one_row() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        let id = sample().id;
        let child = script(
            directory.path(),
            &format!("case $1 in *{id}*) kill -9 $$;; *) echo 'error: no such layer' >&2; exit 2;; esac"),
        );
        let summary = run(&experiment(), &out, &child, |_, _| Silent).unwrap();
        assert_eq!(summary, RunSummary { ok: 0, failed: 2 });
        let rows = rows(&out);
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| row.status == TrialStatus::Failed));
        assert!(rows[0].reason.contains("signal 9"), "{}", rows[0].reason);
        assert_eq!(rows[1].reason, "ended with exit code 2: error: no such layer");
        assert!(out.join("provenance.json").exists() && !out.join(PENDING).exists());
    }

    #[test]
    fn events_are_passed_on_and_a_recorded_row_stays_the_only_one() {
        struct Count(Arc<AtomicU64>);
        impl EventSink for Count {
            fn send(&mut self, event: Event) {
                if let Event::Progress { stage: Stage::Layers, done, .. } = event {
                    self.0.fetch_add(done, Ordering::Relaxed);
                }
            }
        }
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        // The child appends a row of its own (the first cells are enough here) and dies before it can say so.
        let empty = ",".repeat(csv_columns() - 3);
        let child = script(
            directory.path(),
            &format!(
                "id=$(basename $1 .json); echo not json; \
                 echo '{{\"event\":\"progress\",\"stage\":\"layers\",\"done\":5,\"total\":20,\"detail\":\"conv1\"}}'; \
                 echo \"$id,1,ok{empty}\" >> $3/trials.csv; kill -9 $$"
            ),
        );
        let layers = Arc::new(AtomicU64::new(0));
        let summary = run(&experiment(), &out, &child, |_, _| Count(layers.clone())).unwrap();
        assert_eq!(summary, RunSummary { ok: 2, failed: 0 });
        assert_eq!(rows(&out).len(), 2);
        assert_eq!(layers.load(Ordering::Relaxed), 10);
    }

    fn csv_columns() -> usize {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.serialize(TrialRow::default()).unwrap();
        String::from_utf8(writer.into_inner().unwrap()).unwrap().lines().next().unwrap().split(',').count()
    }

    #[test]
    fn a_program_that_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let child = ChildCommand { program: "/nonexistent/leveled".into(), arguments: vec![] };
        let error = run(&experiment(), &directory.path().join("out"), &child, |_, _| Silent).unwrap_err();
        assert!(error.to_string().starts_with("cannot start /nonexistent/leveled"), "{error}");
    }

    #[test]
    fn long_last_words_are_cut() {
        let status = Command::new("/bin/sh").args(["-c", "exit 3"]).status().unwrap();
        let text = reason(status, &"x".repeat(10_000));
        assert!(text.starts_with("ended with exit code 3: xxx") && text.len() < 2_100);
    }
}
