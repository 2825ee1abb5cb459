//! From the slots of a result to logits.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::client_plan::ClientPlan;
use crate::ckks::Complex;

/// Decrypted logits.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logits {
    /// One value for each class. Meaningless after an overflow, and zero where there was nothing to read.
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
    ///
    /// An image that is none of the batch, or a result that lacks ciphertexts or slots, reads as an overflow, with zeros
    /// for what is not there.
    pub fn read(plan: &ClientPlan, result: &[impl Deref<Target = [Complex]>], image: usize) -> Self {
        let classes = plan.output.shape().channels;
        if image >= plan.batch {
            return Self { values: vec![0.0; classes], overflow: true };
        }
        let (first, period) = first_and_period(plan, image);
        let bound = plan.logit_bound;
        let mut overflow = false;
        let values = (0..classes)
            .map(|class| {
                let (ciphertext, slot) = plan.output.position(class, 0, 0);
                let slots = result.get(ciphertext).map_or(&[][..], |slots| &slots[..]);
                let all = slots.iter().skip(first + slot).step_by(period);
                let copies = all.len();
                if copies == 0 {
                    overflow = true;
                    return 0.0;
                }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ckks::SecurityPolicy;
    use crate::inference::{LayoutKind, Plan, PlanOptions};
    use crate::network::lowered::Shape;
    use crate::network::{Architecture, Network, Stage};

    #[test]
    fn what_is_not_there_reads_as_an_overflow() {
        let architecture = Architecture {
            input: Shape::new(3, 8, 8),
            stages: vec![Stage { blocks: 1, channels: 4, stride: 1 }],
            ..Architecture::named("resnet20", 4, 10).unwrap()
        };
        let network = Arc::new(Network::random(&architecture, 1).unwrap().lower().unwrap());
        let one = PlanOptions { log_n: 9, security: SecurityPolicy::None, ..PlanOptions::default() };
        let three = PlanOptions { layout: LayoutKind::Tiled, tiles: Some(16), batch: Some(3), ..one.clone() };
        for options in [one, three] {
            let plan = Plan::new(network.clone(), &options).unwrap().client;
            let slots = vec![vec![Complex::new(0.25, 0.0); plan.parameters.slots()]; plan.result.ciphertexts];
            for image in 0..plan.batch {
                let there = Logits { values: vec![0.25; 10], overflow: false };
                assert_eq!(Logits::read(&plan, &slots, image), there);
            }
            let none = Logits { values: vec![0.0; 10], overflow: true };
            for image in [plan.batch, usize::MAX] {
                assert_eq!(Logits::read(&plan, &slots, image), none);
            }
            let empty = vec![Vec::<Complex>::new(); slots.len()];
            assert_eq!((Logits::read(&plan, &slots[..0], 0), Logits::read(&plan, &empty, 0)), (none.clone(), none));
            let fewer = Logits::read(&plan, &slots[1..], 0);
            assert!(fewer.overflow && fewer.values.contains(&0.0), "{fewer:?}");
        }
    }
}
