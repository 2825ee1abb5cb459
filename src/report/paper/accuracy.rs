//! Accuracy per network and data set: as trained, after folding, simulated, encrypted.

use super::accuracies;
use super::cell::Cell;
use super::lead::Lead;
use super::table::PaperTable;
use crate::report::columns::{CLEAR, SPEED_ONLY, trial};
use crate::report::failures;
use crate::report::groups::{By, groups};
use crate::report::measures::{card_accuracy, fewest_card_images};
use crate::report::row_tables::RowTables;
use crate::report::rows::Rows;

/// The table, or why there is none.
///
/// # Errors
/// No trial has an accuracy.
pub fn table(rows: &Rows) -> Result<PaperTable, String> {
    let single = |row: usize| {
        let plain = [trial::CLUSTERS, trial::ENSEMBLE].iter().all(|setting| rows.text(setting, row).is_empty());
        let known = [CLEAR.share, trial::CARD_ACCURACY].iter().any(|column| rows.number(column, row).is_some());
        plain && rows.is_trained(row) && known
    };
    let groups = groups(rows, By::Answer, &[], single);
    if groups.is_empty() {
        return Err("no trial of trained weights, unclustered and alone, has an accuracy".to_owned());
    }
    let mut table = PaperTable::new("accuracy", "Accuracy per network and data set");
    let lead = Lead::add(&mut table, rows, &groups, &SPEED_ONLY);
    table.spreads("card_accuracy_percent", "as trained (%)");
    table.numbers(trial::CARD_IMAGES, "of images");
    accuracies::add(&mut table);
    table.numbers("exploding_images", "exploding images");
    table.numbers("overflow_percent_high", "P(overflow), at most (%)");
    table.numbers("wrong_class_probability", "P(another class)");
    let images = RowTables::default();
    for group in &groups {
        let shown = group.rows.iter().filter(|row| !rows.is_held_out(**row));
        let exploding = shown.filter_map(|row| rows.number(trial::OVERFLOWS, *row)).max_by(f64::total_cmp);
        let mut cells = lead.cells(rows, group);
        cells.push(Cell::spread(card_accuracy(rows, group), 2));
        cells.push(Cell::whole(fewest_card_images(rows, group)));
        cells.extend(accuracies::cells(rows, group));
        cells.push(Cell::whole(exploding));
        cells.push(Cell::number(failures::overflow(rows, group).map(|share| 100.0 * share), 2));
        cells.push(Cell::number(failures::wrong_class_probability(rows, group, &images), 2));
        table.rows.push(cells);
    }
    table.drop_empty_columns();
    table.notes.push(accuracies::NOTE.to_owned());
    table.notes.push(
        "`as trained`: before folding, by the card of the weights or by `leveled evaluate`; of the whole test set where no number of images \
         is there. `exploding images`: most of a trial; in the clear, by the limit of docs/noise.md."
            .to_owned(),
    );
    table.notes.push(
        "`P(overflow)`: upper end of the 95 % Wilson interval of the share of images that overflow the modulus, simulated or encrypted. `P(another class)`: that an image's \
         class is another one than in the clear, the mean over images of the most that the margin and the errors of the logits allow \
         (docs/noise.md); 0: below 1e-300."
            .to_owned(),
    );
    let activations = groups.iter().map(|group| rows.text(trial::ACTIVATION, group.first()));
    if !activations.clone().any(|activation| activation == "relu") {
        table.notes.push("No row has the activation `relu`, so the ReLU baseline is not in the table.".to_owned());
    }
    Ok(table)
}
