//! A comparison in Markdown.

use super::{Comparison, Difference, Verdict};
use crate::report::format::significant;
use crate::report::text_table::{Align, TextTable};

/// The table, what got worse first, and what must be known to read it.
#[must_use]
pub fn comparison_text(comparison: &Comparison) -> String {
    let Comparison { before, after, tolerance, trials, only_before, only_after, circumstances } = comparison;
    let mut table = TextTable::new([
        ("trial", Align::Left),
        ("verdict", Align::Left),
        ("accuracy before (%)", Align::Right),
        ("after (%)", Align::Right),
        ("difference (points)", Align::Right),
        ("seconds before", Align::Right),
        ("after", Align::Right),
        ("difference (%)", Align::Right),
    ]);
    for trial in trials {
        let accuracy = |number: fn(&Difference) -> String| trial.accuracy.as_ref().map_or_else(String::new, number);
        let seconds = |number: fn(&Difference) -> String| trial.seconds.as_ref().map_or_else(String::new, number);
        table.push(vec![
            trial.label.clone(),
            verdict(trial.failed.as_deref(), trial.accuracy.as_ref(), trial.seconds.as_ref()),
            accuracy(|it| format!("{:.2}", it.before)),
            accuracy(|it| format!("{:.2}", it.after)),
            accuracy(|it| signed(it, 2)),
            seconds(|it| significant(it.before, 3)),
            seconds(|it| significant(it.after, 3)),
            seconds(|it| signed(it, 1)),
        ]);
    }
    let mut text = format!(
        "# {before} and {after}\n\n{} of {} trials got worse.\n\n{}\n",
        comparison.worse(),
        trials.len(),
        table.without_empty_columns().markdown()
    );
    text += &format!(
        "* In brackets: 95 % intervals; of accuracies image by image where both are of the same images. Worse: by more than {} points or {} %, \
         and not by chance.\n",
        tolerance.accuracy_points, tolerance.seconds_percent
    );
    for circumstance in circumstances {
        let or_none = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
        let (before, after) = (or_none(&circumstance.before), or_none(&circumstance.after));
        text += &format!("* {}: {before} before, {after} after\n", circumstance.name);
    }
    for (which, trials) in [("before", only_before), ("after", only_after)] {
        text.extend(trials.iter().map(|trial| format!("* only {which}: {trial}\n")));
    }
    text
}

fn verdict(failed: Option<&str>, accuracy: Option<&Difference>, seconds: Option<&Difference>) -> String {
    if let Some(reason) = failed {
        return format!("failed: {reason}");
    }
    let word = |difference: Option<&Difference>, worse: &str, better: &str| match difference?.verdict {
        Verdict::Worse => Some(worse.to_owned()),
        Verdict::Better => Some(better.to_owned()),
        Verdict::Unclear => None,
    };
    let words = [word(accuracy, "less accurate", "more accurate"), word(seconds, "slower", "faster")];
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
