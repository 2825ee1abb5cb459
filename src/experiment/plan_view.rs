//! What would run: a plan in the words of a report, for people and as JSON.

use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::byte_size::ByteSize;
use super::records::SecurityVerdict;
use super::setting::{Backend, LayoutKind};
use crate::inference::program::Step;
use crate::network::{Pool, Shortcut};

/// Operations on ciphertexts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct OperationCounts {
    /// Rotations and conjugations.
    pub rotations: u64,
    /// Decompositions: a group of hoisted rotations counts once.
    pub hoisting_groups: u64,
    /// Products of ciphertext and plaintext.
    pub plain_products: u64,
    /// Products of ciphertexts, squarings included.
    pub products: u64,
    /// Additions.
    pub additions: u64,
    /// Rescales.
    pub rescales: u64,
    /// Transforms (NTT) of a limb, in units of the full size.
    pub limb_transforms: f64,
    /// Multiply-accumulates of a limb with a pair of limbs.
    pub limb_products: f64,
    /// Bytes of switching keys read.
    pub key_bytes_read: f64,
}

/// Levels that share a choice of special primes and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanBand {
    /// Highest level.
    pub level_top: u32,
    /// Lowest level.
    pub level_bottom: u32,
    /// Limbs in a digit.
    pub digit_limbs: u32,
    /// Number of special primes.
    pub special_primes: u32,
    /// Bits of each special prime.
    pub special_bits: u32,
}

/// A smaller ring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanRing {
    /// log2 of its dimension.
    pub log_n: u32,
    /// Level of the ciphertexts that move into it.
    pub level: u32,
    /// log2 of the largest modulus of a key of its secret, the key of the switch included.
    pub log2_qp: f64,
    /// Largest log2 QP of the 2024 guidelines at its dimension; none: they have no line.
    pub line_2024: Option<u32>,
}

/// What clustering did to the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanClusters {
    /// Distinct weights that each group may keep.
    pub clusters: u64,
    /// Which weights are a group.
    pub mode: String,
    /// How clusters were found.
    pub method: String,
    /// Number of groups.
    pub groups: u64,
    /// Groups that had no more distinct weights and stayed as they were.
    pub kept: u64,
    /// Norm of what changed about the convolution weights, relative to their norm.
    pub relative_error: f64,
}

/// One layer of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanLayer {
    /// Name in PyTorch terms.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Level of its input.
    pub level_in: u32,
    /// Level of its output.
    pub level_out: u32,
    /// log2 of the scale after its rescale.
    pub scale_bits: f64,
    /// Layout of its value, such as `packed 16x32x32 pitch 1, 1 ct`.
    pub layout: String,
    /// Diagonals of its linear transform.
    pub diagonals: u64,
    /// Baby steps.
    pub babies: u64,
    /// Giant steps.
    pub giants: u64,
    /// Operations of the whole layer.
    pub operations: OperationCounts,
    /// log2 of the largest |value| before the squaring that the modulus holds here.
    pub log2_headroom: f64,
    /// Predicted seconds in one evaluation.
    pub seconds: f64,
}

/// A plan for one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanView {
    /// The trial.
    pub trial_id: String,
    /// Architecture, such as `resnet20`.
    pub network: String,
    /// Channels of the first stage.
    pub width: u32,
    /// The shortcut where the shape changes.
    pub shortcut: Shortcut,
    /// The average pool.
    pub pool: Pool,
    /// `trained` or `random`.
    pub weights: String,
    /// Members of the ensemble.
    pub ensemble: u32,
    /// What clustering did; none: nothing was to be clustered.
    pub clusters: Option<PlanClusters>,
    /// Data set.
    pub dataset: String,
    /// What would evaluate the images.
    pub backend: String,
    /// Number of images that would be evaluated.
    pub images: u32,
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// Layout.
    pub layout: String,
    /// How convolutions are computed.
    pub convolution: String,
    /// Images in an evaluation.
    pub batch: u32,
    /// Rescales from the input to the logits.
    pub levels_used: u32,
    /// log2 of modulus Q times special primes P, in the largest ring.
    pub log2_qp: f64,
    /// Smaller rings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rings: Vec<PlanRing>,
    /// Largest log2 QP of the 2018 standard at this N; none: it has no line.
    pub line_2018: Option<u32>,
    /// Largest log2 QP of the 2024 guidelines at this N; none: they have no line.
    pub line_2024: Option<u32>,
    /// Verdict under the 2018 standard, the worst of all rings.
    pub security_2018: SecurityVerdict,
    /// Verdict under the 2024 guidelines, likewise.
    pub security_2024: SecurityVerdict,
    /// Special primes and digits, highest levels first.
    pub bands: Vec<PlanBand>,
    /// Distinct automorphisms: rotations and conjugation.
    pub galois_elements: u32,
    /// Switching keys: one for each automorphism and for the relinearization in every band that uses it.
    pub keys: u32,
    /// Bytes of all evaluation keys.
    pub key_bytes: u64,
    /// Bytes of one encrypted image as sent.
    pub ciphertext_bytes: u64,
    /// Bytes of all encoded diagonals, more than are kept if their memory is smaller.
    pub diagonal_bytes: u64,
    /// Predicted peak memory.
    pub memory_bytes: u64,
    /// What the peak may not exceed: `memory.limit`, or what the machine has available; none: nothing is known.
    pub memory_limit_bytes: Option<u64>,
    /// Predicted seconds for one evaluation, of all images of a batch, encrypted.
    pub seconds: f64,
    /// Threads that the prediction is for.
    pub threads: u32,
    /// Cores that share their work.
    pub cores: u32,
    /// Kernels whose prices the prediction has, as `LEVELED_SIMD` names them.
    pub kernels: String,
    /// Where the prices come from: `measured`, `stored` or `given`.
    pub prices: String,
    /// The layers in evaluation order.
    pub layers: Vec<PlanLayer>,
    /// The program: what the server does, step by step.
    pub steps: Vec<Step>,
}

