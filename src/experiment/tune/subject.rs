//! What is tuned: a network with its settings, and the images that the choice may rest on.

use std::ops::Range;
use std::path::Path;

use crate::experiment::ExperimentError;
use crate::experiment::config::Experiment;
use crate::experiment::fingerprint::sha256_of_dataset;
use crate::experiment::images::{self, held_out_by, seen_problem};
use crate::experiment::parameter_set::ParameterSet;
use crate::experiment::setting::{Backend, HeldOut, ImageSelection, Probe, Processes};
use crate::experiment::trial::{DatasetSpec, TrialSpec};
use crate::network::Card;

/// Images that a choice rests on, unless it is said how many.
const IMAGES: usize = 2000;

/// A network of an experiment with everything that is not searched.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// An encrypted trial with the experiment's own parameters, on the first of the held out images.
    pub spec: TrialSpec,
    /// Images that were held out in all.
    pub held_out: HeldOut,
}

impl Subject {
    /// The networks of an experiment, each once: trials that differ in what is searched, or in their images, are one. `data` is the
    /// directory of the data set, in place of what the experiment says; `images`, how many of the held out images count.
    ///
    /// # Errors
    /// [`ExperimentError::Argument`] for test images, images that a network was trained on, more images than there are, and trials without
    /// parameters or accuracy; [`ExperimentError::Network`], [`ExperimentError::Dataset`].
    pub fn all(
        experiment: &Experiment,
        data: Option<&Path>,
        images: Option<usize>,
    ) -> Result<Vec<Self>, ExperimentError> {
        let mut subjects: Vec<Self> = Vec::new();
        for trial in &experiment.trials {
            let subject = Self::of(trial, data)?;
            let is_known = |known: &Self| {
                let (known, spec) = (&known.spec, &subject.spec);
                known.members == spec.members && known.settings == spec.settings && known.dataset == spec.dataset
            };
            if !subjects.iter().any(is_known) {
                subjects.push(subject);
            }
        }
        subjects.into_iter().map(|subject| subject.with_images(images)).collect()
    }

    /// The network of a trial; its images are not read yet.
    fn of(trial: &TrialSpec, data: Option<&Path>) -> Result<Self, ExperimentError> {
        if trial.is_clear() {
            return Err(refuse(
                "EXPERIMENT",
                "`backend: clear` has no parameters to tune; tune an encrypted experiment",
            ));
        }
        if !trial.is_trained() {
            let problem = "random weights have no accuracy that parameters could lose; name trained ones";
            return Err(refuse("EXPERIMENT", problem));
        }
        let held_out = held_out(trial, data.is_some())?;
        let path = match data {
            Some(data) => Some(data.canonicalize().map_err(|error| {
                refuse("--data", format!("cannot read {}: {error}; check the path", data.display()))
            })?),
            None => trial.dataset.path.clone(),
        };
        let mut spec = trial.clone();
        spec.settings.backend = Backend::Encrypted;
        spec.settings.probe = Probe(false);
        spec.settings.images = ImageSelection::All;
        spec.dataset = DatasetSpec { path, held_out: Some(held_out), sha256: String::new(), ..spec.dataset };
        Ok(Self { spec, held_out })
    }

    fn with_images(mut self, images: Option<usize>) -> Result<Self, ExperimentError> {
        let DatasetSpec { name, path, held_out, .. } = &self.spec.dataset;
        let dataset = images::load(*name, path.as_deref(), *held_out)?;
        let (available, count) = (dataset.len(), images.unwrap_or(IMAGES.min(dataset.len())));
        if count > available || count == 0 {
            let problem = format!("{count} images are not possible; {available} were held out");
            return Err(refuse("--images", problem));
        }
        self.spec.dataset.sha256 = sha256_of_dataset(&dataset);
        self.spec.settings.images = ImageSelection::First(count);
        self.spec = self.spec.with_id();
        Ok(self)
    }

    /// The encrypted trial with these parameters, which is planned.
    #[must_use]
    pub fn encrypted(&self, parameters: &ParameterSet) -> TrialSpec {
        let spec = TrialSpec { parameters: parameters.clone(), parameters_name: "inline".into(), ..self.spec.clone() };
        spec.with_id()
    }

    /// The trial with these parameters that simulates some of the images.
    #[must_use]
    pub fn simulated(&self, parameters: &ParameterSet, images: Range<usize>) -> TrialSpec {
        let mut spec = self.encrypted(parameters);
        spec.settings.backend = Backend::Simulated;
        // A simulation has nothing to send.
        spec.settings.processes = Processes::One;
        spec.settings.images = ImageSelection::Indices(images.collect());
        spec.with_id()
    }
}

