//! The JSON Schema of experiment files, so that editors complete and check them.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::experiment_file::ExperimentFile;

/// The schema (draft 2020-12) as a JSON value.
#[must_use]
pub fn experiment_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<ExperimentFile>();
    schema.insert("title".to_owned(), "An experiment of leveled".into());
    schema.to_value()
}

/// The schema as the text of a file.
#[must_use]
pub fn experiment_schema_text() -> String {
    format!("{:#}\n", experiment_schema())
}
