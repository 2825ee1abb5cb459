//! The number theoretic transform, written once over the butterflies of every family of kernels.
//!
//! Forward: Cooley-Tukey with the roots psi^bitreverse(k), from natural to bit-reversed order; inverse: Gentleman-Sande with their
//! inverses. Two layers share a pass over memory; blocks that fit the first-level cache are finished one after the other; the last
//! three layers, within eight consecutive words, work on transposed registers with roots in the order in which they are read.

mod arithmetic;
#[cfg(target_arch = "x86_64")]
mod doubles;
mod each;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod input;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod words512;
#[cfg(target_arch = "x86_64")]
mod words64;

use arithmetic::Arithmetic;
use bytemuck::{Zeroable, cast_slice_mut};
use each::each;
use input::{Between, Input, Residues, Signed};
use pulp::NullaryFnOnce;

#[cfg(target_arch = "x86_64")]
use self::{doubles::Butterflies, ifma::Words52, words64::Words64};
#[cfg(target_arch = "x86_64")]
use super::lanes::Lanes;
use super::{Instructions, reduce_signed};
use crate::ring::modulus::Modulus;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};
use scalar::Scalar;

/// Words that stay in the first-level cache beside their roots.
const CACHED: usize = 1 << 11;

/// Words of a group that the last layers transform within registers.
const GROUP: usize = 8;

/// A transform of one size modulo one prime, in both directions.
pub trait Transform: Send + Sync {
    /// Coefficients below q to evaluations below q, in place.
    fn forward(&self, words: &mut [u64]);
    /// Writes the evaluations below q of as many signed coefficients, which the first layers read as they are.
    fn forward_signed(&self, coefficients: &[i32], words: &mut [u64]);
    /// Evaluations below q to coefficients times the size, below q, in place.
    fn inverse(&self, words: &mut [u64]);
}

/// The transform of size `n` modulo `q`; `powers[k]` is psi^k for k below 2n, psi of order 2n.
pub fn transform(instructions: Instructions, q: &Modulus, powers: &[u64]) -> Box<dyn Transform> {
    #[cfg(target_arch = "x86_64")]
    {
        // Rings that fill no vector take the scalar form.
        let groups = powers.len() / 2 / GROUP;
        let careful = q.bits() > doubles::UNREDUCED_BITS;
        match (instructions, ifma::Ifma::try_new(), V4::detect(), V3::detect()) {
            (Instructions::Avx512Ifma | Instructions::Avx512, _, Some(token), _)
                if groups >= 8 && !q.is_vectorizable() =>
            {
                return Tables::<Words64>::boxed(token, q, powers);
            }
            (Instructions::Avx512Ifma, Some(token), ..) if groups >= 8 && q.is_vectorizable() => {
                return if q.bits() > ifma::UNREDUCED_BITS {
                    Tables::<Words52<true>>::boxed(token, q, powers)
                } else {
                    Tables::<Words52<false>>::boxed(token, q, powers)
                };
            }
            (Instructions::Avx512, _, Some(token), _) if groups >= 8 && q.is_vectorizable() => {
                return doubles(token, careful, q, powers);
            }
            (Instructions::Avx2, .., Some(token)) if groups >= 4 && q.is_vectorizable() => {
                return doubles(token, careful, q, powers);
            }
            _ => {}
        }
    }
    Tables::<Scalar>::boxed((), q, powers)
}

#[cfg(target_arch = "x86_64")]
fn doubles<L: Lanes>(token: L, careful: bool, q: &Modulus, powers: &[u64]) -> Box<dyn Transform> {
    if careful {
        Tables::<Butterflies<L, true>>::boxed(token, q, powers)
    } else {
        Tables::<Butterflies<L, false>>::boxed(token, q, powers)
    }
}

/// Roots of both directions.
struct Tables<A: Arithmetic> {
    token: A::Token,
    modulus: Modulus,
    forward: Roots<A>,
    inverse: Roots<A>,
}

/// Roots of one direction.
struct Roots<A: Arithmetic> {
    /// Root number m + i serves group i of the layer that has m groups; all layers but the last three.
    layers: Vec<A::Root>,
    /// For as many groups of eight as there are lanes: the root of the third last layer, two of the second last, four of the last.
    last: Vec<[A::Roots; 7]>,
}

