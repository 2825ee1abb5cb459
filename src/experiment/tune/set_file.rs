//! The file of the parameter set that a search chose, with the evidence for it.

use std::fs;
use std::path::Path;

use super::outcome::{Candidate, TuneOutcome};
use super::search::Verdict;
use crate::experiment::ExperimentError;
use crate::experiment::clock::UtcTime;
use crate::experiment::program::Program;
use crate::experiment::store::write_whole;

/// Writes the set that was chosen, with what was found by `command`, and makes the directory if it is not there.
///
/// # Errors
/// [`ExperimentError::NoCandidate`] if none was; [`ExperimentError::OutputNotWritable`], [`ExperimentError::Append`].
pub fn write(path: &Path, outcome: &TuneOutcome, command: &str) -> Result<(), ExperimentError> {
    let chosen = outcome.chosen().ok_or_else(|| none_of(outcome))?;
    let not_writable = |source| ExperimentError::OutputNotWritable { path: path.to_owned(), source };
    fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(not_writable)?;
    write_whole(path, text(outcome, chosen, command, &Program::this())?.as_bytes())
}

/// That no candidate is good enough, with the one that comes closest.
fn none_of(outcome: &TuneOutcome) -> ExperimentError {
    let evaluated = outcome.candidates.iter().filter_map(|candidate| candidate.loss_points);
    let refused = outcome.count(Verdict::Refused);
    let advice = if refused == outcome.candidates.len() {
        "give values with fewer bits, a larger log_n, or more memory, as the reason above asks"
    } else {
        "raise --tolerance, or give values with more bits, such as --scale-bits 22,24"
    };
    ExperimentError::NoCandidate {
        tolerance_points: outcome.tolerance_points,
        candidates: outcome.candidates.len(),
        refused,
        closest: evaluated
            .min_by(f64::total_cmp)
            .map_or_else(String::new, |loss| format!("; the closest loses {loss:.2}")),
        advice,
    }
}

fn text(
    outcome: &TuneOutcome,
    chosen: &Candidate,
    command: &str,
    program: &Program,
) -> Result<String, ExperimentError> {
    let set = serde_yaml::to_string(&chosen.parameters)
        .map_err(|error| ExperimentError::Encode { what: "a parameter set", reason: error.to_string() })?;
    let number = |value: Option<f64>, decimals: usize| {
        value.map_or_else(|| "none".to_owned(), |value| format!("{value:.decimals$}"))
    };
    let measured = &chosen.measured;
    let dirty = if program.dirty == Some(true) { ", with changes" } else { "" };
    let own = outcome.own_seconds().map_or_else(
        || "the experiment's own set is refused".to_owned(),
        |seconds| format!("with the experiment's own set {seconds:.3}"),
    );
    let comment = [
        format!("Found by: {command}"),
        format!(
            "on {} by leveled {}, commit {}{dirty} (docs/tuning.md).",
            UtcTime::now().rfc3339(),
            program.version,
            program.commit
        ),
        format!(
            "For: {} of width {}, {}, SHA-256 {}",
            outcome.network, outcome.width, outcome.model, outcome.model_sha256
        ),
        format!("in the layout {} at N = 2^{}, {} threads.", outcome.layout, outcome.log_n, outcome.threads),
        format!(
            "Images: the first {} of the {} training images of {} that the training held out (seed {}), SHA-256 {}.",
            outcome.images, outcome.held_out_images, outcome.dataset, outcome.held_out_seed, outcome.dataset_sha256
        ),
        format!(
            "Loss of accuracy there, simulated against clear text: {} points, 95 % interval {} to {}, tolerance {}:",
            number(chosen.loss_points, 3),
            number(chosen.loss_low_points, 3),
            number(chosen.loss_high_points, 3),
            outcome.tolerance_points
        ),
        format!("{} images are right in the clear alone, {} simulated alone.", measured.worse, measured.better),
        format!(
            "Same class: {} %. Logit error, median over images: {}.",
            number(chosen.agreement.map(|share| 100.0 * share), 2),
            number(chosen.logit_error_median, 4)
        ),
        format!(
            "Predicted seconds of an evaluation: {}, {own} (kernels {}, prices {}). log2 QP {}.",
            number(chosen.seconds, 3),
            outcome.kernels,
            outcome.prices,
            number(chosen.log2_qp, 1)
        ),
        format!(
            "Candidates: {}, of which {} were refused, {} rejected, {} skipped, {} not needed.",
            outcome.candidates.len(),
            outcome.count(Verdict::Refused),
            outcome.count(Verdict::Rejected),
            outcome.count(Verdict::Skipped),
            outcome.count(Verdict::Unneeded)
        ),
    ];
    Ok(comment.iter().map(|line| format!("# {line}\n")).collect::<String>() + &set)
}
