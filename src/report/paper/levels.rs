//! Levels and modulus with each optimisation on and off.

use super::cell::Cell;
use super::lead::Lead;
use super::modulus::{add_modulus, modulus_cells};
use super::table::PaperTable;
use crate::report::columns::{SPEED_ONLY, trial};
use crate::report::groups::{By, by_modulus, groups};
use crate::report::rows::Rows;

/// The table, or why there is none.
///
/// # Errors
/// No trial says how many levels it uses.
pub fn table(rows: &Rows) -> Result<PaperTable, String> {
    // Clusters, members and threads change no level.
    let without = [trial::CLUSTERS, trial::CLUSTER_MODE, trial::CLUSTER_METHOD, trial::ENSEMBLE, trial::BATCH];
    let groups = groups(rows, By::Answer, &without, |row| rows.number(trial::LEVELS, row).is_some());
    let groups = by_modulus(rows, groups);
    if groups.is_empty() {
        return Err("no trial says how many levels it uses".to_owned());
    }
    let mut table = PaperTable::new("levels", "Levels and modulus");
    let lead = Lead::add(&mut table, rows, &groups, &[&without, &SPEED_ONLY[..]].concat());
    table.numbers("levels_used", "levels");
    add_modulus(&mut table);
    for group in &groups {
        let row = group.first();
        let mut cells = lead.cells(rows, group);
        cells.push(Cell::whole(rows.number(trial::LEVELS, row)));
        cells.extend(modulus_cells(rows, row));
        table.rows.push(cells);
    }
    table.drop_empty_columns();
    table.notes.push(
        "Levels are rescales from the input to the logits. Prior work is not beside it: data/published.csv has no numbers of levels."
            .to_owned(),
    );
    Ok(table)
}
