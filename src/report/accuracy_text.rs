//! Tables of accuracies in the clear.

use std::collections::BTreeMap;

use super::spread::Spread;
use super::text_table::{Align, TextTable};
use crate::experiment::networks::{Named, Networks};
use crate::experiment::records::{AccuracyForm, TrialRow};
use crate::experiment::setting::NetworkForm;

/// The tables for what there are rows of, as Markdown: single networks with mean and deviation over seeds (method section 7, table 1),
/// clustering (table 4), ensembles (table 5).
#[must_use]
pub fn accuracy_text(rows: &[TrialRow]) -> String {
    let mut parts = Vec::new();
    let columns = rows.iter().map(|row| (row.model.as_str(), row.model_sha256.as_str(), row.recipe_sha256.as_str()));
    let known = &Networks::of(columns);
    let single = |row: &&TrialRow| row.ensemble == Some(1) && form(row) != AccuracyForm::Clustered;
    push(&mut parts, "Single networks", &networks(known, rows.iter().filter(single)));
    push(&mut parts, "Mean over seeds", &means(known, rows.iter().filter(single)));
    let clustered = |row: &&TrialRow| form(row) == AccuracyForm::Clustered;
    push(&mut parts, "Clustering", &clusterings(known, rows, rows.iter().filter(clustered)));
    let ensemble = |row: &&TrialRow| row.ensemble > Some(1) && form(row) != AccuracyForm::Clustered;
    push(&mut parts, "Ensembles", &networks(known, rows.iter().filter(ensemble)));
    parts.join("\n")
}

fn push(parts: &mut Vec<String>, title: &str, table: &TextTable) {
    if !table.is_empty() {
        parts.push(format!("{title}\n\n{}", table.markdown()));
    }
}

/// The form of a row's networks.
fn form(row: &TrialRow) -> AccuracyForm {
    match () {
        () if row.clusters.is_some() => AccuracyForm::Clustered,
        () if row.network_form == NetworkForm::Trained.as_str() => AccuracyForm::Trained,
        () => AccuracyForm::Folded,
    }
}

/// The accuracy, of random weights none.
fn percent(row: &TrialRow) -> Option<f64> {
    row.clear_accuracy.map(|share| 100.0 * share)
}

/// The accuracy as it is shown.
fn shown_percent(row: &TrialRow) -> String {
    cell(percent(row).map(|percent| format!("{percent:.2}")))
}

/// A number, or nothing.
fn cell(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// What a row's networks are called.
fn label(known: &Networks, row: &TrialRow) -> String {
    let members = Named::members(&row.model, &row.model_sha256);
    members.iter().map(|member| known.label(member)).collect::<Vec<_>>().join("+")
}

fn networks<'a>(known: &Networks, rows: impl Iterator<Item = &'a TrialRow>) -> TextTable {
    TextTable::of(
        rows,
        &[
            ("weights", Align::Left, &|row| label(known, row)),
            ("members", Align::Right, &|row| cell(row.ensemble)),
            ("form", Align::Left, &|row| form(row).as_str().to_owned()),
            ("images", Align::Right, &|row| format!("{} {}", cell(row.images), row.images_of)),
            ("accuracy %", Align::Right, &|row| shown_percent(row)),
            ("exploding", Align::Right, &|row| cell(row.overflow_images)),
            ("largest input", Align::Right, &|row| cell(row.largest_activation.map(|largest| format!("{largest:.1}")))),
        ],
    )
}

/// Mean and deviation of networks of one recipe whose file names differ in their seed alone; each network once.
fn means<'a>(known: &Networks, rows: impl Iterator<Item = &'a TrialRow>) -> TextTable {
    let mut families: BTreeMap<_, BTreeMap<String, f64>> = BTreeMap::new();
    for row in rows {
        let members = Named::members(&row.model, &row.model_sha256);
        let recipe = members.iter().map(|member| known.recipe(member)).collect::<Vec<_>>().join("+");
        let kind = (&row.network, row.width, &row.dataset, &row.activation, &row.images_of, row.images);
        let family = families.entry((recipe, kind, form(row))).or_default();
        // A copy under another name is no other network.
        let network = Some(&row.model_sha256).filter(|it| !it.is_empty()).cloned();
        let network = network.unwrap_or_else(|| label(known, row));
        family.extend(percent(row).map(|percent| (network, percent)));
    }
    families.retain(|_, accuracies| accuracies.len() > 1);
    let spread = |accuracies: &BTreeMap<String, f64>| Spread::of(&accuracies.values().copied().collect::<Vec<_>>());
    let families =
        families.iter().filter_map(|((recipe, _, form), accuracies)| Some((recipe, form, spread(accuracies)?)));
    TextTable::of(
        families,
        &[
            ("weights", Align::Left, &|(recipe, ..)| (*recipe).clone()),
            ("form", Align::Left, &|(_, form, _)| form.as_str().to_owned()),
            ("seeds", Align::Right, &|(.., spread)| spread.count.to_string()),
            ("mean %", Align::Right, &|(.., spread)| format!("{:.2}", spread.mean)),
            ("deviation", Align::Right, &|(.., spread)| format!("{:.2}", spread.deviation.unwrap_or(0.0))),
        ],
    )
}

