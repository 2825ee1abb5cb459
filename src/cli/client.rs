//! `leveled client`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::CliError;
use super::output::print;
use super::overwriting;
use crate::ckks::SecurityPolicy;
use crate::experiment::ExperimentError;
use crate::experiment::bars::Bars;
use crate::experiment::client::{answers_csv, images};
use crate::experiment::event::{EventSink, Stage};
use crate::experiment::memory_left::available_memory_bytes;
use crate::parties::{ClientBundle, Digits, PartyError, decrypt, encrypt, generate_keys, read_secret};
use crate::wire::{Guard, WholeFile, WireError};

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
        /// The images: PNG files of 32x32 pixels, texts with one image a line (.txt: 3072 values from 0 to 1, all of red row by row, then of green,
        /// then of blue), CIFAR files, or indices of shipped images.
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
        match self.action {
            Action::Keygen { bundle, secret, keys, insecure } => Ok(keygen(bundle, &secret, &keys, insecure)?),
            Action::Encrypt { bundle, images, secret, out } => Ok(encrypt_images(&bundle, &images, &secret, &out)?),
            Action::Decrypt { bundle, result, secret, digits, out } => {
                let Some(out) = out else { return print(&answers(&bundle, &result, &secret, digits)?) };
                overwriting::refuse(&[("--out", &out)], &[&bundle, &result, &secret])?;
                Ok(decrypt_into(&out, || answers(&bundle, &result, &secret, digits))?)
            }
        }
    }
}

fn keygen(path: PathBuf, secret: &Path, keys: &Path, insecure: bool) -> Result<(), ExperimentError> {
    overwriting::refuse(&[("--secret", secret), ("--keys", keys)], &[&path])?;
    let bundle = ClientBundle::read(&path)?;
    let policy = if insecure { SecurityPolicy::None } else { SecurityPolicy::Bits128 };
    bundle.check_memory(&path, available_memory_bytes())?;
    let total = bundle.plan.keys() as u64;
    let mut bars = Bars::new("client: keys");
    Ok(generate_keys(&bundle, policy, secret, keys, |made| {
        bars.progress(Stage::KeyGeneration, made as u64, total, "")
    })?)
}

fn encrypt_images(bundle: &Path, sources: &[String], secret: &Path, out: &Path) -> Result<(), ExperimentError> {
    let inputs = sources.iter().map(Path::new).chain([bundle, secret]);
    overwriting::refuse(&[("--out", out)], &inputs.collect::<Vec<_>>())?;
    let (path, bundle) = (bundle, ClientBundle::read(bundle)?);
    bundle.check_memory(path, available_memory_bytes())?;
    let secret = read_secret(&bundle, secret)?;
    let images = images(&bundle, sources)?;
    let total = images.len() as u64;
    let mut bars = Bars::new("client: images");
    Ok(encrypt(&bundle, secret, &images, out, |done| bars.progress(Stage::Encryption, done as u64, total, ""))?)
}

/// Writes the table of decrypted logits, for its owner alone: not rounded, or to many digits, they are equations in the secret key. The file is
/// begun first, so that a place that cannot be written is known before.
fn decrypt_into(path: &Path, answers: impl FnOnce() -> Result<String, ExperimentError>) -> Result<(), ExperimentError> {
    let failed = |source| ExperimentError::from(PartyError::from(WireError::of_writing(path, source)));
    let mut file = WholeFile::create(path, Guard::Private).map_err(failed)?;
    file.write_all(answers()?.as_bytes()).and_then(|()| file.commit_soon()).map_err(failed)
}

/// The table of decrypted logits.
fn answers(bundle: &Path, result: &Path, secret: &Path, digits: Digits) -> Result<String, ExperimentError> {
    let bundle = ClientBundle::read(bundle)?;
    let secret = read_secret(&bundle, secret)?;
    let mut bars = Bars::new("client: logits");
    let answers = decrypt(&bundle, secret, result, digits, |done, total| {
        bars.progress(Stage::Decryption, done as u64, total as u64, "");
    })?;
    Ok(answers_csv(&bundle, &answers))
}
