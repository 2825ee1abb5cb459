//! Recipe files, and choices that replace some of their values.

use std::path::Path;

use crate::dataset::DatasetName;
use crate::experiment::ExperimentError;
use crate::experiment::locate::{Step, YamlText};
use crate::training::Recipe;

/// Values in place of the recipe's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecipeChoices {
    /// Seed of initial weights, order and variations.
    pub seed: Option<u64>,
    /// The data set.
    pub dataset: Option<DatasetName>,
    /// Number of epochs.
    pub epochs: Option<u32>,
}

/// Reads and checks a recipe.
///
/// # Errors
/// [`ExperimentError::Read`]; [`ExperimentError::Setting`] with file, line, column and key for a mistake in it.
pub fn read_recipe(file: &Path, choices: &RecipeChoices) -> Result<Recipe, ExperimentError> {
    let yaml = YamlText::read(file)?;
    let mut recipe: Recipe = yaml.parse()?;
    recipe.seed = choices.seed.unwrap_or(recipe.seed);
    recipe.dataset = choices.dataset.unwrap_or(recipe.dataset);
    recipe.epochs = choices.epochs.unwrap_or(recipe.epochs);
    recipe.check().map_err(|problem| {
        let path: Vec<Step<'_>> = problem.path.iter().map(|key| Step::Key(key)).collect();
        yaml.error(&path, problem.text)
    })?;
    Ok(recipe)
}