const fn lanes<A: Arithmetic>() -> usize {
    size_of::<A::Words>() / size_of::<u64>()
}

impl<A: Arithmetic> Roots<A> {
    /// `root(k)` is root number k.
    fn new(n: usize, root: impl Fn(usize) -> A::Root) -> Self {
        let groups = n / GROUP;
        let mut of_lanes = vec![A::Root::zeroed(); lanes::<A>()];
        let last = (0..groups)
            .step_by(lanes::<A>())
            .map(|first| {
                std::array::from_fn(|place| {
                    // Places 0, 1 to 2 and 3 to 6 belong to layers of one, two and four roots a group.
                    let count = 1 << (place + 1).ilog2();
                    let number = |group: usize| count * (groups + group) + place + 1 - count;
                    of_lanes.iter_mut().zip(first..).for_each(|(lane, group)| *lane = root(number(group)));
                    A::roots(&of_lanes)
                })
            })
            .collect();
        Self { layers: (0..groups).map(root).collect(), last }
    }
}

impl<A: Arithmetic + 'static> Tables<A> {
    fn boxed(token: A::Token, modulus: &Modulus, powers: &[u64]) -> Box<dyn Transform> {
        let n = powers.len() / 2;
        let exponent = |k: usize| k.reverse_bits() >> (usize::BITS - n.trailing_zeros());
        Box::new(Self {
            token,
            modulus: *modulus,
            forward: Roots::new(n, |k| A::root(modulus, powers[exponent(k)])),
            inverse: Roots::new(n, |k| A::root(modulus, powers[(2 * n - exponent(k)) % (2 * n)])),
        })
    }
}

impl<A: Arithmetic + 'static> Transform for Tables<A> {
    fn forward(&self, words: &mut [u64]) {
        A::run(self.token, Forward { tables: self, words, first: Residues });
    }

    fn forward_signed(&self, coefficients: &[i32], words: &mut [u64]) {
        if self.modulus.value() <= Signed::LEAST {
            reduce_signed(words, coefficients, &self.modulus);
            return self.forward(words);
        }
        let first = Signed { coefficients, q: self.modulus.value() as i64 };
        A::run(self.token, Forward { tables: self, words, first });
    }

    fn inverse(&self, words: &mut [u64]) {
        A::run(self.token, Inverse { tables: self, words });
    }
}

struct Forward<'a, A: Arithmetic, F> {
    tables: &'a Tables<A>,
    words: &'a mut [u64],
    /// What the first layers read.
    first: F,
}

impl<A: Arithmetic, F: Input> NullaryFnOnce for Forward<'_, A, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Tables { token, modulus, forward: roots, .. } = self.tables;
        let a = A::new(*token, modulus);
        let n = self.words.len();
        // The first layer enters; single if the number of layers before the last three is odd.
        let (mut groups, mut size) = if n.trailing_zeros().is_multiple_of(2) {
            forward_pair(a, self.words, a.splat(roots.layers[1]), self.first);
            (2, n / 2)
        } else {
            forward_four(a, self.words, &roots.layers, 1, 0, self.first);
            (4, n / 4)
        };
        while size > CACHED.max(2 * GROUP) {
            for (i, group) in self.words.chunks_exact_mut(size).enumerate() {
                forward_four(a, group, &roots.layers, groups, i, Between);
            }
            (groups, size) = (4 * groups, size / 4);
        }
        let step = size.max(GROUP * lanes::<A>());
        let lasts = roots.last.chunks_exact(step / (GROUP * lanes::<A>()));
        for ((b, block), lasts) in self.words.chunks_exact_mut(step).enumerate().zip(lasts) {
            let (mut groups, mut size, mut first) = (groups, size, b * (step / size));
            while size > GROUP {
                for (i, group) in block.chunks_exact_mut(size).enumerate() {
                    forward_four(a, group, &roots.layers, groups, first + i, Between);
                }
                (groups, size, first) = (4 * groups, size / 4, 4 * first);
            }
            for (words, roots) in cast_slice_mut::<u64, [A::Words; 8]>(block).iter_mut().zip(lasts) {
                let x = a.gather(each!(*words, x => a.load(x)));
                *words = each!(a.scatter(forward_eight(a, x, roots)), x => a.leave(x));
            }
        }
    }
}

