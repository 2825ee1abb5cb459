//! The tables that a full reproduction holds (method section 7), from rows alone.

mod accuracies;
mod accuracy;
mod axis_table;
mod cell;
mod cost;
mod disagreements;
mod gap;
mod lead;
mod levels;
mod modulus;
mod table;
mod trade_off;

pub use axis_table::{CLUSTERING, ENSEMBLES};
pub use cell::Cell;
pub use table::{Heading, PaperTable};

use super::left_out::LeftOut;
use super::published::Published;
use super::rows::Rows;

/// Every table that the rows have the data for, and why the others are not there.
#[must_use]
pub fn tables(rows: &Rows, published: &[Published]) -> (Vec<PaperTable>, Vec<LeftOut>) {
    let all = [
        ("table accuracy", accuracy::table(rows)),
        ("table gap", gap::table(rows)),
        ("table levels", levels::table(rows)),
        ("table cost", cost::table(rows)),
        ("table clustering", CLUSTERING.table(rows)),
        ("table ensembles", ENSEMBLES.table(rows)),
        ("table disagreements", disagreements::table(rows)),
        ("table trade_off", trade_off::table(rows, published)),
    ];
    LeftOut::sort(all)
}
