//! One training from files to files.

use std::path::PathBuf;

use super::recipe_file::{ChosenRecipe, RecipeChoices, read_recipe};
use crate::experiment::ExperimentError;
use crate::training::EpochRow;

/// What to train and where.
#[derive(Debug, Clone)]
pub struct TrainRequest {
    /// The recipe.
    pub recipe: PathBuf,
    /// Values in place of the recipe's.
    pub choices: RecipeChoices,
    /// Directory of the data set's official binary archive.
    pub data: PathBuf,
    /// Directory for what comes out; none: results/train-NAME.
    pub out: Option<PathBuf>,
    /// Threads of the processor; none: all cores.
    pub threads: Option<u32>,
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainView {
    /// Name of the network that was trained.
    pub name: String,
    /// Directory of what came out.
    pub directory: PathBuf,
    /// The images on which every epoch was evaluated, in words.
    pub evaluated_images: &'static str,
    /// Epochs done.
    pub rows: Vec<EpochRow>,
    /// Epochs asked for.
    pub epochs: u32,
    /// The kept weights.
    pub weights: Option<PathBuf>,
    /// The epoch that they are of.
    pub kept_epoch: Option<u32>,
    /// Whether it was asked to end before its last epoch.
    pub interrupted: bool,
}

/// Trains by a recipe file, or goes on with a training in the output directory.
///
/// # Errors
/// [`ExperimentError::Setting`] for mistakes in the recipe; [`ExperimentError::Dataset`]; [`ExperimentError::Training`];
/// [`ExperimentError::NoTraining`] if this program was built without the trainer.
pub fn train(request: &TrainRequest) -> Result<TrainView, ExperimentError> {
    let chosen = read_recipe(&request.recipe, &request.choices)?;
    let directory = request
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("results").join(format!("train-{}", chosen.recipe.model_name())));
    run(request, &chosen, directory)
}

/// Told before a training that emulates its precision.
#[cfg(feature = "train")]
const SLOW_PRECISION: &str = "note: the recipe asks for bf16, for which this processor has no instructions: single precision is faster here, ten times \
     where there is no AVX-512; begin again with --precision f32 and another --out\n";

#[cfg(not(feature = "train"))]
fn run(_: &TrainRequest, _: &ChosenRecipe, _: PathBuf) -> Result<TrainView, ExperimentError> {
    Err(ExperimentError::NoTraining)
}

#[cfg(feature = "train")]
fn run(
    request: &TrainRequest,
    ChosenRecipe { recipe, teachers, initial_weights }: &ChosenRecipe,
    directory: PathBuf,
) -> Result<TrainView, ExperimentError> {
    use super::bars::TrainBars;
    use crate::experiment::host::Host;
    use crate::experiment::notice::tell;
    use crate::experiment::program::Program;
    use crate::experiment::run::Interrupt;
    use crate::experiment::setting::{Check, Threads};
    use crate::experiment::store::DirectoryLock;
    use crate::training::torch::{CardFacts, TrainOptions, train, uses_cuda};

    let threads = Threads(request.threads);
    threads.check().map_err(|problem| ExperimentError::Argument { name: "--threads", problem: problem.text })?;
    threads.check_here()?;
    let threads = threads.count() as usize;
    let images = crate::dataset::read_training(&request.data, recipe.dataset)?;
    let host = Host::detect();
    let hardware = format!("{}, {threads} thread(s){}", host.processor, if uses_cuda() { ", CUDA" } else { "" });
    let program = Program::this();
    let commit = if program.dirty == Some(true) { program.commit + ", changed" } else { program.commit };
    let facts = CardFacts { commit, hardware };
    let (teachers, initial_weights) = (teachers.clone(), initial_weights.clone());
    let options = TrainOptions { directory: directory.clone(), teachers, initial_weights, threads, facts };
    std::fs::create_dir_all(&directory)
        .map_err(|source| ExperimentError::OutputNotWritable { path: directory.clone(), source })?;
    // Two trainings would take each other's checkpoints for their own.
    let _lock = DirectoryLock::take(&directory)?;
    if !recipe.precision.is_native() && !uses_cuda() {
        tell(SLOW_PRECISION);
    }
    let mut bars = TrainBars::new(recipe, Interrupt::listen()?);
    let trained = train(recipe, &images, &options, &mut bars)?;
    Ok(TrainView {
        name: recipe.model_name(),
        directory,
        evaluated_images: recipe.evaluated_images(),
        rows: trained.rows,
        epochs: recipe.epochs,
        kept_epoch: trained.kept.as_ref().and_then(|kept| kept.card.record.as_ref()).map(|record| record.epoch),
        weights: trained.kept.map(|kept| kept.weights),
        interrupted: trained.interrupted,
    })
}
