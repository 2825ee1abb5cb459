//! What a run would do and what it found, as text for a terminal.

use std::path::Path;

use super::format::significant;
use super::text_table::{Align, TextTable};
use crate::experiment::byte_size::ByteSize;
use crate::experiment::config::{Duplicate, Experiment};
use crate::experiment::plan_view::PlanView;
use crate::experiment::run::{Forecast, Selection};
use crate::experiment::store::{Gathered, Recovery};

/// The trials that would run, with what they would need, and those that would not.
#[must_use]
pub fn dry_run_text(
    experiment: &Experiment,
    selection: &Selection,
    forecasts: &[Forecast],
    plans: &[Option<PlanView>],
) -> String {
    let encrypted = |plan: &&PlanView| plan.is_encrypted();
    let trials = selection.run.iter().map(|trial| &experiment.trials[*trial]).zip(forecasts);
    let table = TextTable::of(
        trials.zip(plans.iter().map(Option::as_ref)),
        &[
            ("trial", Align::Left, &|((spec, _), _)| spec.id.clone()),
            ("settings", Align::Left, &|((_, forecast), _)| forecast.label.clone()),
            ("back end", Align::Left, &|((spec, _), _)| spec.settings.backend.as_str().to_owned()),
            ("images", Align::Right, &|((spec, _), _)| spec.settings.images.count().to_string()),
            ("memory", Align::Right, &|(_, plan)| {
                plan.map_or_else(String::new, |plan| ByteSize(plan.memory_bytes).to_string())
            }),
            ("seconds per image", Align::Right, &|(_, plan)| {
                plan.filter(encrypted).map_or_else(String::new, |plan| significant(per_image(plan), 3))
            }),
        ],
    );
    let mut text = if plans.is_empty() { String::new() } else { table.plain() };
    let encrypted = plans.iter().flatten().filter(encrypted);
    let seconds: f64 = encrypted.map(PlanView::total_seconds).sum();
    text += &format!(
        "{} of {} trial(s) would run: {} s of encrypted evaluation predicted, keys and encoding not included\n",
        selection.run.len(),
        experiment.trials.len(),
        significant(seconds, 3)
    );
    if !selection.done.is_empty() {
        text += &format!("{} are recorded already\n", selection.done.len());
    }
    if !selection.failed.is_empty() {
        text += &format!("{} are recorded as failed; --retry-failed runs them again\n", selection.failed.len());
    }
    text + &duplicates_text(&experiment.duplicates)
}

/// Seconds of the evaluations, shared out to their images.
fn per_image(plan: &PlanView) -> f64 {
    plan.total_seconds() / f64::from(plan.images.max(1))
}

/// The points of an experiment that are the same trial as another.
#[must_use]
pub fn duplicates_text(duplicates: &[Duplicate]) -> String {
    let line = |duplicate: &Duplicate| {
        format!("{} is the same trial as an earlier one ({}), which runs once\n", duplicate.place, duplicate.trial_id)
    };
    duplicates.iter().map(line).collect()
}

/// Recorded trials that are none of the experiment as it is now.
#[must_use]
pub fn others_text(others: usize) -> String {
    match others {
        0 => String::new(),
        _ => format!(
            "{others} recorded trial(s) are none of this experiment (other settings, weights, cards or images, or an id of an older \
             version that cannot be recognised); they stay as they are\n"
        ),
    }
}

/// What was found in a results directory that an earlier run did not leave in order.
#[must_use]
pub fn recovery_text(recovery: &Recovery) -> String {
    let mut text = String::new();
    if let Some(holder) = &recovery.stale {
        text += &format!("the run before did not end by itself ({holder}); resuming\n");
    }
    for torn in &recovery.torn {
        text += &format!(
            "the last row of {} was cut short ({} bytes) and is moved to torn_rows.txt; a trial without its row in trials.csv runs again\n",
            torn.table, torn.bytes
        );
    }
    for trial in &recovery.completed {
        text += &format!("trial {trial} had come to its end; the rest of its rows is written\n");
    }
    text
}

/// What was gathered into a directory, and what waits.
#[must_use]
pub fn gathered_text(gathered: &Gathered, directory: &Path) -> String {
    let in_use =
        gathered.in_use.iter().map(|part| format!("{} is in use, and waits for the next time\n", part.display()));
    in_use.collect::<String>() + &format!("{} row(s) of trials gathered into {}\n", gathered.added, directory.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::plan_view::tests::sample_plan;
    use crate::experiment::store::{Holder, TornRow};
    use crate::experiment::trial::TrialSpec;
    use crate::experiment::trial::tests::sample;

    #[test]
    fn a_dry_run_reads_well() {
        let duplicate = Duplicate { place: "sweep.log_n[2]".into(), trial_id: "0123456789abcdef".into() };
        let spec = TrialSpec { id: "0123456789abcdef".into(), ..sample() };
        let (trials, duplicates) = (vec![spec], vec![duplicate]);
        let experiment = Experiment {
            name: "e".into(),
            text: String::new(),
            path: None,
            set: vec![],
            trials,
            command: None,
            duplicates,
        };
        let selection = Selection { run: vec![0], done: vec![1, 2], failed: vec![3] };
        let forecasts = [Forecast { label: "log_n=15".into(), evaluations: 3, seconds: 7.5 }];
        let text = dry_run_text(&experiment, &selection, &forecasts, &[Some(sample_plan())]);
        let expected = "\
trial             settings  back end   images   memory  seconds per image
0123456789abcdef  log_n=15  encrypted       3  3.0 GiB               7.50
1 of 1 trial(s) would run: 22.5 s of encrypted evaluation predicted, keys and encoding not included
2 are recorded already
1 are recorded as failed; --retry-failed runs them again
sweep.log_n[2] is the same trial as an earlier one (0123456789abcdef), which runs once
";
        assert_eq!(text, expected);
        let together = PlanView { layout: "tiled".into(), batch: 512, images: 1000, seconds: 750.0, ..sample_plan() };
        let text = dry_run_text(&experiment, &selection, &forecasts, &[Some(together)]);
        assert!(text.contains("3.0 GiB               1.50\n") && text.contains("1500 s of encrypted"), "{text}");
    }

    #[test]
    fn what_was_found_is_told() {
        let holder = Holder { process: 7, machine: "here".into(), since: "2026-01-01T00:00:00Z".into() };
        let recovery = Recovery {
            stale: Some(holder),
            torn: vec![TornRow { table: "images.csv".into(), bytes: 12 }],
            completed: vec!["ab".into()],
        };
        let text = recovery_text(&recovery);
        assert!(text.contains("(process 7 on here since 2026-01-01T00:00:00Z); resuming"), "{text}");
        assert!(text.contains("images.csv was cut short (12 bytes)") && text.contains("trial ab had come"), "{text}");
        assert_eq!(recovery_text(&Recovery::default()), "");
        assert!(
            others_text(2).starts_with("2 recorded trial(s) are none of this experiment") && others_text(0).is_empty()
        );
    }
}
