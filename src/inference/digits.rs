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
const TOLERANCES: [f64; 7] = [0.0, 0.02, 0.05, 0.1, 0.15, 0.25, 0.4];

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

/// Seconds of each ring's levels for every size of digits that security has room for, with the baby and giant steps of `plan`. Digits of as
/// many limbs as there are, or fewer, are priced in a band of the level's own; larger ones in that of the level above.
fn compared(plan: &Plan, rings: &Rings, prices: &Prices, weight_bytes: u64) -> Vec<Seconds> {
    let mut seconds: Vec<Seconds> = rings.all().map(|_| Seconds::new()).collect();
    let longest = rings.all().map(Parameters::max_limbs).max().unwrap_or(0);
    for size in 1..=longest {
        for own_bands in [true, false] {
            let wanted = |limbs: usize| if own_bands { size.min(limbs) } else { size };
            let of_ring = |ring: &Parameters| Some((1..=ring.max_limbs()).map(wanted).collect());
            let Ok(with) = rings.with_digits(&rings.all().map(of_ring).collect::<Digits>()) else { continue };
            let Ok(layers) = counted(&plan.program, &with, weight_bytes) else { continue };
            for ((number, ring), all) in with.all().enumerate().zip(&mut seconds) {
                let mut of_levels: BTreeMap<usize, f64> = BTreeMap::new();
                for (limbs, load) in layers.iter().flat_map(|layer| &layer[number]) {
                    *of_levels.entry(*limbs).or_default() += prices.seconds(ring, load, 1);
                }
                for (limbs, seconds) in of_levels {
                    // Where security has no room for the size, or a smaller one is all of the ciphertext, it has been priced before.
                    if digit_limbs(ring, limbs) == size && (size <= limbs) == own_bands {
                        all.entry(limbs).or_default().insert(size, seconds);
                    }
                }
            }
        }
        // Nothing has room for digits of this size any more.
        if size > 1 && seconds.iter().flat_map(BTreeMap::values).all(|sizes| !sizes.contains_key(&size)) {
            break;
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
        // At a level without work any digits will do.
        let shared = above.filter(|size| match (of_level, best) {
            (Some(sizes), Some((_, best))) => sizes.get(size).is_some_and(|own| *own <= best * (1.0 + tolerance)),
            _ => true,
        });
        let size = shared.or(best.map(|(size, _)| *size)).unwrap_or(1);
        digits[limbs - 1] = size;
        above = Some(size);
    }
    digits
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ckks::{ParametersLiteral, SecurityPolicy};
    use crate::inference::options::{Choices, PlanOptions};
    use crate::network::lowered::Shape;
    use crate::network::{Architecture, Network, Stage};

    /// What levels cost apart is what the plan with those digits costs.
    #[test]
    fn every_size_has_the_price_of_its_plan() {
        let stages = vec![Stage { blocks: 1, channels: 4, stride: 1 }, Stage { blocks: 1, channels: 6, stride: 2 }];
        let architecture = Architecture {
            input: Shape::new(3, 8, 8),
            stem_channels: 4,
            stages,
            ..Architecture::named("resnet20", 4, 10).unwrap()
        };
        let network = Arc::new(Network::random(&architecture, 1).unwrap().lower().unwrap());
        let weight_bytes = 1 << 20;
        let options = PlanOptions { log_n: 14, weight_bytes: Some(weight_bytes), ..PlanOptions::default() };
        let prices = Prices::default();
        let limbs = Plan::new(network.clone(), &options).unwrap().parameters.max_limbs();
        let mut totals = Vec::new();
        for size in 1..=3 {
            let digits: Vec<usize> = (1..=limbs).map(|limbs| size.min(limbs)).collect();
            let chosen = Choices { tiles: None, switches: Vec::new(), digit_limbs: vec![Some(digits.clone())] };
            let plan = Plan::new(network.clone(), &PlanOptions { chosen: Some(chosen), ..options.clone() }).unwrap();
            let rings = Rings::one(plan.client.parameters.clone());
            let seconds = compared(&plan, &rings, &prices, weight_bytes);
            let own = |limbs: usize| digit_limbs(&plan.client.parameters, limbs);
            assert_eq!((1..=limbs).map(own).collect::<Vec<_>>(), digits);
            let sum: f64 = seconds[0].iter().map(|(limbs, sizes)| sizes[&digits[limbs - 1]]).sum();
            let whole = plan.seconds_at(&prices, 1);
            assert!((sum / whole - 1.0).abs() < 1e-9, "digits of {size}: levels {sum}, plan {whole}");
            totals.push(whole);
        }
        assert!(totals[0] != totals[1] && totals[1] != totals[2], "{totals:?}");
    }

    #[test]
    fn levels_share_digits_where_that_costs_little() {
        let literal = ParametersLiteral { log_n: 9, levels: 4, security: SecurityPolicy::None, ..Default::default() };
        let ring = Parameters::new(literal).unwrap();
        let seconds: Seconds = [
            (5, [(1, 1.0), (2, 1.5)].into()),
            (4, [(1, 1.04), (2, 1.0), (4, 3.0)].into()),
            // Nothing is done with three limbs.
            (2, [(1, 1.1), (2, 1.0)].into()),
            // Of two limbs in the band above.
            (1, [(1, 0.1), (2, 0.12)].into()),
        ]
        .into();
        // From one limb on: at no price, at five, and at eleven per cent.
        assert_eq!(chosen(&ring, &seconds, 0.0), [1, 2, 2, 2, 1]);
        assert_eq!(chosen(&ring, &seconds, 0.05), [1, 2, 1, 1, 1]);
        assert_eq!(chosen(&ring, &seconds, 0.11), [1, 1, 1, 1, 1]);
        assert_eq!(chosen(&ring, &seconds, 0.0).len(), ring.max_limbs());
    }
}
