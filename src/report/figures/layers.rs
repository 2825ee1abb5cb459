//! The layers of one trial, as figures need them.

use crate::report::ReportError;
use crate::report::table::Table;
use crate::report::tables::security_word;

/// The layers of one trial in evaluation order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LayerSeries {
    /// What the figure is about, such as `ResNet-20 (width 16), cifar10, N = 2^15`.
    pub title: String,
    /// Names of the layers.
    pub names: Vec<String>,
    /// Level before the layer.
    pub level_in: Vec<Option<f64>>,
    /// Level after the layer.
    pub level_out: Vec<Option<f64>>,
    /// log2 of the scale after the layer's rescale.
    pub scale_bits: Vec<Option<f64>>,
    /// Median seconds.
    pub seconds: Vec<Option<f64>>,
}

impl LayerSeries {
    /// The layers of the trial in the only row of `trial`.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn of_trial(trial: &Table, layers: &Table) -> Result<Self, ReportError> {
        let cell = |column: &str| Ok::<_, ReportError>(trial.text(column)?.into_iter().next().unwrap_or_default());
        let mut title = format!(
            "{} (width {}) on {}, N = 2^{}, {} layout, {} thread(s)",
            cell("network")?,
            cell("width")?,
            cell("dataset")?,
            cell("log_n")?,
            cell("layout")?,
            cell("threads")?
        );
        let security = security_word(&cell("security_2018")?, &cell("security_2024")?);
        if !security.is_empty() {
            title += &format!(", {security}");
        }
        let layers = layers.rows_where("trial_id", &cell("trial_id")?)?;
        Ok(Self {
            title,
            names: layers.text("name")?,
            level_in: layers.numbers("level_in")?,
            level_out: layers.numbers("level_out")?,
            scale_bits: layers.numbers("scale_bits")?,
            seconds: layers.numbers("seconds")?,
        })
    }
}
