//! `leveled import`.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::{print, print_json};
use crate::dataset::{DatasetName, Normalisation};
use crate::experiment::ExperimentError;
use crate::experiment::import::{ImportRequest, import};
use crate::network::Shortcut;
use crate::network::import::renamings_in_words;
use crate::network::weights::StoredPrecision;
use crate::report::import_text::import_text;

/// Write a network of PyTorch or another program as weights with a card, and try them on the shipped images.
#[derive(Debug, Args)]
#[command(after_help = after_help())]
pub struct Import {
    /// A file that torch.save wrote (.pth, .pt, .th; no code in it is executed), or safetensors.
    checkpoint: PathBuf,
    /// The network that it is, such as resnet20; its width, classes, shortcut and pool follow from its tensors.
    #[arg(long)]
    network: String,
    /// Weights to write, with a card beside them [default: models/NAME.safetensors, by the name of the checkpoint].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Mean of each channel in the training, of pixel values 0 to 1 or 0 to 255 [default: that of a card beside the checkpoint, or of the data set].
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', requires = "std")]
    mean: Option<Vec<f64>>,
    /// Standard deviation of each channel in the training, likewise.
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', requires = "mean")]
    std: Option<Vec<f64>>,
    /// The data set [default: cifar10 for 10 classes, cifar100 for 100].
    #[arg(long)]
    dataset: Option<DatasetName>,
    /// Shortcut where the shape changes [default: projection if there are tensors for it, otherwise pad].
    #[arg(long, value_enum)]
    shortcut: Option<Shortcut>,
    /// What the names of the network's tensors begin with, if the file holds several networks.
    #[arg(long, value_name = "PREFIX")]
    from: Option<String>,
    /// What batch normalisation adds to the variance [default: 1e-5, or as the card beside the checkpoint says].
    #[arg(long, value_name = "EPSILON")]
    batch_norm_eps: Option<f64>,
    /// Precision of the factors of convolutions and of the classifier: f16 makes files of half the size.
    #[arg(long, value_enum, default_value_t)]
    stored_precision: StoredPrecision,
    /// Replace weights that are there.
    #[arg(long)]
    force: bool,
    /// Print where each tensor came from.
    #[arg(long)]
    list: bool,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
}

fn after_help() -> String {
    format!(
        "Tensors are found under every prefix, such as module., _orig_mod. or state_dict.; parts of their names are renamed:\n{}",
        renamings_in_words()
    )
}

impl Import {
    /// Imports and says what was taken from where.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let (list, json) = (self.list, self.json);
        let view = import(&self.request()?)?;
        if json { print_json(&view) } else { print(&import_text(&view, list)) }
    }

    fn request(self) -> Result<ImportRequest, ExperimentError> {
        let three = |name: &'static str, values: &[f64]| match *values {
            [red, green, blue] => Ok([red, green, blue]),
            _ => Err(ExperimentError::Argument {
                name,
                problem: "write three numbers, such as 0.49,0.48,0.45".to_owned(),
            }),
        };
        let normalisation = match (&self.mean, &self.std) {
            (Some(mean), Some(std)) => Some(Normalisation { mean: three("--mean", mean)?, std: three("--std", std)? }),
            _ => None,
        };
        Ok(ImportRequest {
            checkpoint: self.checkpoint,
            network: self.network,
            out: self.out,
            force: self.force,
            dataset: self.dataset,
            shortcut: self.shortcut,
            from: self.from,
            normalisation,
            batch_norm_eps: self.batch_norm_eps,
            stored_precision: self.stored_precision,
        })
    }
}
