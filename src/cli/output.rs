//! Standard output: results, and nothing else.

use std::io::{self, ErrorKind, Write};

use super::CliError;

/// Prints a text. A reader that has seen enough (`| head`) is no error.
///
/// # Errors
/// [`CliError::Output`].
pub fn print(text: &str) -> Result<(), CliError> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => Err(CliError::Output { source }),
        _ => Ok(()),
    }
}

/// Prints a value as JSON on one or more lines.
///
/// # Errors
/// [`CliError::Output`].
pub fn print_json(value: &impl serde::Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError::Output { source: error.into() })?;
    print(&(text + "\n"))
}
