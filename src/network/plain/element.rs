//! The two precisions of clear-text evaluation.

use std::ops::{Add, AddAssign, Mul};

/// `f32` or `f64`.
pub trait Element:
    Copy + Send + Sync + PartialOrd + Add<Output = Self> + AddAssign + Mul<Output = Self> + sealed::Sealed + 'static
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// Above every finite number.
    const INFINITY: Self;

    /// The nearest value.
    fn from_f64(value: f64) -> Self;
    /// The same value in double precision.
    fn to_f64(self) -> f64;
    /// The magnitude.
    fn abs(self) -> Self;
    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

macro_rules! element {
    ($float:ty) => {
        impl Element for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const INFINITY: Self = Self::INFINITY;

            #[inline]
            fn from_f64(value: f64) -> Self {
                value as Self
            }

            #[inline]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline]
            fn abs(self) -> Self {
                self.abs()
            }

            #[inline]
            fn is_finite(self) -> bool {
                self.is_finite()
            }
        }
    };
}

element!(f32);
element!(f64);
