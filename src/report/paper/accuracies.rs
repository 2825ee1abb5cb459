//! The columns that hold accuracies.

use super::cell::Cell;
use super::table::PaperTable;
use crate::report::columns::{CLEAR, ENCRYPTED, SIMULATED};
use crate::report::groups::Group;
use crate::report::measures::accuracy;
use crate::report::rows::Rows;

/// What the columns of accuracies say.
pub const NOTE: &str = "Accuracies are mean ± one standard deviation over repetitions (weights of another training or clustering seed, each with \
                        the mean over its noise; of one network alone other noise); `clear` is after folding. Each column says of how many images. Rows of random weights are left out.";

/// Adds a column and one for its images for every kind of accuracy.
pub fn add(table: &mut PaperTable) {
    for (of, title) in [(CLEAR, "clear (%)"), (SIMULATED, "simulated (%)"), (ENCRYPTED, "encrypted (%)")] {
        table.spreads(&format!("{}_percent", of.share), title);
        table.numbers(of.images, "images");
    }
}

/// The cells of a group.
#[must_use]
pub fn cells(rows: &Rows, group: &Group) -> Vec<Cell> {
    let of = |of| {
        let known = accuracy(rows, group, of);
        [Cell::spread(known.map(|(spread, _)| spread), 2), Cell::whole(known.map(|(_, images)| images as f64))]
    };
    [CLEAR, SIMULATED, ENCRYPTED].into_iter().flat_map(of).collect()
}
