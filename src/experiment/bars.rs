//! Progress bars of a trial, on standard error; nothing is drawn where that is not a terminal.

use std::collections::BTreeMap;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::event::{Event, EventSink, Stage};

const TITLE: &str = "{msg}";
const STAGE: &str = "  {prefix:<11} [{bar:30}] {pos:>4}/{len:<4} {elapsed:>4}, {eta:>4} left  {msg}";

/// The bars of one trial, one per stage, with elapsed time and time left.
#[derive(Debug)]
pub struct Bars {
    bars: MultiProgress,
    stages: BTreeMap<&'static str, ProgressBar>,
}

impl Bars {
    /// Bars under a heading such as `trial 1 of 3`.
    #[must_use]
    pub fn new(heading: &str) -> Self {
        let bars = MultiProgress::new();
        let title = bars.add(ProgressBar::new(0));
        title.set_style(style(TITLE));
        title.set_message(heading.to_owned());
        title.tick();
        Self { bars, stages: BTreeMap::from([("", title)]) }
    }

    fn update(&mut self, stage: Stage, done: u64, total: u64, detail: String) {
        let bar = self.stages.entry(stage.label()).or_insert_with(|| {
            let bar = self.bars.add(ProgressBar::new(total));
            bar.set_style(style(STAGE));
            bar.set_prefix(stage.label());
            bar
        });
        if done < bar.position() {
            bar.reset();
        }
        bar.set_length(total);
        bar.set_message(detail);
        bar.set_position(done);
        if done >= total && stage != Stage::Layers {
            bar.abandon();
        }
    }
}

impl EventSink for Bars {
    fn send(&mut self, event: Event) {
        match event {
            Event::Progress { stage, done, total, detail } => self.update(stage, done, total, detail),
            Event::Image(_) | Event::Layer(_) | Event::Trial(_) => {}
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // The bars have told what they had to; what follows them is the result.
        for bar in self.stages.values() {
            bar.finish_and_clear();
        }
    }
}

/// A template that indicatif does not know falls back to its own; a test beside each holds that it does know ours.
pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_follow_events() {
        let mut bars = Bars::new("trial 1 of 1");
        bars.progress(Stage::KeyGeneration, 3, 10, "rotation 4");
        bars.progress(Stage::Layers, 20, 20, "linear");
        bars.progress(Stage::Layers, 1, 20, "conv1");
        assert_eq!(bars.stages["keys"].position(), 3);
        assert_eq!(bars.stages["layers"].position(), 1);
    }

    #[test]
    fn templates_are_understood() {
        for template in [TITLE, STAGE] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
