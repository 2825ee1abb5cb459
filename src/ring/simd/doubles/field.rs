//! Residues as doubles.

use crate::ring::modulus::Modulus;
use crate::ring::simd::generic::ROUNDER;
use crate::ring::simd::lanes::Lanes;

/// Arithmetic modulo one prime of at most 50 bits, on integers of either sign.
#[derive(Clone, Copy)]
pub struct Field<L: Lanes> {
    /// The operations.
    pub lanes: L,
    /// The modulus.
    pub q: L::Vector,
    reciprocal: L::Vector,
    rounder: L::Vector,
}

impl<L: Lanes> Field<L> {
    /// Constants of the modulus.
    #[inline(always)]
    pub fn new(lanes: L, q: &Modulus) -> Self {
        let q = q.value() as f64;
        Self { lanes, q: lanes.splat(q), reciprocal: lanes.splat(1.0 / q), rounder: lanes.splat(ROUNDER) }
    }

    /// `a - k q` for k the multiple of 2^s nearest to a/q, `rounder` being 2^s times [`ROUNDER`]; exact if a is a multiple of
    /// 2^s, or s is 0.
    #[inline(always)]
    pub fn reduce_by(self, a: L::Vector, rounder: L::Vector) -> L::Vector {
        let lanes = self.lanes;
        let k = lanes.sub(lanes.mul_add(a, self.reciprocal, rounder), rounder);
        lanes.negated_mul_add(k, self.q, a)
    }

    /// `a` modulo q, of magnitude q/2 and |a| 2^-51; |a| below 2^51 q.
    #[inline(always)]
    pub fn reduce(self, a: L::Vector) -> L::Vector {
        self.reduce_by(a, self.rounder)
    }

    /// `a b` modulo q, of magnitude q/2 + |a b| 2^-51; |a b| below 2^51 q and 2^102.
    ///
    /// With h = fl(a b), l = a b - h (exact: one fused operation) and k = round(h / q) the product is h - k q + l.
    #[inline(always)]
    pub fn multiply(self, a: L::Vector, b: L::Vector) -> L::Vector {
        let h = self.lanes.mul(a, b);
        let l = self.lanes.mul_sub(a, b, h);
        self.lanes.add(self.reduce(h), l)
    }

    /// The residue below q as words; |x| below q.
    #[inline(always)]
    pub fn leave(self, x: L::Vector) -> L::Words {
        self.lanes.store_integers(self.lanes.add_if_negative(x, self.q))
    }
}
