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
}

/// A recipe and where its teacher's path begins.
#[derive(Debug, Clone, PartialEq)]
pub struct ChosenRecipe {
    /// The recipe.
    pub recipe: Recipe,
    /// Directory of the recipe, or of the teacher that was chosen in place of the recipe's.
    pub directory: PathBuf,
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
    let mut directory = file.parent();
    if let Some(teacher) = &choices.teacher {
        let (Some(distillation), Some(name)) = (&mut recipe.distillation, teacher.file_name()) else {
            return Err(ExperimentError::Argument {
                name: "--teacher",
                problem:
                    "names weights in place of the recipe's `distillation.teacher`; this recipe has no `distillation`, \
                          configs/recipes/distilled.yaml has"
                        .to_owned(),
            });
        };
        // The card shows the recipe: no path of this machine.
        distillation.teacher = name.into();
        directory = teacher.parent();
    }
    recipe.check().map_err(|problem| {
        let path: Vec<Step<'_>> = problem.path.iter().map(|key| Step::Key(key)).collect();
        yaml.error(&path, problem.text)
    })?;
    Ok(ChosenRecipe { recipe, directory: directory.unwrap_or(Path::new("")).to_owned() })
}
