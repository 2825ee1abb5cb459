//! Whether client and server are apart.

use crate::choice::choice;

choice! {
    /// Whether client and server are one process or two.
    pub enum Processes {
        /// One: keys and ciphertexts stay in memory.
        #[default]
        One = "one",
        /// Two, with files between them (`docs/files.md`), as `leveled client` and `leveled server` have them.
        Two = "two",
    }
}
