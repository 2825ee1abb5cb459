//! Rows of the tables `trials.csv`, `layers.csv`, `images.csv` and `accuracy.csv`: one tidy row each, units in the names.
//!
//! What was not measured is an empty cell. A column is a field of its row's type: order, name, kind and documentation follow from it, and
//! `TrialRow::log_n` is the [`Column`] of the field `log_n`.

mod accuracy_row;
mod column;
mod encoding;
mod image_row;
mod image_set;
mod layer_row;
mod record;
mod spreadsheet;
mod trial_row;
mod verdict;

pub use accuracy_row::{AccuracyForm, AccuracyRow};
pub use column::{CellType, Column, ColumnKind};
pub use encoding::{cells, csv_text, header_line, row_lines};
pub use image_row::ImageRow;
pub use image_set::ImageSet;
pub use layer_row::LayerRow;
pub use record::Record;
pub(crate) use record::words;
pub use spreadsheet::{Reading, shows_decimal_comma};
pub use trial_row::{TrialRow, TrialStatus};
pub use verdict::SecurityVerdict;
