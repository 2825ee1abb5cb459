//! `leveled completions`.

use clap::Args;
use clap_complete::{Shell, generate};

use super::CliError;
use super::arguments::{NAME, command};
use super::output::print;

/// Print completions of this command line for a shell, such as `leveled completions bash > ~/.local/share/bash-completion/completions/leveled`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let mut script = Vec::new();
        generate(self.shell, &mut command(), NAME, &mut script);
        print(&String::from_utf8_lossy(&script))
    }
}
