//! The digits of the key switching that suit a program.
//!
//! Large digits are few, so rotations are cheap, but need special primes, modulo which babies, diagonals and partial sums are multiplied
//! too. What is best depends on how many rotations and diagonals a program has at each level, so levels are compared one by one.

use std::collections::BTreeMap;

use super::error::InferenceError;
use super::plan::{Plan, counted};
use super::prices::Prices;
use super::rings::Rings;
use crate::ckks::Parameters;

/// How much longer a level may take, as a share, for having the digits of the level above, whose keys it then shares.
const TOLERANCES: [f64; 6] = [0.0, 0.02, 0.05, 0.1, 0.15, 0.25];

/// Seconds of one ring on one thread, by the limbs of what is read and by the limbs of a digit.
type Seconds = BTreeMap<usize, BTreeMap<usize, f64>>;

/// Ring by ring limbs of a digit for ciphertexts of 1, 2, .. limbs; none: what is cheapest for a rotation alone.
pub type Digits = Vec<Option<Vec<usize>>>;

/// The plan that takes the least time at `prices` on one thread: `best`, or one with other digits whose keys take no more memory. `plan`
/// makes one for other rings; at most `weight_bytes` of encoded weights are kept.
pub fn suited(
    best: Plan,
    rings: &Rings,
    prices: &Prices,
    weight_bytes: u64,
    plan: impl Fn(&Rings) -> Result<Plan, InferenceError>,
) -> Plan {
    let seconds = compared(&best, rings, prices, weight_bytes);
    let most = best.client.key_bytes();
    let mut found = best;
    let mut tried: Vec<Digits> = Vec::new();
    for tolerance in TOLERANCES {
        let digits: Digits =
            rings.all().zip(&seconds).map(|(ring, seconds)| Some(chosen(ring, seconds, tolerance))).collect();
        if tried.contains(&digits) {
            continue;
        }
        let other = rings.with_digits(&digits).ok().and_then(|rings| plan(&rings).ok());
        tried.push(digits);
        if let Some(other) = other
            && other.client.key_bytes() <= most
            && other.seconds_at(prices, 1) < found.seconds_at(prices, 1)
        {
            found = other;
        }
    }
    found
}

/// Seconds of each ring's levels for every size of digits, with the baby and giant steps of `plan`.
fn compared(plan: &Plan, rings: &Rings, prices: &Prices, weight_bytes: u64) -> Vec<Seconds> {
    let mut seconds: Vec<Seconds> = rings.all().map(|_| Seconds::new()).collect();
    let longest = rings.all().map(Parameters::max_limbs).max().unwrap_or(0);
    let mut before = Vec::new();
    for size in 1..=longest {
        // A band of its own for each level whose ciphertexts are one digit.
        let of_ring = |ring: &Parameters| Some((1..=ring.max_limbs()).map(|limbs| size.min(limbs)).collect());
        let Ok(with) = rings.with_digits(&rings.all().map(of_ring).collect::<Digits>()) else { continue };
        // Where security has no room for digits of this size they are smaller.
        let sizes: Vec<Vec<usize>> =
            with.all().map(|ring| (1..=ring.max_limbs()).map(|limbs| digit_limbs(ring, limbs)).collect()).collect();
        if sizes == before {
            break;
        }
        before = sizes;
        let Ok(layers) = counted(&plan.program, &with, weight_bytes) else { continue };
        for layer in layers {
            for ((ring, loads), all) in with.all().zip(layer).zip(&mut seconds) {
                for (limbs, load) in loads {
                    let of_size = all.entry(limbs).or_default().entry(digit_limbs(ring, limbs));
                    *of_size.or_default() += prices.seconds(ring, &load, 1);
                }
            }
        }
    }
    seconds
}

fn digit_limbs(ring: &Parameters, limbs: usize) -> usize {
    ring.band(limbs).band.shape.digit_limbs
}

/// The best digits of each level, or those of the level above where they take at most `tolerance` longer.
fn chosen(ring: &Parameters, seconds: &Seconds, tolerance: f64) -> Vec<usize> {
    let mut digits = vec![1; ring.max_limbs()];
    let mut above: Option<usize> = None;
    for limbs in (1..=ring.max_limbs()).rev() {
        let of_level = seconds.get(&limbs);
        let best = of_level.and_then(|sizes| sizes.iter().min_by(|a, b| a.1.total_cmp(b.1)));
        let shared = above.filter(|size| {
            let own = of_level.and_then(|sizes| sizes.get(&limbs.min(*size)));
            own.zip(best).is_none_or(|(own, (_, best))| *own <= best * (1.0 + tolerance))
        });
        let size = shared.or(best.map(|(size, _)| *size)).unwrap_or(1);
        digits[limbs - 1] = size;
        above = Some(size);
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::{ParametersLiteral, SecurityPolicy};

    #[test]
    fn levels_share_digits_where_that_costs_little() {
        let literal = ParametersLiteral { log_n: 9, levels: 4, security: SecurityPolicy::None, ..Default::default() };
        let ring = Parameters::new(literal).unwrap();
        let seconds: Seconds = [
            (5, [(1, 1.0), (2, 1.5)].into()),
            (4, [(1, 1.04), (2, 1.0), (4, 3.0)].into()),
            // Nothing is done with three limbs.
            (2, [(1, 1.1), (2, 1.0)].into()),
            (1, [(1, 0.1)].into()),
        ]
        .into();
        // From one limb on: at no price, at four, and at ten per cent.
        assert_eq!(chosen(&ring, &seconds, 0.0), [2, 2, 2, 2, 1]);
        assert_eq!(chosen(&ring, &seconds, 0.05), [2, 2, 1, 1, 1]);
        assert_eq!(chosen(&ring, &seconds, 0.11), [1, 1, 1, 1, 1]);
    }
}