/// The training images that the trial's networks have not seen: those that the experiment names or, with a directory of the data, those
/// that the cards name.
fn held_out(trial: &TrialSpec, has_data: bool) -> Result<HeldOut, ExperimentError> {
    let cards = trial.members.iter().map(|member| Card::of(&member.path));
    let cards: Vec<Card> = cards.collect::<Result<_, _>>()?;
    let held_out = match (trial.dataset.held_out, cards.first().map(held_out_by)) {
        (Some(held_out), _) => held_out,
        (None, _) if !has_data => {
            let name = trial.dataset.name;
            return Err(refuse(
                "--data",
                format!(
                    "the images of the experiment are test images, and a choice that rests on them spoils every accuracy measured with it \
                     afterwards; give --data DIR, the directory of the full data set, or `dataset: {{name: {name}, path: DIR, held_out: \
                     {{images: N, seed: S}}}}`: training images that the training held out"
                ),
            ));
        }
        (None, Some(Some(held_out))) => held_out,
        (None, _) => {
            let problem = "the card has no record of images that every training which led to the weights held out; say so in the experiment \
                           with `held_out: {images: N, seed: S}` under `dataset`";
            return Err(refuse("EXPERIMENT", problem));
        }
    };
    match cards.iter().find_map(|card| seen_problem(card, held_out)) {
        None => Ok(held_out),
        Some(problem) => Err(refuse("EXPERIMENT", problem)),
    }
}

fn refuse(name: &'static str, problem: impl Into<String>) -> ExperimentError {
    ExperimentError::Argument { name, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::setting::WeightsOrigin;
    use crate::experiment::trial::tests::sample;

    const MODEL: &str = "models/resnet20_w16_cifar10_herpn_distilled_continued_seed0.safetensors";

    /// A trial of a shipped network, whose training held out 5,000 images by seed 0.
    fn trial(held_out: Option<HeldOut>) -> TrialSpec {
        let mut trial = sample();
        trial.members[0].path = Path::new(env!("CARGO_MANIFEST_DIR")).join(MODEL);
        trial.dataset.held_out = held_out;
        trial.dataset.path = held_out.map(|_| "data".into());
        trial
    }

    fn refusal(trial: &TrialSpec) -> String {
        let error = Subject::of(trial, None).unwrap_err();
        assert!(error.is_user_error());
        error.to_string()
    }

    #[test]
    fn test_images_are_refused() {
        let text = refusal(&trial(None));
        assert!(text.starts_with("--data: the images of the experiment are test images"), "{text}");
        // A directory of the whole data set does not make test images of others.
        let mut full = trial(None);
        full.dataset.path = Some("data".into());
        assert_eq!(refusal(&full), text);
    }

    #[test]
    fn the_images_are_those_that_the_training_held_out() {
        let right = HeldOut { images: 5000, seed: 0 };
        assert_eq!(Subject::of(&trial(None), Some(Path::new("."))).unwrap().held_out, right);
        let subject = Subject::of(&trial(Some(right)), None).unwrap();
        assert_eq!((subject.held_out, subject.spec.dataset.held_out), (right, Some(right)));
        let text = refusal(&trial(Some(HeldOut { images: 5000, seed: 1 })));
        assert!(text.contains("it held out 5000 of seed 0; name those"), "{text}");
    }

    #[test]
    fn what_has_no_parameters_or_no_accuracy_is_refused() {
        let mut clear = trial(None);
        clear.settings.backend = Backend::Clear;
        assert!(refusal(&clear).contains("`backend: clear` has no parameters"));
        let mut random = trial(None);
        random.settings.weights = WeightsOrigin::Random;
        assert!(refusal(&random).contains("random weights have no accuracy"));
    }

    #[test]
    fn trials_that_differ_in_their_parameters_are_one_network() {
        let mut subject = Subject::of(&trial(None), Some(Path::new("."))).unwrap();
        subject.spec.settings.images = ImageSelection::First(200);
        let own = subject.spec.parameters.clone();
        let coarse = ParameterSet { scale_bits: 18.0, ..own.clone() };
        let (one, other) = (subject.encrypted(&own), subject.encrypted(&coarse));
        assert_ne!(one.id, other.id);
        let (first, second) = (subject.simulated(&own, 0..100), subject.simulated(&own, 100..200));
        assert!(first.id != second.id && first.id != one.id);
        assert_eq!((second.settings.images.count(), second.settings.images.largest()), (100, Some(199)));
        let mut two = subject.clone();
        two.spec.settings.processes = Processes::Two;
        assert_eq!(two.simulated(&own, 0..100), first);
        assert_eq!(two.encrypted(&own).settings.processes, Processes::Two);
    }
}
