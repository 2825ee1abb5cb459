//! What one encrypted image gave.

use serde::{Deserialize, Serialize};

use super::statistics::{largest, median};
use crate::ckks::noise::slot_deviation;
use crate::inference::failure::{logit_deviation, overflow, wrong_class};
use crate::inference::probe::LayerProbe;
use crate::inference::{LayerSeconds, Logits, Plan, PlannedLayer};

/// One layer of one image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LayerOutcome {
    /// Where its time went; the probe's is not in it.
    pub seconds: LayerSeconds,
    /// Scale of its output, before the squaring.
    pub scale: f64,
    /// Comparison with clear text, if asked for.
    pub probe: Option<LayerProbe>,
}

/// One image, encrypted and in the clear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageOutcome {
    /// What the client decrypted.
    pub decrypted: Logits,
    /// Clear-text logits.
    #[serde(with = "maybe_infinite")]
    pub clear_logits: Vec<f64>,
    /// For each layer the largest magnitude before the squaring, in the clear.
    #[serde(with = "maybe_infinite")]
    pub largest: Vec<f64>,
    /// Whether a value left, in the clear, the range that the modulus holds at its layer.
    pub exploded: bool,
    /// Whether one of another image did that shares its ciphertexts.
    pub spoilt: bool,
    /// Evaluations that it took: 2 after one that another image spoilt.
    pub evaluations: u32,
    /// The layers.
    pub layers: Vec<LayerOutcome>,
    /// Seconds of the client to encode and encrypt.
    pub encryption_seconds: f64,
    /// Seconds of the client to decrypt and decode.
    pub decryption_seconds: f64,
    /// Bytes of the encrypted image, with seeds for the uniform halves.
    pub upload_bytes: u64,
    /// Bytes of the encrypted logits.
    pub result_bytes: u64,
    /// What two processes took; none: it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchanged: Option<Exchanged>,
}

/// Values of an image that may explode: JSON has no infinity, and no number that is none, which both read as infinity again.
mod maybe_infinite {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        let finite: Vec<Option<f64>> = values.iter().map(|value| value.is_finite().then_some(*value)).collect();
        finite.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let finite = Vec::<Option<f64>>::deserialize(deserializer)?;
        Ok(finite.into_iter().map(|value| value.unwrap_or(f64::INFINITY)).collect())
    }
}

/// What an evaluation between two processes took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Exchanged {
    /// Seconds of the server from its start to the first layer.
    pub load_seconds: f64,
    /// Seconds from the images to their logits, files included.
    pub path_seconds: f64,
    /// Largest resident memory of the server.
    pub server_peak_bytes: Option<u64>,
}

/// Whether a clear-text value leaves the range that the modulus holds at its layer.
pub fn explodes(plan: &Plan, largest: &[f64]) -> bool {
    plan.layers.iter().zip(largest).any(|(layer, largest)| !layer.holds(*largest))
}

/// The class of the largest logit.
fn best(logits: &[f64]) -> Option<usize> {
    (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]))
}

impl ImageOutcome {
    /// Logits alone, of an image that is sound: no layers, no seconds, no bytes.
    pub const fn new(decrypted: Logits, clear_logits: Vec<f64>) -> Self {
        Self {
            decrypted,
            clear_logits,
            largest: Vec::new(),
            exploded: false,
            spoilt: false,
            evaluations: 1,
            layers: Vec::new(),
            encryption_seconds: 0.0,
            decryption_seconds: 0.0,
            upload_bytes: 0,
            result_bytes: 0,
            exchanged: None,
        }
    }

    /// Whether the logits mean nothing: the client noticed, or clear text says so.
    pub const fn overflow(&self) -> bool {
        self.decrypted.overflow || self.exploded || self.spoilt
    }

    /// Class by encrypted evaluation; none on overflow.
    pub fn class(&self) -> Option<usize> {
        if self.overflow() { None } else { self.decrypted.class() }
    }

    /// Class by clear-text evaluation; none if a logit is not finite.
    pub fn clear_class(&self) -> Option<usize> {
        if self.clear_logits.iter().all(|logit| logit.is_finite()) { best(&self.clear_logits) } else { None }
    }

    /// Whether both classes are there and the same.
    pub fn agrees(&self) -> bool {
        self.class().is_some() && self.class() == self.clear_class()
    }

