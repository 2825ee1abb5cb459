//! From the slots of a result to logits.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::client_plan::ClientPlan;
use crate::ckks::Complex;

/// Decrypted logits.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logits {
    /// One value for each class. Meaningless after an overflow.
    pub values: Vec<f64>,
    /// Whether the result fails the client's range check.
    pub overflow: bool,
}

/// Copies of one logit may differ by this much; noise is a hundred times smaller, garbage a thousand times larger.
const COPY_TOLERANCE: f64 = 1.0;

impl Logits {
    /// Reads the logits of a plan's result from the slots of its ciphertexts: those of image number `image` of the batch. Every
    /// logit comes in as many copies as there is room; if an activation overflowed the modulus they are random, so copies that
    /// differ, or exceed what the modulus can hold, or are not real, reveal it.
    pub fn read(plan: &ClientPlan, result: &[impl Deref<Target = [Complex]>], image: usize) -> Self {
        let classes = plan.output.shape().channels;
        let (first, period) = first_and_period(plan, image);
        let bound = plan.logit_bound;
        let copies = result.first().map_or(0, |slots| slots.len() / period);
        let mut overflow = copies == 0;
        let values = (0..classes)
            .map(|class| {
                let (ciphertext, slot) = plan.output.position(class, 0, 0);
                let all = result[ciphertext].iter().skip(first + slot).step_by(period);
                let mean = all.clone().map(|z| z.re).sum::<f64>() / copies as f64;
                let sound = |z: &Complex| z.re.abs() <= bound && (z - mean).norm() <= COPY_TOLERANCE;
                overflow |= !all.clone().all(sound);
                mean
            })
            .collect();
        Self { values, overflow }
    }

    /// The class with the largest logit; `None` after an overflow.
    #[must_use]
    pub fn class(&self) -> Option<usize> {
        if self.overflow {
            return None;
        }
        (0..self.values.len()).max_by(|a, b| self.values[*a].total_cmp(&self.values[*b]))
    }
}

/// First slot of an image's logits, and slots from one copy to the next.
fn first_and_period(plan: &ClientPlan, image: usize) -> (usize, usize) {
    // Several images: only the first period of each is made of its own slots alone.
    match plan.batch {
        1 => (0, plan.output.period()),
        batch => (image * plan.input.image_slots(), batch.next_power_of_two() * plan.input.image_slots()),
    }
}

/// How far the copies of one logit are apart, and from the real line, over all logits of an image: a standard deviation. Noise that all
/// copies share is not in it.
pub(super) fn copy_deviation(plan: &ClientPlan, result: &[impl Deref<Target = [Complex]>], image: usize) -> f64 {
    let (first, period) = first_and_period(plan, image);
    let classes = plan.output.shape().channels;
    let (mut squares, mut count) = (0.0, 0.0);
    for class in 0..classes {
        let (ciphertext, slot) = plan.output.position(class, 0, 0);
        let all = result[ciphertext].iter().skip(first + slot).step_by(period);
        let copies = all.clone().count() as f64;
        let mean = all.clone().map(|z| z.re).sum::<f64>() / copies;
        // Two dimensions, of which the mean takes a share of one.
        squares += all.map(|z| (z - mean).norm_sqr()).sum::<f64>();
        count += 2.0 * copies - 1.0;
    }
    (squares / count).sqrt()
}