impl PlanView {
    /// Whether its seconds are those of the trial.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.backend == Backend::Encrypted.as_str()
    }

    /// Most images that one evaluation is of. A simulation puts images into slots together in the tiled layout only.
    #[must_use]
    pub fn images_together(&self) -> u32 {
        let together = self.is_encrypted() || self.layout == LayoutKind::Tiled.as_str();
        if together { self.batch.max(1) } else { 1 }
    }

    /// Evaluations that the images take.
    #[must_use]
    pub fn evaluations(&self) -> u32 {
        self.images.div_ceil(self.images_together())
    }

    /// Predicted seconds of all evaluations, encrypted; keys and encoding not included.
    #[must_use]
    pub fn total_seconds(&self) -> f64 {
        self.seconds * f64::from(self.evaluations())
    }

    /// Checks the predicted peak against its limit.
    ///
    /// # Errors
    /// [`ExperimentError::Memory`].
    pub fn check_memory(&self) -> Result<(), ExperimentError> {
        check_memory(self.memory_bytes, self.memory_limit_bytes)
    }
}

/// Checks a predicted peak against a limit, both in bytes.
///
/// # Errors
/// [`ExperimentError::Memory`].
pub fn check_memory(bytes: u64, limit: Option<u64>) -> Result<(), ExperimentError> {
    match limit {
        Some(limit) if bytes > limit => {
            Err(ExperimentError::Memory { predicted: ByteSize(bytes), limit: ByteSize(limit) })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::inference::program::{Operation, Part, Value, ValueId};

    /// A plan for tests of this floor and those above.
    pub(crate) fn sample_plan() -> PlanView {
        PlanView {
            trial_id: "0123456789abcdef".into(),
            network: "resnet20".into(),
            width: 16,
            shortcut: Shortcut::default(),
            pool: Pool::default(),
            weights: "trained".into(),
            ensemble: 1,
            clusters: None,
            dataset: "cifar10".into(),
            backend: "encrypted".into(),
            images: 3,
            log_n: 15,
            layout: "packed".into(),
            convolution: "diagonals".into(),
            batch: 1,
            levels_used: 2,
            log2_qp: 160.0,
            rings: Vec::new(),
            line_2018: Some(881),
            line_2024: Some(868),
            security_2018: SecurityVerdict::Secure,
            security_2024: SecurityVerdict::Secure,
            bands: vec![PlanBand {
                level_top: 2,
                level_bottom: 0,
                digit_limbs: 1,
                special_primes: 1,
                special_bits: 45,
            }],
            galois_elements: 30,
            keys: 31,
            key_bytes: 3 << 28,
            ciphertext_bytes: 3 << 20,
            diagonal_bytes: 5 << 28,
            memory_bytes: 3 << 30,
            memory_limit_bytes: Some(16 << 30),
            seconds: 7.5,
            threads: 2,
            cores: 2,
            kernels: "avx2".into(),
            prices: "measured".into(),
            layers: vec![
                PlanLayer {
                    name: "conv1".into(),
                    kind: "convolution + square".into(),
                    level_in: 2,
                    level_out: 1,
                    scale_bits: 20.0,
                    layout: "packed 16x32x32 pitch 1, 1 ct".into(),
                    diagonals: 300,
                    babies: 16,
                    giants: 20,
                    operations: OperationCounts { rotations: 22, plain_products: 300, ..OperationCounts::default() },
                    log2_headroom: 30.4,
                    seconds: 0.5,
                },
                PlanLayer {
                    name: "linear".into(),
                    kind: "dense".into(),
                    level_in: 1,
                    level_out: 0,
                    scale_bits: 20.0,
                    layout: "classes 10, 1 ct".into(),
                    diagonals: 64,
                    babies: 8,
                    giants: 8,
                    operations: OperationCounts { rotations: 12, plain_products: 64, ..OperationCounts::default() },
                    log2_headroom: 7.0,
                    seconds: 0.25,
                },
            ],
            steps: vec![Step {
                layer: 0,
                part: Part::Linear,
                operation: Operation::Transform { weight_scale: 2f64.powi(18) },
                operands: vec![ValueId::IMAGE],
                value: Value { ciphertexts: 1, limbs: 2, scale: 2f64.powi(20), ring: 0 },
            }],
        }
    }

    #[test]
    fn images_of_a_batch_share_an_evaluation() {
        let tiled = PlanView { layout: "tiled".into(), batch: 512, images: 10_000, ..sample_plan() };
        assert_eq!((tiled.evaluations(), tiled.total_seconds()), (20, 20.0 * 7.5));
        assert_eq!(PlanView { images: 3, ..tiled.clone() }.evaluations(), 1);
        let simulated = PlanView { backend: "simulated".into(), ..tiled };
        assert_eq!(simulated.evaluations(), 20);
        // There every image is a simulation of its own.
        assert_eq!(PlanView { layout: "channel".into(), ..simulated }.evaluations(), 10_000);
        assert_eq!(sample_plan().evaluations(), 3);
    }

    #[test]
    fn a_plan_survives_json() {
        let text = serde_json::to_string(&sample_plan()).unwrap();
        assert_eq!(serde_json::from_str::<PlanView>(&text).unwrap(), sample_plan());
    }
}
