//! Word-sized prime moduli with the constants that fast reduction needs.

/// Largest bit length of a modulus for which the vector kernels (52-bit products) apply.
pub const VECTOR_BITS: u32 = 50;

/// Largest supported bit length of a modulus.
pub const MAX_BITS: u32 = 60;

/// A constant factor with its Shoup quotients: `x * value mod q` costs two multiplications and no division.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor {
    /// The factor, below q.
    pub value: u64,
    /// `floor(value * 2^64 / q)`.
    pub quotient64: u64,
    /// `floor(value * 2^52 / q)`; meaningful for q below 2^50.
    pub quotient52: u64,
}

/// `x` or `x - q`, whichever is not negative; x below 2q. Without a branch, which no predictor could learn.
#[inline(always)]
pub(super) const fn subtract_once(x: u64, q: u64) -> u64 {
    let difference = x.wrapping_sub(q);
    if difference < x { difference } else { x }
}

/// An odd modulus q below 2^60 with precomputed reduction constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modulus {
    value: u64,
    /// 2^64 mod q.
    two64: Factor,
    /// 2^52 mod q.
    two52: Factor,
    /// 1, whose quotients are floor(2^64 / q) and floor(2^52 / q).
    one: Factor,
}

impl Modulus {
    /// Precomputes the constants of `value`, which must be odd, at least 3 and below 2^60.
    ///
    /// Returns `None` for any other value.
    pub fn new(value: u64) -> Option<Self> {
        if value < 3 || value.is_multiple_of(2) || value >> MAX_BITS != 0 {
            return None;
        }
        let q = u128::from(value);
        let factor = |w: u64| Factor {
            value: w,
            quotient64: ((u128::from(w) << 64) / q) as u64,
            quotient52: ((u128::from(w) << 52) / q) as u64,
        };
        Some(Self {
            value,
            two64: factor(((1u128 << 64) % q) as u64),
            two52: factor(((1u128 << 52) % q) as u64),
            one: factor(1),
        })
    }

    /// The modulus itself.
    #[inline(always)]
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// Number of bits of the modulus.
    pub const fn bits(&self) -> u32 {
        64 - self.value.leading_zeros()
    }

    /// Whether the 52-bit vector kernels may be used.
    #[inline(always)]
    pub const fn is_vectorizable(&self) -> bool {
        self.value >> VECTOR_BITS == 0
    }

    /// The factor 2^52 mod q.
    #[inline(always)]
    pub const fn two52(&self) -> Factor {
        self.two52
    }

    /// The factor 1, which reduces a word.
    #[inline(always)]
    pub const fn one(&self) -> Factor {
        self.one
    }

    /// Precomputes `value mod q` as a constant factor, without a division.
    #[must_use]
    #[inline]
    pub const fn factor(&self, value: u64) -> Factor {
        let w = self.reduce(value);
        // 2^64 = quotient * q + rest, so w 2^64 / q = w quotient + w rest / q, and the last quotient is Shoup's or one more.
        let rest = self.two64;
        let estimate = ((w as u128 * rest.quotient64 as u128) >> 64) as u64;
        let remainder = w.wrapping_mul(rest.value).wrapping_sub(estimate.wrapping_mul(self.value));
        let quotient64 = w * self.one.quotient64 + estimate + (remainder >= self.value) as u64;
        Factor { value: w, quotient64, quotient52: quotient64 >> 12 }
    }

    /// `a + b mod q` for a, b below q.
    #[must_use]
    #[inline(always)]
    pub const fn add(&self, a: u64, b: u64) -> u64 {
        subtract_once(a + b, self.value)
    }

    /// `a - b mod q` for a, b below q.
    #[must_use]
    #[inline(always)]
    pub const fn sub(&self, a: u64, b: u64) -> u64 {
        subtract_once(a + self.value - b, self.value)
    }

    /// `-a mod q` for a below q.
    #[must_use]
    #[inline(always)]
    pub const fn neg(&self, a: u64) -> u64 {
        if a == 0 { 0 } else { self.value - a }
    }

    /// `x * w mod q` for any word x.
    #[must_use]
    #[inline(always)]
    pub const fn mul_factor(&self, x: u64, w: Factor) -> u64 {
        subtract_once(self.mul_factor_lazy(x, w), self.value)
    }

    /// `x * w mod q` for any word x, as a representative below 2q.
    #[inline(always)]
    const fn mul_factor_lazy(&self, x: u64, w: Factor) -> u64 {
        let quotient = ((x as u128 * w.quotient64 as u128) >> 64) as u64;
        x.wrapping_mul(w.value).wrapping_sub(quotient.wrapping_mul(self.value))
    }

    /// `x mod q` for any word.
    #[must_use]
    #[inline(always)]
    pub const fn reduce(&self, x: u64) -> u64 {
        self.mul_factor(x, self.one)
    }

