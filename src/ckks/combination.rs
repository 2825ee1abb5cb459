//! Sums of rotated ciphertexts with plaintext factors, grouped by factor.
//!
//! Output o is `sum over groups g of plaintext(g) * (sum over members of rot(input, steps))`. With one member in every
//! group that is a convolution weight by weight; with all members that share a weight in one group it is a clustered one
//! (method section 5). Plaintexts are linear combinations of a few base vectors, masks mostly, so that thousands of them
//! cost a handful of transforms.
//!
//! Inputs may hold two values, x + i y: a real factor takes x, a factor -i y into the real part, which is taken at the end by
//! adding the conjugate. That halves the rotations; one conjugation for each output comes on top.

use std::ops::Range;

use super::encoder::{self, COEFFICIENT_BITS, Complex, largest_magnitude};
use super::error::CkksError;
use super::rotated;
pub use super::rotated::Rotated;
use crate::ring::simd::{IntegerMatrix, SumProgram};

/// Most bits of an integer weight.
pub const MAX_INTEGER_BITS: u32 = 12;

/// Plaintext vectors as linear combinations of base vectors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plaintexts {
    period: usize,
    bases: Vec<Vec<Complex>>,
    /// (base, factor) of all plaintexts, and where each ends.
    terms: Vec<(u32, f64)>,
    ends: Vec<usize>,
}

impl Plaintexts {
    /// No plaintexts yet, over `bases` of one length: a power of two from 8 to N/2.
    pub fn new(bases: Vec<Vec<Complex>>) -> Self {
        Self { period: bases.first().map_or(0, Vec::len), bases, ..Self::default() }
    }

    /// Appends a plaintext; returns its number.
    pub fn push(&mut self, terms: impl IntoIterator<Item = (u32, f64)>) -> u32 {
        self.terms.extend(terms);
        self.ends.push(self.terms.len());
        (self.ends.len() - 1) as u32
    }

    /// Number of slots after which every plaintext repeats.
    pub const fn period(&self) -> usize {
        self.period
    }

    /// Number of plaintexts.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The base vectors.
    pub fn bases(&self) -> &[Vec<Complex>] {
        &self.bases
    }

    /// Bases and factors of a plaintext.
    pub fn terms(&self, index: usize) -> &[(u32, f64)] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.terms[start..self.ends[index]]
    }

    /// Whether all terms have a base, and bases one length.
    ///
    /// # Errors
    /// [`CkksError::Combination`].
    fn check_bases(&self) -> Result<(), CkksError> {
        let fail = |reason| Err(CkksError::Combination { reason });
        if self.bases.is_empty() && !self.is_empty() {
            return fail("it has plaintexts and no base".to_owned());
        }
        if let Some(other) = self.bases.iter().map(Vec::len).find(|length| *length != self.period) {
            return fail(format!("it has bases of {} and of {other} slots", self.period));
        }
        match self.terms.iter().find(|(base, _)| *base as usize >= self.bases.len()) {
            Some((base, _)) => fail(format!("a plaintext has base {base} of {}", self.bases.len())),
            None => Ok(()),
        }
    }

    /// Whether the coefficients of every plaintext fit, where `bases` are those of the bases.
    ///
    /// # Errors
    /// [`CkksError::PlaintextOverflow`], also for what is no number.
    pub(super) fn check_coefficients(&self, bases: &[Vec<f64>], rounded_at: f64) -> Result<(), CkksError> {
        let largest: Vec<f64> = bases.iter().map(largest_magnitude).collect();
        (0..self.len()).try_for_each(|index| {
            let terms = self.terms(index).iter();
            let largest = terms.map(|(base, factor)| factor.abs() * largest[*base as usize]).sum::<f64>();
            encoder::check_magnitude(largest, rounded_at, COEFFICIENT_BITS)
        })
    }

    /// The linear combination of vectors that stand for the bases, real or complex.
    pub fn combine<'a, V>(&'a self, index: usize, bases: &'a [Vec<V>]) -> impl Iterator<Item = V> + 'a
    where
        V: Copy + std::ops::Mul<f64, Output = V> + std::iter::Sum,
    {
        let terms = self.terms(index);
        let length = bases.first().map_or(0, Vec::len);
        (0..length).map(move |i| terms.iter().map(|(base, factor)| bases[*base as usize][i] * *factor).sum())
    }
}

