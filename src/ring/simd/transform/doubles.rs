//! Butterflies in doubles, for processors with fused multiply-add and without IFMA.
//!
//! Residues are integers of either sign; a product with a root (of magnitude q/2) is at most q/2 + |v| q 2^-53.

use pulp::NullaryFnOnce;

use super::arithmetic::Arithmetic;
use crate::ring::modulus::Modulus;
use crate::ring::simd::doubles::Field;
use crate::ring::simd::lanes::Lanes;

/// Bits of a modulus below which sums need no reduction between passes: after k layers of a forward transform a residue is below
/// 17 (1 + 1/32)^k q - 16 q, 13 q for k = 17; 16 q may be 2^52.
pub const UNREDUCED_BITS: u32 = 48;

/// `CAREFUL`: for moduli of more than [`UNREDUCED_BITS`] bits, up to 50.
#[derive(Clone, Copy)]
pub struct Butterflies<L: Lanes, const CAREFUL: bool>(Field<L>);

impl<L: Lanes, const CAREFUL: bool> Arithmetic for Butterflies<L, CAREFUL> {
    type Token = L;
    type Vector = L::Vector;
    type Words = L::Words;
    type Root = f64;
    type Roots = L::Doubles;
    type Factor = L::Vector;

    #[inline(always)]
    fn new(lanes: L, q: &Modulus) -> Self {
        Self(Field::new(lanes, q))
    }
    #[inline(always)]
    fn run(lanes: L, body: impl NullaryFnOnce<Output = ()>) {
        lanes.run(body);
    }
    fn root(q: &Modulus, w: u64) -> f64 {
        q.centered(w) as f64
    }
    fn roots(roots: &[f64]) -> L::Doubles {
        *bytemuck::from_bytes(bytemuck::cast_slice(roots))
    }
    #[inline(always)]
    fn splat(self, root: f64) -> L::Vector {
        self.0.lanes.splat(root)
    }
    #[inline(always)]
    fn factors(self, roots: L::Doubles) -> L::Vector {
        self.0.lanes.doubles(roots)
    }
    #[inline(always)]
    fn load(self, words: L::Words) -> L::Vector {
        self.0.lanes.load_bits(words)
    }
    #[inline(always)]
    fn store(self, x: L::Vector) -> L::Words {
        self.0.lanes.store_bits(x)
    }
    #[inline(always)]
    fn enter(self, words: L::Words) -> L::Vector {
        self.0.lanes.load_integers(words)
    }
    #[inline(always)]
    fn leave(self, x: L::Vector) -> L::Words {
        self.0.leave(self.0.reduce(x))
    }
    #[inline(always)]
    fn forward(self, u: L::Vector, v: L::Vector, w: L::Vector) -> (L::Vector, L::Vector) {
        let product = self.0.multiply(v, w);
        let u = if CAREFUL { self.0.reduce(u) } else { u };
        (self.0.lanes.add(u, product), self.0.lanes.sub(u, product))
    }
    #[inline(always)]
    fn inverse(self, u: L::Vector, v: L::Vector, w: L::Vector) -> (L::Vector, L::Vector) {
        let sum = self.0.lanes.add(u, v);
        let sum = if CAREFUL { self.0.reduce(sum) } else { sum };
        (sum, self.0.multiply(self.0.lanes.sub(u, v), w))
    }
    #[inline(always)]
    fn settle(self, x: L::Vector) -> L::Vector {
        if CAREFUL { x } else { self.0.reduce(x) }
    }
    #[inline(always)]
    fn gather(self, x: [L::Vector; 8]) -> [L::Vector; 8] {
        self.0.lanes.gather(x)
    }
    #[inline(always)]
    fn scatter(self, x: [L::Vector; 8]) -> [L::Vector; 8] {
        self.0.lanes.scatter(x)
    }
}
