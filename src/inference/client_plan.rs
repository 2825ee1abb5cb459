//! The client's half of a plan: what to encrypt, in which form, at which parameters, and which keys to make. It holds no weights.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::error::InferenceError;
use super::layout::Layout;
use super::linear::Packing;
use super::program::Value;
use super::unfold::Unfolding;
use crate::ckks::evaluator::SCALE_TOLERANCE;
use crate::ckks::keys::KeyRequest;
use crate::ckks::{Complex, Parameters, RingSwitch};
use crate::network::lowered::Shape;

/// A ring into which ciphertexts move.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SmallerRing {
    /// The switch into it.
    pub switch: RingSwitch,
    /// The keys that the server needs in it.
    pub request: KeyRequest,
}

/// What a client must know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClientPlan {
    /// The parameters.
    pub parameters: Parameters,
    /// Shape of an image.
    pub image: Shape,
    /// What the client does to an image first.
    pub unfolding: Option<Unfolding>,
    /// Layout of the image, unfolded if `unfolding` says so.
    pub input: Layout,
    /// Form in which the client packs the image.
    pub packing: Packing,
    /// Rotated copies of each ciphertext of the image; copy k is rotated to the left by k grids.
    pub copies: usize,
    /// Images that are encrypted together.
    pub batch: usize,
    /// The encrypted image.
    pub encrypted: Value,
    /// The keys that the server needs in the largest ring.
    pub request: KeyRequest,
    /// Smaller rings, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub smaller: Vec<SmallerRing>,
    /// Layout of the logits.
    pub output: Layout,
    /// The encrypted logits.
    pub result: Value,
    /// Largest magnitude of a logit that the base prime holds.
    pub logit_bound: f64,
}

impl ClientPlan {
    /// Images whose slots a simulation must keep in one ciphertext: those of a batch where they outnumber what one image fills.
    pub const fn shared_images(&self) -> usize {
        if matches!(self.input, Layout::Tiled(_)) { self.batch } else { 1 }
    }

    /// Number of keys that the server needs, those between rings included.
    pub fn keys(&self) -> usize {
        self.request.len() + self.smaller.iter().map(|ring| 1 + ring.request.len()).sum::<usize>()
    }

    /// Bytes of them in memory.
    pub fn key_bytes(&self) -> u64 {
        let smaller = self.smaller.iter();
        self.request.bytes(&self.parameters)
            + smaller.map(|ring| ring.switch.key_bytes() + ring.request.bytes(ring.switch.target())).sum::<u64>()
    }

    /// The image as the lowered network reads it.
    pub fn network_input<'i>(&self, image: &'i [f64]) -> Cow<'i, [f64]> {
        self.unfolding.map_or(Cow::Borrowed(image), |unfolding| Cow::Owned(unfolding.apply(image)))
    }

    /// The slots of each ciphertext that a client encrypts for normalised images, each row-major [channels, rows, columns]:
    /// one image, or as many as the plan has in a batch; what is missing of a batch is zero.
    ///
    /// # Errors
    /// [`InferenceError::ImageSize`], [`InferenceError::BatchSize`].
    pub fn input_slots(&self, images: &[&[f64]]) -> Result<Vec<Vec<Complex>>, InferenceError> {
        if images.is_empty() || images.len() > self.batch {
            return Err(InferenceError::BatchSize { batch: self.batch, found: images.len() });
        }
        let expected = self.image.len();
        let mut batched: Vec<Vec<Complex>> = Vec::new();
        for image in images {
            if image.len() != expected {
                return Err(InferenceError::ImageSize { expected, found: image.len() });
            }
            let periods = self.packing.pack(&self.input.scatter(&self.network_input(image)));
            batched.resize(periods.len(), Vec::new());
            let slots = self.input.image_slots();
            batched.iter_mut().zip(periods).for_each(|(all, period)| all.extend(&period[..slots]));
        }
        let length = self.input.image_slots() * self.batch.next_power_of_two();
        batched.iter_mut().for_each(|all| all.resize(length, Complex::default()));
        let grid = if let Layout::Packed(packed) = &self.input { packed.grid_slots() } else { 0 };
        let copies = (0..self.copies).map(|copy| copy * grid);
        let turned = |(period, steps): (&Vec<Complex>, usize)| {
            period.iter().cycle().skip(steps).take(self.parameters.slots()).copied().collect()
        };
        Ok(batched.iter().flat_map(|period| copies.clone().map(move |steps| (period, steps))).map(turned).collect())
    }

    /// Whether a result has the level and the scale that the last step leaves.
    ///
    /// # Errors
    /// [`InferenceError::Result`].
    pub fn check_result(&self, limbs: usize, scale: f64) -> Result<(), InferenceError> {
        let expected = self.result;
        if limbs == expected.limbs && (scale / expected.scale - 1.0).abs() < SCALE_TOLERANCE {
            return Ok(());
        }
        let reason = format!(
            "it has {limbs} limbs and scale 2^{:.6} instead of {} and 2^{:.6}",
            scale.log2(),
            expected.limbs,
            expected.scale.log2()
        );
        Err(InferenceError::Result { reason })
    }
}
