//! Recorded tables as Parquet files, for other programs.

use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::ReportError;
use super::table::Table;
use crate::experiment::ExperimentError;
use crate::experiment::records::{ImageRow, LayerRow, TrialRow};
use crate::experiment::store::write_whole;

/// Writes the three tables of a results directory into `out`, each column with the type that its documentation states, and gives the
/// paths.
///
/// # Errors
/// A directory without results, a damaged table, or what writing says.
pub fn export(directory: &Path, out: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let tables = [
        Table::read::<TrialRow>(directory)?,
        Table::read_or_empty::<LayerRow>(directory)?,
        Table::read_or_empty::<ImageRow>(directory)?,
    ];
    std::fs::create_dir_all(out)
        .map_err(|source| ExperimentError::OutputNotWritable { path: out.to_owned(), source })?;
    tables.iter().map(|table| write(table, out)).collect()
}

fn write(table: &Table, out: &Path) -> Result<PathBuf, ReportError> {
    let wrong = |error: PolarsError| ReportError::Compute { what: table.name(), reason: error.to_string() };
    let mut frame = table.frame().clone();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Snappy).finish(&mut frame).map_err(wrong)?;
    let path = out.join(Path::new(table.name()).with_extension("parquet"));
    write_whole(&path, &bytes)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::records::Record;
    use crate::experiment::store::Store;

    #[test]
    fn columns_have_their_types() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::create(directory.path()).unwrap();
        let row = TrialRow {
            trial_id: "12e4567890123456".into(),
            width: Some(16),
            accuracy: Some(0.5),
            dirty: Some(true),
            ..TrialRow::default()
        };
        store.append_trial(&row).unwrap();
        store.append_trial(&TrialRow::default()).unwrap();
        let out = directory.path().join("parquet");
        let paths = export(directory.path(), &out).unwrap();
        assert_eq!(paths.len(), 3);
        let frame = ParquetReader::new(std::fs::File::open(&paths[0]).unwrap()).finish().unwrap();
        assert_eq!(frame.height(), 2);
        assert_eq!(frame.column("trial_id").unwrap().str().unwrap().get(0), Some("12e4567890123456"));
        assert_eq!(frame.column("width").unwrap().u64().unwrap().iter().collect::<Vec<_>>(), [Some(16), None]);
        assert_eq!(frame.column("accuracy").unwrap().f64().unwrap().get(0), Some(0.5));
        assert_eq!(frame.column("dirty").unwrap().bool().unwrap().iter().collect::<Vec<_>>(), [Some(true), None]);
        let layers = ParquetReader::new(std::fs::File::open(&paths[1]).unwrap()).finish().unwrap();
        assert_eq!(layers.height(), 0);
        // A copy of `trials.csv` alone.
        std::fs::remove_file(directory.path().join(LayerRow::FILE)).unwrap();
        let paths = export(directory.path(), &out).unwrap();
        let missing = ParquetReader::new(std::fs::File::open(&paths[1]).unwrap()).finish().unwrap();
        assert!(missing.equals_missing(&layers));
    }
}
