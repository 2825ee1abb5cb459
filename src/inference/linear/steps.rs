//! Baby steps and giant steps for a set of offsets, chosen by cost.

use crate::ckks::linear_transform::{Diagonal, DiagonalSource, Fold, LinearTransform};
use crate::ckks::{CkksError, Complex};
use crate::ckks::{Counting, Parameters};
use crate::inference::prices::{PriceList, Prices};

/// A diagonal before its offset is split: which ciphertexts it connects, and how far apart the slots are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Offset {
    /// Output ciphertext.
    pub output: usize,
    /// Input ciphertext.
    pub input: usize,
    /// The diagonal at slot p multiplies the input's slot p + `slots`.
    pub slots: i64,
}

/// Offsets split into babies and giants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    /// Rotations of the inputs.
    pub babies: Vec<i64>,
    /// Rotations of partial sums, multiples of one power of two.
    pub giants: Vec<i64>,
    /// For each offset: index of its giant and baby.
    pub split: Vec<(usize, usize)>,
}

struct Unpriced {
    period: usize,
}

impl DiagonalSource for Unpriced {
    fn period(&self) -> usize {
        self.period
    }
    fn slots(&self, index: usize) -> Result<Vec<Complex>, CkksError> {
        Err(CkksError::Diagonal { index, reason: "this transform only has a price".into() })
    }
}

impl Steps {
    /// Splits with giants that are multiples of `modulus`; giants are taken modulo `period`, babies are centred.
    fn with_modulus(offsets: &[Offset], modulus: i64, period: i64) -> Self {
        let parts: Vec<(i64, i64)> = offsets
            .iter()
            .map(|o| {
                let baby = (o.slots + modulus / 2).rem_euclid(modulus) - modulus / 2;
                ((o.slots - baby).rem_euclid(period), baby)
            })
            .collect();
        let distinct = |values: Vec<i64>| {
            let mut values = values;
            values.sort_unstable();
            values.dedup();
            values
        };
        let giants = distinct(parts.iter().map(|p| p.0).collect());
        let babies = distinct(parts.iter().map(|p| p.1).collect());
        let index = |list: &[i64], value: i64| list.binary_search(&value).unwrap_or_default();
        let split = parts.iter().map(|&(g, b)| (index(&giants, g), index(&babies, b))).collect();
        Self { babies, giants, split }
    }

    /// Giant steps only, for inputs whose scale is too small for the noise of a key switch before the weights.
    pub fn giants(offsets: &[Offset], period: usize) -> Self {
        Self::with_modulus(offsets, 1, period as i64)
    }

    /// For each offset its giant step, and the offset that giant and baby make: the same one modulo the input's period.
    pub fn placed(&self) -> Vec<(i64, i64)> {
        self.split.iter().map(|&(g, b)| (self.giants[g], self.giants[g] + self.babies[b])).collect()
    }

    /// The diagonals of the transform.
    pub fn diagonals(&self, offsets: &[Offset]) -> Vec<Diagonal> {
        offsets
            .iter()
            .zip(&self.split)
            .map(|(o, &(giant, baby))| Diagonal { output: o.output, input: o.input, giant, baby })
            .collect()
    }

    /// The cheapest split for ciphertexts of `limbs` limbs. Inputs repeat with `input_period`, so offsets may change by
    /// multiples of it; diagonals repeat with `diagonal_period`.
    pub fn cheapest(
        parameters: &Parameters,
        prices: &Prices,
        offsets: &[Offset],
        limbs: usize,
        input_period: usize,
        diagonal_period: usize,
    ) -> Self {
        let (inputs, outputs) = offsets.iter().fold((0, 0), |(i, o), x| (i.max(x.input + 1), o.max(x.output + 1)));
        let share = 2.0 * diagonal_period as f64 / parameters.n() as f64;
        let moduli = (0..=input_period.ilog2()).map(|k| 1i64 << k);
        let mut splits: Vec<Priced> = moduli
            .map(|modulus| {
                let steps = Self::with_modulus(offsets, modulus, input_period as i64);
                let transform = LinearTransform {
                    inputs,
                    outputs,
                    babies: steps.babies.clone(),
                    giants: steps.giants.clone(),
                    diagonals: steps.diagonals(offsets),
                    folds: Vec::<Fold>::new(),
                    source: Box::new(Unpriced { period: diagonal_period }),
                };
                let work = Counting::transform(parameters, &transform, limbs, share).total();
                // On one thread, so that a plan does not depend on their number.
                let (usual, own) =
                    (PriceList::STEPS.seconds(parameters, &work), prices.alone.seconds(parameters, &work));
                Priced { steps, keys: transform.rotations().len(), usual, own }
            })
            .collect();
        splits.swap_remove(choice(&splits)).steps
    }
}

