//! Whoever watches a run.

use crate::experiment::event::Event;
use crate::experiment::records::TrialRow;

/// Is told of trials, by their number in the run.
pub trait Observer {
    /// A trial begins.
    fn started(&mut self, trial: usize);

    /// A trial makes progress.
    fn progress(&mut self, trial: usize, event: &Event);

    /// A trial has ended and stands in the tables.
    fn ended(&mut self, trial: usize, row: &TrialRow);

    /// Something that is worth a line.
    fn note(&mut self, text: &str);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn started(&mut self, _: usize) {}

    fn progress(&mut self, _: usize, _: &Event) {}

    fn ended(&mut self, _: usize, _: &TrialRow) {}

    fn note(&mut self, _: &str) {}
}
