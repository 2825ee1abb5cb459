//! The figures of a results directory.

use std::path::{Path, PathBuf};

use super::exporter::export;
use super::layers::LayerSeries;
use super::level_and_scale::LevelAndScale;
use super::seconds_by_layer::SecondsByLayer;
use crate::experiment::ExperimentError;
use crate::experiment::records::LayerRow;
use crate::report::ReportError;
use crate::report::table::Table;

/// Folder of the figures in a results directory.
const FOLDER: &str = "figures";

/// Draws both figures of every trial that came to its end. With several trials, the names end in the trial's id.
///
/// # Errors
/// [`ReportError`]: a damaged table, or what drawing and writing say.
pub fn write_figures(trials: &Table, directory: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let layers = Table::read::<LayerRow>(directory)?;
    let trials = trials.rows_where("status", "ok")?;
    let ids = trials.text("trial_id")?;
    let folder = directory.join(FOLDER);
    let mut paths = Vec::new();
    for id in &ids {
        let series = LayerSeries::of_trial(&trials.rows_where("trial_id", id)?, &layers)?;
        if series.names.is_empty() {
            continue;
        }
        std::fs::create_dir_all(&folder)
            .map_err(|source| ExperimentError::OutputNotWritable { path: folder.clone(), source })?;
        let ending = if ids.len() == 1 { String::new() } else { format!("_{id}") };
        let levels = LevelAndScale { name: format!("level_and_scale{ending}"), series: &series };
        let seconds = SecondsByLayer { name: format!("seconds_by_layer{ending}"), series: &series };
        paths.extend(export(&levels, &folder)?);
        paths.extend(export(&seconds, &folder)?);
    }
    Ok(paths)
}
