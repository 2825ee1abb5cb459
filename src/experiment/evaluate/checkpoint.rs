//! What a trial has evaluated so far: a line for each batch, so that a test set that takes hours goes on where it was stopped.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::outcome::ImageOutcome;
use crate::experiment::ExperimentError;

/// A batch that was evaluated.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// Indices of its images in the data set.
    images: Vec<usize>,
    outcomes: Vec<ImageOutcome>,
}

/// The batches of a trial, and the file that keeps them.
#[derive(Debug, Default)]
pub struct Checkpoint {
    known: HashMap<Vec<usize>, Vec<ImageOutcome>>,
    file: Option<(PathBuf, File)>,
}

impl Checkpoint {
    /// Reads what there is in a file, which is made if it is not there; without one nothing is kept.
    ///
    /// # Errors
    /// [`ExperimentError::Append`] for a file that cannot be read or written.
    pub fn open(path: Option<&Path>) -> Result<Self, ExperimentError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let lost = |source| ExperimentError::Append { path: path.to_owned(), source };
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path).map_err(lost)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(lost)?;
        let lines = content.split(|byte| *byte == b'\n');
        // A line that a kill cut short or the disk spoilt is a batch to evaluate again.
        let known = lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        let known = known.filter(|line| line.images.len() == line.outcomes.len());
        let known: HashMap<_, _> = known.map(|line| (line.images, line.outcomes)).collect();
        // What follows a line that was cut short begins on its own.
        file.write_all(b"\n").map_err(lost)?;
        Ok(Self { known, file: Some((path.to_owned(), file)) })
    }

    /// What is known of a batch in as many layers; a program that planned others evaluates it again.
    pub fn known(&mut self, images: &[usize], layers: usize) -> Option<Vec<ImageOutcome>> {
        let known = self.known.remove(images)?;
        known.iter().all(|outcome| outcome.layers.len() == layers).then_some(known)
    }

    /// Keeps a batch.
    ///
    /// # Errors
    /// [`ExperimentError::Append`], [`ExperimentError::Encode`].
    pub fn add(&mut self, images: &[usize], outcomes: &[ImageOutcome]) -> Result<(), ExperimentError> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        let line = Line { images: images.to_vec(), outcomes: outcomes.to_vec() };
        let mut text = serde_json::to_vec(&line)
            .map_err(|error| ExperimentError::Encode { what: "a batch of images", reason: error.to_string() })?;
        text.push(b'\n');
        let lost = |source| ExperimentError::Append { path: path.clone(), source };
        file.write_all(&text).and_then(|()| file.sync_data()).map_err(lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::evaluate::outcome::tests::outcome;

    #[test]
    fn batches_are_found_again_and_a_torn_line_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trial.jsonl");
        let batch = [outcome(&[1.0, 0.1], &[1.5, 0.2]), outcome(&[2.0, 1.0 / 3.0], &[1.0, f64::MIN_POSITIVE])];
        let mut checkpoint = Checkpoint::open(Some(&path)).unwrap();
        assert_eq!(checkpoint.known(&[0, 1], 0), None);
        checkpoint.add(&[0, 1], &batch).unwrap();
        checkpoint.add(&[2], &batch[..1]).unwrap();
        // As a kill leaves it.
        let text = std::fs::read(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 20]).unwrap();
        let mut again = Checkpoint::open(Some(&path)).unwrap();
        assert_eq!(again.known(&[0, 1], 0).as_deref(), Some(&batch[..]));
        assert_eq!((again.known(&[0, 1], 0), again.known(&[2], 0), again.known(&[0], 0)), (None, None, None));
        again.add(&[2], &batch[1..]).unwrap();
        let mut third = Checkpoint::open(Some(&path)).unwrap();
        assert_eq!(third.known(&[2], 1), None);
        let mut third = Checkpoint::open(Some(&path)).unwrap();
        assert_eq!(third.known(&[2], 0).as_deref(), Some(&batch[1..]));
        assert!(Checkpoint::open(None).unwrap().add(&[0], &batch[..1]).is_ok());
        assert!(Checkpoint::open(Some(directory.path())).is_err());
    }

    #[test]
    fn a_batch_with_an_image_that_explodes_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trial.jsonl");
        let mut exploded = outcome(&[1.0, 0.1], &[f64::NAN, f64::NEG_INFINITY]);
        (exploded.largest, exploded.exploded) = (vec![3.0, f64::INFINITY, f64::NAN], true);
        Checkpoint::open(Some(&path)).unwrap().add(&[4], std::slice::from_ref(&exploded)).unwrap();
        let known = Checkpoint::open(Some(&path)).unwrap().known(&[4], 0).unwrap();
        assert_eq!((&known[0].largest[..], known[0].exploded), (&[3.0, f64::INFINITY, f64::INFINITY][..], true));
        assert_eq!((known[0].clear_class(), known[0].class()), (exploded.clear_class(), exploded.class()));
        assert_eq!(known[0].errors().len(), exploded.errors().len());
    }

    #[test]
    fn a_line_that_is_no_text_hides_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trial.jsonl");
        let batch = [outcome(&[1.0, 0.1], &[1.5, 0.2])];
        Checkpoint::open(Some(&path)).unwrap().add(&[0], &batch).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"\xff\xfe\n").unwrap();
        Checkpoint::open(Some(&path)).unwrap().add(&[1], &batch).unwrap();
        let mut again = Checkpoint::open(Some(&path)).unwrap();
        for image in [0, 1] {
            assert_eq!(again.known(&[image], 0).as_deref(), Some(&batch[..]), "{image}");
        }
    }
}
