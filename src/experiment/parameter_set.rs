//! CKKS parameters as an experiment names them: a file in `configs/parameters/`, or a mapping in place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::block::{Block, BlockRef};
use crate::ckks::KeySwitching;
use crate::inference::PlanOptions;

/// Sizes of scales and primes, before the plan turns them into a modulus chain (method section 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with scale_bits, weight_bits and base_bits")]
pub struct ParameterSet {
    /// log2 of the scale D of the data after every rescale.
    pub scale_bits: f64,
    /// log2 of the scale of the weights; a tower has `scale_bits + weight_bits` bits.
    pub weight_bits: f64,
    /// log2 of the scale of the encrypted image, if the network allows one of its own.
    #[serde(default = "default_input_bits")]
    pub input_bits: f64,
    /// Rotated copies of the image that the client encrypts.
    #[serde(default = "default_input_copies")]
    pub input_copies: usize,
    /// Whether real and imaginary parts hold two halves of the channels.
    #[serde(default = "default_complex_packing")]
    pub complex_packing: bool,
    /// log2 of the base prime, which holds the logits at scale D.
    pub base_bits: u32,
    /// How special primes and digits of the key switching are chosen.
    #[serde(default)]
    pub key_switching: KeySwitching,
    /// Levels of the chain; none: what the network needs.
    #[serde(default)]
    pub levels: Option<usize>,
}

fn default_input_bits() -> f64 {
    PlanOptions::default().input_bits
}

fn default_input_copies() -> usize {
    PlanOptions::default().input_copies
}

fn default_complex_packing() -> bool {
    PlanOptions::default().complex_packing
}

/// A parameter set by name or in place.
pub type ParametersRef = BlockRef<ParameterSet>;

impl Block for ParameterSet {
    const FOLDER: &'static str = "configs/parameters";
    const KIND: &'static str = "parameter set";
    const EXPECTING: &'static str =
        "the name of a file in configs/parameters, or a mapping with scale_bits, weight_bits, base_bits";
    const BUILT_IN: &'static [(&'static str, &'static str)] = &[
        ("default", include_str!("../../configs/parameters/default.yaml")),
        ("tiled", include_str!("../../configs/parameters/tiled.yaml")),
    ];
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A set of these sizes, for tests of this floor.
    pub(crate) fn set(scale_bits: f64, weight_bits: f64, base_bits: u32) -> ParameterSet {
        ParameterSet {
            scale_bits,
            weight_bits,
            input_bits: 24.0,
            input_copies: 4,
            complex_packing: true,
            base_bits,
            key_switching: KeySwitching::Automatic,
            levels: None,
        }
    }

    #[test]
    fn only_three_sizes_must_be_given() {
        let found: ParameterSet =
            serde_yaml::from_str("{scale_bits: 20.5, weight_bits: 18.25, base_bits: 28}").unwrap();
        assert_eq!(found, set(20.5, 18.25, 28));
    }
}
