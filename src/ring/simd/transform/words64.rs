//! Butterflies in 64-bit words with Shoup's products, eight at a time (AVX-512 DQ), for moduli of 51 to 60 bits.

use std::arch::x86_64::__m512i;

use pulp::NullaryFnOnce;
use pulp::x86::V4;

use super::arithmetic::Arithmetic;
use super::scalar::Scalar;
use super::words512::{Words, moves};
use crate::ring::modulus::Modulus;

/// Residues below 4q (forward) and 2q (inverse), as in [`Scalar`].
#[derive(Clone, Copy)]
pub struct Words64 {
    token: V4,
    words: Words,
    q: __m512i,
    two_q: __m512i,
    /// floor(2^64 / q).
    reciprocal: __m512i,
}

impl Words64 {
    /// The high halves of products of 64 bits, or up to two less.
    #[inline(always)]
    fn high(self, a: __m512i, b: __m512i) -> __m512i {
        let f = self.token.avx512f;
        let (a1, b1) = (f._mm512_srli_epi64::<32>(a), f._mm512_srli_epi64::<32>(b));
        let (middle, other) = (f._mm512_mul_epu32(a1, b), f._mm512_mul_epu32(a, b1));
        let halves = self.words.add(f._mm512_srli_epi64::<32>(middle), f._mm512_srli_epi64::<32>(other));
        self.words.add(f._mm512_mul_epu32(a1, b1), halves)
    }

    /// `x w` below 2q, for any word x.
    #[inline(always)]
    fn multiply(self, x: __m512i, (w, quotient): (__m512i, __m512i)) -> __m512i {
        let dq = self.token.avx512dq;
        let multiple = dq._mm512_mullo_epi64(self.high(x, quotient), self.q);
        self.words.below(self.words.sub(dq._mm512_mullo_epi64(x, w), multiple), self.two_q)
    }
}

impl Arithmetic for Words64 {
    type Token = V4;
    moves!();

    #[inline(always)]
    fn new(token: V4, q: &Modulus) -> Self {
        let words = Words(token.avx512f);
        Self {
            token,
            words,
            q: words.splat(q.value()),
            two_q: words.splat(2 * q.value()),
            reciprocal: words.splat(q.one().quotient64),
        }
    }
    #[inline(always)]
    fn run(token: V4, body: impl NullaryFnOnce<Output = ()>) {
        token.vectorize(body);
    }
    fn root(q: &Modulus, w: u64) -> [u64; 2] {
        Scalar::root(q, w)
    }
    #[inline(always)]
    fn leave(self, x: __m512i) -> [u64; 8] {
        let one = self.words.splat(1);
        pulp::cast(self.words.below(self.multiply(x, (one, self.reciprocal)), self.q))
    }
    #[inline(always)]
    fn forward(self, u: __m512i, v: __m512i, w: (__m512i, __m512i)) -> (__m512i, __m512i) {
        let (u, product) = (self.words.below(u, self.two_q), self.multiply(v, w));
        (self.words.add(u, product), self.words.sub(self.words.add(u, self.two_q), product))
    }
    #[inline(always)]
    fn inverse(self, u: __m512i, v: __m512i, w: (__m512i, __m512i)) -> (__m512i, __m512i) {
        (
            self.words.below(self.words.add(u, v), self.two_q),
            self.multiply(self.words.sub(self.words.add(u, self.two_q), v), w),
        )
    }
    #[inline(always)]
    fn settle(self, x: __m512i) -> __m512i {
        x
    }
}
