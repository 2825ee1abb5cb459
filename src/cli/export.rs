//! `leveled export`.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::print;
use crate::report::parquet;

/// Write the rows of a results directory in a format that other programs read.
#[derive(Debug, Args)]
pub struct Export {
    /// Directory that `leveled run` wrote.
    directory: PathBuf,
    /// As Parquet, a file for each table, columns with types.
    #[arg(long, required = true)]
    parquet: bool,
    /// Directory for the files [default: that of the rows].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Export {
    /// Writes the files and says where.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let out = self.out.unwrap_or_else(|| self.directory.clone());
        let paths = parquet::export(&self.directory, &out)?;
        print(&paths.iter().map(|path| format!("{}\n", path.display())).collect::<String>())
    }
}
