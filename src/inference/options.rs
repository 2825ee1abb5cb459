//! What a plan may choose from.

use serde::{Deserialize, Serialize};

use super::prices::Prices;
use crate::choice::choice;
use crate::ckks::{CkksError, KeySwitching, ParametersLiteral, SecurityPolicy};
use crate::ring::primes::MAX_LOG_N;

choice! {
    /// How values are arranged in slots (method sections 5 and 8).
    pub enum LayoutKind {
        /// Channels multiplexed into the slots of few ciphertexts.
        #[default]
        Packed = "packed",
        /// One ciphertext per channel.
        Channel = "channel",
        /// Many images, one ciphertext per channel and position inside a tile of the plane.
        Tiled = "tiled",
    }
}

choice! {
    /// How a convolution is computed. Other layouts than the packed one take `Diagonals` for `Classical`.
    pub enum ConvolutionKind {
        /// As a matrix by its diagonals: the packed layout's.
        #[default]
        Diagonals = "diagonals",
        /// One multiplication per weight.
        Classical = "classical",
        /// Inputs that share a weight are added, then multiplied once.
        Clustered = "clustered",
        /// Small integers times whole ciphertexts, one mask per output.
        Integer = "integer",
    }
}

choice! {
    /// Whether late layers are computed in smaller rings (method section 9).
    pub enum RingSwitching {
        /// From where the limits of smaller rings allow it and time is saved: in the packed layout.
        Auto = "auto",
        /// One ring.
        #[default]
        None = "none",
    }
}

/// Enough for the article's widest layers in two or three blocks.
pub const DEFAULT_WORKING_BYTES: u64 = 5 << 30;

/// What the choice of tiles, and of digits with the weights that are kept, keeps to unless told otherwise: the same on every machine.
pub const DEFAULT_MEMORY_BYTES: u64 = 16 << 30;

/// What a plan chose by comparing whole plans: the same options with these make it again without a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// Tiles of an image; none: another layout.
    pub tiles: Option<usize>,
    /// For each smaller ring the limbs of the largest ciphertexts that are read there.
    pub switches: Vec<usize>,
    /// Ring by ring the limbs of a digit of the key switching for ciphertexts of 1, 2, .. limbs; none: what is cheapest for a rotation.
    #[serde(default)]
    pub digit_limbs: Vec<Option<Vec<usize>>>,
}

/// What a plan may choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanOptions {
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// Levels of the chain; `None`: what the network needs.
    pub levels: Option<usize>,
    /// log2 of the data scale D.
    pub scale_bits: f64,
    /// log2 of the weight scale W.
    pub weight_bits: f64,
    /// Whether one prime pays for a linear layer and the squaring after it.
    pub tower_reuse: bool,
    /// log2 of the scale of the encrypted image, if the network allows one of its own.
    pub input_bits: f64,
    /// Rotated copies of the image that the client encrypts, to save rotations at the top of the chain.
    pub input_copies: usize,
    /// Whether real and imaginary parts hold two halves of the channels.
    pub complex_packing: bool,
    /// log2 of the base prime.
    pub base_bits: u32,
    /// How values are laid out.
    pub layout: LayoutKind,
    /// How convolutions are computed.
    pub convolution: ConvolutionKind,
    /// Whether late layers are computed in smaller rings.
    pub ring_switching: RingSwitching,
    /// Images in the slots of one ciphertext; none: one, and in the tiled layout as many as there is room for.
    pub batch: Option<usize>,
    /// Tiles of an image in the tiled layout; none: as many as take the least time within the memory.
    pub tiles: Option<usize>,
    /// Bytes that an evaluation may take, for choosing the tiles.
    pub memory_bytes: u64,
    /// Bytes of rotated ciphertexts that a convolution in the channel or tiled layout may hold at a time.
    pub working_bytes: u64,
    /// Bytes of encoded weights that are kept between images; none: three quarters of what a plan leaves of
    /// [`DEFAULT_MEMORY_BYTES`].
    pub weight_bytes: Option<u64>,
    /// Choice of the special primes.
    pub key_switching: KeySwitching,
    /// What to do about parameters over the security limit.
    pub security: SecurityPolicy,
    /// Prices for predicted seconds, and for choosing baby and giant steps.
    pub prices: Prices,
    /// What a plan with the same options chose before; none: plans are compared.
    pub chosen: Option<Choices>,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            log_n: 15,
            levels: None,
            scale_bits: 22.0,
            weight_bits: 19.5,
            tower_reuse: true,
            input_bits: 24.0,
            input_copies: 4,
            complex_packing: true,
            base_bits: 28,
            layout: LayoutKind::default(),
            convolution: ConvolutionKind::default(),
            ring_switching: RingSwitching::default(),
            batch: None,
            tiles: None,
            memory_bytes: DEFAULT_MEMORY_BYTES,
            working_bytes: DEFAULT_WORKING_BYTES,
            weight_bytes: None,
            key_switching: KeySwitching::Automatic,
            security: SecurityPolicy::Bits128,
            prices: Prices::default(),
            chosen: None,
        }
    }
}

