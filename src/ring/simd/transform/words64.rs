//! Butterflies in 64-bit words with Shoup's products, eight at a time (AVX-512 DQ), for moduli of 51 to 60 bits.

use std::arch::x86_64::__m512i;

use pulp::NullaryFnOnce;
use pulp::x86::V4;

use super::arithmetic::Arithmetic;
use super::{each, scalar::Scalar};
use crate::ring::modulus::Modulus;
use crate::ring::simd::lanes::transpose;

/// Residues below 4q (forward) and 2q (inverse), as in [`Scalar`].
#[derive(Clone, Copy)]
pub struct Words64 {
    token: V4,
    q: __m512i,
    two_q: __m512i,
    /// floor(2^64 / q).
    reciprocal: __m512i,
}

impl Words64 {
    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        self.token.avx512f._mm512_add_epi64(a, b)
    }

    #[inline(always)]
    fn sub(self, a: __m512i, b: __m512i) -> __m512i {
        self.token.avx512f._mm512_sub_epi64(a, b)
    }

    /// x or x - bound, whichever is below; x below twice the bound.
    #[inline(always)]
    fn below(self, x: __m512i, bound: __m512i) -> __m512i {
        self.token.avx512f._mm512_min_epu64(x, self.sub(x, bound))
    }

    /// The high halves of products of 64 bits, or up to two less.
    #[inline(always)]
    fn high(self, a: __m512i, b: __m512i) -> __m512i {
        let f = self.token.avx512f;
        let (a1, b1) = (f._mm512_srli_epi64::<32>(a), f._mm512_srli_epi64::<32>(b));
        let (middle, other) = (f._mm512_mul_epu32(a1, b), f._mm512_mul_epu32(a, b1));
        let halves = self.add(f._mm512_srli_epi64::<32>(middle), f._mm512_srli_epi64::<32>(other));
        self.add(f._mm512_mul_epu32(a1, b1), halves)
    }

    /// `x w` below 2q, for any word x.
    #[inline(always)]
    fn multiply(self, x: __m512i, (w, quotient): (__m512i, __m512i)) -> __m512i {
        let dq = self.token.avx512dq;
        let multiple = dq._mm512_mullo_epi64(self.high(x, quotient), self.q);
        self.below(self.sub(dq._mm512_mullo_epi64(x, w), multiple), self.two_q)
    }
}

impl Arithmetic for Words64 {
    type Token = V4;
    type Vector = __m512i;
    type Words = [u64; 8];
    type Root = [u64; 2];
    type Roots = [[u64; 8]; 2];
    type Factor = (__m512i, __m512i);

    #[inline(always)]
    fn new(token: V4, q: &Modulus) -> Self {
        let splat = |x: u64| token.avx512f._mm512_set1_epi64(x as i64);
        Self { token, q: splat(q.value()), two_q: splat(2 * q.value()), reciprocal: splat(q.one().quotient64) }
    }
    #[inline(always)]
    fn run(token: V4, body: impl NullaryFnOnce<Output = ()>) {
        token.vectorize(body);
    }
    fn root(q: &Modulus, w: u64) -> [u64; 2] {
        Scalar::root(q, w)
    }
    fn roots(roots: &[[u64; 2]]) -> [[u64; 8]; 2] {
        [0, 1].map(|part| std::array::from_fn(|lane| roots[lane][part]))
    }
    #[inline(always)]
    fn splat(self, [w, quotient]: [u64; 2]) -> (__m512i, __m512i) {
        let f = self.token.avx512f;
        (f._mm512_set1_epi64(w as i64), f._mm512_set1_epi64(quotient as i64))
    }
    #[inline(always)]
    fn factors(self, [w, quotient]: [[u64; 8]; 2]) -> (__m512i, __m512i) {
        (pulp::cast(w), pulp::cast(quotient))
    }
    #[inline(always)]
    fn load(self, words: [u64; 8]) -> __m512i {
        pulp::cast(words)
    }
    #[inline(always)]
    fn store(self, x: __m512i) -> [u64; 8] {
        pulp::cast(x)
    }
    #[inline(always)]
    fn enter(self, words: [u64; 8]) -> __m512i {
        pulp::cast(words)
    }
    #[inline(always)]
    fn leave(self, x: __m512i) -> [u64; 8] {
        let one = self.token.avx512f._mm512_set1_epi64(1);
        pulp::cast(self.below(self.multiply(x, (one, self.reciprocal)), self.q))
    }
    #[inline(always)]
    fn forward(self, u: __m512i, v: __m512i, w: (__m512i, __m512i)) -> (__m512i, __m512i) {
        let (u, product) = (self.below(u, self.two_q), self.multiply(v, w));
        (self.add(u, product), self.sub(self.add(u, self.two_q), product))
    }
    #[inline(always)]
    fn inverse(self, u: __m512i, v: __m512i, w: (__m512i, __m512i)) -> (__m512i, __m512i) {
        (self.below(self.add(u, v), self.two_q), self.multiply(self.sub(self.add(u, self.two_q), v), w))
    }
    #[inline(always)]
    fn settle(self, x: __m512i) -> __m512i {
        x
    }
    #[inline(always)]
    fn gather(self, x: [__m512i; 8]) -> [__m512i; 8] {
        let x = each!(x, x => pulp::cast(x));
        each!(transpose(self.token.avx512f, x), x => pulp::cast(x))
    }
    #[inline(always)]
    fn scatter(self, x: [__m512i; 8]) -> [__m512i; 8] {
        self.gather(x)
    }
}
