//! Progress of a training: bars where standard error is a terminal, and a line for each epoch.

use indicatif::{MultiProgress, ProgressBar};

use crate::experiment::bars::style;
use crate::experiment::notice::tell;
use crate::experiment::run::Interrupt;
use crate::training::torch::Observer;
use crate::training::{EpochRow, Recipe};

const EPOCHS: &str = "{prefix} [{bar:30}] epoch {pos}/{len}  {elapsed}, {eta} left";
const STEPS: &str = "  [{bar:30}] step {pos}/{len}  {msg}";

/// Two bars, for all epochs and for the steps of one.
#[derive(Debug)]
pub struct TrainBars {
    bars: MultiProgress,
    epochs: ProgressBar,
    steps: ProgressBar,
    interrupt: Interrupt,
    evaluated_images: &'static str,
}

impl TrainBars {
    /// Bars of a training that `interrupt` may end.
    #[must_use]
    pub fn new(recipe: &Recipe, interrupt: Interrupt) -> Self {
        let bars = MultiProgress::new();
        let epochs = bars.add(ProgressBar::new(u64::from(recipe.epochs)));
        epochs.set_style(style(EPOCHS));
        epochs.set_prefix(recipe.model_name());
        let steps = bars.add(ProgressBar::new(0));
        steps.set_style(style(STEPS));
        Self { bars, epochs, steps, interrupt, evaluated_images: recipe.evaluated_images() }
    }
}

impl Observer for TrainBars {
    fn step(&mut self, epoch: u32, step: u64, steps: u64, loss: f64, penalty: f64, images_per_second: f64) {
        // At the first step the bar learns how far an earlier run came, so that the time left is of this run's pace.
        if self.epochs.position() + 1 < u64::from(epoch) {
            self.epochs.set_position(u64::from(epoch) - 1);
            self.epochs.reset_eta();
        }
        self.steps.set_length(steps);
        self.steps.set_position(step);
        self.steps.set_message(format!("loss {loss:.3}, penalty {penalty:.4}, {images_per_second:.0} images/s"));
    }

    fn epoch(&mut self, row: &EpochRow, largest: &[(String, f64)]) {
        self.epochs.set_position(u64::from(row.epoch));
        let line = epoch_line(row, self.evaluated_images, largest);
        // A hidden bar prints nothing.
        if self.epochs.is_hidden() || self.bars.println(&line).is_err() {
            tell(&(line + "\n"));
        }
    }

    fn interrupted(&self) -> bool {
        self.interrupt.wanted()
    }
}

impl Drop for TrainBars {
    fn drop(&mut self) {
        self.steps.finish_and_clear();
        self.epochs.finish_and_clear();
    }
}

fn epoch_line(row: &EpochRow, evaluated_images: &str, largest: &[(String, f64)]) -> String {
    let clamped =
        row.validation_accuracy_clamped_percent.map_or_else(String::new, |percent| format!(" ({percent:.2} clamped)"));
    let sites: Vec<String> = largest.iter().map(|(_, value)| magnitude(*value)).collect();
    format!(
        "epoch {}: loss {:.4}, penalty {:.4}, training {:.2} %, {evaluated_images} {:.2} %{clamped}, {} exploding, {:.0} images/s, \
         largest inputs {}",
        row.epoch,
        row.loss,
        row.penalty,
        row.training_accuracy_percent,
        row.validation_accuracy_percent,
        row.exploding_images,
        row.images_per_second,
        sites.join(" ")
    )
}

fn magnitude(value: f64) -> String {
    if value < 1e4 { format!("{value:.1}") } else { format!("{value:.0e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_understood() {
        for template in [EPOCHS, STEPS] {
            assert!(indicatif::ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
