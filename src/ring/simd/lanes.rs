//! Vectors of doubles: what the kernels for processors without IFMA are written over.
//!
//! A residue below 2^50 is a double without loss, and a fused multiply-add gives the rounding error of a product exactly, so
//! products modulo a prime need no wide integers.

use std::arch::x86_64::{__m256d, __m512d, _CMP_LT_OQ, _MM_HINT_T0, _mm_prefetch};

use bytemuck::Pod;
use pulp::NullaryFnOnce;
use pulp::core_arch::x86::{Avx, Avx512f};
use pulp::x86::{V3, V4};

/// 2^52: the bits of `2^52 + x` are those of 2^52 or'ed with the integer x below 2^52.
const TWO_52: f64 = 4_503_599_627_370_496.0;

/// Proof that the processor has a family's instructions, and the operations on its vectors.
pub trait Lanes: Copy + Send + Sync + 'static {
    /// A register of doubles.
    type Vector: Copy;
    /// As many words in memory.
    type Words: Pod;
    /// As many doubles in memory.
    type Doubles: Pod + Send + Sync;

    /// The proof, if the processor has the instructions.
    fn detect() -> Option<Self>;
    /// Calls `body` with the instructions enabled.
    fn run<R>(self, body: impl NullaryFnOnce<Output = R>) -> R;
    /// The same double in all lanes.
    fn splat(self, x: f64) -> Self::Vector;
    /// Doubles as they are in memory.
    fn doubles(self, x: Self::Doubles) -> Self::Vector;
    /// Words that hold the bits of doubles.
    fn load_bits(self, x: Self::Words) -> Self::Vector;
    /// Eight or four packed residues: low words of 32 bits, and high parts of 16 (`HALF`) or 32 bits.
    ///
    /// # Safety
    /// As many words as there are lanes must be readable from the first pointer on, and as many high parts from the second.
    unsafe fn unpack<const HALF: bool>(self, packed: (*const u32, *const u32)) -> Self::Vector;
    /// The elements of `x` whose numbers were [chosen](choice).
    fn chosen(self, x: Self::Vector, choice: Self::Words) -> Self::Vector;
    /// Words of zeros.
    fn zero_words(self) -> Self::Words;
    /// Sums of integers.
    fn add_words(self, a: Self::Words, b: Self::Words) -> Self::Words;
    /// Fetches a line into the first-level cache.
    fn prefetch(self, line: *const i8);
    /// The bits of the doubles.
    fn store_bits(self, x: Self::Vector) -> Self::Words;
    /// Integers below 2^52 as doubles.
    fn load_integers(self, x: Self::Words) -> Self::Vector;
    /// Doubles that are integers from 0 to 2^52 - 1, as integers.
    fn store_integers(self, x: Self::Vector) -> Self::Words;
    /// `a + b`.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a - b`.
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b`.
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b + c`, rounded once.
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `a * b - c`, rounded once.
    fn mul_sub(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `c - a * b`, rounded once.
    fn negated_mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `x + y` where x is negative, x elsewhere.
    fn add_if_negative(self, x: Self::Vector, y: Self::Vector) -> Self::Vector;
    /// From eight vectors of consecutive elements to one vector for each position within groups of eight.
    fn gather(self, x: [Self::Vector; 8]) -> [Self::Vector; 8];
    /// The inverse of [`Lanes::gather`].
    fn scatter(self, x: [Self::Vector; 8]) -> [Self::Vector; 8];
}

/// What [`Lanes::chosen`] takes for element number `index`: the numbers of its two halves.
pub const fn choice(index: usize) -> u64 {
    let index = index as u64;
    (2 * index) | ((2 * index + 1) << 32)
}

/// What both families have alike: moves that are casts, and operations that are one intrinsic, named with the part of the proof that
/// has it.
macro_rules! alike {
    ($vector:ty, $lanes:literal; $($name:ident($($x:ident),*) = $part:ident.$intrinsic:ident;)*) => {
        type Vector = $vector;
        type Words = [u64; $lanes];
        type Doubles = [f64; $lanes];

        fn detect() -> Option<Self> {
            Self::try_new()
        }
        #[inline(always)]
        fn run<R>(self, body: impl NullaryFnOnce<Output = R>) -> R {
            self.vectorize(body)
        }
        #[inline(always)]
        fn doubles(self, x: [f64; $lanes]) -> $vector {
            pulp::cast(x)
        }
        #[inline(always)]
        fn load_bits(self, x: [u64; $lanes]) -> $vector {
            pulp::cast(x)
        }
        #[inline(always)]
        fn store_bits(self, x: $vector) -> [u64; $lanes] {
            pulp::cast(x)
        }
        #[inline(always)]
        fn zero_words(self) -> [u64; $lanes] {
            [0; $lanes]
        }
        #[inline(always)]
        fn prefetch(self, line: *const i8) {
            // SAFETY: SSE is part of the target, and prefetching any address is harmless.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line) }
        }
        $(
            #[inline(always)]
            fn $name(self, $($x: $vector),*) -> $vector {
                self.$part.$intrinsic($($x),*)
            }
        )*
    };
}

