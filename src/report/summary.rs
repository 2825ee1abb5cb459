//! Everything that `leveled report` makes from a results directory.

use std::path::{Path, PathBuf};

use super::ReportError;
use super::figures;
use super::tables;

/// Writes the tables of a results directory and gives their paths.
///
/// # Errors
/// As [`write_report`].
pub fn write_tables(directory: &Path) -> Result<Vec<PathBuf>, ReportError> {
    Ok(tables::write_summary(&tables::trials(directory)?, directory)?.to_vec())
}

/// Writes the tables and figures of a results directory and gives their paths.
///
/// # Errors
/// A directory without results, a damaged table, or what writing says.
pub fn write_report(directory: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let trials = tables::trials(directory)?;
    let mut paths = tables::write_summary(&trials, directory)?.to_vec();
    paths.extend(figures::write_figures(&trials, directory)?);
    Ok(paths)
}
