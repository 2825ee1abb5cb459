//! Where rows of a trial go.

use crate::experiment::ExperimentError;
use crate::experiment::records::{ImageRow, LayerRow};

/// What a trial that knows of no other says; who records it knows better.
pub(super) const FIRST_ATTEMPT: u32 = 1;

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
