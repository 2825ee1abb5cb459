//! Linear transforms with double hoisting: babies stay in the extended basis, where plaintexts multiply them too, so only
//! each giant step and the end leave it (Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux 2021). The last division takes the
//! special primes and the rescaling prime together.
//!
//! Work is done limb by limb: for one prime the babies, the plaintexts and the partial sums fit into the outer cache, and
//! plaintexts are transformed where they are used. Where there is memory to keep them for every prime, babies and sums are made for a
//! block of positions at a time, which fits into the cache of a core.

mod babies;
mod kept;

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use self::babies::{Baby, Sources};
use self::kept::Evaluations;
use super::Encrypted;
use super::division::owned;
use super::key_switch::{Pair, transposed};
use crate::ckks::ciphertext::Ciphertext;
use crate::ckks::encoder::{Plaintext, split_scale};
use crate::ckks::error::CkksError;
use crate::ckks::evaluator::check;
use crate::ckks::linear_transform::{Fold, LinearTransform};
use crate::ring::automorphism::{conjugation_element, rotation_element};
use crate::ring::simd::Term;
use crate::ring::{Factor, Limb, Modulus, Polynomial, simd};

/// The diagonals of a transform as small integer coefficients.
#[derive(Debug)]
pub struct EncodedTransform {
    transform: Arc<LinearTransform>,
    diagonals: Vec<Plaintext>,
    scale: f64,
    /// Results are multiplied by 2^shift: diagonals have a smaller scale.
    shift: u32,
    evaluations: Option<Evaluations>,
}

impl EncodedTransform {
    pub(super) fn bytes(&self) -> u64 {
        self.diagonals.iter().map(Plaintext::bytes).sum::<u64>()
            + self.evaluations.as_ref().map_or(0, Evaluations::bytes)
    }

    /// What is kept, if it is for ciphertexts of `limbs` limbs.
    fn kept(&self, limbs: usize) -> Option<&Evaluations> {
        self.evaluations.as_ref().filter(|kept| kept.limbs() == limbs)
    }
}

/// Words of plaintexts that are evaluated before they are multiplied: few enough to be in the caches still.
const PLAINTEXT_WORDS: usize = 4 << 15;

/// Words of babies that are made and multiplied before the next ones: few enough for the outer cache, where every sum reads them.
const BABY_WORDS: usize = 24 << 16;

impl Encrypted {
    pub(super) fn encoded(&self, transform: &Arc<LinearTransform>, scale: f64) -> Result<EncodedTransform, CkksError> {
        let (rounded_at, shift) = split_scale(scale)?;
        self.encoder.check_period(transform.source.period())?;
        let diagonals = (0..transform.diagonals.len())
            .into_par_iter()
            .map(|index| self.encoder.encode(&transform.source.slots(index)?, rounded_at))
            .collect::<Result<_, _>>()?;
        Ok(EncodedTransform { transform: transform.clone(), diagonals, scale, shift, evaluations: None })
    }

    pub(super) fn with_evaluations(&self, encoded: EncodedTransform, limbs: usize) -> EncodedTransform {
        let evaluations = Evaluations::new(&self.parameters, &encoded.transform, &encoded.diagonals, limbs);
        EncodedTransform { evaluations: Some(evaluations), ..encoded }
    }

