//! What a file of keys or ciphertexts is, in words.

use serde_json::Value;

use super::format::grouped;
use crate::parties::Inspection;
use crate::wire::printable;

/// Values of a description that are shown; the rest is for `--json`.
const SHORT: usize = 80;

/// One line for each thing that is known of the file.
#[must_use]
pub fn inspection_text(inspection: &Inspection) -> String {
    let Inspection { kind, version, bytes: length, parameters, plan, key, contents } = inspection;
    let mut text = format!(
        "{kind}, version {version} of the format, {} bytes; all checksums hold\nparameters {parameters}\nplan       {plan}\n",
        grouped(*length)
    );
    if let Some(key) = key {
        text += &format!("key        {key}\n");
    }
    if let Value::Object(contents) = contents {
        for (name, value) in contents {
            let value = value.to_string();
            let shown = if value.len() > SHORT { format!("({} bytes of JSON: --json)", value.len()) } else { value };
            text += &printable(&format!("{name}: {shown}"));
            text.push('\n');
        }
    }
    text
}