/// Most rotated copies of the image that a client encrypts.
pub(super) const MOST_COPIES: usize = 64;

/// Most images of a batch: the slots of the largest ring.
const MOST_IMAGES: usize = 1 << (MAX_LOG_N - 1);

impl PlanOptions {
    /// The parameters of a chain of `levels` levels, whose fresh ciphertexts have a scale of their own or that of later data.
    pub(super) fn literal(&self, levels: usize, own_input_scale: bool) -> ParametersLiteral {
        ParametersLiteral {
            log_n: self.log_n,
            levels,
            scale_bits: self.scale_bits,
            weight_bits: self.weight_bits,
            tower_reuse: self.tower_reuse,
            input_bits: own_input_scale.then_some(self.input_bits),
            base_bits: self.base_bits,
            key_switching: self.key_switching,
            security: self.security,
            ..ParametersLiteral::default()
        }
    }

    /// Checks what can be checked without a network.
    ///
    /// # Errors
    /// [`CkksError::Parameter`] for the first impossible value.
    pub fn check(&self) -> Result<(), CkksError> {
        self.literal(self.levels.unwrap_or(1), true).check()?;
        let impossible =
            |name, value: usize, reason| Err(CkksError::Parameter { name, value: value.to_string(), reason });
        let copies = self.input_copies;
        if !(1..=MOST_COPIES).contains(&copies) {
            return impossible(
                "input_copies",
                copies,
                format!("{copies} copies of the image; choose 1 to {MOST_COPIES}"),
            );
        }
        match self.batch {
            Some(batch) if batch > MOST_IMAGES => {
                let reason = format!("no ring has slots for {batch} images; choose {MOST_IMAGES} or fewer");
                impossible("batch", batch, reason)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_options_are_named() {
        assert_eq!(PlanOptions::default().check(), Ok(()));
        let text = |options: PlanOptions| options.check().unwrap_err().to_string();
        for (input_copies, possible) in [(0, false), (1, true), (64, true), (65, false)] {
            assert_eq!(PlanOptions { input_copies, ..PlanOptions::default() }.check().is_ok(), possible);
        }
        let copies = text(PlanOptions { input_copies: 65, ..PlanOptions::default() });
        assert_eq!(copies, "input_copies = 65 is impossible: 65 copies of the image; choose 1 to 64");
        let batch = text(PlanOptions { batch: Some(1 << 53), ..PlanOptions::default() });
        assert!(
            batch.starts_with("batch = 9007199254740992 is impossible") && batch.ends_with("choose 65536 or fewer"),
            "{batch}"
        );
        assert!(text(PlanOptions { levels: Some(0), ..PlanOptions::default() }).starts_with("levels = 0"));
    }
}