    /// Clear-text distance of the two largest logits.
    pub fn margin(&self) -> Option<f64> {
        let best = self.clear_class()?;
        let others = self.clear_logits.iter().enumerate().filter(|(class, _)| *class != best);
        Some(self.clear_logits[best] - largest(others.map(|(_, logit)| *logit))?)
    }

    /// |encrypted - clear-text| of each logit; empty on overflow.
    pub fn errors(&self) -> Vec<f64> {
        if self.overflow() {
            return Vec::new();
        }
        self.decrypted.values.iter().zip(&self.clear_logits).map(|(a, b)| (a - b).abs()).collect()
    }

    /// Probability that an encryption of the image gives another class than clear text, by the deviation of these logits from
    /// clear text; none on overflow.
    pub fn wrong_class_probability(&self) -> Option<f64> {
        let best = self.clear_class()?;
        if self.overflow() {
            return None;
        }
        let errors: Vec<f64> = self.decrypted.values.iter().zip(&self.clear_logits).map(|(a, b)| a - b).collect();
        let others = self.clear_logits.iter().enumerate().filter(|(class, _)| *class != best);
        let leads: Vec<f64> = others.map(|(_, logit)| self.clear_logits[best] - logit).collect();
        Some(wrong_class(&leads, logit_deviation(&errors)?))
    }

    /// Probability that noise carries a value beyond what the modulus holds, by the room that clear text leaves and the noise that
    /// the probe found, over all layers; none without the probe.
    pub fn overflow_probability(&self, plan: &Plan) -> Option<f64> {
        let layers = plan.layers.iter().zip(&self.layers).zip(&self.largest);
        let one = |((layer, outcome), largest): ((&PlannedLayer, &LayerOutcome), &f64)| {
            // A coefficient has the deviation of a slot over sqrt(N / 2), and is no larger than the largest slot.
            let ring = plan.client.ring(layer.output.ring).parameters;
            let deviation = outcome.probe?.precision.deviation / slot_deviation(ring.log_n(), 1.0);
            let room = layer.log2_headroom.exp2() - largest;
            Some(overflow(ring.n() * layer.output.ciphertexts, room, deviation))
        };
        layers.map(one).sum::<Option<f64>>().map(|sum| sum.min(1.0))
    }

    /// The sum of the layers' seconds.
    pub fn seconds(&self) -> f64 {
        self.layers.iter().map(|layer| layer.seconds.total()).sum()
    }
}

/// Median over images of what `part` takes from layer number `layer`.
pub fn median_of_layer(images: &[ImageOutcome], layer: usize, part: impl Fn(&LayerSeconds) -> f64) -> Option<f64> {
    median(images.iter().filter_map(|image| image.layers.get(layer)).map(|layer| part(&layer.seconds)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn outcome(values: &[f64], clear_logits: &[f64]) -> ImageOutcome {
        ImageOutcome::new(Logits { values: values.to_vec(), overflow: false }, clear_logits.to_vec())
    }

    #[test]
    fn classes_margins_and_errors() {
        let image = outcome(&[1.0, 4.25, -2.0], &[1.5, 4.0, -2.0]);
        assert_eq!((image.class(), image.clear_class(), image.agrees()), (Some(1), Some(1), true));
        assert_eq!((image.margin(), image.errors()), (Some(2.5), vec![0.5, 0.25, 0.0]));
        // Errors of -0.5, 0.25 and 0 about their mean: a deviation of 0.38, against leads of 2.5 and 6.
        let probability = image.wrong_class_probability().unwrap();
        assert!((probability / 1.836e-6 - 1.0).abs() < 1e-3, "{probability:e}");
    }

    #[test]
    fn an_overflow_has_no_class() {
        let sound = outcome(&[1.0, 2.0], &[1.0, 2.0]);
        let noticed = ImageOutcome { decrypted: Logits { overflow: true, ..sound.decrypted.clone() }, ..sound.clone() };
        let spoilt = ImageOutcome { spoilt: true, ..sound.clone() };
        for image in [noticed, spoilt, ImageOutcome { exploded: true, ..sound }] {
            assert!(image.overflow() && !image.agrees() && image.errors().is_empty());
            assert_eq!((image.class(), image.wrong_class_probability()), (None, None));
        }
        assert_eq!(outcome(&[0.0, 0.0], &[f64::NAN, 1.0]).clear_class(), None);
    }
}
