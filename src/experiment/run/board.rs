//! Progress on a terminal: a bar for each running trial, one for the run, and a line for each trial that ends. On standard
//! error; nothing is drawn where that is not a terminal.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use super::observer::Observer;
use crate::experiment::bars::style;
use crate::experiment::event::{Event, Stage};
use crate::experiment::records::{TrialRow, TrialStatus};

/// Bar of a trial.
const TRIAL: &str = "  {prefix}  [{bar:24}] {elapsed:>4}, {msg}";

/// Bar of the run.
const RUN: &str = "{prefix} [{bar:24}] {pos}/{len} trials, {elapsed}, {msg}";

/// Steps of a bar.
const STEPS: u64 = 1000;

/// What is known of a trial before it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// What distinguishes it, such as `log_n=15 threads=2`, or its id.
    pub label: String,
    /// Number of its evaluations, each of one image or of a batch.
    pub evaluations: u32,
    /// Predicted seconds of an evaluation.
    pub seconds: f64,
}

impl Forecast {
    /// Seconds of the whole trial, with what comes before the first image taken as two evaluations.
    #[must_use]
    pub fn cost(&self) -> f64 {
        self.seconds * (2.0 + f64::from(self.evaluations))
    }
}

/// How far a trial is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Stages {
    preparation: f64,
    keys: f64,
    diagonals: f64,
    images: f64,
    layers: f64,
}

impl Stages {
    fn note(&mut self, stage: Stage, done: u64, total: u64) {
        let share = if total == 0 { 1.0 } else { done as f64 / total as f64 };
        match stage {
            Stage::Preparation => self.preparation = share,
            Stage::KeyGeneration => self.keys = share,
            Stage::Diagonals => self.diagonals = share,
            Stage::Images => (self.images, self.layers) = (share, 0.0),
            Stage::Layers => self.layers = share,
            // Those of a client, which no trial tells.
            Stage::Encryption | Stage::Decryption => {}
        }
    }

    /// Share of the whole trial, with what comes before the first image weighed as about two evaluations.
    fn share(&self, evaluations: u32) -> f64 {
        let evaluations = f64::from(evaluations.max(1));
        let before = 0.3 * self.preparation + 0.7 * self.keys + self.diagonals;
        // The last layer is told before its image is.
        let evaluated = (self.images * evaluations + self.layers).min(evaluations);
        (before + evaluated) / (2.0 + evaluations)
    }
}

/// Progress of the trials of a run.
#[derive(Debug)]
pub struct Board {
    forecasts: Vec<Forecast>,
    bars: MultiProgress,
    run: ProgressBar,
    trials: HashMap<usize, (ProgressBar, Stages, Instant)>,
    begun: Instant,
    /// Predicted seconds of the trials that have ended.
    done: f64,
    failed: usize,
}

impl Board {
    /// A board for a run of these trials.
    #[must_use]
    pub fn new(name: &str, forecasts: Vec<Forecast>) -> Self {
        Self::on(ProgressDrawTarget::stderr(), name, forecasts)
    }

    fn on(target: ProgressDrawTarget, name: &str, forecasts: Vec<Forecast>) -> Self {
        let bars = MultiProgress::with_draw_target(target);
        let run = bars.add(ProgressBar::new(forecasts.len() as u64));
        run.set_style(style(RUN));
        run.set_prefix(name.to_owned());
        // The time that passed and the time that is left move on between events.
        run.enable_steady_tick(Duration::from_secs(1));
        Self { forecasts, bars, run, trials: HashMap::new(), begun: Instant::now(), done: 0.0, failed: 0 }
    }

    /// Time that is left for the whole run, by the predicted seconds of what is done and of what is not.
    fn tell_time_left(&self) {
        let all: f64 = self.forecasts.iter().map(Forecast::cost).sum();
        let running = self.trials.iter().map(|(trial, (_, stages, _))| {
            let forecast = &self.forecasts[*trial];
            stages.share(forecast.evaluations) * forecast.cost()
        });
        let done = self.done + running.sum::<f64>();
        let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        self.run.set_message(format!("{}{failed}", left(self.begun.elapsed(), done / all)));
    }

    fn line(&self, text: &str) {
        // Only a terminal that is gone cannot be written to.
        let _ = self.bars.println(text);
    }
}

impl Observer for Board {
    fn started(&mut self, trial: usize) {
        let bar = self.bars.insert_before(&self.run, ProgressBar::new(STEPS));
        bar.set_style(style(TRIAL));
        bar.set_prefix(self.forecasts[trial].label.clone());
        bar.enable_steady_tick(Duration::from_secs(1));
        self.trials.insert(trial, (bar, Stages::default(), Instant::now()));
    }

