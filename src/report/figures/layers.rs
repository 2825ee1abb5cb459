//! The layers of one trial, as figures need them.

use crate::report::ReportError;
use crate::report::columns::trial;
use crate::report::rows::Rows;
use crate::report::table::Table;
use crate::report::tables::security_word;
use crate::report::words;

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
    /// Of these, encoding diagonals.
    pub encode_seconds: Vec<Option<f64>>,
    /// The linear transform with its rescale, and the bias.
    pub linear_seconds: Vec<Option<f64>>,
    /// Squaring and relinearization.
    pub square_seconds: Vec<Option<f64>>,
    /// Packing into complex slots.
    pub pack_seconds: Vec<Option<f64>>,
}

impl LayerSeries {
    /// The layers of a trial.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn of_trial(rows: &Rows, row: usize, layers: &Table) -> Result<Self, ReportError> {
        let cell = |column: &str| rows.text(column, row);
        let mut title = format!(
            "{}, {}, {} layout, {}",
            words::network_on_dataset(rows, row),
            words::setting(trial::LOG_N, cell(trial::LOG_N)),
            cell(trial::LAYOUT),
            words::setting(trial::THREADS, cell(trial::THREADS))
        );
        let security = security_word(cell(trial::SECURITY_2018), cell(trial::SECURITY_2024));
        if !security.is_empty() {
            title += &format!(", {security}");
        }
        Ok(Self {
            title,
            names: layers.text("name")?,
            level_in: layers.numbers("level_in")?,
            level_out: layers.numbers("level_out")?,
            scale_bits: layers.numbers("scale_bits")?,
            seconds: layers.numbers("seconds")?,
            encode_seconds: layers.numbers("encode_seconds")?,
            linear_seconds: layers.numbers("linear_seconds")?,
            square_seconds: layers.numbers("square_seconds")?,
            pack_seconds: layers.numbers("pack_seconds")?,
        })
    }
}
