//! What layers of a forward transform read.

use bytemuck::{Zeroable, cast_slice_mut};

use super::arithmetic::Arithmetic;
use super::lanes;

/// Where a layer's residues come from.
pub trait Input: Copy {
    /// Vector number `index` of the whole polynomial; `words` are in its place.
    fn vector<A: Arithmetic>(self, a: A, words: A::Words, index: usize) -> A::Vector;
}

/// Residues below q, in place.
#[derive(Clone, Copy)]
pub struct Residues;

impl Input for Residues {
    #[inline(always)]
    fn vector<A: Arithmetic>(self, a: A, words: A::Words, _: usize) -> A::Vector {
        a.enter(words)
    }
}

/// What an earlier layer left, in place.
#[derive(Clone, Copy)]
pub struct Between;

impl Input for Between {
    #[inline(always)]
    fn vector<A: Arithmetic>(self, a: A, words: A::Words, _: usize) -> A::Vector {
        a.load(words)
    }
}

/// Signed coefficients elsewhere, for a q above [`Signed::LEAST`].
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// All of the polynomial.
    pub coefficients: &'a [i32],
    /// The modulus.
    pub q: i64,
}

impl Signed<'_> {
    /// No magnitude of a coefficient is larger: negative ones only need q added.
    pub const LEAST: u64 = 1 << 31;
}

impl Input for Signed<'_> {
    #[inline(always)]
    fn vector<A: Arithmetic>(self, a: A, _: A::Words, index: usize) -> A::Vector {
        let mut words = A::Words::zeroed();
        let out: &mut [u64] = cast_slice_mut(std::slice::from_mut(&mut words));
        let coefficients = &self.coefficients[index * lanes::<A>()..(index + 1) * lanes::<A>()];
        for (out, coefficient) in out.iter_mut().zip(coefficients) {
            let value = i64::from(*coefficient);
            *out = (value + (self.q & (value >> 63))) as u64;
        }
        a.enter(words)
    }
}
