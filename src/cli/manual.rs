//! `leveled man`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use clap_mangen::{Man, generate_to};

use super::CliError;
use super::arguments::{NAME, command};
use super::output::print;
use crate::experiment::ExperimentError;

/// Print the manual page, such as `leveled man | man -l -`; with --out write a page for each command, too.
#[derive(Debug, Args)]
pub struct Manual {
    /// Directory for the pages, such as ~/.local/share/man/man1.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Manual {
    /// Prints or writes the pages.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let Some(out) = self.out else {
            let mut page = Vec::new();
            Man::new(command()).render(&mut page).map_err(|source| CliError::Output { source })?;
            return print(&String::from_utf8_lossy(&page));
        };
        let written = fs::create_dir_all(&out).and_then(|()| generate_to(command(), &out));
        written.map_err(|source| ExperimentError::OutputNotWritable { path: out.clone(), source })?;
        print(&format!("{}\n", out.join(format!("{NAME}.1")).display()))
    }
}
