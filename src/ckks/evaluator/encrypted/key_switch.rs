//! Hybrid key switching: raise (decompose into digits, extend each to the special primes), multiply with the key, lower.

use rayon::prelude::*;

use super::Encrypted;
use crate::ckks::keys::SwitchingKey;
use crate::ring::simd::Term;
use crate::ring::{Limb, Polynomial, simd};

/// The digits of a polynomial in the extended basis, as evaluations. Reusable for many keys: this is hoisting.
#[derive(Debug)]
pub struct Raised {
    /// Number of limbs of the polynomial.
    limbs: usize,
    digits: Vec<Polynomial>,
}

impl Encrypted {
    /// Decomposes a polynomial into digits and extends each to the whole extended basis.
    pub(super) fn raise(&self, polynomial: &Polynomial) -> Raised {
        let limbs = polynomial.len();
        let band = self.parameters.band(limbs);
        let extended = self.parameters.extended(limbs);
        let ntts = self.parameters.ntts();
        let ranges: Vec<_> = (0..band.band.shape.digits(limbs)).map(|d| band.digit(d, limbs)).collect();
        let conversions: Vec<_> = ranges
            .iter()
            .map(|range| {
                let targets: Vec<usize> = extended.iter().copied().filter(|p| !range.contains(p)).collect();
                self.tables.conversion(&extended[range.clone()], &targets)
            })
            .collect();
        let mut coefficients: Vec<Limb> = polynomial.limbs.clone();
        coefficients.par_iter_mut().enumerate().for_each(|(i, limb)| {
            let digit = i / band.band.shape.digit_limbs;
            ntts[i].inverse_unscaled(limb);
            conversions[digit].scale_source(i - ranges[digit].start, limb);
        });
        let mut remaining = coefficients.into_iter();
        let prepared: Vec<_> = ranges
            .iter()
            .zip(&conversions)
            .map(|(range, conversion)| conversion.prepare(remaining.by_ref().take(range.len()).collect()))
            .collect();
        let width = extended.len();
        let all: Vec<Limb> = (0..ranges.len() * width)
            .into_par_iter()
            .map(|index| {
                let (digit, position) = (index / width, index % width);
                let range = &ranges[digit];
                if range.contains(&position) {
                    return polynomial.limbs[position].clone();
                }
                let target = if position < range.start { position } else { position - range.len() };
                let mut limb = Limb::scratch(self.parameters.n());
                conversions[digit].convert(&prepared[digit], target, &mut limb);
                ntts[extended[position]].forward(&mut limb);
                limb
            })
            .collect();
        let mut all = all.into_iter();
        let digits = ranges.iter().map(|_| all.by_ref().take(width).collect()).collect();
        Raised { limbs, digits }
    }

    /// Inner product of digits and key at one position of the extended basis.
    #[inline]
    pub(super) fn switch_limb(
        &self,
        raised: &Raised,
        key: &SwitchingKey,
        position: usize,
        prime: usize,
    ) -> (Limb, Limb) {
        let n = self.parameters.n();
        let (mut b, mut a) = (Limb::scratch(n), Limb::scratch(n));
        let terms: Vec<Term> = raised
            .digits
            .iter()
            .enumerate()
            .map(|(d, digit)| {
                let (key_b, key_a) = key.limb(d, position, raised.limbs);
                Term { shared: &digit.limbs[position], pair: (key_b, key_a) }
            })
            .collect();
        simd::multiply_accumulate((&mut b, &mut a), &terms, false, self.parameters.ntts()[prime].modulus());
        (b, a)
    }

    /// Inner product of digits and key: an encryption of P times the polynomial, in the extended basis.
    pub(super) fn switch(&self, raised: &Raised, key: &SwitchingKey) -> (Polynomial, Polynomial) {
        let extended = self.parameters.extended(raised.limbs);
        let limbs: Vec<(Limb, Limb)> = extended
            .par_iter()
            .enumerate()
            .map(|(position, &prime)| self.switch_limb(raised, key, position, prime))
            .collect();
        let (b, a): (Vec<Limb>, Vec<Limb>) = limbs.into_iter().unzip();
        (Polynomial { limbs: b }, Polynomial { limbs: a })
    }

    /// Divides a pair in the extended basis of `limbs` limbs by the special primes.
    pub(super) fn lower(&self, raised: (Polynomial, Polynomial), limbs: usize) -> (Polynomial, Polynomial) {
        self.divide_pair(raised, &self.parameters.extended(limbs), limbs)
    }
}
