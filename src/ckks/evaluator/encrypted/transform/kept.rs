//! Diagonals that are kept modulo every prime, and sums of their products.
//!
//! A core makes what all babies have at a block of positions, which stays in its cache, and walks through the diagonals of all giant steps
//! there: keys and diagonals are read from memory once, and in the order in which they lie, and nothing else is.

use rayon::prelude::*;

use super::babies::{Baby, Sources};
use crate::ckks::encoder::Plaintext;
use crate::ckks::linear_transform::LinearTransform;
use crate::ckks::parameters::Parameters;
use crate::ring::Limb;
use crate::ring::arena::Pages;
use crate::ring::packed_terms::{pack_shared, shared_words};
use crate::ring::simd::multiply_packed_runs;

/// Words between what one baby and the next have in a block: two lines, so that they are apart in the inner cache.
const STAGGER: usize = 16;

/// The diagonals modulo the primes of some number of limbs and their special primes, in the order in which sums of products read them:
/// block by block of positions, in a block the diagonals of one giant step after those of the other.
#[derive(Debug)]
pub struct Evaluations {
    limbs: usize,
    /// Positions of a block.
    block: usize,
    /// Equal values in a row.
    run: usize,
    words: Pages,
    /// Where each prime starts, in words of 32 bits, and the end.
    starts: Vec<usize>,
}

impl Evaluations {
    /// Diagonals for ciphertexts of `limbs` limbs.
    pub fn new(parameters: &Parameters, transform: &LinearTransform, diagonals: &[Plaintext], limbs: usize) -> Self {
        let n = parameters.n();
        let run = n / transform.evaluations();
        let block = transform.block(n);
        let groups = transform.groups();
        let primes = parameters.extended(limbs);
        let mut starts = vec![0];
        for &prime in &primes {
            let words = shared_words(n / run, diagonals.len(), parameters.ntts()[prime].modulus());
            starts.push(starts.last().map_or(0, |end| end + words));
        }
        let mut words = Pages::zeros(starts[primes.len()].div_ceil(2));
        let all: &mut [u32] = bytemuck::cast_slice_mut(&mut words);
        for (&prime, starts) in primes.iter().zip(starts.windows(2)) {
            let ntt = &parameters.ntts()[prime];
            let (q, values) = (ntt.modulus(), block / run);
            let of_block = shared_words(values, diagonals.len(), q).max(1);
            let mut first = 0;
            for members in groups.values() {
                let evaluated: Vec<Limb> = members.par_iter().map(|index| diagonals[*index].evaluate(ntt)).collect();
                let own = first..first + shared_words(values, members.len(), q);
                all[starts[0]..starts[1]].par_chunks_mut(of_block).enumerate().for_each(|(block, words)| {
                    for (term, limb) in evaluated.iter().enumerate() {
                        let values = &limb[block * values..(block + 1) * values];
                        pack_shared(&mut words[own.clone()], term, members.len(), values, q);
                    }
                });
                first = own.end;
            }
        }
        Self { limbs, block, run, words, starts }
    }

    /// Limbs of the ciphertexts that they are for.
    pub fn limbs(&self) -> usize {
        self.limbs
    }

    /// Bytes of them.
    pub fn bytes(&self) -> u64 {
        8 * self.words.len() as u64
    }

    /// For each giant step the sum of its diagonals' products with their babies, modulo prime number `position` of the extended basis;
    /// `members` has the diagonals, each with the number of its baby.
    pub fn sums(
        &self,
        position: usize,
        members: &[Vec<(usize, usize)>],
        sources: &Sources<'_>,
        babies: &[Baby<'_>],
        n: usize,
    ) -> Vec<(Limb, Limb)> {
        let q = sources.modulus();
        let mut sums: Vec<(Limb, Limb)> = members.iter().map(|_| (Limb::scratch(n), Limb::scratch(n))).collect();
        let mut outputs: Vec<Vec<(&mut [u64], &mut [u64])>> = (0..n / self.block).map(|_| Vec::new()).collect();
        for (c0, c1) in &mut sums {
            let blocks = c0.chunks_mut(self.block).zip(c1.chunks_mut(self.block));
            outputs.iter_mut().zip(blocks).for_each(|(outputs, block)| outputs.push(block));
        }
        let words = |terms: usize| shared_words(self.block / self.run, terms, q);
        let all: &[u32] = bytemuck::cast_slice(&self.words);
        let all = &all[self.starts[position]..self.starts[position + 1]];
        let diagonals = all.par_chunks(words(members.iter().map(Vec::len).sum()).max(1));
        outputs.into_par_iter().zip(diagonals).enumerate().for_each(|(block, (outputs, mut rest))| {
            let positions = block * self.block..(block + 1) * self.block;
            let step = self.block + STAGGER;
            let mut space = Limb::scratch((2 * (babies.len() + 1) * step).next_power_of_two());
            let mut pairs = space.chunks_exact_mut(2 * step).map(|pair| {
                let (first, second) = pair.split_at_mut(step);
                (&mut first[..self.block], &mut second[..self.block])
            });
            let Some(scratch) = pairs.next() else { return };
            let made: Vec<(&[u64], &[u64])> = babies
                .iter()
                .zip(pairs)
                .map(|(baby, out)| {
                    sources.write(baby, &positions, (&mut *out.0, &mut *out.1), (&mut *scratch.0, &mut *scratch.1));
                    (&*out.0, &*out.1)
                })
                .collect();
            for (members, out) in members.iter().zip(outputs) {
                let own = rest.split_off(..words(members.len())).unwrap_or_default();
                let pairs: Vec<_> = members.iter().map(|(_, baby)| made[*baby]).collect();
                multiply_packed_runs(out, &pairs, own, self.run, q);
            }
        });
        sums
    }
}
