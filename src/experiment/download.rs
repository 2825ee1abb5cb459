//! Downloads of data sets with a progress bar.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;

use super::ExperimentError;
use super::bars::style;
use crate::dataset::{DatasetName, fetch};

/// Bytes that came.
const BAR: &str = "{prefix} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";

/// Downloads the official archive of `name`, from `url` if given, into `directory`.
///
/// # Errors
/// [`ExperimentError::Dataset`]; see [`fetch`].
pub fn download(name: DatasetName, url: Option<&str>, directory: &Path) -> Result<PathBuf, ExperimentError> {
    let bar = ProgressBar::new(0);
    bar.set_style(style(BAR));
    bar.set_prefix(name.as_str());
    let mut progress = |done, total: Option<u64>| {
        bar.set_length(total.unwrap_or(done));
        bar.set_position(done);
    };
    let outcome = fetch(url.unwrap_or(name.archive_url()), name.archive_md5(), directory, &mut progress);
    bar.finish_and_clear();
    Ok(outcome?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_understood() {
        assert!(indicatif::ProgressStyle::with_template(BAR).is_ok());
    }
}