    pub(super) fn transformed(
        &self,
        inputs: &[&Ciphertext],
        encoded: &EncodedTransform,
    ) -> Result<Vec<Ciphertext>, CkksError> {
        let transform = &encoded.transform;
        let states: Vec<_> = inputs.iter().map(|x| self.state(x)).collect();
        let state = check::transform_inputs(transform.inputs, &states)?;
        let limbs = state.limbs;
        let log_n = self.parameters.log_n();
        let extended = self.parameters.extended(limbs);

        let used = transform.used_babies();
        let babies = used
            .iter()
            .map(|&(input, baby)| {
                let steps = transform.babies[baby];
                let element = rotation_element(log_n, steps);
                let rotation = if element == 1 {
                    None
                } else {
                    Some((self.galois_key(element, Some(steps), limbs)?, self.tables.automorphism(element)))
                };
                Ok(Baby { input, rotation })
            })
            .collect::<Result<Vec<_>, CkksError>>()?;
        // Fail before any work if a key of the later steps is missing.
        for steps in transform.rotations() {
            let element = rotation_element(log_n, steps);
            if element != 1 {
                self.galois_key(element, Some(steps), limbs)?;
            }
        }
        for fold in &transform.folds {
            let (element, steps) = fold_element(log_n, *fold);
            if element != 1 {
                self.galois_key(element, steps, limbs)?;
            }
        }

        let sums = self.partial_sums(inputs, encoded, &used, &babies, &extended);
        let divisor = self.parameters.prime(limbs - 1) as f64;
        let scale = state.scale * encoded.scale / divisor;
        sums.into_iter()
            .zip(transform.giant_chains())
            .map(|(mut sums, chain)| {
                let mut total: Option<Pair> = None;
                for (giant, steps) in chain {
                    let Some(pair) = sums.remove(&giant) else { continue };
                    let sum = match total {
                        None => pair,
                        Some(total) => self.add_extended(total, &pair, &extended),
                    };
                    let element = rotation_element(log_n, steps);
                    total =
                        Some(if element == 1 { sum } else { self.rotate_extended(sum, element, Some(steps), limbs)? });
                }
                let mut total = total.unwrap_or_else(|| {
                    let zero = || Polynomial::zero(self.parameters.n(), extended.len());
                    (zero(), zero())
                });
                for fold in &transform.folds {
                    let (element, steps) = fold_element(log_n, *fold);
                    let image = (total.0.clone(), total.1.clone());
                    let image = if element == 1 { image } else { self.rotate_extended(image, element, steps, limbs)? };
                    total = self.add_extended(total, &image, &extended);
                }
                self.shift_left(&mut total, &extended, encoded.shift);
                let (c0, c1) = self.divide_pair(total, &extended, limbs - 1, |_, _, limb| limb);
                Ok(Ciphertext { c0, c1, scale })
            })
            .collect()
    }

