//! Files that a command must not write over: what it reads, and what it writes itself.

use std::path::Path;

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
        let others = outputs[..index].iter().map(|(_, other)| *other).chain(inputs.iter().copied());
        let places = [output.to_path_buf(), partial_of(output)];
        if let Some(other) = others.into_iter().find(|other| places.iter().any(|place| is_same(place, other))) {
            let problem = format!("{} is named for something else, too; name another file", other.display());
            return Err(ExperimentError::Argument { name, problem });
        }
    }
    Ok(())
}

/// Whether two paths lead to one file, which need not be there.
fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| path.canonicalize().or_else(|_| location_of(path)).unwrap_or_else(|_| path.into());
    place(one) == place(other)
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
        assert!(refuse(&[("--out", &new)], &[&directory.path().join("new.partial")]).is_err());
        std::fs::create_dir(directory.path().join("d")).unwrap();
        let detour = directory.path().join("d/../new");
        assert!(refuse(&[("--out", &new), ("--times", &detour)], &[]).is_err());
    }
}