    /// `x mod q` for any double word.
    #[must_use]
    #[inline(always)]
    pub const fn reduce_u128(&self, x: u128) -> u64 {
        let high = self.mul_factor_lazy((x >> 64) as u64, self.two64);
        let low = self.mul_factor_lazy(x as u64, self.one);
        // Both are below 2q, and q < 2^60, so the sum is below 4q and does not overflow.
        self.reduce(high + low)
    }

    /// `x mod q` for a signed integer.
    #[must_use]
    #[inline(always)]
    pub const fn reduce_i128(&self, x: i128) -> u64 {
        let r = self.reduce_u128(x.unsigned_abs());
        if x < 0 { self.neg(r) } else { r }
    }

    /// `x mod q` for a signed word.
    #[must_use]
    #[inline(always)]
    pub const fn reduce_i64(&self, x: i64) -> u64 {
        let r = self.reduce(x.unsigned_abs());
        if x < 0 { self.neg(r) } else { r }
    }

    /// `a * b mod q`.
    #[must_use]
    #[inline(always)]
    pub const fn mul(&self, a: u64, b: u64) -> u64 {
        self.reduce_u128(a as u128 * b as u128)
    }

    /// `base^exponent mod q`.
    #[must_use]
    pub const fn pow(&self, base: u64, mut exponent: u64) -> u64 {
        let mut base = self.reduce(base);
        let mut result = 1;
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = self.mul(result, base);
            }
            base = self.mul(base, base);
            exponent >>= 1;
        }
        result
    }

    /// `a^-1 mod q` for a prime q and a not divisible by it (0 otherwise).
    #[must_use]
    pub const fn inverse(&self, a: u64) -> u64 {
        self.pow(a, self.value - 2)
    }

    /// The representative of `a` in `(-q/2, q/2]`.
    #[must_use]
    #[inline(always)]
    pub const fn centered(&self, a: u64) -> i64 {
        if a > self.value / 2 { a as i64 - self.value as i64 } else { a as i64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    fn odd_modulus() -> impl Strategy<Value = u64> {
        (2u32..60).prop_flat_map(|bits| {
            (1u64 << bits..1u64 << (bits + 1)).prop_map(|q| q | 1).prop_filter("below 2^60", |q| *q < 1 << 60)
        })
    }

    #[test]
    fn refuses_what_it_cannot_reduce_by() {
        for bad in [0, 1, 2, 10, 1 << 60, (1 << 60) + 1, u64::MAX] {
            assert_eq!(Modulus::new(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_big_integers(q in odd_modulus(), a: u64, b: u64, x: u128, y: i128) {
            let m = Modulus::new(q).unwrap();
            let big = |v: u128| BigUint::from(v);
            let modulo = |v: BigUint| u64::try_from(v % BigUint::from(q)).unwrap();
            prop_assert_eq!(m.reduce(a), a % q);
            prop_assert_eq!(m.reduce_u128(x), modulo(big(x)));
            prop_assert_eq!(m.reduce_i128(y), y.rem_euclid(i128::from(q)) as u64);
            prop_assert_eq!(m.mul_factor(a, m.factor(b)), modulo(BigUint::from(a) * BigUint::from(b)));
            let (a, b) = (a % q, b % q);
            prop_assert_eq!(m.mul(a, b), modulo(BigUint::from(a) * BigUint::from(b)));
            prop_assert_eq!(m.add(a, b), modulo(BigUint::from(a) + BigUint::from(b)));
            prop_assert_eq!(m.add(m.sub(a, b), b), a);
            prop_assert_eq!(m.add(m.neg(a), a), 0);
            prop_assert_eq!(m.centered(a).rem_euclid(q as i64) as u64, a);
            prop_assert_eq!(m.pow(a, b % 1000), u64::try_from(BigUint::from(a).modpow(&BigUint::from(b % 1000), &BigUint::from(q))).unwrap());
        }
    }

    fn expect_exact_quotients(q: u64, w: u64) {
        let (big, m) = (u128::from(q), Modulus::new(q).unwrap());
        let value = w % q;
        let quotient = |bits: u32| ((u128::from(value) << bits) / big) as u64;
        let expected = Factor { value, quotient64: quotient(64), quotient52: quotient(52) };
        assert_eq!(m.factor(w), expected, "{w} modulo {q}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1 << 14))]
        #[test]
        fn quotients_of_a_factor_are_exact(q in odd_modulus(), w: u64) {
            expect_exact_quotients(q, w);
        }
    }

    #[test]
    fn quotients_of_extreme_factors_are_exact() {
        for bits in 2..=60 {
            for q in [(1 << bits) - 1, (1 << bits) - 3, (1 << (bits - 1)) + 1].into_iter().filter(|q| *q >= 3) {
                for w in [0, 1, 2, q / 2, q / 2 + 1, q - 2, q - 1, q, q + 1, u64::MAX] {
                    expect_exact_quotients(q, w);
                }
            }
        }
    }

    #[test]
    fn inverts_modulo_a_prime() {
        let m = Modulus::new(1_099_511_480_321).unwrap();
        for a in [1, 2, 3, 123_456_789, m.value() - 1] {
            assert_eq!(m.mul(a, m.inverse(a)), 1);
        }
    }
}
