//! `leveled schema`.

use clap::Args;

use super::CliError;
use super::output::print;
use crate::experiment::schema::experiment_schema_text;

/// Print the JSON Schema of experiment files, for editors.
#[derive(Debug, Args)]
pub struct Schema {}

impl Schema {
    /// Prints the schema.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        print(&experiment_schema_text())
    }
}
