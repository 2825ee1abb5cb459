//! An experiment file as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::settings::{PartialSettings, SweepAxes};

/// An experiment: what to run.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with name, fixed and sweep")]
pub struct ExperimentFile {
    /// Names the default output directory, results/NAME-DATE-TIME.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$"))]
    pub name: String,
    /// Settings that hold for every trial.
    #[serde(default)]
    pub fixed: Option<PartialSettings>,
    /// Lists of values: every combination is a trial.
    #[serde(default)]
    pub sweep: Option<SweepAxes>,
    /// More trials: each entry is one, `fixed` with these settings in place of its own.
    #[serde(default)]
    pub include: Option<Vec<PartialSettings>>,
    /// Combinations of `sweep` to leave out: each entry leaves out those that have all of its values.
    #[serde(default)]
    pub exclude: Option<Vec<PartialSettings>>,
}
