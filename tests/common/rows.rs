//! Recorded rows.

use std::path::Path;

use leveled::experiment::records::Record;

/// All rows of a table in a results directory.
#[allow(dead_code, reason = "not every test uses it")]
pub fn rows<R: Record>(directory: &Path) -> Vec<R> {
    csv::Reader::from_path(directory.join(R::FILE)).unwrap().deserialize().map(Result::unwrap).collect()
}
