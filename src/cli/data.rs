//! `leveled data`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::CliError;
use super::output::print;
use crate::dataset::{DatasetName, Existing, import, verify};
use crate::experiment::ExperimentError;
use crate::experiment::download::download;
use crate::report::data_text::verified_text;

/// Get the full data sets: download, import, verify.
#[derive(Debug, Args)]
pub struct Data {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Download the official archive from its publisher, check its MD5 sum, and import it. What an interrupted download left is gone on with.
    Fetch {
        /// cifar10 or cifar100.
        name: DatasetName,
        /// Directory for the archive and the data set.
        #[arg(long, value_name = "DIR", default_value = "data/full")]
        out: PathBuf,
        /// Another address of the same archive.
        #[arg(long)]
        url: Option<String>,
        /// Replace another data set of this name that is there.
        #[arg(long)]
        force: bool,
    },
    /// Import an official archive (.tar.gz), a directory of its binary files, or folders train/CLASS and test/CLASS of PNG images.
    Import {
        /// cifar10 or cifar100.
        name: DatasetName,
        /// What to import.
        source: PathBuf,
        /// Directory for the data set.
        #[arg(long, value_name = "DIR", default_value = "data/full")]
        out: PathBuf,
        /// Replace another data set of this name that is there.
        #[arg(long)]
        force: bool,
    },
    /// Read a data set in full and say what it holds.
    Verify {
        /// cifar10 or cifar100.
        name: DatasetName,
        /// Directory of the official binary files, or the one that holds it.
        directory: PathBuf,
    },
}

impl Data {
    /// Does what was asked and says what the data set holds.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let verified = match self.action {
            Action::Fetch { name, out, url, force } => {
                let archive = download(name, url.as_deref(), &out)?;
                import(&archive, name, &out, existing(force))
            }
            Action::Import { name, source, out, force } => import(&source, name, &out, existing(force)),
            Action::Verify { name, directory } => verify(&directory, name),
        };
        print(&verified_text(&verified.map_err(ExperimentError::from)?))
    }
}

const fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Keep }
}
