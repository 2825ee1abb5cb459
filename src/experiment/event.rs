//! What a child process tells its parent while it works: one JSON object per line on standard output.

use std::io;

use serde::{Deserialize, Serialize};

use super::records::{ImageRow, LayerRow, TrialRow};

/// What a trial is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Reading weights and images, planning.
    Preparation,
    /// Making keys, or reading them.
    KeyGeneration,
    /// Encrypting images.
    Encryption,
    /// Decrypting logits.
    Decryption,
    /// Encoding diagonals, as many as fit into their memory.
    Diagonals,
    /// Evaluating images.
    Images,
    /// Evaluating the layers of the current image.
    Layers,
}

impl Stage {
    /// What a progress bar calls it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Preparation => "preparation",
            Self::KeyGeneration => "keys",
            Self::Encryption => "encryption",
            Self::Decryption => "decryption",
            Self::Diagonals => "diagonals",
            Self::Images => "images",
            Self::Layers => "layers",
        }
    }
}

/// One line: progress, or a row that is finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// `done` of `total` steps of a stage are behind. A new count from 0 begins the stage again.
    Progress {
        /// The stage.
        stage: Stage,
        /// Steps done.
        done: u64,
        /// Steps in all.
        total: u64,
        /// What the step in hand is, such as a layer's name.
        detail: String,
    },
    /// An image has been evaluated.
    Image(Box<ImageRow>),
    /// A layer's row, after the last image.
    Layer(Box<LayerRow>),
    /// The trial has come to its end.
    Trial(Box<TrialRow>),
}

/// Takes events as they happen.
pub trait EventSink: Send {
    /// Takes one event.
    fn send(&mut self, event: Event);

    /// Reports progress of a stage.
    fn progress(&mut self, stage: Stage, done: u64, total: u64, detail: &str) {
        self.send(Event::Progress { stage, done, total, detail: detail.to_owned() });
    }
}

/// Writes each event as a line of JSON.
#[derive(Debug)]
pub struct JsonLines<W>(pub W);

impl<W: io::Write + Send> JsonLines<W> {
    /// Writes an event that must arrive.
    ///
    /// # Errors
    /// What writing says, such as that the reader has gone away.
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_string(event)?;
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        self.0.flush()
    }
}

impl<W: io::Write + Send> EventSink for JsonLines<W> {
    /// A reader of progress that has gone away is no reason to stop.
    fn send(&mut self, event: Event) {
        let _ = self.write(&event);
    }
}

/// Drops every event.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl EventSink for Silent {
    fn send(&mut self, _: Event) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_per_event() {
        let mut lines = JsonLines(Vec::new());
        lines.progress(Stage::Layers, 1, 20, "conv1");
        let row = ImageRow { image: 3, margin: Some(0.1), ..ImageRow::default() };
        lines.write(&Event::Image(Box::new(row.clone()))).unwrap();
        let text = String::from_utf8(lines.0).unwrap();
        let (first, second) = text.split_once('\n').unwrap();
        let expected = "{\"event\":\"progress\",\"stage\":\"layers\",\"done\":1,\"total\":20,\"detail\":\"conv1\"}";
        assert_eq!(first, expected);
        assert_eq!(serde_json::from_str::<Event>(second).unwrap(), Event::Image(Box::new(row)));
        let back: Event = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(back, Event::Progress { stage: Stage::Layers, done: 1, total: 20, detail: "conv1".into() });
    }
}
