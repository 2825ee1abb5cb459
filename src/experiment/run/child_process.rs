//! A trial's child process, seen from its parent.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::experiment::ExperimentError;
use crate::experiment::event::{Event, EventSink};
use crate::experiment::memory_left::{SHARE, share_bytes};
use crate::experiment::pause::Follower;
use crate::experiment::prices::{KnownPrices, PRICES};
use crate::experiment::records::{ImageRow, LayerRow, TrialRow};
use crate::experiment::store::TrialRecord;
use crate::experiment::subprocess::{command, this_program, watch};
use crate::experiment::trial::TrialSpec;

/// The command that evaluates one trial: it reads the specification from standard input and writes events to standard output.
#[derive(Debug, Clone)]
pub struct ChildCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables of its environment beside those of its parent.
    pub environment: Vec<(&'static str, String)>,
}

impl ChildCommand {
    /// This very program with its subcommand `trial`, and the prices and the share of memory of its parent.
    ///
    /// # Errors
    /// [`ExperimentError::Spawn`] if the system does not say where the program is; [`ExperimentError::Encode`].
    pub fn this_program(prices: &KnownPrices) -> Result<Self, ExperimentError> {
        let program = this_program()?;
        let arguments = ["trial", "--supervised", "-"].map(OsString::from).to_vec();
        let share = share_bytes().map(|bytes| (SHARE, bytes.to_string()));
        let environment = std::iter::once((PRICES, prices.in_words()?)).chain(share).collect();
        Ok(Self { program, arguments, environment })
    }

    fn spawn(&self, checkpoint: Option<&Path>) -> Result<Child, ExperimentError> {
        let mut command = command(&self.program);
        command.stdin(Stdio::piped());
        command.envs(self.environment.iter().cloned()).args(&self.arguments);
        if let Some(path) = checkpoint {
            command.arg("--checkpoint").arg(path);
        }
        command.spawn().map_err(|source| ExperimentError::Spawn { program: self.program.clone(), source })
    }

    /// Evaluates a trial, from what the file `checkpoint` has of it, and passes on its progress. The child lives as long as the thread that this is called on, at most.
    ///
    /// # Errors
    /// [`ExperimentError::Spawn`], [`ExperimentError::Encode`]. A child that fails is no error.
    pub fn evaluate(
        &self,
        spec: &TrialSpec,
        checkpoint: Option<&Path>,
        progress: &mut dyn EventSink,
    ) -> Result<Outcome, ExperimentError> {
        let text = serde_json::to_vec(spec)
            .map_err(|error| ExperimentError::Encode { what: "a trial specification", reason: error.to_string() })?;
        let mut child = self.spawn(checkpoint)?;
        let follower = Follower::new(child.id());
        if let Some(mut input) = child.stdin.take() {
            // A child that does not read its specification says why, or is found dead.
            let _ = input.write_all(&text);
        }
        Ok(collect(child, follower, progress))
    }
}

/// What a child did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The trial's row, if it came to its end.
    pub trial: Option<TrialRow>,
    /// Rows of layers.
    pub layers: Vec<LayerRow>,
    /// Rows of images.
    pub images: Vec<ImageRow>,
    /// How the child ended.
    pub reason: String,
}

impl Outcome {
    /// All rows; a child that did not come to its end gives the row of a failed trial, and the images that it finished.
    #[must_use]
    pub fn into_record(self, spec: &TrialSpec) -> TrialRecord {
        match self.trial {
            Some(trial) => TrialRecord { trial, layers: self.layers, images: self.images },
            None => TrialRecord { trial: TrialRow::failed(spec, self.reason), layers: Vec::new(), images: self.images },
        }
    }
}

/// Collects a child's rows and passes its progress on until it ends.
fn collect(child: Child, follower: Follower, progress: &mut dyn EventSink) -> Outcome {
    let mut outcome = Outcome::default();
    let end = watch(child, follower, |event| match event {
        Event::Trial(row) => outcome.trial = Some(*row),
        Event::Layer(row) => outcome.layers.push(*row),
        Event::Image(row) => outcome.images.push(*row),
        Event::Progress { .. } => progress.send(event),
    });
    outcome.reason = end.reason();
    outcome
}

#[cfg(test)]
#[cfg(unix)]
pub(super) mod tests {
    use super::*;
    use crate::experiment::event::Silent;
    use crate::experiment::records::TrialStatus;
    use crate::experiment::trial::tests::sample;

    /// A child that is a shell script; it reads the specification from standard input.
    pub(in crate::experiment::run) fn script(text: &str) -> ChildCommand {
        ChildCommand { program: "/bin/sh".into(), arguments: vec!["-c".into(), text.into()], environment: vec![] }
    }

    /// Events of a trial with two images and a layer, as a script prints them.
    pub(in crate::experiment::run) fn events(spec: &TrialSpec) -> String {
        let image = |image| ImageRow { trial_id: spec.id.clone(), image, ..ImageRow::default() };
        let layer = LayerRow { trial_id: spec.id.clone(), ..LayerRow::default() };
        let events = [
            Event::Image(Box::new(image(0))),
            Event::Image(Box::new(image(1))),
            Event::Layer(Box::new(layer)),
            Event::Trial(Box::new(TrialRow::of_spec(spec))),
        ];
        events.map(|event| serde_json::to_string(&event).unwrap()).join("\n")
    }

    #[test]
    fn rows_are_collected_even_if_the_child_dies_after_them() {
        let spec = sample();
        let text = format!("cat >/dev/null; echo not json; cat <<'END'\n{}\nEND\nkill -9 $$", events(&spec));
        let record = script(&text).evaluate(&spec, None, &mut Silent).unwrap().into_record(&spec);
        assert_eq!((record.trial.status, record.layers.len(), record.images.len()), (TrialStatus::Ok, 1, 2));
    }

    #[test]
    fn a_child_that_dies_first_leaves_its_images_and_a_reason() {
        let spec = sample();
        let events = events(&spec);
        let (images, _) = events.rsplit_once("{\"event\":\"layer\"").unwrap();
        let text = format!("cat >/dev/null; cat <<'END'\n{images}{{\"event\":\"layer\",\"trial\nEND\nkill -9 $$");
        let record = script(&text).evaluate(&spec, None, &mut Silent).unwrap().into_record(&spec);
        assert_eq!((record.trial.status, record.layers.len(), record.images.len()), (TrialStatus::Failed, 0, 2));
        assert!(record.trial.reason.contains("signal 9") && record.trial.reason.contains("memory"));
        let record = script("echo 'error: no such layer' >&2; exit 2")
            .evaluate(&spec, None, &mut Silent)
            .unwrap()
            .into_record(&spec);
        assert_eq!(record.trial.reason, "ended with exit code 2: error: no such layer");
    }

    #[test]
    fn a_program_that_is_not_there() {
        let child = ChildCommand { program: "/nonexistent/leveled".into(), arguments: vec![], environment: vec![] };
        let error = child.evaluate(&sample(), None, &mut Silent).unwrap_err();
        assert!(error.to_string().starts_with("cannot start /nonexistent/leveled"), "{error}");
    }
}
