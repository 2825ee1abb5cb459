//! One encrypted inference in the words of a report, for people and as JSON.

use serde::{Deserialize, Serialize};

use super::records::SecurityVerdict;

/// One class and its logits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassLogits {
    /// Index of the class.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Logit by encrypted evaluation; none: not finite.
    pub logit: Option<f64>,
    /// Logit by clear-text evaluation; none: not finite.
    pub clear_logit: Option<f64>,
}

/// One layer of an inference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InferenceLayer {
    /// Name in PyTorch terms.
    pub name: String,
    /// Level of its input.
    pub level_in: u32,
    /// Level of its output.
    pub level_out: u32,
    /// log2 of the scale after its rescale.
    pub scale_bits: f64,
    /// Seconds it took.
    pub seconds: f64,
    /// Rotations.
    pub rotations: u64,
    /// Diagonals: multiplications by a plaintext.
    pub diagonals: u64,
    /// Bits of precision of the worst value relative to the largest activation, if probed.
    pub precision_bits_min: Option<f64>,
    /// Bits of precision of the median value, likewise.
    pub precision_bits_median: Option<f64>,
    /// Largest |value| before the squaring, in the clear; none: not finite.
    pub largest_activation: Option<f64>,
}

/// One encrypted inference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InferenceView {
    /// Architecture, such as `resnet20`.
    pub network: String,
    /// Data set whose classes it knows.
    pub dataset: String,
    /// The image: its index or its file name.
    pub image: String,
    /// Name of the right class, if the image has a label.
    pub label: Option<String>,
    /// Whether the logits mean nothing: the client noticed, or a value in the clear left the range that the modulus holds.
    pub overflow: bool,
    /// Whether the client's own check, which knows no clear text, noticed.
    pub overflow_noticed: bool,
    /// Class by encrypted evaluation; none: overflow.
    pub predicted: Option<u32>,
    /// Class by clear-text evaluation; none: a logit is not finite.
    pub clear_predicted: Option<u32>,
    /// Every class in order of its index.
    pub classes: Vec<ClassLogits>,
    /// The layers in evaluation order.
    pub layers: Vec<InferenceLayer>,
    /// Probability that another encryption of the image would give another class than clear text, see `docs/noise.md`; none: overflow.
    pub wrong_class_probability: Option<f64>,
    /// Probability that noise carries a value of this image beyond what the modulus holds; none: without the probe.
    pub overflow_probability: Option<f64>,
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// log2 of modulus Q times special primes P.
    pub log2_qp: f64,
    /// Verdict under the 2018 standard.
    pub security_2018: SecurityVerdict,
    /// Verdict under the 2024 guidelines.
    pub security_2024: SecurityVerdict,
    /// Seconds to make all keys.
    pub keygen_seconds: f64,
    /// Seconds to encode and encrypt.
    pub encryption_seconds: f64,
    /// Seconds of the encrypted evaluation: the sum of the layers' seconds, the probe not counted.
    pub seconds: f64,
    /// Seconds to decrypt and decode.
    pub decryption_seconds: f64,
    /// Bytes of all evaluation keys.
    pub key_bytes: u64,
    /// Bytes of the encrypted image as sent.
    pub ciphertext_bytes: u64,
    /// Bytes of the encrypted logits.
    pub result_bytes: u64,
    /// Largest resident memory of the process.
    pub peak_memory_bytes: Option<u64>,
    /// Seed of keys and noise; none: the operating system's entropy.
    pub seed: Option<u64>,
    /// Threads.
    pub threads: u32,
}

impl InferenceView {
    /// The `count` classes with the largest encrypted logits, best first; all logits are there if there was no overflow.
    #[must_use]
    pub fn best(&self, count: usize) -> Vec<&ClassLogits> {
        let mut classes: Vec<&ClassLogits> = self.classes.iter().collect();
        let order = |class: &ClassLogits| class.logit.unwrap_or(f64::NEG_INFINITY);
        classes.sort_by(|a, b| order(b).total_cmp(&order(a)));
        classes.truncate(count);
        classes
    }

    /// The class by clear-text evaluation.
    #[must_use]
    pub fn clear_best(&self) -> Option<&ClassLogits> {
        self.classes.iter().find(|class| Some(class.index) == self.clear_predicted)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An inference for tests of this floor and those above.
    pub(crate) fn sample_inference() -> InferenceView {
        let class = |index, name: &str, logit, clear| ClassLogits {
            index,
            name: name.into(),
            logit: Some(logit),
            clear_logit: Some(clear),
        };
        InferenceView {
            network: "resnet20".into(),
            dataset: "cifar10".into(),
            image: "0".into(),
            label: Some("dog".into()),
            overflow: false,
            overflow_noticed: false,
            predicted: Some(0),
            clear_predicted: Some(0),
            classes: vec![class(0, "cat", 12.01, 12.0), class(1, "dog", -3.0, -2.99)],
            layers: vec![InferenceLayer {
                name: "conv1".into(),
                level_in: 20,
                level_out: 19,
                scale_bits: 20.0,
                seconds: 0.3,
                rotations: 22,
                diagonals: 300,
                precision_bits_min: Some(12.4),
                precision_bits_median: Some(14.6),
                largest_activation: Some(6.5),
            }],
            wrong_class_probability: Some(2.5e-7),
            overflow_probability: Some(0.0),
            log_n: 15,
            log2_qp: 860.0,
            security_2018: SecurityVerdict::Secure,
            security_2024: SecurityVerdict::Secure,
            keygen_seconds: 3.0,
            encryption_seconds: 0.02,
            seconds: 8.0,
            decryption_seconds: 0.01,
            key_bytes: 1 << 30,
            ciphertext_bytes: 5 << 20,
            result_bytes: 1 << 19,
            peak_memory_bytes: Some(1 << 32),
            seed: None,
            threads: 2,
        }
    }

    #[test]
    fn best_classes_come_first() {
        let view = sample_inference();
        assert_eq!(view.best(1)[0].name, "cat");
        assert_eq!(view.clear_best().unwrap().name, "cat");
        let text = serde_json::to_string(&view).unwrap();
        assert_eq!(serde_json::from_str::<InferenceView>(&text).unwrap(), view);
    }
}