    /// For every output the partial sums of its giant steps, in the extended basis.
    fn partial_sums(
        &self,
        inputs: &[&Ciphertext],
        encoded: &EncodedTransform,
        used: &[(usize, usize)],
        babies: &[Baby<'_>],
        extended: &[usize],
    ) -> Vec<HashMap<usize, Pair>> {
        let transform = &encoded.transform;
        let n = self.parameters.n();
        let limbs = inputs[0].limbs();
        let decompositions: Vec<_> = (0..inputs.len())
            .map(|i| babies.iter().any(|b| b.input == i && b.rotation.is_some()).then(|| self.decompose(&inputs[i].c1)))
            .collect();

        // Diagonals of each (output, giant), with the position of their baby, in whose order they are.
        let baby_position: HashMap<(usize, usize), usize> = used.iter().enumerate().map(|(i, b)| (*b, i)).collect();
        let member = |index: usize| {
            let d = &transform.diagonals[index];
            (index, baby_position[&(d.input, d.baby)])
        };
        let (groups, members): (Vec<_>, Vec<Vec<_>>) = transform
            .groups()
            .into_iter()
            .map(|(group, members)| (group, members.into_iter().map(member).collect()))
            .unzip();

        let at_a_time = (PLAINTEXT_WORDS / (2 * transform.source.period())).max(1);
        let together = (BABY_WORDS / (2 * n)).max(1);
        // One prime after the other, so that all threads share its babies.
        let by_limb: Vec<Vec<(Limb, Limb)>> = extended
            .iter()
            .enumerate()
            .map(|(position, &prime)| {
                let ntt = &self.parameters.ntts()[prime];
                let q = ntt.modulus();
                let digits: Vec<_> =
                    decompositions.par_iter().map(|d| d.as_ref().map(|d| self.digits_at(d, position))).collect();
                let sources = Sources::new(
                    inputs,
                    &digits,
                    position,
                    self.parameters.product_modulo(&extended[limbs..], prime),
                    q,
                );
                if let Some(kept) = encoded.kept(limbs) {
                    return kept.sums(position, &members, &sources, babies, n);
                }
                let mut sums: Vec<Option<(Limb, Limb)>> = groups.iter().map(|_| None).collect();
                for first in (0..babies.len()).step_by(together) {
                    let chunk = first..babies.len().min(first + together);
                    let values: Vec<(Limb, Limb)> = babies[chunk.clone()]
                        .par_iter()
                        .map(|baby| {
                            let (mut c0, mut c1) = (Limb::scratch(n), Limb::scratch(n));
                            sources.write(
                                baby,
                                &(0..n),
                                (&mut c0, &mut c1),
                                (&mut Limb::scratch(n), &mut Limb::scratch(n)),
                            );
                            (c0, c1)
                        })
                        .collect();
                    sums.par_iter_mut().zip(&members).for_each(|(sum, members)| {
                        let start = members.partition_point(|(_, baby)| *baby < chunk.start);
                        let end = members.partition_point(|(_, baby)| *baby < chunk.end);
                        for members in members[start..end].chunks(at_a_time) {
                            let plaintexts: Vec<Limb> =
                                members.iter().map(|(index, _)| encoded.diagonals[*index].evaluate(ntt)).collect();
                            let shared = plaintexts.iter().map(|limb| &limb[..]);
                            let value = |baby: usize| &values[baby - chunk.start];
                            let terms: Vec<Term<'_>> = members
                                .iter()
                                .zip(shared)
                                .map(|((_, baby), shared)| Term { shared, pair: (&value(*baby).0, &value(*baby).1) })
                                .collect();
                            let further = sum.is_some();
                            let (c0, c1) = sum.get_or_insert_with(|| (Limb::scratch(n), Limb::scratch(n)));
                            simd::multiply_accumulate_runs((c0, c1), &terms, further, q);
                        }
                    });
                }
                sums.into_iter().map(|sum| sum.unwrap_or_else(|| (Limb::zero(n), Limb::zero(n)))).collect()
            })
            .collect();

        let pairs = transposed(by_limb, groups.len());
        let mut outputs: Vec<HashMap<usize, Pair>> = (0..transform.outputs).map(|_| HashMap::new()).collect();
        for ((output, giant), pair) in groups.into_iter().zip(pairs) {
            outputs[output].insert(giant, pair);
        }
        outputs
    }

    fn add_extended(&self, mut total: Pair, pair: &Pair, extended: &[usize]) -> Pair {
        self.add_polynomial(&mut total.0, &pair.0, extended);
        self.add_polynomial(&mut total.1, &pair.1, extended);
        total
    }

    /// An automorphism of a pair in the extended basis; only the factor of the secret leaves it in between.
    fn rotate_extended(&self, pair: Pair, element: usize, steps: Option<i64>, limbs: usize) -> Result<Pair, CkksError> {
        let extended = self.parameters.extended(limbs);
        let key = self.galois_key(element, steps, limbs)?;
        let divided = self.divide(owned(pair.1), &extended, limbs, |_, limb| limb);
        let switched = self.switch(&divided, key);
        let mut b = switched.0;
        self.add_polynomial(&mut b, &pair.0, &extended);
        let automorphism = self.tables.automorphism(element);
        Ok((self.permute(&b, &automorphism), self.permute(&switched.1, &automorphism)))
    }
}

/// A limb times P, the product of the special primes: what it is in the extended basis.
pub(super) fn times_p(limb: &Limb, special: Factor, q: &Modulus) -> Limb {
    let mut limb = limb.clone();
    simd::multiply_by_factor(&mut limb, special, q);
    limb
}

/// Galois element of a fold, and its rotation if it is one.
fn fold_element(log_n: u32, fold: Fold) -> (usize, Option<i64>) {
    match fold {
        Fold::Rotation(steps) => (rotation_element(log_n, steps), Some(steps)),
        Fold::Conjugation => (conjugation_element(log_n), None),
    }
}
