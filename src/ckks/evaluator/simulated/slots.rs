//! Slots in the clear, real and imaginary parts apart.

use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use crate::ckks::encoder::Complex;
use crate::ckks::evaluator::check::State;
use crate::ring::sampling::Seed;

/// Slots whose noise comes from one stream: as many threads as there are blocks can draw.
const BLOCK: usize = 2048;

/// What a ciphertext decrypts to.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedCiphertext {
    pub(super) re: Vec<f64>,
    pub(super) im: Vec<f64>,
    /// The factor that slots are multiplied by.
    pub scale: f64,
    /// Number of limbs of the ciphertext.
    pub limbs: usize,
    /// Seed of its noise.
    pub(super) seed: u64,
}

impl From<&SimulatedCiphertext> for State {
    fn from(x: &SimulatedCiphertext) -> Self {
        Self { limbs: x.limbs, scale: x.scale }
    }
}

/// A seed from two others (the finalizer of splitmix64).
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.rotate_left(23) ^ b.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl SimulatedCiphertext {
    pub(super) fn new(slots: &[Complex], scale: f64, limbs: usize, seed: u64) -> Self {
        let (re, im) = (slots.iter().map(|z| z.re).collect(), slots.iter().map(|z| z.im).collect());
        Self { re, im, scale, limbs, seed }
    }

    /// All slots.
    pub fn slots(&self) -> Vec<Complex> {
        self.re.iter().zip(&self.im).map(|(re, im)| Complex::new(*re, *im)).collect()
    }

    pub(super) fn mapped(&self, f: impl Fn(Complex) -> Complex) -> Self {
        let mut out = self.clone();
        for (re, im) in out.re.iter_mut().zip(&mut out.im) {
            let z = f(Complex::new(*re, *im));
            (*re, *im) = (z.re, z.im);
        }
        out
    }

    pub(super) fn combined(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = self.clone();
        out.re.iter_mut().zip(&other.re).for_each(|(x, y)| *x = f(*x, *y));
        out.im.iter_mut().zip(&other.im).for_each(|(x, y)| *x = f(*x, *y));
        out.seed = mix(self.seed, other.seed);
        out
    }

    /// Slots rotated to the left by `steps`.
    pub(super) fn turned(&self, steps: i64) -> Self {
        let mut out = self.clone();
        let steps = steps.rem_euclid(self.re.len().max(1) as i64) as usize;
        out.re.rotate_left(steps);
        out.im.rotate_left(steps);
        out.seed = mix(self.seed, steps as u64);
        out
    }

    /// Adds normal noise of the given deviation to both parts of every slot, and moves on to the next seed.
    pub(super) fn add_noise(&mut self, deviation: f64) {
        self.add_varying_noise(&[deviation], &[deviation]);
    }

    /// As [`Self::add_noise`], with deviations of real and of imaginary parts for each slot that repeat (powers of two of
    /// them).
    pub(super) fn add_varying_noise(&mut self, re: &[f64], im: &[f64]) {
        let seed = Seed::from_number(self.seed);
        let blocks = self.re.par_chunks_mut(BLOCK).enumerate().map(|(index, block)| (0, index, block, re));
        let blocks =
            blocks.chain(self.im.par_chunks_mut(BLOCK).enumerate().map(|(index, block)| (1, index, block, im)));
        blocks.for_each(|(part, index, block, deviations)| {
            let mut generator = seed.derive("simulated noise", &[part, index as u64]).generator();
            let first = index * BLOCK % deviations.len();
            for (x, deviation) in block.iter_mut().zip(deviations.iter().cycle().skip(first)) {
                let normal: f64 = StandardNormal.sample(&mut generator);
                *x += deviation * normal;
            }
        });
        self.seed = mix(self.seed, 1);
    }
}