/// A group of one output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group<'a> {
    /// Number of its plaintext.
    pub plaintext: u32,
    /// Its members, numbers of [`Combination::sources`].
    pub members: &'a [u16],
}

/// Small integers times whole ciphertexts: output o gets plaintext(o) * (sum over sources of weight(o, source) * source).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integers {
    /// Bits of a weight, its sign included.
    pub bits: u32,
    /// Number of the plaintext of each output.
    pub plaintexts: Vec<u32>,
    /// A row for each output, a column for each source.
    pub weights: Vec<i16>,
}

/// A linear combination of rotated ciphertexts for each of several outputs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Combination {
    inputs: usize,
    sources: Vec<Rotated>,
    plaintexts: Plaintexts,
    /// (plaintext, end of the members) of all groups.
    groups: Vec<(u32, u32)>,
    members: Vec<u16>,
    /// Where the groups of each output end.
    ends: Vec<usize>,
    integers: Vec<Integers>,
    real_part: bool,
}

impl Combination {
    /// A combination without outputs. `sources` are sorted and distinct.
    ///
    /// # Errors
    /// [`CkksError::Combination`] for more sources than can be numbered, for those that are not sorted and distinct, and for other inputs
    /// and bases than there are.
    pub fn new(inputs: usize, sources: Vec<Rotated>, plaintexts: Plaintexts) -> Result<Self, CkksError> {
        if sources.len() > usize::from(u16::MAX) {
            let reason = format!("{} rotated inputs, but at most {} can be told apart", sources.len(), u16::MAX);
            return Err(CkksError::Combination { reason });
        }
        rotated::check(&sources, inputs)?;
        plaintexts.check_bases()?;
        Ok(Self { inputs, sources, plaintexts, ..Self::default() })
    }

