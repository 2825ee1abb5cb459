//! `leveled inspect`.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::{print, print_json};
use crate::experiment::ExperimentError;
use crate::parties::Inspection;
use crate::report::inspection_text::inspection_text;

/// Say what a file of keys, ciphertexts or a bundle is, after checking its checksums. Of a secret key nothing is shown.
#[derive(Debug, Args)]
pub struct Inspect {
    /// The file.
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    /// Checks the file and prints what it is.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let inspection = Inspection::of(&self.file).map_err(ExperimentError::from)?;
        if self.json { print_json(&inspection) } else { print(&inspection_text(&inspection)) }
    }
}
