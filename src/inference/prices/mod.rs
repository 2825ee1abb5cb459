//! What operations take: a linear model in limb operations, for predicting the time of plans and choosing among them.
//!
//! Prices of a machine are measured ([`measure`]) or stored ([`Prices::stored`]); `docs/forecast.md` has the formulas.

mod measure;
mod stored;
mod tables;

use serde::{Deserialize, Serialize};

pub use measure::measure;

use crate::ckks::Parameters;
use crate::ckks::evaluator::{Load, Operations};
use crate::ring::simd::Instructions;

/// Seconds of the primitive operations on limbs, on one thread, at N = 2^15. The operations are those of [`Operations`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// One transform of a limb.
    pub transform: f64,
    /// One multiply-accumulate of a pair of limbs from the outer cache.
    pub product: f64,
    /// One with a pair of a key, without what its bytes take.
    pub key_product: f64,
    /// One byte of a key from memory.
    pub key_byte: f64,
    /// One product of a base conversion.
    pub conversion: f64,
    /// One pass over a limb.
    pub pass: f64,
    /// One product in a tile.
    pub tile_product: f64,
    /// One addition in a tile.
    pub tile_addition: f64,
    /// One product with an integer in a tile.
    pub tile_weight: f64,
    /// One product with a whole number in a panel; none in lists of earlier versions, which price nothing any more.
    #[serde(default)]
    pub panel_number: f64,
    /// One product with residues in a panel.
    #[serde(default)]
    pub panel_residue: f64,
}

/// Ring dimension that prices are for.
const REFERENCE_LOG_N: u32 = 15;

impl PriceList {
    /// The list by which baby and giant steps are chosen on every machine, unless its own prices differ much. Keys are dearer than
    /// their bytes are to read, since they also take memory and must be made.
    pub const STEPS: Self = Self {
        transform: 72e-6,
        product: 32.4e-6,
        key_product: 32.4e-6,
        key_byte: 0.264e-9,
        conversion: 13e-6,
        pass: 21.6e-6,
        tile_product: 0.0,
        tile_addition: 0.0,
        tile_weight: 0.0,
        panel_number: 0.0,
        panel_residue: 0.0,
    };

    /// Seconds of `operations` on one thread.
    pub fn seconds(&self, parameters: &Parameters, operations: &Operations) -> f64 {
        let log_n = f64::from(parameters.log_n());
        let reference = f64::from(REFERENCE_LOG_N);
        let size = (log_n - reference).exp2();
        size * (self.transform * operations.limb_transforms * log_n / reference
            + self.product * operations.limb_products
            + self.key_product * operations.key_products
            + self.conversion * operations.limb_conversions
            + self.pass * operations.limb_passes
            + self.tile_product * operations.tile_products
            + self.tile_addition * operations.tile_additions
            + self.tile_weight * operations.tile_weights
            + self.panel_number * operations.panel_numbers
            + self.panel_residue * operations.panel_residues)
            + self.key_byte * operations.key_bytes
    }

    /// The list that is `share` of the way from this one to `other`.
    fn towards(&self, other: &Self, share: f64) -> Self {
        let between = |of: fn(&Self) -> f64| of(self) + share * (of(other) - of(self));
        Self {
            transform: between(|list| list.transform),
            product: between(|list| list.product),
            key_product: between(|list| list.key_product),
            key_byte: between(|list| list.key_byte),
            conversion: between(|list| list.conversion),
            pass: between(|list| list.pass),
            tile_product: between(|list| list.tile_product),
            tile_addition: between(|list| list.tile_addition),
            tile_weight: between(|list| list.tile_weight),
            panel_number: between(|list| list.panel_number),
            panel_residue: between(|list| list.panel_residue),
        }
    }

    /// Whether all prices are numbers that a time can be.
    fn is_sound(&self) -> bool {
        let all = [
            self.transform,
            self.product,
            self.key_product,
            self.key_byte,
            self.conversion,
            self.pass,
            self.tile_product,
            self.tile_addition,
            self.tile_weight,
            self.panel_number,
            self.panel_residue,
        ];
        let necessary = [self.transform, self.panel_number, self.panel_residue];
        all.iter().all(|price| price.is_finite() && *price >= 0.0) && necessary.iter().all(|price| *price > 0.0)
    }
}

impl Default for Prices {
    /// Stored ones, the same on every machine.
    fn default() -> Self {
        Self::stored(Instructions::Avx512Ifma)
    }
}

/// The prices of a machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The kernels that were measured, as `LEVELED_SIMD` names them.
    pub instructions: String,
    /// Cores of the machine: more threads are not faster.
    pub cores: usize,
    /// What one thread pays while the other cores rest.
    pub alone: PriceList,
    /// What every thread pays while all cores work: they share caches, memory and power.
    pub together: PriceList,
}

impl Prices {
    /// Prices that were measured once and are part of the program, for kernels with these instructions.
    pub fn stored(instructions: Instructions) -> Self {
        stored::prices(instructions)
    }

