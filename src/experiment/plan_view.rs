//! What would run: a plan in the words of a report, for people and as JSON.

use serde::{Deserialize, Serialize};

use super::records::SecurityVerdict;

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
    /// Rotations.
    pub rotations: u64,
    /// Diagonals: multiplications by a plaintext.
    pub diagonals: u64,
    /// Largest |value| that the modulus holds here.
    pub headroom: f64,
    /// Predicted seconds for one image.
    pub seconds: Option<f64>,
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
    /// Data set.
    pub dataset: String,
    /// Number of images that would be evaluated.
    pub images: u32,
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// Layout.
    pub layout: String,
    /// Rescales from the input to the logits.
    pub levels_used: u32,
    /// Number of special primes.
    pub special_primes: u32,
    /// log2 of modulus Q times special primes P.
    pub log2_qp: f64,
    /// Largest log2 QP of the 2018 standard at this N; none: it has no line.
    pub line_2018: Option<f64>,
    /// Largest log2 QP of the 2024 guidelines at this N; none: they have no line.
    pub line_2024: Option<f64>,
    /// Verdict under the 2018 standard.
    pub security_2018: SecurityVerdict,
    /// Verdict under the 2024 guidelines.
    pub security_2024: SecurityVerdict,
    /// Distinct rotations, each with a Galois key.
    pub galois_keys: u32,
    /// Bytes of all evaluation keys.
    pub key_bytes: u64,
    /// Bytes of one encrypted image.
    pub ciphertext_bytes: u64,
    /// Predicted peak memory.
    pub memory_bytes: u64,
    /// Predicted seconds for one image.
    pub seconds: Option<f64>,
    /// Threads that the prediction is for.
    pub threads: u32,
    /// The layers in evaluation order.
    pub layers: Vec<PlanLayer>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A plan for tests of this floor and those above.
    pub(crate) fn sample_plan() -> PlanView {
        PlanView {
            trial_id: "0123456789abcdef".into(),
            network: "resnet20".into(),
            width: 16,
            dataset: "cifar10".into(),
            images: 3,
            log_n: 15,
            layout: "packed".into(),
            levels_used: 2,
            special_primes: 1,
            log2_qp: 160.0,
            line_2018: Some(881.0),
            line_2024: Some(868.0),
            security_2018: SecurityVerdict::Secure,
            security_2024: SecurityVerdict::Secure,
            galois_keys: 30,
            key_bytes: 3 << 28,
            ciphertext_bytes: 3 << 20,
            memory_bytes: 3 << 30,
            seconds: Some(7.5),
            threads: 2,
            layers: vec![
                PlanLayer {
                    name: "conv1".into(),
                    kind: "convolution+square".into(),
                    level_in: 2,
                    level_out: 1,
                    scale_bits: 20.0,
                    rotations: 22,
                    diagonals: 300,
                    headroom: 64.0,
                    seconds: Some(0.5),
                },
                PlanLayer {
                    name: "linear".into(),
                    kind: "dense".into(),
                    level_in: 1,
                    level_out: 0,
                    scale_bits: 20.0,
                    rotations: 12,
                    diagonals: 64,
                    headroom: 128.0,
                    seconds: None,
                },
            ],
        }
    }

    #[test]
    fn a_plan_survives_json() {
        let text = serde_json::to_string(&sample_plan()).unwrap();
        assert_eq!(serde_json::from_str::<PlanView>(&text).unwrap(), sample_plan());
    }
}
