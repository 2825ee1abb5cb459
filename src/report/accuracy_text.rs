//! Tables of accuracies in the clear.

use std::collections::BTreeMap;

use super::rows::without_seed;
use super::text_table::{Align, TextTable};
use crate::experiment::accuracy::{AccuracyForm, AccuracyRow};

/// The tables for what there are rows of, as Markdown: single networks with mean and deviation over seeds (method section 7, table 1),
/// clustering (table 4), ensembles (table 5).
#[must_use]
pub fn accuracy_text(rows: &[AccuracyRow]) -> String {
    let mut parts = Vec::new();
    let single = |row: &&AccuracyRow| row.members == 1 && row.form != AccuracyForm::Clustered;
    push(&mut parts, "Single networks", networks(rows.iter().filter(single)));
    push(&mut parts, "Mean over seeds", means(rows.iter().filter(single)));
    let clustered = |row: &&AccuracyRow| row.form == AccuracyForm::Clustered;
    push(&mut parts, "Clustering", clusterings(rows, rows.iter().filter(clustered)));
    let ensemble = |row: &&AccuracyRow| row.members > 1 && row.form != AccuracyForm::Clustered;
    push(&mut parts, "Ensembles", networks(rows.iter().filter(ensemble)));
    parts.join("\n")
}

fn push(parts: &mut Vec<String>, title: &str, table: Option<TextTable>) {
    parts.extend(table.map(|table| format!("{title}\n\n{}", table.markdown())));
}

fn networks<'a>(rows: impl Iterator<Item = &'a AccuracyRow>) -> Option<TextTable> {
    let mut table = TextTable::new([
        ("weights", Align::Left),
        ("members", Align::Right),
        ("form", Align::Left),
        ("images", Align::Right),
        ("accuracy %", Align::Right),
        ("exploding", Align::Right),
        ("largest input", Align::Right),
    ]);
    let mut any = false;
    for row in rows {
        any = true;
        table.push(vec![
            row.models.clone(),
            row.members.to_string(),
            row.form.as_str().to_owned(),
            format!("{} {}", row.images, row.images_of),
            format!("{:.2}", row.accuracy_percent),
            row.exploding_images.to_string(),
            format!("{:.1}", row.largest_activation),
        ]);
    }
    any.then_some(table)
}

/// Mean and deviation of networks whose file names differ in their seed alone.
fn means<'a>(rows: impl Iterator<Item = &'a AccuracyRow>) -> Option<TextTable> {
    let mut families: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for row in rows {
        families.entry((without_seed(&row.models), row.form)).or_default().push(row.accuracy_percent);
    }
    families.retain(|_, accuracies| accuracies.len() > 1);
    let mut table = TextTable::new([
        ("weights", Align::Left),
        ("form", Align::Left),
        ("seeds", Align::Right),
        ("mean %", Align::Right),
        ("deviation", Align::Right),
    ]);
    for ((weights, form), accuracies) in &families {
        let count = accuracies.len() as f64;
        let mean = accuracies.iter().sum::<f64>() / count;
        let variance = accuracies.iter().map(|accuracy| (accuracy - mean).powi(2)).sum::<f64>() / (count - 1.0);
        table.push(vec![
            (*weights).to_owned(),
            form.as_str().to_owned(),
            accuracies.len().to_string(),
            format!("{mean:.2}"),
            format!("{:.2}", variance.sqrt()),
        ]);
    }
    (!families.is_empty()).then_some(table)
}

fn clusterings<'a>(all: &[AccuracyRow], rows: impl Iterator<Item = &'a AccuracyRow>) -> Option<TextTable> {
    let mut table = TextTable::new([
        ("weights", Align::Left),
        ("mode", Align::Left),
        ("K", Align::Right),
        ("seed", Align::Right),
        ("accuracy %", Align::Right),
        ("change", Align::Right),
        ("exploding", Align::Right),
        ("relative error", Align::Right),
    ]);
    let mut any = false;
    for row in rows {
        any = true;
        let folded = all.iter().find(|other| other.models == row.models && other.form == AccuracyForm::Folded);
        let change = folded.map(|folded| format!("{:+.2}", row.accuracy_percent - folded.accuracy_percent));
        table.push(vec![
            row.models.clone(),
            row.cluster_mode.clone().unwrap_or_default(),
            row.clusters.map_or_else(String::new, |clusters| clusters.to_string()),
            row.cluster_seed.map_or_else(String::new, |seed| seed.to_string()),
            format!("{:.2}", row.accuracy_percent),
            change.unwrap_or_default(),
            row.exploding_images.to_string(),
            row.relative_error.map_or_else(String::new, |error| format!("{error:.4}")),
        ]);
    }
    any.then_some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(models: &str, members: usize, form: AccuracyForm, clusters: Option<usize>, percent: f64) -> AccuracyRow {
        AccuracyRow {
            models: models.to_owned(),
            members,
            network: "resnet20".to_owned(),
            width: 16,
            dataset: "cifar10".to_owned(),
            activation: "herpn".to_owned(),
            epochs: Some(30),
            images_of: "test".to_owned(),
            form,
            cluster_mode: clusters.map(|_| "slice".to_owned()),
            clusters,
            cluster_seed: clusters.map(|_| 0),
            relative_error: clusters.map(|_| 0.0125),
            images: 100,
            correct: percent as usize,
            accuracy_percent: percent,
            exploding_images: 3,
            largest_activation: 7.25,
            seconds: 1.0,
        }
    }

    #[test]
    fn each_kind_of_row_has_its_table() {
        let rows = [
            row("a_seed0", 1, AccuracyForm::Trained, None, 90.0),
            row("a_seed0", 1, AccuracyForm::Folded, None, 90.0),
            row("a_seed0", 1, AccuracyForm::Clustered, Some(64), 88.0),
            row("a_seed1", 1, AccuracyForm::Trained, None, 92.0),
            row("b_seed0", 1, AccuracyForm::Trained, None, 50.0),
            row("a_seed0+a_seed1", 2, AccuracyForm::Trained, None, 93.0),
        ];
        let text = accuracy_text(&rows);
        let parts: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('|')).collect();
        assert_eq!(parts, ["Single networks", "Mean over seeds", "Clustering", "Ensembles"]);
        let line = |start: &str, has: &str| {
            let found = text.lines().find(|line| line.starts_with(start) && line.contains(has));
            found.unwrap_or_else(|| panic!("{start} {has}\n{text}")).split('|').map(str::trim).collect::<Vec<_>>()
        };
        assert_eq!(line("| a_seed0 ", "slice")[1..9], ["a_seed0", "slice", "64", "0", "88.00", "-2.00", "3", "0.0125"]);
        assert_eq!(line("| a ", "trained")[3..6], ["2", "91.00", "1.41"]);
        assert_eq!(line("| a_seed0+a_seed1", "trained")[2..8], ["2", "trained", "100 test", "93.00", "3", "7.2"]);
        assert_eq!(accuracy_text(&[]), "");
    }
}
