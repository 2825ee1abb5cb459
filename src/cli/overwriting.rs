//! Files that a command must not write over: what it reads, and what it writes itself.

use std::path::{Path, PathBuf};

use crate::experiment::ExperimentError;
use crate::experiment::file_location::location_of;
use crate::wire::partial_of;

/// Refuses outputs, by the names of their options, that are the same file as an input or as another output, when they are whole or while
/// they are written.
///
/// # Errors
/// [`ExperimentError::Argument`].
pub fn refuse(outputs: &[(&'static str, &Path)], inputs: &[&Path]) -> Result<(), ExperimentError> {
    for (index, (name, output)) in outputs.iter().enumerate() {
        let written = places(output);
        let read = inputs.iter().map(|input| (*input, written.contains(&place(input))));
        let others = outputs[..index].iter();
        let others = others.map(|(_, other)| (*other, places(other).iter().any(|place| written.contains(place))));
        if let Some((other, _)) = others.chain(read).find(|(_, is_same)| *is_same) {
            let problem = format!("{} is named for something else, too; name another file", other.display());
            return Err(ExperimentError::Argument { name, problem });
        }
    }
    Ok(())
}

/// Where an output is when it is whole, and while it is written.
fn places(output: &Path) -> [PathBuf; 2] {
    let place = place(output);
    let partial = partial_of(&place);
    [place, partial]
}

/// Where the file is that a path leads to; it need not be there.
fn place(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| location_of(path)).unwrap_or_else(|_| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_purpose() {
        let directory = tempfile::tempdir().unwrap();
        let [there, link, new] = ["there", "link", "new"].map(|name| directory.path().join(name));
        std::fs::write(&there, "").unwrap();
        std::os::unix::fs::symlink(&there, &link).unwrap();
        assert!(refuse(&[("--out", &new)], &[&there]).is_ok());
        let text = refuse(&[("--out", &link)], &[&there]).unwrap_err().to_string();
        assert!(
            text.starts_with("--out: ") && text.ends_with("there is named for something else, too; name another file"),
            "{text}"
        );
        assert!(refuse(&[("--out", &new), ("--times", &new)], &[]).is_err());
        let partial = directory.path().join("new.partial");
        assert!(refuse(&[("--out", &new)], &[&partial]).is_err());
        assert!(refuse(&[("--out", &new), ("--times", &partial)], &[]).is_err());
        assert!(refuse(&[("--times", &partial), ("--out", &new)], &[]).is_err());
        // What is written through a link is written beside what it leads to.
        assert!(refuse(&[("--out", &link)], &[&directory.path().join("there.partial")]).is_err());
        std::fs::create_dir(directory.path().join("d")).unwrap();
        let detour = directory.path().join("d/../new");
        assert!(refuse(&[("--out", &new), ("--times", &detour)], &[]).is_err());
    }
}