impl Lanes for V3 {
    alike! {
        __m256d, 4;
        add(a, b) = avx._mm256_add_pd;
        sub(a, b) = avx._mm256_sub_pd;
        mul(a, b) = avx._mm256_mul_pd;
        mul_add(a, b, c) = fma._mm256_fmadd_pd;
        mul_sub(a, b, c) = fma._mm256_fmsub_pd;
        negated_mul_add(a, b, c) = fma._mm256_fnmadd_pd;
    }

    #[inline(always)]
    fn splat(self, x: f64) -> __m256d {
        self.avx._mm256_set1_pd(x)
    }
    #[inline(always)]
    unsafe fn unpack<const HALF: bool>(self, (low, high): (*const u32, *const u32)) -> __m256d {
        let (avx2, sse2) = (self.avx2, self.sse2);
        // SAFETY: readable by the caller's promise; the loads need no alignment.
        let (low, high) = unsafe {
            (
                avx2._mm256_cvtepu32_epi64(sse2._mm_loadu_si128(low.cast())),
                if HALF {
                    avx2._mm256_cvtepu16_epi64(sse2._mm_loadl_epi64(high.cast()))
                } else {
                    avx2._mm256_cvtepu32_epi64(sse2._mm_loadu_si128(high.cast()))
                },
            )
        };
        self.load_integers(pulp::cast(avx2._mm256_or_si256(low, avx2._mm256_slli_epi64::<32>(high))))
    }
    #[inline(always)]
    fn chosen(self, x: __m256d, choice: [u64; 4]) -> __m256d {
        pulp::cast(self.avx2._mm256_permutevar8x32_ps(pulp::cast(x), pulp::cast(choice)))
    }
    #[inline(always)]
    fn add_words(self, a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
        pulp::cast(self.avx2._mm256_add_epi64(pulp::cast(a), pulp::cast(b)))
    }
    #[inline(always)]
    fn load_integers(self, x: [u64; 4]) -> __m256d {
        let two_52 = self.splat(TWO_52);
        self.sub(self.avx._mm256_or_pd(pulp::cast(x), two_52), two_52)
    }
    #[inline(always)]
    fn store_integers(self, x: __m256d) -> [u64; 4] {
        let two_52 = self.splat(TWO_52);
        pulp::cast(self.avx._mm256_xor_pd(self.add(x, two_52), two_52))
    }
    #[inline(always)]
    fn add_if_negative(self, x: __m256d, y: __m256d) -> __m256d {
        let negative = self.avx._mm256_cmp_pd::<_CMP_LT_OQ>(x, self.avx._mm256_setzero_pd());
        self.add(x, self.avx._mm256_and_pd(negative, y))
    }
    #[inline(always)]
    fn gather(self, x: [__m256d; 8]) -> [__m256d; 8] {
        let [a, b, c, d] = transpose_four(self.avx, [x[0], x[2], x[4], x[6]]);
        let [e, f, g, h] = transpose_four(self.avx, [x[1], x[3], x[5], x[7]]);
        [a, b, c, d, e, f, g, h]
    }
    #[inline(always)]
    fn scatter(self, x: [__m256d; 8]) -> [__m256d; 8] {
        let [a, b, c, d] = transpose_four(self.avx, [x[0], x[1], x[2], x[3]]);
        let [e, f, g, h] = transpose_four(self.avx, [x[4], x[5], x[6], x[7]]);
        [a, e, b, f, c, g, d, h]
    }
}

/// The transposed square of four registers.
#[inline(always)]
fn transpose_four(avx: Avx, x: [__m256d; 4]) -> [__m256d; 4] {
    let (a, b) = (avx._mm256_unpacklo_pd(x[0], x[1]), avx._mm256_unpackhi_pd(x[0], x[1]));
    let (c, d) = (avx._mm256_unpacklo_pd(x[2], x[3]), avx._mm256_unpackhi_pd(x[2], x[3]));
    [
        avx._mm256_permute2f128_pd::<0x20>(a, c),
        avx._mm256_permute2f128_pd::<0x20>(b, d),
        avx._mm256_permute2f128_pd::<0x31>(a, c),
        avx._mm256_permute2f128_pd::<0x31>(b, d),
    ]
}

impl Lanes for V4 {
    alike! {
        __m512d, 8;
        add(a, b) = avx512f._mm512_add_pd;
        sub(a, b) = avx512f._mm512_sub_pd;
        mul(a, b) = avx512f._mm512_mul_pd;
        mul_add(a, b, c) = avx512f._mm512_fmadd_pd;
        mul_sub(a, b, c) = avx512f._mm512_fmsub_pd;
        negated_mul_add(a, b, c) = avx512f._mm512_fnmadd_pd;
    }

