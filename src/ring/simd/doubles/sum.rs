//! Sums of products that are reduced once.

use super::field::Field;
use crate::ring::modulus::Modulus;
use crate::ring::simd::generic::ROUNDER;
use crate::ring::simd::lanes::Lanes;

/// log2 of the number of products of residues with integers below 2^`source_bits` that [`Sums`] takes.
const fn log2_products(source_bits: u32, q: &Modulus) -> u32 {
    let spare = 104u32.saturating_sub(source_bits + q.bits()) / 2;
    if spare > 10 { 10 } else { spare }
}

/// Number of products of residues with integers below 2^`source_bits` that may be summed.
pub const fn lazy_products(source_bits: u32, q: &Modulus) -> usize {
    1 << log2_products(source_bits, q)
}

/// A sum of products in two parts: a multiple of 2^s above a large constant, and what rounding to it left over.
///
/// With t products of magnitude below 2^(b + c) (b and c the bits of the factors, t = 2^u) and s = b + c + u - 51, the first part stays in
/// the binade of its constant 1.5 * 2^(52 + s), so that one fused operation adds the product rounded to a multiple of 2^s, and the second
/// part is a sum of t integers of at most 2^(s - 1): 2^52 in all, as u is at most (104 - b - c)/2. The quotient of the first part by q,
/// below 2^(b + u), is rounded to a multiple of 2^j, j = b + u - 51 or 0, so that 0.75 * 2^j q remain; with b + c at most 102 they, the
/// second part and a residue to start with are below 2^53 together.
#[derive(Clone, Copy)]
pub struct Sum<L: Lanes> {
    high: L::Vector,
    low: L::Vector,
}

/// Constants for sums of products.
#[derive(Clone, Copy)]
pub struct Sums<L: Lanes> {
    field: Field<L>,
    start: L::Vector,
    /// Rounds quotients of first parts to multiples of 2^j.
    rounder: L::Vector,
}

impl<L: Lanes> Sums<L> {
    /// For products of residues modulo `q` and integers of magnitude below 2^`source_bits`.
    #[inline(always)]
    pub fn new(lanes: L, source_bits: u32, q: &Modulus) -> Self {
        let products = log2_products(source_bits, q);
        let scaled = |shift: u32| ROUNDER * (1u64 << shift) as f64;
        Self {
            field: Field::new(lanes, q),
            start: lanes.splat(scaled((source_bits + q.bits() + products).saturating_sub(51))),
            rounder: lanes.splat(scaled((source_bits + products).saturating_sub(51))),
        }
    }

    /// The sum of nothing.
    #[inline(always)]
    pub fn zero(self) -> Sum<L> {
        self.from(self.field.lanes.splat(0.0))
    }

    /// The sum of a residue.
    #[inline(always)]
    pub fn from(self, residue: L::Vector) -> Sum<L> {
        Sum { high: self.start, low: residue }
    }

    /// The residue below q.
    #[inline(always)]
    pub fn finish(self, sum: Sum<L>) -> L::Words {
        self.field.leave(self.residue(sum))
    }

    /// The residue below q of a residue that is below 2^51 in magnitude.
    #[inline(always)]
    pub fn leave(self, residue: L::Vector) -> L::Words {
        self.field.leave(self.field.reduce(residue))
    }

    /// The same sum, ready for as many products again.
    #[inline(always)]
    pub fn fold(self, sum: Sum<L>) -> Sum<L> {
        self.from(self.residue(sum))
    }

    /// The residue, of magnitude q/2 and a little.
    #[inline(always)]
    pub fn residue(self, sum: Sum<L>) -> L::Vector {
        let high = self.field.reduce_by(self.field.lanes.sub(sum.high, self.start), self.rounder);
        self.field.reduce(self.field.lanes.add(high, sum.low))
    }
}

impl<L: Lanes> Sum<L> {
    /// Adds `a b`.
    #[inline(always)]
    pub fn add_product(&mut self, lanes: L, a: L::Vector, b: L::Vector) {
        let high = lanes.mul_add(a, b, self.high);
        let rounded = lanes.sub(high, self.high);
        self.low = lanes.add(self.low, lanes.mul_sub(a, b, rounded));
        self.high = high;
    }
}
