//! Rows of `images.csv`.

use super::record::record;

record! {
    /// One image of one trial.
    pub struct ImageRow in "images.csv" {
        /// The trial.
        pub trial_id: String,
        /// Which attempt at the trial, from 1.
        pub attempt: u32,
        /// Index in the data set.
        pub image: u64,
        /// The right class; empty for random weights, which know none.
        pub label: Option<u32>,
        /// Class by encrypted evaluation or, as the trial's `backend` says, simulated; empty on overflow and in the clear.
        pub predicted: Option<u32>,
        /// Class by clear-text evaluation.
        pub clear_predicted: Option<u32>,
        /// Clear-text margin between the two largest logits.
        pub margin: Option<f64>,
        /// Whether the two classes agree.
        pub agreement: Option<bool>,
        /// Median over classes of |logit - clear-text logit|.
        pub logit_error_median: Option<f64>,
        /// Largest |logit - clear-text logit|.
        pub logit_error_max: Option<f64>,
        /// Whether the logits mean nothing: the client noticed, or a value in the clear left the range that the modulus holds; in the clear alone,
        /// whether the image explodes.
        pub overflow: bool,
        /// Whether the client's own check, which knows no clear text, noticed.
        pub overflow_noticed: bool,
        /// Evaluations that it took: 2 where another image of its batch left the range that the modulus holds, and the batch was evaluated again
        /// without that one.
        pub evaluations: Option<u32>,
        /// Seconds of the encrypted evaluation, with all images of its batch: the sum of the layers' seconds. Encryption,
        /// decryption and the probe are not in it.
        pub seconds: Option<f64>,
        /// Seconds of the client to encode and encrypt.
        pub encryption_seconds: Option<f64>,
        /// Seconds of the client to decrypt and decode.
        pub decryption_seconds: Option<f64>,
    }
}