    fn progress(&mut self, trial: usize, event: &Event) {
        let (Event::Progress { stage, done, total, detail }, Some(evaluations)) =
            (event, self.forecasts.get(trial).map(|forecast| forecast.evaluations))
        else {
            return;
        };
        if let Some((bar, stages, begun)) = self.trials.get_mut(&trial) {
            stages.note(*stage, *done, *total);
            let share = stages.share(evaluations);
            bar.set_position((share * STEPS as f64) as u64);
            bar.set_message(format!("{}, {} {detail}", left(begun.elapsed(), share), stage.label()));
        }
        self.tell_time_left();
    }

    fn ended(&mut self, trial: usize, row: &TrialRow) {
        let begun = self.trials.remove(&trial).map(|(bar, _, begun)| {
            bar.finish_and_clear();
            begun
        });
        let seconds = begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
        let how = match row.status {
            TrialStatus::Ok => "ok".to_owned(),
            TrialStatus::Failed => {
                self.failed += 1;
                format!("failed: {}", row.reason)
            }
        };
        self.line(&format!("  {}  {seconds:.1} s  {how}", self.forecasts[trial].label));
        self.run.inc(1);
        self.done += self.forecasts[trial].cost();
        self.tell_time_left();
    }

    fn note(&mut self, text: &str) {
        self.line(text);
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // The bars have told what they had to; what follows them is the result.
        self.trials.values().for_each(|(bar, _, _)| bar.finish_and_clear());
        self.run.finish_and_clear();
    }
}

/// How much longer something takes of which `share` took `elapsed`.
fn left(elapsed: Duration, share: f64) -> String {
    if !(0.001..=1.0).contains(&share) {
        return "time left unknown".to_owned();
    }
    let seconds = elapsed.as_secs_f64() * (1.0 - share) / share;
    format!("{} left", indicatif::FormattedDuration(Duration::from_secs_f64(seconds.clamp(0.0, 1e9).round())))
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    use super::*;
    use crate::experiment::trial::tests::sample;

    fn event(stage: Stage, done: u64, total: u64) -> Event {
        Event::Progress { stage, done, total, detail: "conv1".into() }
    }

    fn forecast(label: &str) -> Forecast {
        Forecast { label: label.into(), evaluations: 2, seconds: 1.0 }
    }

    #[test]
    fn bars_follow_events() {
        let mut board = Board::on(ProgressDrawTarget::hidden(), "sweep", vec![forecast("a"), forecast("b")]);
        board.started(0);
        board.started(1);
        board.progress(0, &event(Stage::Preparation, 1, 1));
        board.progress(0, &event(Stage::Layers, 10, 20));
        assert_eq!(board.trials[&0].0.position(), 200);
        assert!(board.trials[&0].0.message().ends_with("left, layers conv1"), "{}", board.trials[&0].0.message());
        board.ended(1, &TrialRow::failed(&sample(), "killed"));
        assert_eq!((board.run.position(), board.trials.len(), board.done), (1, 1, 4.0));
        assert!(board.run.message().ends_with("left, 1 failed"), "{}", board.run.message());
        board.ended(0, &TrialRow::of_spec(&sample()));
        assert_eq!((board.run.position(), board.trials.len(), board.done), (2, 0, 8.0));
    }

    #[test]
    fn a_share_grows_to_the_whole() {
        let mut stages = Stages::default();
        let mut last = stages.share(2);
        assert_eq!(last, 0.0);
        let events = [
            (Stage::Preparation, 1, 1),
            (Stage::KeyGeneration, 5, 10),
            (Stage::KeyGeneration, 10, 10),
            (Stage::Diagonals, 20, 20),
            (Stage::Layers, 10, 20),
            (Stage::Layers, 20, 20),
            (Stage::Images, 1, 2),
            (Stage::Layers, 20, 20),
            (Stage::Images, 2, 2),
        ];
        for (stage, done, total) in events {
            stages.note(stage, done, total);
            assert!(stages.share(2) >= last, "{stages:?}");
            last = stages.share(2);
        }
        assert!((last - 1.0).abs() < 1e-12);
    }

    #[test]
    fn time_left() {
        assert_eq!(left(Duration::from_secs(30), 0.25), "00:01:30 left");
        assert_eq!(left(Duration::from_secs(1), 0.0), "time left unknown");
        assert_eq!(left(Duration::from_secs(7200), 0.5), "02:00:00 left");
    }

    #[test]
    fn templates_are_understood() {
        for template in [TRIAL, RUN] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
