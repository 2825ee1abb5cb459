//! In which form a network is evaluated.

use crate::choice::choice;

choice! {
    /// In which form a network is evaluated.
    pub enum NetworkForm {
        /// Folded and redistributed: what encryption evaluates.
        #[default]
        Lowered = "lowered",
        /// As it was trained, batch normalisation apart; ReLU is possible.
        Trained = "trained",
    }
}