/// A split and what it takes.
struct Priced {
    steps: Steps,
    /// Number of keys.
    keys: usize,
    /// Seconds by [`PriceList::STEPS`].
    usual: f64,
    /// Seconds by the prices at hand.
    own: f64,
}

/// How much of a layer's time a machine's own prices must save before they overrule the usual ones: plans, and so results, are the
/// same on most machines, and do not hang on the noise of a measurement.
const OVERRULED: f64 = 0.1;

/// Which split to take; there is at least one. Own prices never lead to more keys: what fits into memory fits on every machine.
fn choice(splits: &[Priced]) -> usize {
    let cheapest = |seconds: fn(&Priced) -> f64, most_keys: usize| {
        let allowed = (0..splits.len()).filter(|split| splits[*split].keys <= most_keys);
        allowed.min_by(|a, b| seconds(&splits[*a]).total_cmp(&seconds(&splits[*b]))).unwrap_or(0)
    };
    let usual = cheapest(|split| split.usual, usize::MAX);
    let own = cheapest(|split| split.own, splits[usual].keys);
    if splits[own].own < (1.0 - OVERRULED) * splits[usual].own { own } else { usual }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::SecurityPolicy;
    use crate::ckks::parameters::ParametersLiteral;
    use proptest::prelude::*;

    fn parameters() -> Parameters {
        Parameters::new(ParametersLiteral {
            log_n: 10,
            levels: 3,
            scale_bits: 22.0,
            weight_bits: 18.0,
            base_bits: 30,
            security: SecurityPolicy::None,
            ..ParametersLiteral::default()
        })
        .unwrap()
    }

    proptest! {
        #[test]
        fn giant_and_baby_make_every_offset(
            slots in prop::collection::vec(-1000i64..1000, 1..60), log_period in 3u32..10, log_repeats in 0u32..2
        ) {
            let parameters = parameters();
            let period = 1usize << log_period;
            let diagonal_period = (period << log_repeats).min(parameters.slots());
            let offsets: Vec<Offset> =
                slots.iter().enumerate().map(|(i, slots)| Offset { output: i % 2, input: i % 3, slots: *slots }).collect();
            let steps =
                Steps::cheapest(&parameters, &Prices::default(), &offsets, 3, period, diagonal_period);
            prop_assert_eq!(steps.split.len(), offsets.len());
            for (offset, &(giant, baby)) in offsets.iter().zip(&steps.split) {
                let sum = steps.giants[giant] + steps.babies[baby];
                prop_assert_eq!((sum - offset.slots).rem_euclid(period as i64), 0);
            }
            let diagonals = steps.diagonals(&offsets);
            prop_assert!(diagonals.iter().zip(&offsets).all(|(d, o)| (d.output, d.input) == (o.output, o.input)));
        }
    }

    #[test]
    fn own_prices_overrule_only_where_they_save_much_and_need_no_more_keys() {
        let split = |usual, own, keys| Priced { steps: Steps::with_modulus(&[], 1, 1), keys, usual, own };
        assert_eq!(choice(&[split(1.0, 1.0, 5), split(2.0, 0.95, 5)]), 0);
        assert_eq!(choice(&[split(1.0, 1.0, 5), split(2.0, 0.85, 5)]), 1);
        assert_eq!(choice(&[split(1.0, 1.0, 5), split(2.0, 0.5, 6)]), 0);
        // The first of equals.
        assert_eq!(choice(&[split(1.0, 1.0, 5), split(1.0, 1.0, 5)]), 0);
    }

    #[test]
    fn only_much_dearer_rotations_make_fewer_of_them() {
        let parameters = parameters();
        let offsets: Vec<Offset> = (0..256).map(|slots| Offset { output: 0, input: 0, slots }).collect();
        let babies = |prices: &Prices| Steps::cheapest(&parameters, prices, &offsets, 3, 256, 256).babies.len();
        let like = |alone| Prices { alone, ..Prices::default() };
        let usual = babies(&like(PriceList::STEPS));
        let dear = |factor| like(PriceList { key_byte: factor * PriceList::STEPS.key_byte, ..PriceList::STEPS });
        assert_eq!(babies(&dear(1.05)), usual);
        assert!(babies(&dear(1e6)) < usual);
        // Cheap ones would make more.
        assert_eq!(babies(&dear(0.0)), usual);
    }

    #[test]
    fn a_full_matrix_takes_few_rotations() {
        let offsets: Vec<Offset> = (0..256).map(|slots| Offset { output: 0, input: 0, slots }).collect();
        let steps = Steps::cheapest(&parameters(), &Prices::default(), &offsets, 3, 256, 256);
        assert_eq!(steps.babies.len() * steps.giants.len(), 256);
        assert!(steps.babies.len() + steps.giants.len() <= 80, "{steps:?}");
    }
}
