//! What a run would do, for a program that asks other machines for what it needs.

use serde::Serialize;

use super::harness::{Work, memory_bytes};

/// A trial that would run.
#[derive(Debug, Serialize)]
pub struct Waiting {
    /// Its id.
    trial_id: String,
    /// What distinguishes it from the others of its experiment.
    label: String,
    /// Threads that it asks for; none: all cores that there are.
    threads: Option<u32>,
    /// Predicted peak memory.
    memory_bytes: u64,
    /// Predicted seconds, with what comes before the first image.
    seconds: f64,
}

/// The trials that would run, in their order.
#[must_use]
pub fn waiting(work: &Work) -> Vec<Waiting> {
    let trials = work.selection.run.iter().zip(&work.plans).zip(&work.forecasts);
    let waiting = trials.map(|((trial, plan), forecast)| {
        let spec = &work.experiment.trials[*trial];
        Waiting {
            trial_id: spec.id.clone(),
            label: forecast.label.clone(),
            threads: spec.settings.threads.0,
            memory_bytes: memory_bytes(spec, plan.as_ref()),
            seconds: forecast.cost(),
        }
    });
    waiting.collect()
}
