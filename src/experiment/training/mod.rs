//! Training by a recipe file, with progress and provenance.

#[cfg(feature = "train")]
mod bars;
mod recipe_file;
mod run;

pub use recipe_file::{ChosenRecipe, RecipeChoices, read_recipe};
pub use run::{TrainRequest, TrainView, train};
