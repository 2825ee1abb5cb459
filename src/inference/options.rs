//! What a plan may choose from.

use serde::{Deserialize, Serialize};

use super::prices::Prices;
use crate::ckks::SecurityPolicy;
use crate::ckks::parameters::KeySwitching;

/// How values are laid out in slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayoutKind {
    /// Many channels in a ciphertext.
    #[default]
    Packed,
    /// One ciphertext for each channel.
    Channel,
    /// Many images, one ciphertext for each channel and position inside a tile of the plane.
    Tiled,
}

/// How a convolution in the channel layout uses its weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConvolutionKind {
    /// One product for each weight.
    Classical,
    /// The inputs that share a weight are added, then multiplied once.
    #[default]
    Clustered,
    /// Small integers times whole ciphertexts, and one mask for each output.
    Integer,
}

/// Enough for the article's widest layers in two or three blocks.
pub const DEFAULT_WORKING_BYTES: u64 = 5 << 30;

/// What the choice of tiles keeps to unless told otherwise: the same on every machine.
pub const DEFAULT_MEMORY_BYTES: u64 = 16 << 30;

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
    /// How convolutions in the channel layout use their weights.
    pub convolution: ConvolutionKind,
    /// Images in the slots of one ciphertext; none: one, and in the tiled layout as many as there is room for.
    pub batch: Option<usize>,
    /// Tiles of an image in the tiled layout; none: as many as take the least time within the memory.
    pub tiles: Option<usize>,
    /// Bytes that an evaluation may take, for choosing the tiles.
    pub memory_bytes: u64,
    /// Bytes of rotated ciphertexts that a convolution in the channel or tiled layout may hold at a time.
    pub working_bytes: u64,
    /// Choice of the special primes.
    pub key_switching: KeySwitching,
    /// What to do about parameters over the security limit.
    pub security: SecurityPolicy,
    /// Prices for predicted seconds, and for choosing baby and giant steps.
    pub prices: Prices,
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
            batch: None,
            tiles: None,
            memory_bytes: DEFAULT_MEMORY_BYTES,
            working_bytes: DEFAULT_WORKING_BYTES,
            key_switching: KeySwitching::Automatic,
            security: SecurityPolicy::Bits128,
            prices: Prices::default(),
        }
    }
}