fn clusterings<'a>(known: &Networks, all: &[TrialRow], rows: impl Iterator<Item = &'a TrialRow>) -> TextTable {
    let change = |row: &TrialRow| {
        let folded =
            all.iter().find(|other| label(known, other) == label(known, row) && form(other) == AccuracyForm::Folded);
        Some(format!("{:+.2}", percent(row)? - percent(folded?)?))
    };
    TextTable::of(
        rows,
        &[
            ("weights", Align::Left, &|row| label(known, row)),
            ("mode", Align::Left, &|row| row.cluster_mode.clone()),
            ("K", Align::Right, &|row| cell(row.clusters)),
            ("seed", Align::Right, &|row| cell(row.cluster_seed)),
            ("accuracy %", Align::Right, &|row| shown_percent(row)),
            ("change", Align::Right, &|row| cell(change(row))),
            ("exploding", Align::Right, &|row| cell(row.overflow_images)),
            ("relative error", Align::Right, &|row| {
                cell(row.cluster_relative_error.map(|error| format!("{error:.4}")))
            }),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(models: &str, members: u32, form: AccuracyForm, clusters: Option<u64>, percent: f64) -> TrialRow {
        TrialRow {
            model: models.replace('+', " "),
            ensemble: Some(members),
            network: "resnet20".to_owned(),
            width: Some(16),
            dataset: "cifar10".to_owned(),
            activation: "herpn".to_owned(),
            images_of: "test".to_owned(),
            network_form: if form == AccuracyForm::Trained { "trained" } else { "lowered" }.to_owned(),
            cluster_mode: "slice".to_owned(),
            clusters,
            cluster_seed: Some(0),
            cluster_relative_error: clusters.map(|_| 0.0125),
            images: Some(100),
            clear_accuracy: Some(percent / 100.0),
            overflow_images: Some(3),
            largest_activation: Some(7.25),
            ..TrialRow::default()
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

    #[test]
    fn unrelated_networks_of_one_name_are_no_seeds() {
        let of = |models: &str, sha256: &str, recipe: &str, percent| TrialRow {
            model_sha256: sha256.to_owned(),
            recipe_sha256: recipe.to_owned(),
            ..row(models, 1, AccuracyForm::Trained, None, percent)
        };
        let text = accuracy_text(&[of("net", "aaaaaaaaaa", "-", 90.0), of("net", "bbbbbbbbbb", "-", 70.0)]);
        assert!(text.contains("| net@aaaaaaaa |") && text.contains("| net@bbbbbbbb |"), "{text}");
        assert!(!text.contains("Mean over seeds"), "{text}");
        // The same network twice is one; other recipes, another set of images or another width are no repetitions.
        let one = of("net_seed0", "aaaaaaaaaa", "r", 90.0);
        for other in [
            one.clone(),
            of("net_seed1", "aaaaaaaaaa", "r", 90.0),
            of("net_seed1", "bbbbbbbbbb", "s", 70.0),
            TrialRow { width: Some(32), ..of("net_seed1", "bbbbbbbbbb", "r", 70.0) },
            TrialRow { images_of: "validation".to_owned(), ..of("net_seed1", "bbbbbbbbbb", "r", 70.0) },
        ] {
            let text = accuracy_text(&[one.clone(), other]);
            assert!(!text.contains("Mean over seeds"), "{text}");
        }
        let text = accuracy_text(&[one, of("net_seed1", "bbbbbbbbbb", "r", 70.0)]);
        assert!(text.contains("Mean over seeds") && text.contains("80.00"), "{text}");
    }
}