    #[inline(always)]
    fn splat(self, x: f64) -> __m512d {
        self.avx512f._mm512_set1_pd(x)
    }
    #[inline(always)]
    unsafe fn unpack<const HALF: bool>(self, (low, high): (*const u32, *const u32)) -> __m512d {
        let (avx512f, avx, sse2) = (self.avx512f, self.avx, self.sse2);
        // SAFETY: readable by the caller's promise; the loads need no alignment.
        let (low, high) = unsafe {
            (
                avx512f._mm512_cvtepu32_epi64(avx._mm256_loadu_si256(low.cast())),
                if HALF {
                    avx512f._mm512_cvtepu16_epi64(sse2._mm_loadu_si128(high.cast()))
                } else {
                    avx512f._mm512_cvtepu32_epi64(avx._mm256_loadu_si256(high.cast()))
                },
            )
        };
        self.load_integers(pulp::cast(avx512f._mm512_or_si512(low, avx512f._mm512_slli_epi64::<32>(high))))
    }
    #[inline(always)]
    fn chosen(self, x: __m512d, choice: [u64; 8]) -> __m512d {
        pulp::cast(self.avx512f._mm512_permutexvar_ps(pulp::cast(choice), pulp::cast(x)))
    }
    #[inline(always)]
    fn add_words(self, a: [u64; 8], b: [u64; 8]) -> [u64; 8] {
        pulp::cast(self.avx512f._mm512_add_epi64(pulp::cast(a), pulp::cast(b)))
    }
    #[inline(always)]
    fn load_integers(self, x: [u64; 8]) -> __m512d {
        self.avx512dq._mm512_cvtepu64_pd(pulp::cast(x))
    }
    #[inline(always)]
    fn store_integers(self, x: __m512d) -> [u64; 8] {
        pulp::cast(self.avx512dq._mm512_cvtpd_epu64(x))
    }
    #[inline(always)]
    fn add_if_negative(self, x: __m512d, y: __m512d) -> __m512d {
        let avx512f = self.avx512f;
        let negative = avx512f._mm512_cmp_pd_mask::<_CMP_LT_OQ>(x, avx512f._mm512_setzero_pd());
        avx512f._mm512_mask_add_pd(x, negative, x, y)
    }
    #[inline(always)]
    fn gather(self, x: [__m512d; 8]) -> [__m512d; 8] {
        transpose(self.avx512f, x)
    }
    #[inline(always)]
    fn scatter(self, x: [__m512d; 8]) -> [__m512d; 8] {
        transpose(self.avx512f, x)
    }
}

/// The transposed square of eight registers.
#[inline(always)]
pub fn transpose(avx512f: Avx512f, x: [__m512d; 8]) -> [__m512d; 8] {
    let f = avx512f;
    let (a0, b0) = (f._mm512_unpacklo_pd(x[0], x[1]), f._mm512_unpackhi_pd(x[0], x[1]));
    let (a1, b1) = (f._mm512_unpacklo_pd(x[2], x[3]), f._mm512_unpackhi_pd(x[2], x[3]));
    let (a2, b2) = (f._mm512_unpacklo_pd(x[4], x[5]), f._mm512_unpackhi_pd(x[4], x[5]));
    let (a3, b3) = (f._mm512_unpacklo_pd(x[6], x[7]), f._mm512_unpackhi_pd(x[6], x[7]));
    let [x0, x2, x4, x6] = transpose_lanes(f, [a0, a1, a2, a3]);
    let [x1, x3, x5, x7] = transpose_lanes(f, [b0, b1, b2, b3]);
    [x0, x1, x2, x3, x4, x5, x6, x7]
}

/// The transposed square of the 128-bit lanes of four registers.
#[inline(always)]
fn transpose_lanes(f: Avx512f, x: [__m512d; 4]) -> [__m512d; 4] {
    /// Lanes 0 and 2, or 1 and 3, of both operands.
    const EVEN: i32 = 0x88;
    const ODD: i32 = 0xDD;
    let (a, b) = (f._mm512_shuffle_f64x2::<EVEN>(x[0], x[1]), f._mm512_shuffle_f64x2::<ODD>(x[0], x[1]));
    let (c, d) = (f._mm512_shuffle_f64x2::<EVEN>(x[2], x[3]), f._mm512_shuffle_f64x2::<ODD>(x[2], x[3]));
    [
        f._mm512_shuffle_f64x2::<EVEN>(a, c),
        f._mm512_shuffle_f64x2::<EVEN>(b, d),
        f._mm512_shuffle_f64x2::<ODD>(a, c),
        f._mm512_shuffle_f64x2::<ODD>(b, d),
    ]
}
