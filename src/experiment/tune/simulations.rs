//! Simulated images of candidates, as trials in a results directory: what is recorded there is not simulated again.

use std::path::Path;

use super::measured::Measured;
use crate::experiment::ExperimentError;
use crate::experiment::config::Experiment;
use crate::experiment::event::Event;
use crate::experiment::fingerprint::sha256_of_text;
use crate::experiment::memory_left::available_memory_bytes;
use crate::experiment::prices::KnownPrices;
use crate::experiment::provenance::{Provenance, TrialProvenance};
use crate::experiment::records::{TrialRow, TrialStatus};
use crate::experiment::run::{Board, ChildCommand, Forecast, Interrupt, Job, Observer, RunOptions, run};
use crate::experiment::store::{Recovery, RunDirectory, image_rows, newest_part};
use crate::experiment::trial::TrialSpec;

/// A results directory that simulations are recorded in.
#[derive(Debug)]
pub struct Simulations<'i> {
    directory: RunDirectory,
    provenance: Provenance,
    child: ChildCommand,
    options: RunOptions,
    interrupt: &'i Interrupt,
}

impl<'i> Simulations<'i> {
    /// Takes the directory. `experiment` is what is tuned, with the command that says so.
    ///
    /// # Errors
    /// As [`RunDirectory::take`] and [`Provenance::after`].
    pub fn open(
        directory: &Path,
        experiment: &Experiment,
        prices: &KnownPrices,
        interrupt: &'i Interrupt,
    ) -> Result<(Self, Recovery), ExperimentError> {
        // Its trials are not those that the experiment asks for.
        let experiment = Experiment { trials: Vec::new(), duplicates: Vec::new(), ..experiment.clone() };
        RunDirectory::check(directory)?;
        let session = Provenance::of(&experiment, prices);
        // Nothing is written where another experiment is.
        session.clone().after(directory)?;
        let (directory, recovery) = RunDirectory::take(directory)?;
        let provenance = session.after(directory.path())?;
        let options = RunOptions {
            jobs: 1,
            memory_bytes: available_memory_bytes(),
            fail_fast: true,
            experiment_sha256: sha256_of_text(&experiment.text),
        };
        let child = ChildCommand::this_program(prices)?;
        Ok((Self { directory, provenance, child, options, interrupt }, recovery))
    }

    /// What the images of a trial say; none: the search was asked to end. `label` is what its progress is called.
    ///
    /// # Errors
    /// [`ExperimentError::Simulation`] for a trial that fails; [`ExperimentError::MissingImages`]; what reading and writing rows says.
    pub fn measure(&mut self, spec: &TrialSpec, label: &str) -> Result<Option<Measured>, ExperimentError> {
        if self.directory.statuses().get(&spec.id) != Some(&TrialStatus::Ok) {
            self.provenance.trials.insert(spec.id.clone(), TrialProvenance::of(spec));
            self.provenance.write(self.directory.path())?;
            let images = spec.settings.images.count() as u32;
            // One trial has the whole board, so that it does not matter how long an image takes.
            let forecast = Forecast { label: label.to_owned(), evaluations: images, seconds: 1.0 };
            let mut bars = Bars(Board::new("simulated", vec![forecast]));
            // Started whatever it needs: the trial itself refuses what the machine does not have.
            let jobs = [Job { spec, memory_bytes: 0 }];
            let summary = run(&jobs, &mut self.directory, &self.child, &self.options, self.interrupt, &mut bars)?;
            drop(bars);
            if summary.failed > 0 {
                let table = newest_part::<TrialRow>(self.directory.path());
                return Err(ExperimentError::Simulation { candidate: label.to_owned(), table });
            }
            if summary.left > 0 {
                return Ok(None);
            }
        }
        let (rows, expected) = (image_rows(self.directory.path(), &spec.id)?, spec.settings.images.count());
        if rows.len() != expected {
            let directory = self.directory.path().to_owned();
            return Err(ExperimentError::MissingImages {
                directory,
                trial_id: spec.id.clone(),
                rows: rows.len(),
                expected,
            });
        }
        Ok(Some(Measured::of(&rows)))
    }
}

/// The bars of a board without its lines: what a trial's images say is told by the search.
struct Bars(Board);

impl Observer for Bars {
    fn started(&mut self, trial: usize) {
        self.0.started(trial);
    }

    fn progress(&mut self, trial: usize, event: &Event) {
        self.0.progress(trial, event);
    }

    fn ended(&mut self, _: usize, _: &TrialRow) {}

    fn note(&mut self, text: &str) {
        self.0.note(text);
    }
}