    /// Appends an output.
    ///
    /// # Errors
    /// [`CkksError::Combination`] for plaintexts or members that there are not; then nothing should be made of it.
    pub fn push<'a>(&mut self, groups: impl IntoIterator<Item = Group<'a>>) -> Result<(), CkksError> {
        for Group { plaintext, members } in groups {
            self.check_plaintexts(&[plaintext])?;
            if let Some(member) = members.iter().find(|member| usize::from(**member) >= self.sources.len()) {
                let reason = format!("it reads rotated input {member} of {}", self.sources.len());
                return Err(CkksError::Combination { reason });
            }
            self.members.extend_from_slice(members);
            self.groups.push((plaintext, self.members.len() as u32));
        }
        self.ends.push(self.groups.len());
        Ok(())
    }

    fn check_plaintexts(&self, numbers: &[u32]) -> Result<(), CkksError> {
        match numbers.iter().find(|number| **number as usize >= self.plaintexts.len()) {
            Some(number) => {
                let reason = format!("it multiplies with plaintext {number} of {}", self.plaintexts.len());
                Err(CkksError::Combination { reason })
            }
            None => Ok(()),
        }
    }

    /// Adds products with integers to all outputs.
    ///
    /// # Errors
    /// [`CkksError::Combination`] for a matrix of another size, plaintexts that there are not, weights of more bits than the
    /// kernels take, and weights that do not fit into their bits.
    pub fn push_integers(&mut self, integers: Integers) -> Result<(), CkksError> {
        let (outputs, sources) = (self.outputs(), self.sources.len());
        if integers.plaintexts.len() != outputs || integers.weights.len() != outputs * sources {
            let reason = format!("integer weights must be {outputs} rows of {sources}");
            return Err(CkksError::Combination { reason });
        }
        if !(2..=MAX_INTEGER_BITS).contains(&integers.bits) {
            let reason = format!("integer weights have 2 to {MAX_INTEGER_BITS} bits, not {}", integers.bits);
            return Err(CkksError::Combination { reason });
        }
        let half = 1i16 << (integers.bits - 1);
        if let Some(weight) = integers.weights.iter().find(|weight| !(-half..half).contains(*weight)) {
            let reason = format!("the integer weight {weight} does not fit into {} bits with sign", integers.bits);
            return Err(CkksError::Combination { reason });
        }
        self.check_plaintexts(&integers.plaintexts)?;
        self.integers.push(integers);
        Ok(())
    }

    /// Adds to every output its conjugate: twice the real part.
    pub fn take_real_part(&mut self) {
        self.real_part = true;
    }

    /// Whether every output gets its conjugate added.
    pub const fn takes_real_part(&self) -> bool {
        self.real_part
    }

    /// The products with integers.
    pub fn integers(&self) -> &[Integers] {
        &self.integers
    }

    /// Number of input ciphertexts.
    pub const fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of output ciphertexts.
    pub const fn outputs(&self) -> usize {
        self.ends.len()
    }

    /// The rotated inputs, sorted by input.
    pub fn sources(&self) -> &[Rotated] {
        &self.sources
    }

    /// The plaintexts.
    pub const fn plaintexts(&self) -> &Plaintexts {
        &self.plaintexts
    }

    /// Products of a ciphertext and a plaintext: one for each group, and for each output of the integer products.
    pub fn products(&self) -> usize {
        self.groups.len() + self.integers.iter().map(|i| i.plaintexts.len()).sum::<usize>()
    }

    /// Products of a ciphertext and an integer.
    pub fn integer_products(&self) -> usize {
        self.integers.iter().flat_map(|i| &i.weights).filter(|w| **w != 0).count()
    }

    /// Number of members of all groups.
    pub const fn member_count(&self) -> usize {
        self.members.len()
    }

    /// The groups of an output.
    pub fn groups(&self, output: usize) -> impl Iterator<Item = Group<'_>> {
        let start = output.checked_sub(1).map_or(0, |before| self.ends[before]);
        (start..self.ends[output]).map(|group| {
            let from = group.checked_sub(1).map_or(0, |before| self.groups[before].1 as usize);
            let (plaintext, to) = self.groups[group];
            Group { plaintext, members: &self.members[from..to as usize] }
        })
    }

    /// The distinct rotations, in slots to the left, for which keys are needed.
    pub fn rotations(&self) -> Vec<i64> {
        rotated::rotations(&self.sources)
    }

    /// The part of `outputs` that reads `sources`, over the plaintexts that it needs, for primes of at most `bits` bits.
    pub(super) fn program(
        &self,
        outputs: Range<usize>,
        sources: &Range<usize>,
        bits: u32,
    ) -> Result<(SumProgram, Vec<Matrix>, Vec<u32>), CkksError> {
        let mut used: Vec<u32> = outputs.clone().flat_map(|o| self.groups(o)).map(|g| g.plaintext).collect();
        used.extend(self.integers.iter().flat_map(|i| &i.plaintexts[outputs.clone()]));
        used.sort_unstable();
        used.dedup();
        let mut number = vec![0; self.plaintexts.len()];
        used.iter().zip(0..).for_each(|(plaintext, index)| number[*plaintext as usize] = index);
        let mut program = SumProgram::new(sources.len(), used.len(), bits);
        for output in outputs.clone() {
            let groups: Vec<(u32, Vec<u16>)> = self
                .groups(output)
                .map(|group| {
                    let inside = group.members.iter().map(|m| usize::from(*m)).filter(|m| sources.contains(m));
                    (number[group.plaintext as usize], inside.map(|m| (m - sources.start) as u16).collect())
                })
                .filter(|(_, members): &(u32, Vec<u16>)| !members.is_empty())
                .collect();
            program.push(groups.iter().map(|(plaintext, members)| (*plaintext, &members[..])));
        }
        let matrices = self.integers.iter().map(|integers| {
            let rows = outputs.clone().map(|o| &integers.weights[o * self.sources.len()..][sources.clone()]);
            let plaintexts = integers.plaintexts[outputs.clone()].iter().map(|p| number[*p as usize]).collect();
            Ok(Matrix { weights: IntegerMatrix::new(sources.len(), integers.bits, rows)?, plaintexts })
        });
        Ok((program, matrices.collect::<Result<_, CkksError>>()?, used))
    }
}

/// A part of [`Integers`].
pub(super) struct Matrix {
    pub weights: IntegerMatrix,
    /// Number of each output's plaintext among those of the part.
    pub plaintexts: Vec<u32>,
}
