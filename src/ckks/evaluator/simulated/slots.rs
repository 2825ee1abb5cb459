//! Slots in the clear, real and imaginary parts apart, of several images one after the other.

use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use crate::ckks::encoder::Complex;
use crate::ckks::evaluator::check::State;
use crate::ring::sampling::Seed;

/// Slots whose noise comes from one stream: as many threads as there are blocks can draw.
const BLOCK: usize = 2048;

/// What a ciphertext decrypts to, or the same ciphertext of several images: weights are read from memory once for all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedCiphertext {
    /// `[images, slots]`.
    pub(super) re: Vec<f64>,
    /// `[images, slots]`.
    pub(super) im: Vec<f64>,
    /// The factor that slots are multiplied by.
    pub scale: f64,
    /// Number of limbs of the ciphertext.
    pub limbs: usize,
    /// For each image the seed of its noise.
    pub(super) seeds: Vec<u64>,
}

impl From<&SimulatedCiphertext> for State {
    fn from(x: &SimulatedCiphertext) -> Self {
        Self { limbs: x.limbs, scale: x.scale }
    }
}

/// A seed from two others (the finalizer of splitmix64).
fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.rotate_left(23) ^ b.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl SimulatedCiphertext {
    pub(super) fn new(images: &[&[Complex]], scale: f64, limbs: usize, seeds: &[u64]) -> Self {
        let slots = || images.iter().copied().flatten();
        let (re, im) = (slots().map(|z| z.re).collect(), slots().map(|z| z.im).collect());
        Self { re, im, scale, limbs, seeds: seeds.to_vec() }
    }

    /// Slots of one image.
    pub(super) fn length(&self) -> usize {
        self.re.len() / self.seeds.len().max(1)
    }

    /// All slots of an image.
    pub fn slots(&self, image: usize) -> Vec<Complex> {
        let range = image * self.length()..(image + 1) * self.length();
        self.re[range.clone()].iter().zip(&self.im[range]).map(|(re, im)| Complex::new(*re, *im)).collect()
    }

    /// Moves on to other seeds.
    pub(super) fn reseed(&mut self, with: u64) {
        self.seeds.iter_mut().for_each(|seed| *seed = mix(*seed, with));
    }

    /// Seeds that depend on those of another ciphertext as well.
    pub(super) fn mix_seeds(&mut self, other: &Self) {
        self.seeds.iter_mut().zip(&other.seeds).for_each(|(seed, other)| *seed = mix(*seed, *other));
    }

    /// Zeros with the shape of all `inputs`, with seeds that depend on those of each and on `number`.
    pub(super) fn zeros_for(inputs: &[&Self], number: u64) -> Option<Self> {
        let (first, others) = inputs.split_first()?;
        let mut zeros = first.map(|_| Complex::default());
        others.iter().for_each(|x| zeros.mix_seeds(x));
        zeros.reseed(number);
        Some(zeros)
    }

    pub(super) fn map(&self, f: impl Fn(Complex) -> Complex) -> Self {
        let mut out = self.clone();
        for (re, im) in out.re.iter_mut().zip(&mut out.im) {
            let z = f(Complex::new(*re, *im));
            (*re, *im) = (z.re, z.im);
        }
        out
    }

    pub(super) fn zip_with(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = self.clone();
        out.re.iter_mut().zip(&other.re).for_each(|(x, y)| *x = f(*x, *y));
        out.im.iter_mut().zip(&other.im).for_each(|(x, y)| *x = f(*x, *y));
        out.mix_seeds(other);
        out
    }

    /// Slots rotated to the left by `steps`.
    pub(super) fn rotated_slots(&self, steps: i64) -> Self {
        let mut out = self.clone();
        let length = self.length().max(1);
        let steps = steps.rem_euclid(length as i64) as usize;
        out.re.chunks_exact_mut(length).chain(out.im.chunks_exact_mut(length)).for_each(|part| part.rotate_left(steps));
        out.reseed(steps as u64);
        out
    }

    /// Slots half as many, each the mean of two that are half of them apart.
    pub(super) fn means_of_halves(&self) -> Self {
        let half = self.length() / 2;
        let means = |all: &[f64]| -> Vec<f64> {
            let pairs = all.chunks_exact(2 * half.max(1)).map(|image| image.split_at(half));
            pairs.flat_map(|(low, high)| low.iter().zip(high).map(|(x, y)| (x + y) / 2.0)).collect()
        };
        Self { re: means(&self.re), im: means(&self.im), ..self.clone() }
    }

    /// Adds normal noise of the given deviation to both parts of every slot, and moves on to the next seed.
    pub(super) fn add_noise(&mut self, deviation: f64) {
        self.add_varying_noise(&[deviation], &[deviation]);
    }

    /// As [`Self::add_noise`], with deviations of real and of imaginary parts for each slot that repeat (powers of two of
    /// them).
    pub(super) fn add_varying_noise(&mut self, re: &[f64], im: &[f64]) {
        let block = self.length().clamp(1, BLOCK);
        let blocks = (self.length() / block).max(1);
        let seeds: Vec<Seed> = self.seeds.iter().map(|seed| Seed::from_number(*seed)).collect();
        let parts = self.re.par_chunks_mut(block).enumerate().map(|(index, values)| (0, index, values, re));
        let parts =
            parts.chain(self.im.par_chunks_mut(block).enumerate().map(|(index, values)| (1, index, values, im)));
        parts.for_each(|(part, index, values, deviations)| {
            let (image, index) = (index / blocks, index % blocks);
            let mut generator = seeds[image].derive("simulated noise", &[part, index as u64]).fast_generator();
            let period = deviations.len().min(values.len());
            let deviations = &deviations[index * block % deviations.len()..][..period];
            for values in values.chunks_exact_mut(period) {
                for (x, deviation) in values.iter_mut().zip(deviations) {
                    let normal: f64 = StandardNormal.sample(&mut generator);
                    *x += deviation * normal;
                }
            }
        });
        self.reseed(1);
    }
}
