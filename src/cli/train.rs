//! `leveled train`.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::print;
use crate::dataset::DatasetName;
use crate::experiment::training::{RecipeChoices, TrainRequest, train};
use crate::network::registry::names_in_words;
use crate::report::figures::write_history_figure;
use crate::report::training_text::training_text;
use crate::training::Precision;

/// Train a network by a recipe: weights with a card, checkpoints, history. The same command goes on with a training that was ended.
#[derive(Debug, Args)]
pub struct Train {
    /// Recipe, such as configs/recipes/fast.yaml.
    recipe: PathBuf,
    /// Directory of the data set's official binary archive, or the one that holds it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Directory for checkpoint, history and weights [default: results/train-NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[arg(long, help = format!("Network in place of the recipe's: {}", names_in_words()))]
    network: Option<String>,
    /// Channels of the first stage in place of the recipe's.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    width: Option<u32>,
    /// Seed in place of the recipe's.
    #[arg(long)]
    seed: Option<u64>,
    /// Data set in place of the recipe's: cifar10 or cifar100.
    #[arg(long)]
    dataset: Option<DatasetName>,
    /// Number of epochs in place of the recipe's.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: Option<u32>,
    /// Weights of the teacher in place of the recipe's; given again, the mean of their logits teaches.
    #[arg(long, value_name = "WEIGHTS")]
    teacher: Vec<PathBuf>,
    /// Weights to begin with in place of the recipe's; what they lack begins as without them.
    #[arg(long, value_name = "WEIGHTS")]
    initial_weights: Option<PathBuf>,
    /// Precision of activations and convolutions in place of the recipe's: bf16 is for processors with instructions for it.
    #[arg(long, value_enum)]
    precision: Option<Precision>,
    /// Train on the held out images too and keep the last epoch's weights: for final weights, once every choice is made.
    #[arg(long)]
    train_on_held_out: bool,
    /// Threads of the processor [default: all cores].
    #[arg(long)]
    threads: Option<u32>,
}

impl Train {
    /// Trains to the end, or to Ctrl-C, which saves.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let Self { recipe, data, out, threads, .. } = self;
        let choices = RecipeChoices {
            network: self.network,
            width: self.width.map(|width| width as usize),
            seed: self.seed,
            dataset: self.dataset,
            epochs: self.epochs,
            teachers: self.teacher,
            precision: self.precision,
            initial_weights: self.initial_weights,
            train_on_held_out: self.train_on_held_out,
        };
        let request = TrainRequest { recipe, choices, data, out, threads };
        let view = train(&request)?;
        write_history_figure(&view.name, view.evaluated_images, &view.rows, &view.directory)?;
        print(&training_text(&view))?;
        if view.interrupted {
            return Err(CliError::TrainingInterrupted { done: view.rows.len(), epochs: view.epochs });
        }
        Ok(())
    }
}
