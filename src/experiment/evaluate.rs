//! One trial, evaluated: the only place of this floor that calls encrypted inference.

use super::ExperimentError;
use super::event::EventSink;
use super::plan_view::PlanView;
use super::records::{ImageRow, LayerRow, TrialRow};
use super::trial::TrialSpec;

/// Takes rows as soon as they are known.
pub trait RowSink {
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

impl RowSink for super::store::Store {
    fn image(&mut self, row: &ImageRow) -> Result<(), ExperimentError> {
        self.append_image(row)
    }

    fn layer(&mut self, row: &LayerRow) -> Result<(), ExperimentError> {
        self.append_layer(row)
    }
}

/// Derives the plan of a trial; touches no key.
///
/// # Errors
/// [`ExperimentError::Evaluation`] if the trial is refused: damaged weights, a chain that is too short, parameters that are not secure.
pub fn plan(spec: &TrialSpec) -> Result<PlanView, ExperimentError> {
    Err(not_connected(spec))
}

/// Evaluates a trial on encrypted images; rows of images and layers go to `rows`, the trial's row is returned.
///
/// # Errors
/// As [`plan`], and what the executor refuses.
pub fn evaluate(
    spec: &TrialSpec,
    _rows: &mut dyn RowSink,
    _events: &mut dyn EventSink,
) -> Result<TrialRow, ExperimentError> {
    Err(not_connected(spec))
}

fn not_connected(spec: &TrialSpec) -> ExperimentError {
    ExperimentError::Evaluation {
        trial_id: spec.id.clone(),
        reason: "encrypted inference is not connected in this build".to_owned(),
        user: false,
    }
}
