//! Recipe files, and choices that replace some of their values.

use std::path::{Path, PathBuf};

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
    /// Weights of the teacher.
    pub teacher: Option<PathBuf>,
    /// Weights to begin with.
    pub initial_weights: Option<PathBuf>,
}

/// A recipe and the files that it names.
#[derive(Debug, Clone, PartialEq)]
pub struct ChosenRecipe {
    /// The recipe.
    pub recipe: Recipe,
    /// Weights of the teacher.
    pub teacher: Option<PathBuf>,
    /// Weights to begin with.
    pub initial_weights: Option<PathBuf>,
}

/// Reads and checks a recipe.
///
/// # Errors
/// [`ExperimentError::Read`]; [`ExperimentError::Setting`] with file, line, column and key for a mistake in it;
/// [`ExperimentError::Argument`] for a teacher where the recipe has none.
pub fn read_recipe(file: &Path, choices: &RecipeChoices) -> Result<ChosenRecipe, ExperimentError> {
    let yaml = YamlText::read(file)?;
    let mut recipe: Recipe = yaml.parse()?;
    recipe.seed = choices.seed.unwrap_or(recipe.seed);
    recipe.dataset = choices.dataset.unwrap_or(recipe.dataset);
    recipe.epochs = choices.epochs.unwrap_or(recipe.epochs);
    // The card shows the recipe: of files chosen here their names alone, no path of this machine.
    let beside = |path: &PathBuf| file.parent().unwrap_or(Path::new("")).join(path);
    let mut teacher = recipe.distillation.as_ref().map(|distillation| beside(&distillation.teacher));
    if let Some(chosen) = &choices.teacher {
        let Some(distillation) = &mut recipe.distillation else {
            return Err(ExperimentError::Argument {
                name: "--teacher",
                problem:
                    "names weights in place of the recipe's `distillation.teacher`; this recipe has no `distillation`, \
                          configs/recipes/distilled.yaml has"
                        .to_owned(),
            });
        };
        distillation.teacher = chosen.file_name().unwrap_or_default().into();
        teacher = Some(chosen.clone());
    }
    let mut initial_weights = recipe.initial_weights.as_ref().map(beside);
    if let Some(chosen) = &choices.initial_weights {
        recipe.initial_weights = Some(chosen.file_name().unwrap_or_default().into());
        initial_weights = Some(chosen.clone());
    }
    recipe.check().map_err(|problem| {
        let path: Vec<Step<'_>> = problem.path.iter().map(|key| Step::Key(key)).collect();
        yaml.error(&path, problem.text)
    })?;
    Ok(ChosenRecipe { recipe, teacher, initial_weights })
}
