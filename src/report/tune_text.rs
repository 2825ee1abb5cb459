//! What a search for parameters found, as text for a terminal.

use std::collections::BTreeMap;

use super::format::significant;
use super::text_table::{Align, TextTable};
use crate::experiment::evaluate::Z;
use crate::experiment::parameter_set::ParameterSet;
use crate::experiment::setting::Recorded;
use crate::experiment::tune::{Candidate, Measured, TuneOutcome, Verdict};

/// A name for a candidate: what distinguishes it in most searches.
#[must_use]
pub fn candidate_label(set: &ParameterSet) -> String {
    format!("scale {} weight {} base {}", set.scale_bits, set.weight_bits, set.base_bits)
}

/// One line about a candidate after a look at its images; no verdict: there will be a further one.
#[must_use]
pub fn look_text(set: &ParameterSet, seconds: f64, measured: &Measured, verdict: Option<Verdict>) -> String {
    let [loss, interval, agreement, error] = found(measured);
    format!(
        "{}, {} s: {} images, loses {loss} points ({interval}), same class {agreement} %, logit error {error}{}\n",
        candidate_label(set),
        significant(seconds, 3),
        measured.images,
        verdict.map_or_else(String::new, |verdict| format!(": {}", verdict.as_str())),
    )
}

/// The candidates that have a plan, in the order of the search up to the one that was chosen, then why there are no
/// others.
#[must_use]
pub fn tune_text(outcome: &TuneOutcome) -> String {
    let own = &outcome.own;
    let varied = |is_varied: bool, text: String| if is_varied { text } else { String::new() };
    let is_varied = |different: fn(&ParameterSet, &ParameterSet) -> bool| {
        outcome.candidates.iter().any(|candidate| different(&candidate.parameters, own))
    };
    let copies = is_varied(|a, b| a.input_copies != b.input_copies);
    let complex = is_varied(|a, b| a.complex_packing != b.complex_packing);
    let switching = is_varied(|a, b| a.key_switching != b.key_switching);
    let shown = |candidate: &&Candidate| !matches!(candidate.verdict, Verdict::Refused | Verdict::Unneeded);
    let seen = |measured: &Measured, count: usize| if measured.images > 0 { count.to_string() } else { String::new() };
    let candidates = outcome.candidates.iter().filter(shown);
    let table = TextTable::of(
        candidates.map(|candidate| (candidate, &candidate.parameters, &candidate.measured, found(&candidate.measured))),
        &[
            ("scale", Align::Right, &|(_, set, ..)| set.scale_bits.to_string()),
            ("weight", Align::Right, &|(_, set, ..)| set.weight_bits.to_string()),
            ("base", Align::Right, &|(_, set, ..)| set.base_bits.to_string()),
            ("copies", Align::Right, &|(_, set, ..)| varied(copies, set.input_copies.to_string())),
            ("complex", Align::Left, &|(_, set, ..)| varied(complex, set.complex_packing.to_string())),
            ("special primes", Align::Left, &|(_, set, ..)| varied(switching, set.key_switching.cell())),
            ("seconds", Align::Right, &|(candidate, ..)| {
                candidate.seconds.map_or_else(String::new, |seconds| significant(seconds, 4))
            }),
            ("log2 QP", Align::Right, &|(candidate, ..)| {
                candidate.log2_qp.map_or_else(String::new, |bits| format!("{bits:.1}"))
            }),
            ("images", Align::Right, &|(.., measured, _)| seen(measured, measured.images)),
            ("worse", Align::Right, &|(.., measured, _)| seen(measured, measured.worse)),
            ("better", Align::Right, &|(.., measured, _)| seen(measured, measured.better)),
            ("loss (points)", Align::Right, &|(.., [loss, ..])| loss.clone()),
            ("95 % interval", Align::Right, &|(.., [_, interval, ..])| interval.clone()),
            ("same class (%)", Align::Right, &|(.., [_, _, agreement, _])| agreement.clone()),
            ("logit error", Align::Right, &|(.., [.., error])| error.clone()),
            ("", Align::Left, &|(candidate, ..)| candidate.verdict.as_str().to_owned()),
        ],
    );
    let mut text = format!(
        "{} of width {} ({}): {} of {} held out training images of {}, tolerance {} points; seconds are predicted, {} threads\n",
        outcome.network,
        outcome.width,
        outcome.model,
        outcome.images,
        outcome.held_out_images,
        outcome.dataset,
        outcome.tolerance_points,
        outcome.threads
    );
    text += &table.without_empty_columns().plain();
    if let Some(seconds) = outcome.own_seconds() {
        let own = candidate_label(own);
        text += &format!("the experiment's own set ({own}): {} s\n", significant(seconds, 4));
    }
    let unneeded = outcome.count(Verdict::Unneeded);
    if unneeded > 0 {
        text += &format!("{unneeded} candidates after it were not needed\n");
    }
    text + &refusals(outcome)
}

/// Loss, its 95 % interval, agreement in percent and logit error; of no image, nothing.
fn found(measured: &Measured) -> [String; 4] {
    if measured.images == 0 {
        return Default::default();
    }
    let (low, high) = measured.interval_points(Z);
    [
        format!("{:.2}", measured.loss_points()),
        format!("{low:.2} to {high:.2}"),
        format!("{:.1}", 100.0 * measured.agreement()),
        measured.logit_error_median().map_or_else(|| "none".to_owned(), |error| format!("{error:.4}")),
    ]
}

/// How many candidates were refused, and why.
fn refusals(outcome: &TuneOutcome) -> String {
    let mut reasons: BTreeMap<&str, (usize, &Candidate)> = BTreeMap::new();
    for candidate in &outcome.candidates {
        if let Some(reason) = &candidate.reason {
            // What comes before the first number is the kind of the refusal.
            let kind = reason.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
            reasons.entry(kind).or_insert((0, candidate)).0 += 1;
        }
    }
    let line = |(count, first): &(usize, &Candidate)| {
        let reason = first.reason.as_deref().unwrap_or_default();
        format!("{count} refused, such as {}: {reason}\n", candidate_label(&first.parameters))
    };
    reasons.values().map(line).collect()
}
