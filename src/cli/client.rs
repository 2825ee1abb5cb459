//! `leveled client`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::CliError;
use super::output::print;
use crate::experiment::ExperimentError;
use crate::experiment::bars::Bars;
use crate::experiment::client::{answers_csv, images};
use crate::experiment::event::{EventSink, Stage};
use crate::experiment::store::write_whole;
use crate::parties::{ClientBundle, Digits, PartyError, decrypt, encrypt, generate_keys, read_secret};

/// The party that has images and a secret key, and no network.
#[derive(Debug, Args)]
pub struct Client {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a secret key, which stays here, and the evaluation keys, which go to the server.
    Keygen {
        /// What the server wrote for clients: client.lev.
        bundle: PathBuf,
        /// Where the secret key goes; one that is there is not overwritten.
        #[arg(long, value_name = "FILE")]
        secret: PathBuf,
        /// Where the evaluation keys go.
        #[arg(long, value_name = "FILE")]
        keys: PathBuf,
        /// Make keys for parameters that are not 128-bit secure, for experiments.
        #[arg(long)]
        insecure: bool,
    },
    /// Encrypt images.
    Encrypt {
        /// What the server wrote for clients: client.lev.
        bundle: PathBuf,
        /// The images: PNG files of 32x32 pixels, texts with one image a line (.txt: 3072 values from 0 to 1), CIFAR files, or indices of
        /// shipped images.
        #[arg(required = true)]
        images: Vec<String>,
        /// The secret key.
        #[arg(long, value_name = "FILE")]
        secret: PathBuf,
        /// Where the encrypted images go.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Decrypt logits: a line (CSV) for each image.
    Decrypt {
        /// What the server wrote for clients: client.lev.
        bundle: PathBuf,
        /// The encrypted logits.
        result: PathBuf,
        /// The secret key.
        #[arg(long, value_name = "FILE")]
        secret: PathBuf,
        /// Digits of the logits after the point: as many as the noise allows (`auto`), `all`, or a number. See docs/security.md.
        #[arg(long, default_value = "auto")]
        digits: Digits,
        /// Where the table goes [default: standard output].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

impl Client {
    /// Does what was asked.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        Ok(match self.action {
            Action::Keygen { bundle: path, secret, keys, insecure } => {
                let bundle = ClientBundle::read(&path).map_err(ExperimentError::from)?;
                if !(insecure || bundle.plan.parameters.security().is_secure()) {
                    return Err(ExperimentError::from(PartyError::Insecure { path }).into());
                }
                let total = bundle.plan.request.len() as u64;
                let mut bars = Bars::new("client: keys");
                generate_keys(&bundle, &secret, &keys, |made| {
                    bars.progress(Stage::KeyGeneration, made as u64, total, "");
                })
                .map_err(ExperimentError::from)?;
            }
            Action::Encrypt { bundle, images: sources, secret, out } => {
                let bundle = ClientBundle::read(&bundle).map_err(ExperimentError::from)?;
                let secret = read_secret(&bundle, &secret).map_err(ExperimentError::from)?;
                let images = images(&bundle, &sources)?;
                let mut bars = Bars::new("client: images");
                encrypt(&bundle, secret, &images, &out, |done| {
                    bars.progress(Stage::Encryption, done as u64, images.len() as u64, "");
                })
                .map_err(ExperimentError::from)?;
            }
            Action::Decrypt { bundle, result, secret, digits, out } => {
                let bundle = ClientBundle::read(&bundle).map_err(ExperimentError::from)?;
                let secret = read_secret(&bundle, &secret).map_err(ExperimentError::from)?;
                let mut bars = Bars::new("client: logits");
                let answers = decrypt(&bundle, secret, &result, digits, |done, total| {
                    bars.progress(Stage::Decryption, done as u64, total as u64, "");
                })
                .map_err(ExperimentError::from)?;
                drop(bars);
                let table = answers_csv(&bundle, &answers);
                match out {
                    Some(out) => write_whole(&out, table.as_bytes())?,
                    None => print(&table)?,
                }
            }
        })
    }
}
