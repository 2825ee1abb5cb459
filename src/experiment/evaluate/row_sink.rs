//! Where rows of a trial go.

use crate::experiment::ExperimentError;
use crate::experiment::records::{ImageRow, LayerRow};

/// Takes rows as soon as they are known.
pub trait RowSink: Send {
    /// Takes the row of an image that has been evaluated.
    ///
    /// # Errors
    /// What the store says.
    fn image(&mut self, row: &ImageRow) -> Result<(), ExperimentError>;

    /// Takes the row of a layer, after the last image.
    ///
    /// # Errors
    /// What the store says.
    fn layer(&mut self, row: &LayerRow) -> Result<(), ExperimentError>;
}
