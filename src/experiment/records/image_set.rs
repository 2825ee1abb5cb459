//! What images a trial was evaluated on.

use super::record::words;

words! {
    /// Which images are evaluated.
    pub enum ImageSet {
        /// The test set.
        Test = "test",
        /// The training images that the networks' trainings held out, for every choice.
        Validation = "validation",
    }
}
