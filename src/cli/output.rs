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
    print(&(escaped(&text) + "\n"))
}

/// JSON without the characters that control a terminal and that JSON does not ask to be escaped.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\u{7f}'..='\u{9f}' => text += &format!("\\u{:04x}", u32::from(character)),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_controls_no_terminal() {
        let value = "\u{9b}2J\u{7f}\u{1b}\né";
        let json = escaped(&serde_json::to_string_pretty(value).unwrap());
        assert_eq!(json, r#""\u009b2J\u007f\u001b\né""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), value);
    }
}
