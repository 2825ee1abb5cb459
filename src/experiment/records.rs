//! Rows of the tables `trials.csv`, `layers.csv` and `images.csv`: one tidy row each, units in the names.
//!
//! What was not measured is an empty cell. Column order is field order.

use serde::{Deserialize, Serialize};

use super::trial::TrialSpec;
use crate::ckks::security::Verdict;

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrialStatus {
    /// Every image was evaluated.
    #[default]
    Ok,
    /// It was refused, crashed or was killed; `reason` says which.
    Failed,
}

/// Whether a parameter set stays under a table's line for 128-bit classical security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityVerdict {
    /// log2 QP is under the line.
    Secure,
    /// log2 QP is over the line, or the table has no line for this N.
    Insecure,
}

impl SecurityVerdict {
    /// The word that stands in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secure => "secure",
            Self::Insecure => "insecure",
        }
    }
}

impl From<Verdict> for SecurityVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Secure => Self::Secure,
            Verdict::Insecure | Verdict::Unknown => Self::Insecure,
        }
    }
}

/// A table and the type of its rows.
pub trait Record: Serialize + Default {
    /// File name of the table.
    const FILE: &'static str;
}

impl Record for TrialRow {
    const FILE: &'static str = "trials.csv";
}

impl Record for LayerRow {
    const FILE: &'static str = "layers.csv";
}

impl Record for ImageRow {
    const FILE: &'static str = "images.csv";
}

/// One trial.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TrialRow {
    /// Hash of everything that can change the result.
    pub trial_id: String,
    /// How it ended.
    pub status: TrialStatus,
    /// Architecture, such as `resnet20`.
    pub network: String,
    /// Channels of the first stage.
    pub width: Option<u32>,
    /// Data set, such as `cifar10`.
    pub dataset: String,
    /// File name of the weights.
    pub weights: String,
    /// log2 of the ring dimension.
    pub log_n: Option<u32>,
    /// Layout of values in slots.
    pub layout: String,
    /// Number of distinct weights per slice; empty: not clustered.
    pub clusters: Option<u32>,
    /// Number of ensemble members.
    pub ensemble: Option<u32>,
    /// Number of images evaluated.
    pub images: Option<u32>,
    /// Share of the images whose encrypted class is the clear-text class, 0 to 1; an overflow counts as disagreement.
    pub agreement: Option<f64>,
    /// Share of the images whose encrypted class is the label, 0 to 1.
    pub accuracy: Option<f64>,
    /// Share of the images whose clear-text class is the label, 0 to 1.
    pub clear_accuracy: Option<f64>,
    /// Images whose logits mean nothing, see `overflow` of an image.
    pub overflow_images: Option<u32>,
    /// Median over images without overflow and classes of |encrypted - clear-text logit|.
    pub logit_error_median: Option<f64>,
    /// Largest |encrypted - clear-text logit|.
    pub logit_error_max: Option<f64>,
    /// Smallest over layers of the bits of precision of the layer's worst value relative to the layer's
    /// largest activation over images; of one image, the first that does not explode.
    pub precision_bits_min: Option<f64>,
    /// Smallest over layers of the bits of precision of the layer's median value, likewise.
    pub precision_bits_median: Option<f64>,
    /// Median over images of the seconds of an encrypted evaluation: the sum of its layers' seconds. Encryption, decryption
    /// and the probe are not in it.
    pub latency_seconds_median: Option<f64>,
    /// Seconds to make all keys.
    pub keygen_seconds: Option<f64>,
    /// Median over images of the seconds to encode and encrypt.
    pub encryption_seconds_median: Option<f64>,
    /// Median over images of the seconds to decrypt and decode.
    pub decryption_seconds_median: Option<f64>,
    /// What the plan said `latency_seconds_median` would be.
    pub planned_latency_seconds: Option<f64>,
    /// Largest resident memory of the trial's process.
    pub peak_memory_bytes: Option<u64>,
    /// What the plan said `peak_memory_bytes` would be.
    pub planned_memory_bytes: Option<u64>,
    /// Evaluation keys in a server's memory.
    pub key_bytes: Option<u64>,
    /// One encrypted image as sent to a server, with seeds for the uniform halves.
    pub ciphertext_bytes: Option<u64>,
    /// The encrypted logits of one image as sent back.
    pub result_bytes: Option<u64>,
    /// Rescales from the input to the logits.
    pub levels_used: Option<u32>,
    /// log2 of the largest modulus Q times the special primes P.
    pub log2_qp: Option<f64>,
    /// Verdict under the 2018 homomorphic encryption standard.
    pub security_2018: Option<SecurityVerdict>,
    /// Verdict under the 2024 security guidelines (eprint 2024/463).
    pub security_2024: Option<SecurityVerdict>,
    /// log2 of the data scale.
    pub scale_bits: Option<f64>,
    /// log2 of the weight scale.
    pub weight_bits: Option<f64>,
    /// Seed of keys and noise; empty: the operating system's entropy.
    pub seed: Option<u64>,
    /// Number of threads.
    pub threads: Option<u32>,
    /// Why it failed; empty: it did not.
    pub reason: String,
}

