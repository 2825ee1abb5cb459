//! What is worth a line on standard error.

use std::io::{self, Write};

/// Tells something on standard error. That nobody can hear it (closed, a full disk, a reader that has gone) is no reason to end.
pub fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
