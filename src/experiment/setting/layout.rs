//! How values are arranged in slots.

use super::named::named_setting;

named_setting! {
    /// How values are arranged in slots.
    pub enum Layout {
        /// Channels multiplexed into the slots of few ciphertexts (method section 5).
        #[default]
        Packed = "packed",
    }
}
