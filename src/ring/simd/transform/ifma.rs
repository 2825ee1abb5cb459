//! Butterflies in 52-bit products (AVX-512 IFMA).

use std::arch::x86_64::__m512i;

use pulp::NullaryFnOnce;

use super::arithmetic::Arithmetic;
use super::words512::{Words, moves};
use crate::ring::modulus::Modulus;

pulp::simd_type! {
    /// Proof of AVX-512 F, DQ, VL and IFMA.
    #[allow(missing_docs)]
    pub struct Ifma {
        pub avx512f: "avx512f",
        pub avx512dq: "avx512dq",
        pub avx512vl: "avx512vl",
        pub avx512ifma: "avx512ifma",
    }
}

/// Bits of a modulus below which forward butterflies need no corrections: a residue grows by 2q in each of at most 17 layers.
pub const UNREDUCED_BITS: u32 = 46;

/// What an inverse butterfly adds to keep differences positive, in multiples of q: sums of up to eight residues below 2q.
const OFFSET: u64 = 16;

/// Residues below 2^52, modulo 2^52: products read no more of a word, so what carries over needs no mask before the end.
///
/// `CAREFUL`: for moduli of more than [`UNREDUCED_BITS`] bits, up to 50; residues stay below 4q (forward) and 2q (inverse), and are compared.
#[derive(Clone, Copy)]
pub struct Words52<const CAREFUL: bool> {
    token: Ifma,
    words: Words,
    q: __m512i,
    /// 2^52 - q.
    minus_q: __m512i,
    two_q: __m512i,
    offset: __m512i,
    /// floor(2^52 / q).
    reciprocal: __m512i,
    mask: __m512i,
}

impl<const CAREFUL: bool> Words52<CAREFUL> {
    /// `sum + a b`, of which the product's bits below 2^52.
    #[inline(always)]
    fn add_low(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        self.token.avx512ifma._mm512_madd52lo_epu64(sum, a, b)
    }

    #[inline(always)]
    fn high(self, a: __m512i, b: __m512i) -> __m512i {
        let Ifma { avx512f, avx512ifma, .. } = self.token;
        avx512ifma._mm512_madd52hi_epu64(avx512f._mm512_setzero_si512(), a, b)
    }

    /// Without the bits from 52 on.
    #[inline(always)]
    fn masked(self, x: __m512i) -> __m512i {
        self.token.avx512f._mm512_and_si512(x, self.mask)
    }

    /// `x w` below 2q, if it is compared; modulo 2^52 otherwise.
    #[inline(always)]
    fn multiply(self, x: __m512i, (w, quotient): (__m512i, __m512i)) -> __m512i {
        let product = self.add_low(self.token.avx512f._mm512_setzero_si512(), x, w);
        let product = self.add_low(product, self.high(x, quotient), self.minus_q);
        if CAREFUL { self.masked(product) } else { product }
    }

    /// The same residue below 2q, modulo 2^52.
    #[inline(always)]
    fn reduce(self, x: __m512i) -> __m512i {
        self.add_low(x, self.high(x, self.reciprocal), self.minus_q)
    }
}

impl<const CAREFUL: bool> Arithmetic for Words52<CAREFUL> {
    type Token = Ifma;
    moves!();

    #[inline(always)]
    fn new(token: Ifma, q: &Modulus) -> Self {
        let words = Words(token.avx512f);
        Self {
            token,
            words,
            q: words.splat(q.value()),
            minus_q: words.splat((1 << 52) - q.value()),
            two_q: words.splat(2 * q.value()),
            offset: words.splat(if CAREFUL { 2 } else { OFFSET } * q.value()),
            reciprocal: words.splat(q.one().quotient52),
            mask: words.splat((1 << 52) - 1),
        }
    }
    #[inline(always)]
    fn run(token: Ifma, body: impl NullaryFnOnce<Output = ()>) {
        token.vectorize(body);
    }
    fn root(q: &Modulus, w: u64) -> [u64; 2] {
        [w, q.factor(w).quotient52]
    }
    #[inline(always)]
    fn leave(self, x: __m512i) -> [u64; 8] {
        pulp::cast(self.words.below(self.masked(self.reduce(x)), self.q))
    }
    #[inline(always)]
    fn forward(self, u: __m512i, v: __m512i, w: (__m512i, __m512i)) -> (__m512i, __m512i) {
        let product = self.multiply(v, w);
        let u = if CAREFUL { self.words.below(u, self.two_q) } else { u };
        (self.words.add(u, product), self.words.sub(self.words.add(u, self.two_q), product))
    }
    #[inline(always)]
    fn inverse(self, u: __m512i, v: __m512i, w: (__m512i, __m512i)) -> (__m512i, __m512i) {
        let sum = self.words.add(u, v);
        let sum = if CAREFUL { self.words.below(sum, self.two_q) } else { sum };
        (sum, self.multiply(self.words.sub(self.words.add(u, self.offset), v), w))
    }
    #[inline(always)]
    fn settle(self, x: __m512i) -> __m512i {
        if CAREFUL { x } else { self.reduce(x) }
    }
}
