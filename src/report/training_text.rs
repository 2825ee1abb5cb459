//! The end of a training as text.

use crate::experiment::training::TrainView;

/// A few lines: what was kept, its accuracy, where it is.
#[must_use]
pub fn training_text(view: &TrainView) -> String {
    let mut text = String::new();
    let kept = view.kept_epoch.and_then(|epoch| view.rows.iter().find(|row| row.epoch == epoch));
    if let Some(row) = kept {
        text += &format!(
            "kept the weights of epoch {} of {}: {:.2} % of the {} right, {} exploding, largest activation input {:.1}\n",
            row.epoch,
            view.epochs,
            row.validation_accuracy_percent,
            view.evaluated_images,
            row.exploding_images,
            row.largest_activation
        );
    }
    if let Some(weights) = &view.weights {
        text += &format!("{}\n", weights.display());
    }
    text + &format!("{}\n", view.directory.join("history.csv").display())
}
