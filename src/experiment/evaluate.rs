//! The only place of this floor that calls encrypted inference: planning, evaluating a trial, a single inference.

use super::ExperimentError;
use super::event::EventSink;
use super::inference::CheckedRequest;
use super::inference_view::InferenceView;
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
pub fn plan(_spec: &TrialSpec) -> Result<PlanView, ExperimentError> {
    Err(not_connected())
}

/// Evaluates a trial on encrypted images; rows of images and layers go to `rows`, the trial's row is returned.
///
/// # Errors
/// As [`plan`], and what the executor refuses.
pub fn evaluate(
    _spec: &TrialSpec,
    _rows: &mut dyn RowSink,
    _events: &mut dyn EventSink,
) -> Result<TrialRow, ExperimentError> {
    Err(not_connected())
}

/// Encrypts one image, evaluates it and decrypts the logits.
///
/// # Errors
/// As [`evaluate`].
pub fn infer(_request: &CheckedRequest, _events: &mut dyn EventSink) -> Result<InferenceView, ExperimentError> {
    Err(not_connected())
}

fn not_connected() -> ExperimentError {
    ExperimentError::Evaluation { reason: "encrypted inference is not connected in this build".to_owned(), user: false }
}
