//! Rows of `layers.csv`.

use super::record::record;

record! {
    /// One layer of one trial.
    pub struct LayerRow in "layers.csv" {
        /// The trial.
        pub trial_id: String,
        /// Which attempt at the trial, from 1.
        pub attempt: u32,
        /// Position in evaluation order, from 0.
        pub layer: u32,
        /// Name in PyTorch terms, such as `layer1.0.conv2`.
        pub name: String,
        /// What it is, such as `convolution + square`.
        pub kind: String,
        /// Layout of its value, such as `packed 16x32x32 pitch 1, 1 ct`.
        pub layout: String,
        /// Level of its input ciphertexts.
        pub level_in: Option<u32>,
        /// Level of its output ciphertexts.
        pub level_out: Option<u32>,
        /// log2 of the scale after its rescale.
        pub scale_bits: Option<f64>,
        /// |scale / D - 1| after its rescale, D the scale that was asked for (D^2 for a layer without an activation that later
        /// layers read).
        pub scale_deviation: Option<f64>,
        /// Median over images of the seconds it takes; the probe is not in it.
        pub seconds: Option<f64>,
        /// Of these, encoding diagonals that were not in memory.
        pub encode_seconds: Option<f64>,
        /// The linear transform with its rescale, and the bias.
        pub linear_seconds: Option<f64>,
        /// Squaring and relinearization.
        pub square_seconds: Option<f64>,
        /// Packing the value into complex slots.
        pub pack_seconds: Option<f64>,
        /// What the plan said `seconds` would be.
        pub planned_seconds: Option<f64>,
        /// Rotations and conjugations.
        pub rotations: Option<u64>,
        /// Decompositions for key switching: a group of hoisted rotations counts once.
        pub hoisting_groups: Option<u64>,
        /// Products of ciphertext and plaintext.
        pub plain_products: Option<u64>,
        /// Products of ciphertexts, squarings included.
        pub products: Option<u64>,
        /// Additions of ciphertexts.
        pub additions: Option<u64>,
        /// Rescales of ciphertexts.
        pub rescales: Option<u64>,
        /// Diagonals of its linear transform.
        pub diagonals: Option<u64>,
        /// Baby steps.
        pub babies: Option<u64>,
        /// Giant steps.
        pub giants: Option<u64>,
        /// Bits of precision of the worst value relative to the largest activation over images; of one image, the first that
        /// does not explode. Empty without the probe.
        pub precision_bits_min: Option<f64>,
        /// Bits of precision of the median value, likewise.
        pub precision_bits_median: Option<f64>,
        /// Largest |value| before the squaring, over images that do not explode, in the clear.
        pub largest_activation: Option<f64>,
        /// log2 of the largest |value| before the squaring that the modulus holds at this layer.
        pub log2_headroom: Option<f64>,
    }
}
