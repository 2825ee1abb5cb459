//! Which parameter sets are candidates.

use crate::ckks::KeySwitching;
use crate::experiment::parameter_set::ParameterSet;

/// Values of which every combination is a candidate. Of an axis without values the experiment's own set has the only one.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// log2 of the data scale D.
    pub scale_bits: Vec<f64>,
    /// log2 of the weight scale W.
    pub weight_bits: Vec<f64>,
    /// Bits of the base prime above D: with h of them it holds logits up to 2^(h - 1).
    pub headroom_bits: Vec<u32>,
    /// Rotated copies of the image.
    pub input_copies: Vec<usize>,
    /// Whether real and imaginary parts hold two halves of the channels.
    pub complex_packing: Vec<bool>,
    /// Special primes and digits.
    pub key_switching: Vec<KeySwitching>,
}

impl Grid {
    /// The experiment's own set, then every combination that is not that.
    #[must_use]
    pub fn sets(&self, own: &ParameterSet) -> Vec<ParameterSet> {
        let mut sets = vec![own.clone()];
        cross(&mut sets, &self.scale_bits, |set, bits| ParameterSet {
            scale_bits: bits,
            // As much room for the logits.
            base_bits: base_bits(bits, own.base_bits.saturating_sub(own.scale_bits.ceil() as u32)),
            ..set
        });
        cross(&mut sets, &self.weight_bits, |set, weight_bits| ParameterSet { weight_bits, ..set });
        cross(&mut sets, &self.headroom_bits, |set, bits| ParameterSet {
            base_bits: base_bits(set.scale_bits, bits),
            ..set
        });
        cross(&mut sets, &self.input_copies, |set, input_copies| ParameterSet { input_copies, ..set });
        cross(&mut sets, &self.complex_packing, |set, complex_packing| ParameterSet { complex_packing, ..set });
        cross(&mut sets, &self.key_switching, |set, key_switching| ParameterSet { key_switching, ..set });
        sets.retain(|set| set != own);
        sets.insert(0, own.clone());
        sets
    }
}

fn base_bits(scale_bits: f64, headroom_bits: u32) -> u32 {
    (scale_bits.ceil() as u32).saturating_add(headroom_bits)
}

/// Every set with every distinct value of an axis.
fn cross<T: Copy + PartialEq>(
    sets: &mut Vec<ParameterSet>,
    values: &[T],
    with: impl Fn(ParameterSet, T) -> ParameterSet,
) {
    let mut distinct: Vec<T> = Vec::with_capacity(values.len());
    for value in values {
        if !distinct.contains(value) {
            distinct.push(*value);
        }
    }
    if !distinct.is_empty() {
        *sets = sets.iter().flat_map(|set| distinct.iter().map(|value| with(set.clone(), *value))).collect();
    }
}

/// Whether a set is in no respect more precise than `other`, and differs from it in nothing else.
pub(super) fn is_no_finer(set: &ParameterSet, other: &ParameterSet) -> bool {
    let headroom = |set: &ParameterSet| f64::from(set.base_bits) - set.scale_bits;
    let alike = ParameterSet {
        scale_bits: other.scale_bits,
        weight_bits: other.weight_bits,
        base_bits: other.base_bits,
        ..set.clone()
    };
    alike == *other
        && set.scale_bits <= other.scale_bits
        && set.weight_bits <= other.weight_bits
        && headroom(set) <= headroom(other)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::experiment::parameter_set::tests::set;

    /// Axes without values.
    pub fn empty() -> Grid {
        Grid {
            scale_bits: Vec::new(),
            weight_bits: Vec::new(),
            headroom_bits: Vec::new(),
            input_copies: Vec::new(),
            complex_packing: Vec::new(),
            key_switching: Vec::new(),
        }
    }

    #[test]
    fn every_combination_once_and_the_own_set_first() {
        let own = set(22.0, 19.5, 28);
        assert_eq!(empty().sets(&own), std::slice::from_ref(&own));
        let grid = Grid {
            scale_bits: vec![22.0, 19.5, 22.0],
            weight_bits: vec![19.5, 17.0],
            headroom_bits: vec![6, 5],
            ..empty()
        };
        let sets = grid.sets(&own);
        assert_eq!((sets.len(), &sets[0]), (8, &own));
        let bits = |set: &ParameterSet| (set.scale_bits, set.weight_bits, set.base_bits);
        let found: Vec<_> = sets.iter().map(bits).collect();
        // The base prime of 19.5 bits begins at 20.
        for wanted in [(19.5, 17.0, 25), (19.5, 17.0, 26), (22.0, 17.0, 27), (22.0, 19.5, 27)] {
            assert!(found.contains(&wanted), "{wanted:?} in {found:?}");
        }
        // Without an axis of its own, the room for logits stays.
        let grid = Grid { scale_bits: vec![20.0], input_copies: vec![2, 8], ..empty() };
        let sets = grid.sets(&own);
        assert_eq!(sets[1], ParameterSet { input_copies: 2, ..set(20.0, 19.5, 26) });
        assert_eq!(sets[2].input_copies, 8);
    }

    #[test]
    fn fewer_bits_are_no_finer() {
        let fine = set(20.0, 18.0, 26);
        assert!(is_no_finer(&set(19.0, 18.0, 25), &fine) && is_no_finer(&fine, &fine));
        assert!(!is_no_finer(&set(19.0, 18.0, 26), &fine), "it has more room for logits");
        assert!(!is_no_finer(&set(19.0, 18.5, 25), &fine));
        assert!(!is_no_finer(&ParameterSet { complex_packing: false, ..set(19.0, 18.0, 25) }, &fine));
    }
}
