//! Rows of `accuracy.csv`.

use super::record::{record, words};

record! {
    /// The accuracy of one network or ensemble in one form.
    pub struct AccuracyRow in "accuracy.csv" {
        /// File names of the weights without extension, joined by `+`.
        pub models: String,
        /// Number of members; the logits of an ensemble are their mean.
        pub members: usize,
        /// Name of the network.
        pub network: String,
        /// Channels of its first stage.
        pub width: usize,
        /// The data set.
        pub dataset: String,
        /// The activation that it was trained with, as cards call it; those of an ensemble joined by `+` where they differ.
        pub activation: String,
        /// Epochs of the training, by the record on the card; none: there is no record, or members differ.
        pub epochs: Option<u64>,
        /// `test`, or `validation` for the held out training images.
        pub images_of: String,
        /// As trained, folded, or clustered after folding.
        pub form: AccuracyForm,
        /// `full`, `slice` or `joint`.
        pub cluster_mode: Option<String>,
        /// K.
        pub clusters: Option<usize>,
        /// Seed of the clustering.
        pub cluster_seed: Option<u64>,
        /// Norm of the change of the weights by clustering, relative to that of the weights.
        pub relative_error: Option<f64>,
        /// Images evaluated.
        pub images: usize,
        /// Images whose class is right; an image with logits that are no numbers has no class.
        pub correct: usize,
        /// The same in percent.
        pub accuracy_percent: f64,
        /// Images that explode in at least one member.
        pub exploding_images: usize,
        /// The largest magnitude of an activation's input on images that do not explode; after folding, of what is squared.
        pub largest_activation: f64,
        /// Seconds of the evaluation.
        pub seconds: f64,
        /// SHA-256 of the weights, of an ensemble several with spaces between, in the order of `models`.
        pub model_sha256: String,
        /// SHA-256 of what the cards beside the weights say (comments do not count), likewise.
        pub card_sha256: String,
        /// SHA-256 of the recipe of the training but for its seed, likewise; `-` for a card without a record.
        pub recipe_sha256: String,
        /// SHA-256 of the labels and images.
        pub dataset_sha256: String,
    }
}

words! {
    /// The form of the weights.
    #[derive(PartialOrd, Ord, Default)]
    pub enum AccuracyForm {
        /// As trained, batch normalisation apart.
        #[default]
        Trained = "trained",
        /// Folded and redistributed, as it is evaluated under encryption.
        Folded = "folded",
        /// Folded, redistributed, and clustered.
        Clustered = "clustered",
    }
}