/// The four quarters of a group, in vectors.
fn quarters<A: Arithmetic>(words: &mut [u64]) -> impl Iterator<Item = [&mut A::Words; 4]> {
    let words = cast_slice_mut::<u64, A::Words>(words);
    let (low, high) = words.split_at_mut(words.len() / 2);
    let (x0, x1) = low.split_at_mut(low.len() / 2);
    let (x2, x3) = high.split_at_mut(high.len() / 2);
    x0.iter_mut().zip(x1).zip(x2.iter_mut().zip(x3)).map(|((x0, x1), (x2, x3))| [x0, x1, x2, x3])
}

/// The first layer.
#[inline(always)]
fn forward_pair<A: Arithmetic>(a: A, words: &mut [u64], w: A::Factor, input: impl Input) {
    let words = cast_slice_mut::<u64, A::Words>(words);
    let half = words.len() / 2;
    let (low, high) = words.split_at_mut(half);
    for (i, (u, v)) in low.iter_mut().zip(high).enumerate() {
        let (x, y) = a.forward(input.vector(a, *u, i), input.vector(a, *v, half + i), w);
        (*u, *v) = (a.store(x), a.store(y));
    }
}

/// Two layers of group `group` among `groups`.
#[inline(always)]
fn forward_four<A: Arithmetic>(
    a: A,
    words: &mut [u64],
    roots: &[A::Root],
    groups: usize,
    group: usize,
    input: impl Input,
) {
    let w1 = a.splat(roots[groups + group]);
    let (w2, w3) = (a.splat(roots[2 * (groups + group)]), a.splat(roots[2 * (groups + group) + 1]));
    let quarter = words.len() / lanes::<A>() / 4;
    for (i, [word0, word1, word2, word3]) in quarters::<A>(words).enumerate() {
        let (x0, x1) = (input.vector(a, *word0, i), input.vector(a, *word1, quarter + i));
        let (x2, x3) = (input.vector(a, *word2, 2 * quarter + i), input.vector(a, *word3, 3 * quarter + i));
        let (x0, x2) = a.forward(x0, x2, w1);
        let (x1, x3) = a.forward(x1, x3, w1);
        let (x0, x1) = a.forward(x0, x1, w2);
        let (x2, x3) = a.forward(x2, x3, w3);
        (*word0, *word1, *word2, *word3) = (a.store(x0), a.store(x1), a.store(x2), a.store(x3));
    }
}

/// The last three layers.
#[inline(always)]
fn forward_eight<A: Arithmetic>(a: A, x: [A::Vector; 8], roots: &[A::Roots; 7]) -> [A::Vector; 8] {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    let w = a.factors(roots[0]);
    let (x0, x4) = a.forward(x0, x4, w);
    let (x1, x5) = a.forward(x1, x5, w);
    let (x2, x6) = a.forward(x2, x6, w);
    let (x3, x7) = a.forward(x3, x7, w);
    let w = a.factors(roots[1]);
    let (x0, x2) = a.forward(x0, x2, w);
    let (x1, x3) = a.forward(x1, x3, w);
    let w = a.factors(roots[2]);
    let (x4, x6) = a.forward(x4, x6, w);
    let (x5, x7) = a.forward(x5, x7, w);
    let (x0, x1) = a.forward(x0, x1, a.factors(roots[3]));
    let (x2, x3) = a.forward(x2, x3, a.factors(roots[4]));
    let (x4, x5) = a.forward(x4, x5, a.factors(roots[5]));
    let (x6, x7) = a.forward(x6, x7, a.factors(roots[6]));
    [x0, x1, x2, x3, x4, x5, x6, x7]
}

struct Inverse<'a, A: Arithmetic> {
    tables: &'a Tables<A>,
    words: &'a mut [u64],
}

