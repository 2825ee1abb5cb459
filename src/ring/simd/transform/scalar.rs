//! Butterflies in 64-bit words with Shoup's products, for any processor and for moduli of up to 60 bits.

use pulp::NullaryFnOnce;

use super::arithmetic::Arithmetic;
use crate::ring::modulus::Modulus;

/// Residues below 4q (forward) and 2q (inverse), as in Harvey's transforms.
#[derive(Clone, Copy)]
pub struct Scalar {
    q: u64,
    two_q: u64,
    /// floor(2^64 / q).
    reciprocal: u64,
}

impl Scalar {
    /// x or x - bound; x below twice the bound.
    #[inline(always)]
    const fn below(x: u64, bound: u64) -> u64 {
        if x >= bound { x - bound } else { x }
    }

    /// `x w` below 2q, for any word x.
    #[inline(always)]
    const fn multiply(self, x: u64, [w, quotient]: [u64; 2]) -> u64 {
        let multiple = ((x as u128 * quotient as u128) >> 64) as u64;
        x.wrapping_mul(w).wrapping_sub(multiple.wrapping_mul(self.q))
    }
}

impl Arithmetic for Scalar {
    type Token = ();
    type Vector = u64;
    type Words = [u64; 1];
    type Root = [u64; 2];
    type Roots = [u64; 2];
    type Factor = [u64; 2];

    #[inline(always)]
    fn new((): (), q: &Modulus) -> Self {
        Self { q: q.value(), two_q: 2 * q.value(), reciprocal: q.one().quotient64 }
    }
    #[inline(always)]
    fn run((): (), body: impl NullaryFnOnce<Output = ()>) {
        body.call();
    }
    fn root(q: &Modulus, w: u64) -> [u64; 2] {
        [w, q.factor(w).quotient64]
    }
    fn roots(roots: &[[u64; 2]]) -> [u64; 2] {
        roots[0]
    }
    #[inline(always)]
    fn splat(self, root: [u64; 2]) -> [u64; 2] {
        root
    }
    #[inline(always)]
    fn factors(self, roots: [u64; 2]) -> [u64; 2] {
        roots
    }
    #[inline(always)]
    fn load(self, [word]: [u64; 1]) -> u64 {
        word
    }
    #[inline(always)]
    fn store(self, x: u64) -> [u64; 1] {
        [x]
    }
    #[inline(always)]
    fn enter(self, [word]: [u64; 1]) -> u64 {
        word
    }
    #[inline(always)]
    fn leave(self, x: u64) -> [u64; 1] {
        [Self::below(self.multiply(x, [1, self.reciprocal]), self.q)]
    }
    #[inline(always)]
    fn forward(self, u: u64, v: u64, w: [u64; 2]) -> (u64, u64) {
        let (u, product) = (Self::below(u, self.two_q), self.multiply(v, w));
        (u + product, u + self.two_q - product)
    }
    #[inline(always)]
    fn inverse(self, u: u64, v: u64, w: [u64; 2]) -> (u64, u64) {
        (Self::below(u + v, self.two_q), self.multiply(u + self.two_q - v, w))
    }
    #[inline(always)]
    fn settle(self, x: u64) -> u64 {
        x
    }
    #[inline(always)]
    fn gather(self, x: [u64; 8]) -> [u64; 8] {
        x
    }
    #[inline(always)]
    fn scatter(self, x: [u64; 8]) -> [u64; 8] {
        x
    }
}
