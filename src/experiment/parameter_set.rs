//! CKKS parameters as an experiment names them: a file in `configs/parameters/`, or a mapping in place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::block::{Block, BlockRef};
use super::locate::Problem;
use super::setting::{Check, KeySwitching};
use crate::inference::PlanOptions;

/// Largest size of an RNS prime in bits.
const LARGEST_PRIME_BITS: f64 = 60.0;

/// Most levels that a chain may have.
const MOST_LEVELS: usize = 200;

/// Most rotated copies of the image that a client encrypts.
const MOST_COPIES: usize = 64;

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

impl ParameterSet {
    /// Checks what can be checked without a network.
    ///
    /// # Errors
    /// The first impossible value, with the key that holds it.
    pub fn check(&self) -> Result<(), Problem> {
        let in_range = |key: &'static str, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(Problem::at(key, format!("{value} bits is outside {low} to {high}; choose a size in between")))
        };
        in_range("scale_bits", self.scale_bits, 10.0, 55.0)?;
        in_range("weight_bits", self.weight_bits, 8.0, 45.0)?;
        self.check_input()?;
        let base_bits = f64::from(self.base_bits);
        in_range("base_bits", base_bits, 20.0, LARGEST_PRIME_BITS)?;
        let tower_bits = self.scale_bits + self.weight_bits;
        if tower_bits > LARGEST_PRIME_BITS {
            let problem = format!(
                "a tower has scale_bits + weight_bits = {tower_bits} bits, more than the {LARGEST_PRIME_BITS} that an RNS prime may have; lower one of them"
            );
            return Err(Problem::at("weight_bits", problem));
        }
        if base_bits < self.scale_bits + 2.0 {
            let problem = format!(
                "a base prime of {} bits has no room for logits at a scale of {} bits; take at least scale_bits + 2, and log2 of the largest logit on top",
                self.base_bits, self.scale_bits
            );
            return Err(Problem::at("base_bits", problem));
        }
        if self.levels.is_some_and(|levels| !(1..=MOST_LEVELS).contains(&levels)) {
            let problem =
                format!("a chain has 1 to {MOST_LEVELS} levels; remove the key to take what the network needs");
            return Err(Problem::at("levels", problem));
        }
        self.key_switching.check()
    }

    fn check_input(&self) -> Result<(), Problem> {
        let (bits, most) = (self.input_bits, 2.0 * self.scale_bits);
        if !(10.0..=most).contains(&bits) {
            let problem = format!(
                "the scale of the image has {bits} bits, outside 10 to 2 * scale_bits = {most}; choose a size in between"
            );
            return Err(Problem::at("input_bits", problem));
        }
        if !(1..=MOST_COPIES).contains(&self.input_copies) {
            let problem = format!("{} copies of the image; choose 1 to {MOST_COPIES}", self.input_copies);
            return Err(Problem::at("input_copies", problem));
        }
        Ok(())
    }
}

/// A parameter set by name or in place.
pub type ParametersRef = BlockRef<ParameterSet>;

impl Block for ParameterSet {
    const FOLDER: &'static str = "configs/parameters";
    const KIND: &'static str = "parameter set";
    const EXPECTING: &'static str =
        "the name of a file in configs/parameters, or a mapping with scale_bits, weight_bits, base_bits";
    const BUILT_IN: &'static [(&'static str, &'static str)] =
        &[("default", include_str!("../../configs/parameters/default.yaml"))];

    fn check(&self) -> Result<(), Problem> {
        Self::check(self)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::experiment::block::named;

    fn set(scale_bits: f64, weight_bits: f64, base_bits: u32) -> ParameterSet {
        ParameterSet {
            scale_bits,
            weight_bits,
            input_bits: 24.0,
            input_copies: 4,
            complex_packing: true,
            base_bits,
            key_switching: KeySwitching::Auto,
            levels: None,
        }
    }

    #[test]
    fn the_built_in_set_is_possible() {
        let found = named::<ParameterSet>("default", Path::new("/nonexistent")).unwrap().unwrap().block;
        assert!(found.check().is_ok());
        let plan = PlanOptions::default();
        assert_eq!(
            (found.scale_bits, found.weight_bits, found.input_bits),
            (plan.scale_bits, plan.weight_bits, plan.input_bits)
        );
        assert_eq!((found.input_copies, found.complex_packing), (plan.input_copies, plan.complex_packing));
        assert_eq!((found.base_bits, found.levels), (plan.base_bits, plan.levels));
    }

    #[test]
    fn only_three_sizes_must_be_given() {
        let found: ParameterSet =
            serde_yaml::from_str("{scale_bits: 20.5, weight_bits: 18.25, base_bits: 28}").unwrap();
        assert_eq!(found, set(20.5, 18.25, 28));
    }

    #[test]
    fn impossible_sizes_name_their_key() {
        let input_bits = |input_bits| ParameterSet { input_bits, ..set(20.5, 18.25, 28) }.check();
        assert_eq!(input_bits(9.0).unwrap_err().key, Some("input_bits"));
        assert_eq!((input_bits(41.5).unwrap_err().key, input_bits(f64::NAN).is_ok()), (Some("input_bits"), false));
        let input_copies = |input_copies| ParameterSet { input_copies, ..set(20.5, 18.25, 28) }.check();
        assert_eq!(input_copies(0).unwrap_err().key, Some("input_copies"));
        assert_eq!((input_copies(65).unwrap_err().key, input_copies(64).is_ok()), (Some("input_copies"), true));
        assert_eq!(set(5.0, 18.0, 30).check().unwrap_err().key, Some("scale_bits"));
        assert_eq!(set(35.0, 30.0, 40).check().unwrap_err().key, Some("weight_bits"));
        assert_eq!(set(20.0, 18.0, 61).check().unwrap_err().key, Some("base_bits"));
        let problem = set(30.0, 18.0, 30).check().unwrap_err();
        assert!(problem.text.contains("no room for logits"), "{}", problem.text);
        let levels = |levels| ParameterSet { levels: Some(levels), ..set(20.5, 18.25, 28) }.check();
        assert_eq!((levels(0).unwrap_err().key, levels(201).unwrap_err().key), (Some("levels"), Some("levels")));
        assert!(levels(20).is_ok());
    }
}
