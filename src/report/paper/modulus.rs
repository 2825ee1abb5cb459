//! The columns of the modulus and its security.

use super::cell::Cell;
use super::table::PaperTable;
use crate::report::columns::trial;
use crate::report::rows::Rows;
use crate::report::security;

/// Adds the columns of log2 QP and of its security.
pub fn add_modulus(table: &mut PaperTable) {
    table.numbers(trial::LOG2_QP, "log2 QP");
    table.texts("security", "security");
}

/// Their cells for a row of `trials.csv`.
#[must_use]
pub fn modulus_cells(rows: &Rows, row: usize) -> [Cell; 2] {
    let bits = rows.number(trial::LOG2_QP, row).map_or(Cell::Empty, |bits| Cell::Fixed(bits, 1));
    [bits, Cell::text(security::word(rows, row))]
}
