//! Recipe files, and choices that replace some of their values.

use std::path::{Path, PathBuf};

use crate::dataset::DatasetName;
use crate::experiment::ExperimentError;
use crate::experiment::locate::{Step, YamlText};
use crate::network::OneOrSeveral;
use crate::training::{Keep, Precision, Recipe};

/// Values in place of the recipe's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecipeChoices {
    /// The network.
    pub network: Option<String>,
    /// Channels of the first stage.
    pub width: Option<usize>,
    /// Seed of initial weights, order and variations.
    pub seed: Option<u64>,
    /// The data set.
    pub dataset: Option<DatasetName>,
    /// Number of epochs.
    pub epochs: Option<u32>,
    /// Weights of the teachers; empty: the recipe's.
    pub teachers: Vec<PathBuf>,
    /// Weights to begin with.
    pub initial_weights: Option<PathBuf>,
    /// Precision of activations and convolutions.
    pub precision: Option<Precision>,
    /// Whether to train on the held out images too and keep the last epoch's weights.
    pub train_on_held_out: bool,
}

/// A recipe and the files that it names.
#[derive(Debug, Clone, PartialEq)]
pub struct ChosenRecipe {
    /// The recipe.
    pub recipe: Recipe,
    /// Weights of the teachers.
    pub teachers: Vec<PathBuf>,
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
    recipe.network = choices.network.clone().unwrap_or(recipe.network);
    recipe.width = choices.width.unwrap_or(recipe.width);
    recipe.seed = choices.seed.unwrap_or(recipe.seed);
    recipe.dataset = choices.dataset.unwrap_or(recipe.dataset);
    recipe.epochs = choices.epochs.unwrap_or(recipe.epochs);
    recipe.precision = choices.precision.unwrap_or(recipe.precision);
    if choices.train_on_held_out {
        (recipe.train_on_held_out, recipe.keep) = (true, Keep::Last);
    }
    let beside = |path: &PathBuf| file.parent().unwrap_or(Path::new("")).join(path);
    let taught = recipe.distillation.iter().flat_map(|distillation| distillation.teacher.values());
    let mut teachers: Vec<PathBuf> = taught.map(beside).collect();
    if !choices.teachers.is_empty() {
        if recipe.distillation.is_none() {
            return Err(ExperimentError::Argument {
                name: "--teacher",
                problem:
                    "names weights in place of the recipe's `distillation.teacher`; this recipe has no `distillation`, \
                          configs/recipes/distilled.yaml has"
                        .to_owned(),
            });
        }
        teachers.clone_from(&choices.teachers);
    }
    let initial_weights = choices.initial_weights.clone().or_else(|| recipe.initial_weights.as_ref().map(beside));
    // The card shows the recipe: of other files their names alone, no path of this machine.
    let name = |path: &PathBuf| PathBuf::from(path.file_name().unwrap_or_default());
    recipe.initial_weights = initial_weights.as_ref().map(name);
    let names = OneOrSeveral::of(teachers.iter().map(name).collect());
    if let (Some(distillation), Some(names)) = (&mut recipe.distillation, names) {
        distillation.teacher = names;
    }
    recipe.check().map_err(|problem| {
        let path: Vec<Step<'_>> = problem.path.iter().map(|key| Step::Key(key)).collect();
        yaml.error(&path, problem.text)
    })?;
    Ok(ChosenRecipe { recipe, teachers, initial_weights })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_shows_the_names_of_other_weights_and_no_directories() {
        let directory = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/configs/recipes/from_relu.yaml"));
        let beside = "../../models/resnet20_w16_cifar10_relu_continued_seed0.safetensors";
        let elsewhere = directory.path().join("models/first.safetensors");
        let text = text.unwrap();
        assert_eq!(text.matches(beside).count(), 2);
        let file = directory.path().join("recipe.yaml");
        std::fs::write(&file, text.replacen(beside, &elsewhere.to_string_lossy(), 1)).unwrap();
        let found = read_recipe(&file, &RecipeChoices::default()).unwrap();
        assert_eq!(found.initial_weights, Some(elsewhere));
        assert_eq!(found.teachers, [directory.path().join(beside)]);
        assert_eq!(found.recipe.initial_weights, Some("first.safetensors".into()));
        let teacher = |recipe: Recipe| recipe.distillation.unwrap().teacher;
        let own = PathBuf::from(Path::new(beside).file_name().unwrap());
        assert_eq!(teacher(found.recipe), OneOrSeveral::One(own));
        let teachers = vec![PathBuf::from("a/teacher.safetensors"), PathBuf::from("b/second.safetensors")];
        let initial = PathBuf::from("a/initial.safetensors");
        let choices = RecipeChoices {
            teachers: teachers.clone(),
            precision: Some(Precision::F32),
            initial_weights: Some(initial.clone()),
            network: Some("resnet32".to_owned()),
            width: Some(8),
            train_on_held_out: true,
            ..RecipeChoices::default()
        };
        let chosen = read_recipe(&file, &choices).unwrap();
        assert_eq!((chosen.teachers, chosen.initial_weights), (teachers, Some(initial)));
        assert_eq!(chosen.recipe.precision, Precision::F32);
        assert_eq!((chosen.recipe.network.as_str(), chosen.recipe.width), ("resnet32", 8));
        assert_eq!(chosen.recipe.initial_weights, Some("initial.safetensors".into()));
        assert!(chosen.recipe.train_on_held_out);
        assert_eq!(chosen.recipe.model_name(), "resnet32_w8_cifar10_herpn_distilled_continued_all_seed0");
        let names = ["teacher.safetensors", "second.safetensors"].map(PathBuf::from);
        assert_eq!(teacher(chosen.recipe), OneOrSeveral::Several(names.into()));
    }
}
