//! Linear maps on slots as diagonals, evaluated by baby-step giant-step.
//!
//! Output o is sum over inputs i and offsets t of diagonal(o, i, t) * rot_t(x_i). With t = g + b (giant and baby step),
//! it is sum_g rot_g( sum_b rot_-g(diagonal) * rot_b(x_i) ): babies are hoisted rotations of the inputs, giants are
//! rotations of the partial sums.
//!
//! Giants are taken by Horner's rule: with g_1 < g_2 < .. the sum is rot_g1( s_1 + rot_(g2 - g1)( s_2 + .. )). That is as
//! many rotations as there are giants, but only as many keys as there are distinct differences, mostly one or two.

use std::collections::BTreeMap;

use super::encoder::Complex;
use super::error::CkksError;
use super::parameters::Parameters;
use crate::ring::packed_terms::shared_words;
use crate::ring::simd::CHUNK;

/// Words of all babies in a [block](LinearTransform::block): half a MiB.
const BLOCK_WORDS: usize = 1 << 16;

/// Positions of a block at least: what is done for each is little beside its products.
const LEAST_BLOCK: usize = 256;

/// Positions of a block at most, so that the digits of the inputs have room beside the babies.
const MOST_BLOCK: usize = 1024;

/// Blocks of a limb at least, so that there is work for as many threads; fewer where a block of [`LEAST_BLOCK`] or one packed value is longer.
const LEAST_BLOCKS: usize = 16;

/// Where one diagonal sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diagonal {
    /// Output ciphertext.
    pub output: usize,
    /// Input ciphertext.
    pub input: usize,
    /// Index into [`LinearTransform::giants`].
    pub giant: usize,
    /// Index into [`LinearTransform::babies`].
    pub baby: usize,
}

/// Gives the slots of a diagonal when they are encoded.
pub trait DiagonalSource: Send + Sync {
    /// Number of slots after which every diagonal repeats: a power of two from 8 to N/2.
    fn period(&self) -> usize;

    /// Slots of diagonal number `index`, rotated right by its giant step, for one period.
    ///
    /// # Errors
    /// [`CkksError::Diagonal`].
    fn slots(&self, index: usize) -> Result<Vec<Complex>, CkksError>;
}

/// An automorphism whose image is added to the result: `y <- y + sigma(y)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fold {
    /// Rotation to the left by this many slots.
    Rotation(i64),
    /// Complex conjugation: twice the real part.
    Conjugation,
}

/// A linear transform on ciphertexts.
#[must_use]
pub struct LinearTransform {
    /// Number of input ciphertexts.
    pub inputs: usize,
    /// Number of output ciphertexts.
    pub outputs: usize,
    /// Hoisted rotations of the inputs, in slots to the left.
    pub babies: Vec<i64>,
    /// Rotations of the partial sums, in slots to the left.
    pub giants: Vec<i64>,
    /// The non-zero diagonals.
    pub diagonals: Vec<Diagonal>,
    /// Applied to every output at the end, in this order.
    pub folds: Vec<Fold>,
    /// The diagonals' values.
    pub source: Box<dyn DiagonalSource>,
}

impl std::fmt::Debug for LinearTransform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinearTransform")
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .field("babies", &self.babies)
            .field("giants", &self.giants)
            .field("diagonals", &self.diagonals.len())
            .field("folds", &self.folds)
            .finish()
    }
}

impl LinearTransform {
    /// Bytes of the diagonals modulo each prime of a ciphertext of `limbs` limbs and their special primes, packed.
    pub fn evaluation_bytes(&self, parameters: &Parameters, limbs: usize) -> u64 {
        let moduli = parameters.extended(limbs).into_iter().map(|prime| parameters.ntts()[prime].modulus());
        moduli.map(|q| 4 * shared_words(self.evaluations(), self.diagonals.len(), q) as u64).sum()
    }

    /// Values that an evaluated diagonal has modulo a prime: as many as coefficients, each for a run of equal ones.
    pub fn evaluations(&self) -> usize {
        2 * self.source.period()
    }

    /// Positions of a ring of dimension `n` at which a core makes all babies and multiplies them, where diagonals are kept evaluated: few
    /// enough that the babies stay in its cache.
    pub fn block(&self, n: usize) -> usize {
        let fit = (BLOCK_WORDS / (2 * self.used_babies().len().max(1))).min(n / LEAST_BLOCKS).max(1);
        // Values are packed by chunks, each value for a run of equal ones.
        let chunk = CHUNK * (n / self.evaluations()).max(1);
        (1 << fit.ilog2()).clamp(LEAST_BLOCK, MOST_BLOCK).max(chunk).min(n)
    }

    /// (input, baby) pairs that some diagonal uses, sorted.
    pub fn used_babies(&self) -> Vec<(usize, usize)> {
        self.used(|d| (d.input, d.baby))
    }

    /// (output, giant) pairs that some diagonal uses, sorted.
    pub fn used_giants(&self) -> Vec<(usize, usize)> {
        self.used(|d| (d.output, d.giant))
    }

    fn used(&self, pair: impl Fn(&Diagonal) -> (usize, usize)) -> Vec<(usize, usize)> {
        let mut used: Vec<_> = self.diagonals.iter().map(pair).collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    /// For every output its giant steps in descending order, each with the rotation that follows it: down to the next one,
    /// and from the last one to zero.
    pub fn giant_chains(&self) -> Vec<Vec<(usize, i64)>> {
        let mut chains: Vec<Vec<usize>> = vec![Vec::new(); self.outputs];
        for (output, giant) in self.used_giants() {
            chains[output].push(giant);
        }
        chains
            .into_iter()
            .map(|mut chain| {
                chain.sort_unstable_by_key(|&giant| std::cmp::Reverse(self.giants[giant]));
                let next = |i: usize| chain.get(i + 1).map_or(0, |&g| self.giants[g]);
                chain.iter().enumerate().map(|(i, &giant)| (giant, self.giants[giant] - next(i))).collect()
            })
            .collect()
    }

    /// The distinct rotations, in slots to the left, for which keys are needed (folds apart).
    pub fn rotations(&self) -> Vec<i64> {
        let babies = self.used_babies().into_iter().map(|(_, baby)| self.babies[baby]);
        let giants = self.giant_chains().into_iter().flatten().map(|(_, steps)| steps);
        let mut all: Vec<i64> = babies.chain(giants).filter(|steps| *steps != 0).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Numbers of the diagonals of each (output, giant step), sorted by input and baby.
    pub fn groups(&self) -> BTreeMap<(usize, usize), Vec<usize>> {
        let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, d) in self.diagonals.iter().enumerate() {
            groups.entry((d.output, d.giant)).or_default().push(index);
        }
        for members in groups.values_mut() {
            members.sort_unstable_by_key(|index| (self.diagonals[*index].input, self.diagonals[*index].baby));
        }
        groups
    }
}
