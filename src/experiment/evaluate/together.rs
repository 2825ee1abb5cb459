//! Images that are evaluated together, encrypted and in the clear.

use rayon::prelude::*;

use super::outcome::{Exchanged, ImageOutcome, LayerOutcome, explodes};
use super::preparation::Prepared;
use crate::dataset::Image;
use crate::experiment::ExperimentError;
use crate::experiment::event::EventSink;
use crate::inference::{Logits, Plan};
use crate::network::{LoweredTrace, NetworkError};

/// Images of one evaluation, and what clear text says of them.
pub struct Together {
    /// The images as the network takes them.
    pub inputs: Vec<Vec<f64>>,
    clear: Vec<Clear>,
    exploding: Vec<bool>,
}

/// What clear text says of an image.
pub struct Clear {
    /// The logits.
    pub logits: Vec<f64>,
    /// For each layer the largest magnitude before the squaring.
    pub largest: Vec<f64>,
    /// Every layer, megabytes, where it is needed.
    pub trace: Option<LoweredTrace>,
}

impl Clear {
    /// Evaluates an input of the network; `with_trace`: its layers are kept.
    ///
    /// # Errors
    /// [`NetworkError`] for an input of another size.
    pub fn of(plan: &Plan, input: &[f64], with_trace: bool) -> Result<Self, NetworkError> {
        let trace = plan.network.forward(&plan.client.network_input(input))?;
        Ok(Self { logits: trace.logits().to_vec(), largest: trace.largest(), trace: with_trace.then_some(trace) })
    }
}

/// What their encrypted evaluation gave.
#[derive(Debug)]
pub struct Evaluated {
    /// Decrypted logits of each image.
    pub decrypted: Vec<Logits>,
    /// The layers.
    pub layers: Vec<LayerOutcome>,
    /// Seconds of the client to encode and encrypt.
    pub encryption_seconds: f64,
    /// Seconds of the client to decrypt and decode.
    pub decryption_seconds: f64,
    /// Bytes of the encrypted images.
    pub upload_bytes: u64,
    /// Bytes of the encrypted logits.
    pub result_bytes: u64,
    /// What two processes took; none: it was one.
    pub exchanged: Option<Exchanged>,
}

impl Together {
    /// Images of a network's data set, evaluated in the clear.
    ///
    /// # Errors
    /// [`ExperimentError::Network`].
    pub fn of(Prepared { card, plan, .. }: &Prepared, images: &[&Image]) -> Result<Self, ExperimentError> {
        let inputs: Vec<Vec<f64>> = images.iter().map(|image| card.normalisation.apply(image)).collect();
        // A probe looks at the first image.
        let clear = inputs.par_iter().enumerate().map(|(image, input)| Clear::of(plan, input, image == 0));
        let clear: Vec<Clear> = clear.collect::<Result<_, _>>()?;
        let exploding = clear.iter().map(|clear| explodes(plan, &clear.largest)).collect();
        Ok(Self { inputs, clear, exploding })
    }

    /// Whether one image explodes, which destroys all that share its ciphertexts.
    fn spoilt(&self) -> bool {
        self.exploding.contains(&true)
    }

    /// The first image, to compare each layer with; none if one explodes.
    pub fn to_probe(&self) -> Option<&LoweredTrace> {
        self.clear.first().and_then(|clear| clear.trace.as_ref()).filter(|_| !self.spoilt())
    }

    /// The outcome of each image.
    pub fn outcomes(self, evaluated: Evaluated) -> Vec<ImageOutcome> {
        let spoilt = self.spoilt();
        let outcome = |((decrypted, clear), exploded): ((Logits, Clear), bool)| ImageOutcome {
            decrypted,
            clear_logits: clear.logits,
            largest: clear.largest,
            exploded,
            spoilt: spoilt && !exploded,
            evaluations: 1,
            layers: evaluated.layers.clone(),
            encryption_seconds: evaluated.encryption_seconds,
            decryption_seconds: evaluated.decryption_seconds,
            upload_bytes: evaluated.upload_bytes,
            result_bytes: evaluated.result_bytes,
            exchanged: evaluated.exchanged,
        };
        evaluated.decrypted.into_iter().zip(self.clear).zip(self.exploding).map(outcome).collect()
    }
}

