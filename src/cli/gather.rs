//! `leveled gather`.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::print;
use crate::experiment::notice::tell;
use crate::experiment::provenance::Provenance;
use crate::experiment::store::RunDirectory;
use crate::report::run_text::{gathered_text, recovery_text};

/// Append the rows of parts, such as those of the jobs of a cluster (scripts/cluster), to a results directory that `leveled run --out`
/// goes on with. A row is appended once, however often it is gathered.
#[derive(Debug, Args)]
pub struct Gather {
    /// Results directory: new, empty, or with results of the same experiment.
    directory: PathBuf,
    /// Directories that `leveled run --out` wrote; their rows stay there. One that is in use is left for the next time.
    #[arg(required = true)]
    parts: Vec<PathBuf>,
}

impl Gather {
    /// Gathers and says how much.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let provenances = self.parts.iter().map(|part| Provenance::read(part)).collect::<Result<Vec<_>, _>>()?;
        // What holds no results, and parts of another experiment, are refused before anything is made.
        for part in &self.parts {
            RunDirectory::check_part(part)?;
        }
        let mut whole = Provenance::read(&self.directory)?;
        for provenance in provenances.iter().flatten() {
            whole = Some(provenance.clone().joined(whole, &self.directory)?);
        }
        let (mut results, recovery) = RunDirectory::take(&self.directory)?;
        tell(&recovery_text(&recovery));
        for provenance in provenances.into_iter().flatten() {
            provenance.gathered(&self.directory)?.write(&self.directory)?;
        }
        let gathered = results.gather(&self.parts)?;
        print(&gathered_text(&gathered, &self.directory))
    }
}