impl<A: Arithmetic> NullaryFnOnce for Inverse<'_, A> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Tables { token, modulus, inverse: roots, .. } = self.tables;
        let a = A::new(*token, modulus);
        let n = self.words.len();
        let odd = n.trailing_zeros().is_multiple_of(2);
        // The last pass leaves: of half the size if a single layer remains, of a quarter otherwise.
        let end = if odd { n / 2 } else { n / 4 };
        // Sizes grow by factors of four from GROUP to `end`; blocks take all up to the largest that stays in the cache.
        let mut block_size = GROUP;
        while block_size < end && 4 * block_size <= CACHED {
            block_size *= 4;
        }
        let step = block_size.max(GROUP * lanes::<A>());
        let firsts = roots.last.chunks_exact(step / (GROUP * lanes::<A>()));
        for ((b, block), firsts) in self.words.chunks_exact_mut(step).enumerate().zip(firsts) {
            for (words, roots) in cast_slice_mut::<u64, [A::Words; 8]>(block).iter_mut().zip(firsts) {
                let x = a.gather(each!(*words, x => a.enter(x)));
                *words = each!(a.scatter(inverse_eight(a, x, roots)), x => a.store(x));
            }
            let mut size = 4 * GROUP;
            while size <= block_size {
                let first = b * (step / size);
                for (i, group) in block.chunks_exact_mut(size).enumerate() {
                    inverse_four::<A, false>(a, group, &roots.layers, n / size, first + i);
                }
                size *= 4;
            }
        }
        let mut size = 4 * block_size;
        while size <= end {
            for (i, group) in self.words.chunks_exact_mut(size).enumerate() {
                inverse_four::<A, false>(a, group, &roots.layers, n / size, i);
            }
            size *= 4;
        }
        if odd {
            inverse_pair(a, self.words, a.splat(roots.layers[1]));
        } else {
            inverse_four::<A, true>(a, self.words, &roots.layers, 1, 0);
        }
    }
}

/// The last layer, to residues as they go.
#[inline(always)]
fn inverse_pair<A: Arithmetic>(a: A, words: &mut [u64], w: A::Factor) {
    let words = cast_slice_mut::<u64, A::Words>(words);
    let (low, high) = words.split_at_mut(words.len() / 2);
    for (u, v) in low.iter_mut().zip(high) {
        let (x, y) = a.inverse(a.load(*u), a.load(*v), w);
        (*u, *v) = (a.leave(x), a.leave(y));
    }
}

/// Two layers that end with group `group` among `groups`; `LEAVE`: to residues as they go.
#[inline(always)]
fn inverse_four<A: Arithmetic, const LEAVE: bool>(
    a: A,
    words: &mut [u64],
    roots: &[A::Root],
    groups: usize,
    group: usize,
) {
    let w1 = a.splat(roots[groups + group]);
    let (w2, w3) = (a.splat(roots[2 * (groups + group)]), a.splat(roots[2 * (groups + group) + 1]));
    for [word0, word1, word2, word3] in quarters::<A>(words) {
        let [x0, x1, x2, x3] = [a.load(*word0), a.load(*word1), a.load(*word2), a.load(*word3)];
        let (x0, x1) = a.inverse(x0, x1, w2);
        let (x2, x3) = a.inverse(x2, x3, w3);
        let (x0, x2) = a.inverse(x0, x2, w1);
        let (x1, x3) = a.inverse(x1, x3, w1);
        (*word0, *word1, *word2, *word3) = if LEAVE {
            (a.leave(x0), a.leave(x1), a.leave(x2), a.leave(x3))
        } else {
            (a.store(a.settle(x0)), a.store(x1), a.store(x2), a.store(x3))
        };
    }
}

/// The first three layers.
#[inline(always)]
fn inverse_eight<A: Arithmetic>(a: A, x: [A::Vector; 8], roots: &[A::Roots; 7]) -> [A::Vector; 8] {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    let (x0, x1) = a.inverse(x0, x1, a.factors(roots[3]));
    let (x2, x3) = a.inverse(x2, x3, a.factors(roots[4]));
    let (x4, x5) = a.inverse(x4, x5, a.factors(roots[5]));
    let (x6, x7) = a.inverse(x6, x7, a.factors(roots[6]));
    let w = a.factors(roots[1]);
    let (x0, x2) = a.inverse(x0, x2, w);
    let (x1, x3) = a.inverse(x1, x3, w);
    let w = a.factors(roots[2]);
    let (x4, x6) = a.inverse(x4, x6, w);
    let (x5, x7) = a.inverse(x5, x7, w);
    let w = a.factors(roots[0]);
    let (x0, x4) = a.inverse(x0, x4, w);
    let (x1, x5) = a.inverse(x1, x5, w);
    let (x2, x6) = a.inverse(x2, x6, w);
    let (x3, x7) = a.inverse(x3, x7, w);
    [a.settle(x0), a.settle(x1), x2, x3, x4, x5, x6, x7]
}