impl TrialRow {
    /// A row with what the specification alone tells.
    #[must_use]
    pub fn of_spec(spec: &TrialSpec) -> Self {
        Self {
            trial_id: spec.id.clone(),
            dataset: spec.dataset.name.as_str().to_owned(),
            weights: spec.weights_name(),
            log_n: Some(spec.log_n),
            layout: spec.layout.as_str().to_owned(),
            ensemble: Some(1),
            scale_bits: Some(spec.parameters.scale_bits),
            weight_bits: Some(spec.parameters.weight_bits),
            seed: spec.seed,
            threads: Some(spec.threads),
            ..Self::default()
        }
    }

    /// The row of a trial that did not come to its end.
    #[must_use]
    pub fn failed(spec: &TrialSpec, reason: impl Into<String>) -> Self {
        Self { status: TrialStatus::Failed, reason: reason.into(), ..Self::of_spec(spec) }
    }
}

/// One layer of one trial.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LayerRow {
    /// The trial.
    pub trial_id: String,
    /// Position in evaluation order, from 0.
    pub layer: u32,
    /// Name in PyTorch terms, such as `layer1.0.conv2`.
    pub name: String,
    /// What it is, such as `convolution + square`.
    pub kind: String,
    /// Layout of its value, such as `packed 16x32x32 pitch 1, 1 ct`.
    pub layout: String,
    /// Level of its input ciphertexts.
    pub level_in: Option<u32>,
    /// Level of its output ciphertexts.
    pub level_out: Option<u32>,
    /// log2 of the scale after its rescale.
    pub scale_bits: Option<f64>,
    /// |scale / D - 1| after its rescale, D the scale that was asked for.
    pub scale_deviation: Option<f64>,
    /// Median over images of the seconds it takes; the probe is not in it.
    pub seconds: Option<f64>,
    /// Of these, encoding diagonals that were not in memory.
    pub encode_seconds: Option<f64>,
    /// The linear transform with its rescale, and the bias.
    pub linear_seconds: Option<f64>,
    /// Squaring and relinearization.
    pub square_seconds: Option<f64>,
    /// Packing the value into complex slots.
    pub pack_seconds: Option<f64>,
    /// What the plan said `seconds` would be.
    pub planned_seconds: Option<f64>,
    /// Rotations.
    pub rotations: Option<u64>,
    /// Diagonals of its linear transform.
    pub diagonals: Option<u64>,
    /// Baby steps.
    pub babies: Option<u64>,
    /// Giant steps.
    pub giants: Option<u64>,
    /// Bits of precision of the worst value relative to the largest activation over images; of one image, the first that does not
    /// explode. Empty without the probe.
    pub precision_bits_min: Option<f64>,
    /// Bits of precision of the median value, likewise.
    pub precision_bits_median: Option<f64>,
    /// Largest |value| before the squaring, over images, in the clear.
    pub largest_activation: Option<f64>,
    /// log2 of the largest |value| before the squaring that the modulus holds at this layer.
    pub log2_headroom: Option<f64>,
}

/// One image of one trial.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ImageRow {
    /// The trial.
    pub trial_id: String,
    /// Index in the data set.
    pub image: u64,
    /// The right class, if the image has a label.
    pub label: Option<u32>,
    /// Class by encrypted evaluation; empty on overflow.
    pub predicted: Option<u32>,
    /// Class by clear-text evaluation.
    pub clear_predicted: Option<u32>,
    /// Clear-text margin between the two largest logits.
    pub margin: Option<f64>,
    /// Whether the two classes agree.
    pub agreement: Option<bool>,
    /// Median over classes of |encrypted - clear-text logit|.
    pub logit_error_median: Option<f64>,
    /// Largest |encrypted - clear-text logit|.
    pub logit_error_max: Option<f64>,
    /// Whether the logits mean nothing: the client noticed, or a value in the clear left the range that the modulus holds.
    pub overflow: bool,
    /// Whether the client's own check, which knows no clear text, noticed.
    pub overflow_noticed: bool,
    /// Seconds of the encrypted evaluation: the sum of the layers' seconds. Encryption, decryption and the probe are not
    /// in it.
    pub seconds: Option<f64>,
    /// Seconds of the client to encode and encrypt.
    pub encryption_seconds: Option<f64>,
    /// Seconds of the client to decrypt and decode.
    pub decryption_seconds: Option<f64>,
}
