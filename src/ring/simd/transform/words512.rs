//! Eight integers in a register: what the butterflies in words of 52 and of 64 bits share.

use std::arch::x86_64::__m512i;

use pulp::core_arch::x86::Avx512f;

use super::each::each;
use crate::ring::simd::lanes::transpose;

/// Operations on residues, whatever their products are.
#[derive(Clone, Copy)]
pub struct Words(pub Avx512f);

impl Words {
    #[inline(always)]
    pub fn splat(self, x: u64) -> __m512i {
        self.0._mm512_set1_epi64(x as i64)
    }

    #[inline(always)]
    pub fn add(self, a: __m512i, b: __m512i) -> __m512i {
        self.0._mm512_add_epi64(a, b)
    }

    #[inline(always)]
    pub fn sub(self, a: __m512i, b: __m512i) -> __m512i {
        self.0._mm512_sub_epi64(a, b)
    }

    /// x or x - bound, whichever is below; x below twice the bound.
    #[inline(always)]
    pub fn below(self, x: __m512i, bound: __m512i) -> __m512i {
        self.0._mm512_min_epu64(x, self.sub(x, bound))
    }

    /// The transposed square of eight registers.
    #[inline(always)]
    pub fn transpose(self, x: [__m512i; 8]) -> [__m512i; 8] {
        let x = each!(x, x => pulp::cast(x));
        each!(transpose(self.0, x), x => pulp::cast(x))
    }
}

/// The types of an [`Arithmetic`](super::arithmetic::Arithmetic) whose roots are a word and its quotient, and how they move between
/// memory and registers. The type has a field `words`.
macro_rules! moves {
    () => {
        type Vector = __m512i;
        type Words = [u64; 8];
        type Root = [u64; 2];
        type Roots = [[u64; 8]; 2];
        type Factor = (__m512i, __m512i);

        fn roots(roots: &[[u64; 2]]) -> [[u64; 8]; 2] {
            [0, 1].map(|part| std::array::from_fn(|lane| roots[lane][part]))
        }
        #[inline(always)]
        fn splat(self, [w, quotient]: [u64; 2]) -> (__m512i, __m512i) {
            (self.words.splat(w), self.words.splat(quotient))
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
        fn gather(self, x: [__m512i; 8]) -> [__m512i; 8] {
            self.words.transpose(x)
        }
        #[inline(always)]
        fn scatter(self, x: [__m512i; 8]) -> [__m512i; 8] {
            self.words.transpose(x)
        }
    };
}
pub(super) use moves;
