//! What evaluates the images.

use crate::choice::choice;

choice! {
    /// What evaluates the images.
    pub enum Backend {
        /// Encryption: keys, ciphertexts, seconds that count.
        #[default]
        Encrypted = "encrypted",
        /// Clear slots with the scheme's noise (`docs/noise.md`): accuracy over whole test sets, no seconds.
        Simulated = "simulated",
        /// No encryption: logits and accuracies of the network alone.
        Clear = "clear",
    }
}
