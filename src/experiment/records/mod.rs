//! Rows of the tables `trials.csv`, `layers.csv`, `images.csv` and `accuracy.csv`: one tidy row each, units in the names.
//!
//! What was not measured is an empty cell. Column order is field order, and the documentation of a field is the
//! documentation of its column.

mod accuracy_row;
mod column;
mod encoding;
mod image_row;
mod layer_row;
mod record;
mod trial_row;
mod verdict;

pub use accuracy_row::{AccuracyForm, AccuracyRow};
pub use column::{Column, ColumnKind, columns};
pub use encoding::{cells, csv_text, header_line, row_lines};
pub use image_row::ImageRow;
pub use layer_row::LayerRow;
pub use record::Record;
pub use trial_row::{TrialRow, TrialStatus};
pub use verdict::SecurityVerdict;