/// What evaluates images that are encrypted together.
pub trait Evaluate {
    /// Encrypts the images of a batch, evaluates them together, decrypts the logits, and sets them beside clear-text
    /// evaluation. With `probe`, every layer of the first image is compared with clear text, unless an image explodes.
    ///
    /// # Errors
    /// [`ExperimentError::Network`], [`ExperimentError::Private`], and between two processes [`ExperimentError::Party`] and
    /// [`ExperimentError::ServerProcess`].
    fn batch(
        &self,
        images: &[&Image],
        probe: bool,
        events: &mut dyn EventSink,
    ) -> Result<Vec<ImageOutcome>, ExperimentError>;

    /// Passes over a batch that another process evaluated so often: with a seed, what follows is as if this one had.
    fn skip_batch(&self, evaluations: usize);

    /// As [`Evaluate::batch`]; images that another one has spoilt are evaluated again without it.
    ///
    /// # Errors
    /// As [`Evaluate::batch`].
    fn sound_batch(
        &self,
        images: &[&Image],
        probe: bool,
        events: &mut dyn EventSink,
    ) -> Result<Vec<ImageOutcome>, ExperimentError> {
        let mut outcomes = self.batch(images, probe, events)?;
        let spoilt: Vec<usize> = (0..images.len()).filter(|image| outcomes[*image].spoilt).collect();
        if !spoilt.is_empty() {
            let others: Vec<&Image> = spoilt.iter().map(|image| images[*image]).collect();
            for (image, again) in spoilt.into_iter().zip(self.batch(&others, probe, events)?) {
                outcomes[image] = ImageOutcome { evaluations: 2, ..again };
            }
        }
        Ok(outcomes)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::experiment::event::Silent;

    /// Images whose first value is 1 explode; the batches that were asked for are kept.
    struct Fake(RefCell<Vec<Vec<u8>>>);

    impl Evaluate for Fake {
        fn batch(
            &self,
            images: &[&Image],
            _: bool,
            _: &mut dyn EventSink,
        ) -> Result<Vec<ImageOutcome>, ExperimentError> {
            self.0.borrow_mut().push(images.iter().map(|image| image.values[1]).collect());
            let explodes = |image: &&Image| image.values[0] == 1;
            let spoilt = images.iter().any(explodes);
            let outcome = |image: &&Image| ImageOutcome {
                exploded: explodes(image),
                spoilt: spoilt && !explodes(image),
                ..ImageOutcome::new(Logits { values: vec![f64::from(image.values[1])], overflow: spoilt }, Vec::new())
            };
            Ok(images.iter().map(outcome).collect())
        }

        fn skip_batch(&self, _: usize) {}
    }

    #[test]
    fn what_an_exploding_image_has_spoilt_is_evaluated_again_without_it() {
        let image = |explodes: bool, number: u8| {
            let mut values = [0; 3072];
            (values[0], values[1]) = (u8::from(explodes), number);
            Image { values }
        };
        let images = [image(false, 5), image(true, 6), image(false, 7)];
        let fake = Fake(RefCell::default());
        let outcomes = fake.sound_batch(&images.each_ref(), true, &mut Silent).unwrap();
        assert_eq!(*fake.0.borrow(), [vec![5, 6, 7], vec![5, 7]]);
        let found: Vec<_> =
            outcomes.iter().map(|it| (it.decrypted.values[0], it.evaluations, it.exploded, it.spoilt)).collect();
        assert_eq!(found, [(5.0, 2, false, false), (6.0, 1, true, false), (7.0, 2, false, false)]);
        assert!(!outcomes[0].decrypted.overflow && outcomes[1].decrypted.overflow);
        // Where none explodes, nothing is evaluated twice.
        fake.sound_batch(&[&images[0], &images[2]], true, &mut Silent).unwrap();
        assert_eq!(fake.0.borrow().len(), 3);
    }
}
