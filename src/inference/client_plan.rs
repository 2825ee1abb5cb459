//! The client's half of a plan: what to encrypt, in which form, at which parameters, and which keys to make. It holds no weights.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::error::InferenceError;
use super::layout::Layout;
use super::linear::Packing;
use super::options::MOST_COPIES;
use super::program::Value;
use super::unfold::Unfolding;
use crate::ckks::keys::KeyRequest;
use crate::ckks::{Complex, Parameters, RingSwitch};
use crate::network::lowered::Shape;

/// Most keys of a plan that came from elsewhere.
const MOST_KEYS: usize = 1 << 14;

/// Most slots of its encrypted image, of 16 bytes each: 64 GiB.
const MOST_SLOTS: u64 = 1 << 32;

/// Most smaller rings of such a plan.
const MOST_RINGS: usize = 6;

/// A ring into which ciphertexts move.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SmallerRing {
    /// The switch into it.
    pub switch: RingSwitch,
    /// The keys that the server needs in it.
    pub request: KeyRequest,
}

/// Reads a list of rings, which may not be longer than halving allows: each has tables of its own.
fn few_rings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SmallerRing>, D::Error> {
    struct Few;
    impl<'de> Visitor<'de> for Few {
        type Value = Vec<SmallerRing>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MOST_RINGS} smaller rings")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
            let mut rings = Vec::new();
            while let Some(ring) = sequence.next_element()? {
                if rings.len() == MOST_RINGS {
                    return Err(A::Error::invalid_length(rings.len() + 1, &self));
                }
                rings.push(ring);
            }
            Ok(rings)
        }
    }
    deserializer.deserialize_seq(Few)
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
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "few_rings")]
    pub smaller: Vec<SmallerRing>,
    /// Layout of the logits.
    pub output: Layout,
    /// The encrypted logits.
    pub result: Value,
    /// Largest magnitude of a logit that the base prime holds.
    pub logit_bound: f64,
}

impl ClientPlan {
    /// Whether a plan that came from elsewhere can be one: sizes that agree with each other, layouts whose values have slots, keys that
    /// the parameters have. To be asked before anything else of it is used.
    ///
    /// # Errors
    /// [`InferenceError::ClientPlan`] with what is wrong, [`CkksError::KeyRequest`](crate::ckks::CkksError::KeyRequest).
    pub fn check(&self) -> Result<(), InferenceError> {
        let refuse = |reason: &str| Err(InferenceError::ClientPlan { reason: reason.to_owned() });
        let Self { parameters, image, input, output, encrypted, result, batch, copies, .. } = self;
        let slots = parameters.slots();
        self.check_rings()?;
        if !(input.is_sound(slots) && output.is_sound(self.ring(result.ring).parameters.slots())) {
            return refuse("a layout is impossible in this ring");
        }
        let shape = match &self.unfolding {
            Some(unfolding) => unfolding.sound_shape(*image),
            None => Some(*image),
        };
        if shape != Some(input.shape()) {
            return refuse("the layout is not that of the image");
        }
        if !(1..=slots).contains(batch) || input.image_slots() * batch.next_power_of_two() > slots {
            return refuse("the images of a batch do not fit into the slots");
        }
        let period = if *batch == 1 { output.period() } else { batch.next_power_of_two() * input.image_slots() };
        if (0..output.shape().channels).any(|class| output.position(class, 0, 0).1 >= period) {
            return refuse("the logits of an image do not fit into its slots");
        }
        if !(1..=MOST_COPIES).contains(copies) || matches!(self.packing, Packing::Halves { half } if half > slots) {
            return refuse("the form of the image is impossible");
        }
        let of_input = self.packing.ciphertexts(input.ciphertexts()) * copies;
        if of_input as u64 * slots as u64 > MOST_SLOTS {
            return refuse("the encrypted image has more slots than memory");
        }
        for (value, ciphertexts, rings) in
            [(encrypted, of_input, 0), (result, output.ciphertexts(), self.smaller.len())]
        {
            let Value { ciphertexts: found, limbs, scale, ring } = *value;
            let most = self.ring(ring).parameters.max_limbs();
            let possible = ring <= rings && (1..=most).contains(&limbs) && scale.is_finite() && scale > 0.0;
            if !possible || found != ciphertexts {
                return refuse("ciphertexts, limbs or scale of a value are impossible");
            }
        }
        if self.logit_bound.is_nan() || self.keys() > MOST_KEYS {
            return refuse("the bound of the logits or the number of keys is impossible");
        }
        Ok(self.rings().try_for_each(|ring| ring.request.check(ring.parameters))?)
    }

    /// Whether the smaller rings are what their switches make of the largest.
    fn check_rings(&self) -> Result<(), InferenceError> {
        for ring in self.rings() {
            let Some(switch) = ring.switch else { continue };
            let mut made = RingSwitch::new(ring.parameters, switch.limbs())?;
            if let Some(digit_limbs) = &switch.target().literal().digit_limbs {
                made = made.with_digits(digit_limbs.clone())?;
            }
            let same =
                |a: &Parameters, b: &Parameters| a.fingerprint() == b.fingerprint() && a.security() == b.security();
            if !(same(made.through(), switch.through()) && same(made.target(), switch.target())) {
                let reason = format!("ring {} is not the one below it", ring.number + 1);
                return Err(InferenceError::ClientPlan { reason });
            }
        }
        Ok(())
    }

    /// Images whose slots a simulation must keep in one ciphertext: those of a batch where they outnumber what one image fills.
    pub const fn shared_images(&self) -> usize {
        if matches!(self.input, Layout::Tiled(_)) { self.batch } else { 1 }
    }

    /// Number of keys that the server needs, those between rings included.
    pub fn keys(&self) -> usize {
        self.planned_keys().count()
    }

    /// Bytes that a client needs at a time, about: the largest key in memory and in a file, or the slots of a batch, before and after they are
    /// put in order, and one ciphertext of them, in memory and as a record.
    pub fn peak_bytes(&self) -> u64 {
        let key = self.planned_keys().map(|key| key.bytes()).max().unwrap_or(0).saturating_mul(2);
        let Value { ciphertexts, limbs, .. } = self.encrypted;
        let slots = self.parameters.slots() as u64;
        let complex = slots.saturating_mul(size_of::<Complex>() as u64);
        let ciphertext = complex.saturating_mul(limbs as u64).saturating_mul(2);
        key.max(complex.saturating_mul(2 * ciphertexts as u64).saturating_add(ciphertext))
    }

    /// Bytes of them in memory.
    pub fn key_bytes(&self) -> u64 {
        self.planned_keys().map(|key| key.bytes()).sum()
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
        if expected.is_met(limbs, scale) {
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
