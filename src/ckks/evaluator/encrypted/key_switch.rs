//! Hybrid key switching: decompose into digits, extend each to the special primes (mod up), multiply with the
//! key, divide by them (mod down).
//!
//! Extension and inner product go prime by prime: the digits of one prime fit into the outer cache, and with hoisting
//! all keys use them while they are there.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::Encrypted;
use crate::ckks::keys::SwitchingKey;
use crate::ring::base_conversion::Prepared;
use crate::ring::{BaseConversion, Limb, Polynomial};

/// A pair of polynomials.
pub(super) type Pair = (Polynomial, Polynomial);

/// A polynomial of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// The part without the secret key.
    First,
    /// The factor of the secret key.
    Second,
}

/// A polynomial in digits, ready to be extended to every prime. Reusable for many keys: this is hoisting.
pub(super) struct Decomposition<'a> {
    polynomial: &'a Polynomial,
    extended: Vec<usize>,
    /// For each digit its limbs, the conversion to all other primes of the extended basis, and its coefficients.
    digits: Vec<(Range<usize>, Arc<BaseConversion>, Prepared)>,
}

impl Encrypted {
    /// Decomposes a polynomial into digits.
    pub(super) fn decompose<'a>(&self, polynomial: &'a Polynomial) -> Decomposition<'a> {
        let limbs = polynomial.len();
        let band = self.parameters.band(limbs);
        let extended = self.parameters.extended(limbs);
        let digits = (0..band.band.shape.digits(limbs))
            .into_par_iter()
            .map(|digit| {
                let range = band.digit(digit, limbs);
                let targets: Vec<usize> = extended.iter().copied().filter(|p| !range.contains(p)).collect();
                let conversion = self.tables.conversion(&extended[range.clone()], &targets);
                let coefficients = range
                    .clone()
                    .into_par_iter()
                    .map(|i| {
                        let mut limb = polynomial.limbs[i].clone();
                        self.parameters.ntts()[i].inverse_unscaled(&mut limb);
                        conversion.scale_source(i - range.start, &mut limb);
                        limb
                    })
                    .collect();
                let prepared = conversion.prepare(coefficients);
                (range, conversion, prepared)
            })
            .collect();
        Decomposition { polynomial, extended, digits }
    }

    /// The digits at one position of the extended basis, as evaluations.
    pub(super) fn digits_at<'a>(&self, decomposition: &Decomposition<'a>, position: usize) -> Vec<Cow<'a, Limb>> {
        decomposition
            .digits
            .iter()
            .map(|(range, conversion, prepared)| {
                if range.contains(&position) {
                    return Cow::Borrowed(&decomposition.polynomial.limbs[position]);
                }
                let target = if position < range.start { position } else { position - range.len() };
                let mut limb = Limb::scratch(self.parameters.n());
                conversion.convert(prepared, target, &mut limb);
                self.parameters.ntts()[decomposition.extended[position]].forward(&mut limb);
                Cow::Owned(limb)
            })
            .collect()
    }

    /// Inner product of the digits at one position with a key, for ciphertexts of `limbs` limbs.
    pub(super) fn switch_limb(
        &self,
        digits: &[Cow<'_, Limb>],
        key: &SwitchingKey,
        position: usize,
        prime: usize,
        limbs: usize,
    ) -> (Limb, Limb) {
        let n = self.parameters.n();
        let (mut b, mut a) = (Limb::scratch(n), Limb::scratch(n));
        let digits: Vec<&[u64]> = digits.iter().map(|d| &d[..]).collect();
        let q = self.parameters.ntts()[prime].modulus();
        key.terms(position, limbs).multiply_accumulate((&mut b, &mut a), &digits, q);
        (b, a)
    }

    /// Switches several polynomials with several keys: for each polynomial and key an encryption of P times the
    /// polynomial, in the extended basis. The part of a key that belongs to one prime is read from memory once.
    pub(super) fn switch_hoisted(&self, polynomials: &[&Polynomial], keys: &[&SwitchingKey]) -> Vec<Vec<Pair>> {
        let limbs = polynomials.first().map_or(0, |p| p.len());
        if keys.is_empty() {
            return polynomials.iter().map(|_| Vec::new()).collect();
        }
        let decompositions: Vec<Decomposition> = polynomials.iter().map(|p| self.decompose(p)).collect();
        let by_position: Vec<Vec<(Limb, Limb)>> = self
            .parameters
            .extended(limbs)
            .par_iter()
            .enumerate()
            .map(|(position, &prime)| {
                let digits: Vec<_> = decompositions.iter().map(|d| self.digits_at(d, position)).collect();
                let pairs = keys
                    .iter()
                    .flat_map(|key| digits.iter().map(|digits| self.switch_limb(digits, key, position, prime, limbs)));
                pairs.collect()
            })
            .collect();
        let mut pairs = transposed(by_position, keys.len() * polynomials.len()).into_iter();
        let mut switched: Vec<Vec<Pair>> = polynomials.iter().map(|_| Vec::with_capacity(keys.len())).collect();
        for _ in keys {
            switched.iter_mut().zip(&mut pairs).for_each(|(all, pair)| all.push(pair));
        }
        switched
    }

    /// Switches one polynomial: an encryption of P times the polynomial, in the extended basis.
    pub(super) fn switch(&self, polynomial: &Polynomial, key: &SwitchingKey) -> Pair {
        self.switch_hoisted(&[polynomial], &[key]).pop().and_then(|mut pairs| pairs.pop()).unwrap_or_default()
    }

    /// Mod down: divides a pair in the extended basis of `limbs` limbs by the special primes.
    pub(super) fn mod_down(&self, pair: Pair, limbs: usize, finish: impl Fn(Half, usize, Limb) -> Limb + Sync) -> Pair {
        self.divide_pair(pair, &self.parameters.extended(limbs), limbs, finish)
    }
}

/// From one list of `count` pairs of limbs for every prime to `count` pairs of polynomials.
pub(super) fn transposed(by_position: Vec<Vec<(Limb, Limb)>>, count: usize) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = (0..count).map(|_| Pair::default()).collect();
    for limbs in by_position {
        for (pair, (first, second)) in pairs.iter_mut().zip(limbs) {
            pair.0.limbs.push(first);
            pair.1.limbs.push(second);
        }
    }
    pairs
}