    /// Whether this may be a machine's prices.
    pub fn is_sound(&self) -> bool {
        self.cores > 0 && self.alone.is_sound() && self.together.is_sound()
    }

    /// Seconds of a load on `threads` threads.
    pub fn seconds(&self, parameters: &Parameters, load: &Load, threads: usize) -> f64 {
        let threads = threads.clamp(1, self.cores);
        let part = |(tasks, operations): (usize, &Operations)| {
            let busy = threads.min(tasks);
            let share = if busy > 1 { (busy - 1) as f64 / (self.cores - 1) as f64 } else { 0.0 };
            let list = self.alone.towards(&self.together, share);
            list.seconds(parameters, operations) * rounds(tasks, threads) / tasks as f64
        };
        load.parts().map(part).sum()
    }
}

/// Tasks that go one after the other where `threads` share them: the last round may leave threads without one, and tasks are not
/// quite equal, so that each thread waits half a task for the last.
fn rounds(tasks: usize, threads: usize) -> f64 {
    let shared = (tasks as f64 + (threads - 1) as f64 / 2.0) / threads as f64;
    shared.max(tasks.div_ceil(threads) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::ParametersLiteral;
    use crate::ckks::SecurityPolicy;

    fn parameters(log_n: u32) -> Parameters {
        Parameters::new(ParametersLiteral {
            log_n,
            levels: 2,
            scale_bits: 22.0,
            weight_bits: 18.0,
            base_bits: 30,
            security: SecurityPolicy::None,
            ..ParametersLiteral::default()
        })
        .unwrap()
    }

    fn list(transform: f64) -> PriceList {
        PriceList {
            transform,
            product: 1.0,
            key_product: 2.0,
            key_byte: 0.5,
            conversion: 3.0,
            pass: 4.0,
            tile_product: 5.0,
            tile_addition: 6.0,
            tile_weight: 7.0,
            panel_number: 8.0,
            panel_residue: 9.0,
        }
    }

    fn prices() -> Prices {
        Prices { instructions: "portable".into(), cores: 4, alone: list(10.0), together: list(16.0) }
    }

    #[test]
    fn every_operation_has_its_price_and_grows_with_the_ring() {
        let one = Operations {
            limb_transforms: 1.0,
            limb_products: 1.0,
            key_products: 1.0,
            limb_conversions: 1.0,
            limb_passes: 1.0,
            tile_products: 1.0,
            tile_additions: 1.0,
            tile_weights: 1.0,
            panel_numbers: 1.0,
            panel_residues: 1.0,
            key_bytes: 2.0,
            ..Operations::default()
        };
        let at = |log_n| list(15.0).seconds(&parameters(log_n), &one);
        assert_eq!(at(15), 15.0 + 45.0 + 1.0);
        assert_eq!(at(12), (12.0 + 45.0) / 8.0 + 1.0);
    }

    #[test]
    fn threads_help_as_far_as_there_are_tasks_and_cores() {
        let transforms = |limb_transforms| Operations { limb_transforms, ..Operations::default() };
        let parameters = parameters(15);
        let mut load = Load::default();
        load.add(1, &transforms(3.0));
        load.add(6, &transforms(6.0));
        let on = |threads| prices().seconds(&parameters, &load, threads);
        assert_eq!(on(1), 90.0);
        // Two threads: the price of a third of the way, three rounds and a quarter of the six tasks.
        assert_eq!(on(2), 30.0 + 3.25 * 12.0);
        // Four: two rounds, the second of two tasks; all cores work.
        assert_eq!(on(4), 30.0 + 2.0 * 16.0);
        assert_eq!((on(0), on(5), on(1024)), (on(1), on(4), on(4)));
        let one_core = Prices { cores: 1, ..prices() };
        assert_eq!(one_core.seconds(&parameters, &load, 8), 90.0);
    }

    #[test]
    fn prices_survive_json_and_unsound_ones_are_told() {
        let text = serde_json::to_string(&prices()).unwrap();
        assert_eq!(serde_json::from_str::<Prices>(&text).unwrap(), prices());
        assert!(prices().is_sound());
        assert!(!Prices { cores: 0, ..prices() }.is_sound());
        assert!(!Prices { together: list(f64::NAN), ..prices() }.is_sound());
        assert!(!Prices { alone: list(0.0), ..prices() }.is_sound());
        // A list of an earlier version can be read, but has no price for panels.
        let old = text.replace(",\"panel_number\":8.0,\"panel_residue\":9.0", "");
        assert_ne!(old, text);
        assert!(!serde_json::from_str::<Prices>(&old).unwrap().is_sound());
        assert!(!Prices { alone: PriceList { pass: -1.0, ..list(1.0) }, ..prices() }.is_sound());
    }

    #[test]
    fn stored_prices_are_sound_and_of_their_kernels() {
        for instructions in [Instructions::Portable, Instructions::Avx2, Instructions::Avx512, Instructions::Avx512Ifma]
        {
            let prices = Prices::stored(instructions);
            assert!(prices.is_sound());
            assert_eq!(prices.instructions, instructions.name());
        }
    }
}
