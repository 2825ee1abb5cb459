//! A comparison in Markdown.

use super::{ComparedTrial, Comparison, Difference, Verdict};
use crate::report::format::significant;
use crate::report::text_table::{Align, TextTable};

/// The table, what got worse first, and what must be known to read it.
#[must_use]
pub fn comparison_text(comparison: &Comparison) -> String {
    let Comparison { before, after, tolerance, trials, only_before, only_after, mended, circumstances } = comparison;
    let accuracy = |trial: &ComparedTrial, number: fn(&Difference) -> String| {
        trial.accuracy.as_ref().map_or_else(String::new, number)
    };
    let seconds = |trial: &ComparedTrial, number: fn(&Difference) -> String| {
        trial.seconds.as_ref().map_or_else(String::new, number)
    };
    let table = TextTable::of(
        trials,
        &[
            ("trial", Align::Left, &|trial| trial.label.clone()),
            ("verdict", Align::Left, &|trial| verdict(trial)),
            ("accuracy before (%)", Align::Right, &|trial| accuracy(trial, |it| format!("{:.2}", it.before))),
            ("after (%)", Align::Right, &|trial| accuracy(trial, |it| format!("{:.2}", it.after))),
            ("difference (points)", Align::Right, &|trial| accuracy(trial, |it| signed(it, 2))),
            ("seconds before", Align::Right, &|trial| seconds(trial, |it| significant(it.before, 3))),
            ("after", Align::Right, &|trial| seconds(trial, |it| significant(it.after, 3))),
            ("difference (%)", Align::Right, &|trial| seconds(trial, |it| signed(it, 1))),
        ],
    );
    let gone = match only_before.len() {
        0 => String::new(),
        1 => "; 1 of before is not there after".to_owned(),
        several => format!("; {several} of before are not there after"),
    };
    let mut text = format!(
        "# {before} and {after}\n\n{} of {} trials got worse{gone}.\n\n{}\n",
        comparison.worse(),
        comparison.total(),
        table.without_empty_columns().markdown()
    );
    text += &format!(
        "* In brackets: 95 % intervals; of accuracies image by image where both are of the same images. Worse: by more than {} points or {} %, \
         and not by chance; where there is no interval, as of one evaluation, by the tolerance alone.\n",
        tolerance.accuracy_points, tolerance.seconds_percent
    );
    for circumstance in circumstances {
        let or_none = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
        let (before, after) = (or_none(&circumstance.before), or_none(&circumstance.after));
        text += &format!("* {}: {before} before, {after} after\n", circumstance.name);
    }
    for (what, trials) in
        [("only before", only_before), ("only after", only_after), ("failed before, not after", mended)]
    {
        text.extend(trials.iter().map(|trial| format!("* {what}: {trial}\n")));
    }
    text
}

fn verdict(trial: &ComparedTrial) -> String {
    if let Some(reason) = &trial.failed {
        return format!("failed: {reason}");
    }
    let word = |difference: &Option<Difference>, worse: &str, better: &str| match difference.as_ref()?.verdict {
        Verdict::Worse => Some(worse.to_owned()),
        Verdict::Better => Some(better.to_owned()),
        Verdict::Unclear => None,
    };
    let words = [word(&trial.accuracy, "less accurate", "more accurate"), word(&trial.seconds, "slower", "faster")];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() { "no clear difference".to_owned() } else { words.join(", ") }
}

/// A difference with its sign and its interval.
fn signed(difference: &Difference, decimals: usize) -> String {
    let number = |value: f64| format!("{value:+.decimals$}");
    let interval =
        difference.interval.map_or_else(String::new, |(low, high)| format!(" [{}, {}]", number(low), number(high)));
    number(difference.difference) + &interval
}
