//! What [`grouped_products`](super::grouped_products) computes, as a flat list that a kernel walks through.

use crate::ring::modulus::{Modulus, VECTOR_BITS};

/// Words of one source that are worked on together.
pub const TILE: usize = 16;

/// [`TILE`] words of one limb, aligned so that a vector is one cache line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C, align(64))]
pub struct Tile(pub [u64; TILE]);

// SAFETY: words without padding (twice the alignment in size), for which every pattern of bits is valid.
unsafe impl bytemuck::Zeroable for Tile {}
// SAFETY: as above.
unsafe impl bytemuck::Pod for Tile {}

/// Bits of a sum of residues that enters a product.
const SUM_BITS: u32 = 52;

/// Products between two reductions, at most; bounds the low parts too.
const MOST_PRODUCTS: usize = 512;

/// For each of several outputs: `sum over groups of factor * (sum of the group's sources)`.
///
/// The groups of an output are ordered by their length, so that a kernel meets long runs of loops of one length: the
/// branch predictor cannot learn thousands of different ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumProgram {
    /// For every output: number of runs; for every run: length and count, then `count` times the factor and `length`
    /// sources. A run of length zero asks for a reduction.
    code: Vec<u32>,
    outputs: usize,
    sources: usize,
    factors: usize,
    bits: u32,
    /// Sources of the longest group.
    longest: usize,
}

impl SumProgram {
    /// A program over `sources` sources and `factors` factors, for moduli of at most `bits` bits.
    pub fn new(sources: usize, factors: usize, bits: u32) -> Self {
        Self { code: Vec::new(), outputs: 0, sources, factors, bits: bits.min(VECTOR_BITS), longest: 1 }
    }

    /// Appends an output with groups of (factor, sources).
    ///
    /// # Panics
    /// If a factor or source does not exist: the kernels rely on it.
    pub fn push<'a>(&mut self, groups: impl IntoIterator<Item = (u32, &'a [u16])>) {
        let longest = 1 << (SUM_BITS - self.bits).min(16);
        let mut groups: Vec<(u32, &[u16])> = groups
            .into_iter()
            .flat_map(|(factor, sources)| sources.chunks(longest).map(move |chunk| (factor, chunk)))
            .collect();
        assert!(
            groups.iter().all(|(factor, sources)| (*factor as usize) < self.factors
                && sources.iter().all(|s| usize::from(*s) < self.sources)),
            "a factor or source of a sum does not exist"
        );
        groups.sort_by_key(|(factor, sources)| (sources.len(), *factor));
        self.longest = self.longest.max(groups.last().map_or(0, |(_, sources)| sources.len()));
        let lazy = (1usize << (103 - SUM_BITS - self.bits).min(16)).min(MOST_PRODUCTS);
        let start = self.code.len();
        self.code.push(0);
        let mut products = 0;
        for run in groups.chunk_by(|a, b| a.1.len() == b.1.len()) {
            for run in run.chunks(lazy) {
                if products + run.len() > lazy {
                    self.run(start, 0, 0);
                    products = 0;
                }
                products += run.len();
                self.run(start, run[0].1.len(), run.len());
                for (factor, sources) in run {
                    self.code.push(*factor);
                    self.code.extend(sources.iter().map(|s| u32::from(*s)));
                }
            }
        }
        self.outputs += 1;
    }

    fn run(&mut self, output: usize, length: usize, count: usize) {
        self.code[output] += 1;
        self.code.extend([length as u32, count as u32]);
    }

    /// Number of outputs.
    pub const fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of sources.
    pub const fn sources(&self) -> usize {
        self.sources
    }

    /// Number of factors.
    pub const fn factors(&self) -> usize {
        self.factors
    }

    /// The list.
    pub(super) fn code(&self) -> &[u32] {
        &self.code
    }

    /// Bits of the largest sum of sources.
    pub(super) const fn sum_bits(&self) -> u32 {
        self.bits + self.longest.next_power_of_two().ilog2()
    }

    /// Whether vector kernels may run the program modulo `q`.
    pub(super) fn suits(&self, q: &Modulus) -> bool {
        q.bits() <= self.bits
    }

    /// Calls `group` with factor and sources of each group, `reduce` where the sums must be reduced, and `finish` at the
    /// end of each output.
    pub(super) fn walk(&self, mut step: impl FnMut(Step<'_>)) {
        let mut code = &self.code[..];
        let mut next = |count: usize| {
            let (head, tail) = code.split_at(count);
            code = tail;
            head
        };
        for output in 0..self.outputs {
            for _ in 0..next(1)[0] {
                let &[length, count] = next(2) else { return };
                if length == 0 {
                    step(Step::Reduce);
                }
                for _ in 0..count {
                    let group = next(1 + length as usize);
                    step(Step::Group { factor: group[0] as usize, sources: &group[1..] });
                }
            }
            step(Step::Finish(output));
        }
    }
}

/// A step of a program.
pub(super) enum Step<'a> {
    /// Add the product of a factor and a sum of sources.
    Group {
        /// Which factor.
        factor: usize,
        /// Which sources.
        sources: &'a [u32],
    },
    /// Reduce the sums.
    Reduce,
    /// Write an output.
    Finish(usize),
}
