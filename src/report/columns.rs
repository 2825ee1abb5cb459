//! Names of the columns that the report reads, each in this one place. A column that a table lacks reads as empty.

use crate::experiment::records::TrialRow;

/// Columns of `trials.csv`.
pub mod trial {
    use crate::experiment::records::TrialRow;

    /// Hash of what can change the result.
    pub const ID: &str = TrialRow::trial_id.name;
    /// Which attempt at the trial.
    pub const ATTEMPT: &str = TrialRow::attempt.name;
    /// When the trial ended.
    pub const ENDED: &str = TrialRow::ended.name;
    /// `ok` or `failed`.
    pub const STATUS: &str = TrialRow::status.name;
    /// Name of the experiment.
    pub const EXPERIMENT: &str = TrialRow::experiment.name;
    /// Architecture.
    pub const NETWORK: &str = TrialRow::network.name;
    /// Channels of the first stage.
    pub const WIDTH: &str = TrialRow::width.name;
    /// Data set.
    pub const DATASET: &str = TrialRow::dataset.name;
    /// Activation of the training.
    pub const ACTIVATION: &str = TrialRow::activation.name;
    /// File of the weights.
    pub const MODEL: &str = TrialRow::model.name;
    /// SHA-256 of the weights.
    pub const MODEL_SHA256: &str = TrialRow::model_sha256.name;
    /// SHA-256 of the recipe of their training but for its seed.
    pub const RECIPE_SHA256: &str = TrialRow::recipe_sha256.name;
    /// `random` for weights that were never trained; anything else was.
    pub const WEIGHTS: &str = TrialRow::weights.name;
    /// Epochs of the training.
    pub const EPOCHS: &str = TrialRow::epochs.name;
    /// What evaluated the images.
    pub const BACKEND: &str = TrialRow::backend.name;
    /// Whether client and server were one process or two.
    pub const PROCESSES: &str = TrialRow::processes.name;
    /// log2 of the ring dimension.
    pub const LOG_N: &str = TrialRow::log_n.name;
    /// Layout of values in slots.
    pub const LAYOUT: &str = TrialRow::layout.name;
    /// How the channel layout convolves.
    pub const CONVOLUTION: &str = TrialRow::convolution.name;
    /// Distinct values of clustered weights, K.
    pub const CLUSTERS: &str = TrialRow::clusters.name;
    /// Which weights share values.
    pub const CLUSTER_MODE: &str = TrialRow::cluster_mode.name;
    /// How clusters are found.
    pub const CLUSTER_METHOD: &str = TrialRow::cluster_method.name;
    /// Models in an ensemble, M.
    pub const ENSEMBLE: &str = TrialRow::ensemble.name;
    /// Images in a ciphertext.
    pub const BATCH: &str = TrialRow::batch.name;
    /// How a quadratic is evaluated.
    pub const ACTIVATION_FORM: &str = TrialRow::activation_form.name;
    /// Whether batch normalisation is part of the convolutions.
    pub const NODE_FUSING: &str = TrialRow::node_fusing.name;
    /// Whether a convolution and the squaring after it share a prime.
    pub const TOWER_REUSE: &str = TrialRow::tower_reuse.name;
    /// Seed of keys and noise.
    pub const SEED: &str = TrialRow::seed.name;
    /// Number of threads.
    pub const THREADS: &str = TrialRow::threads.name;
    /// Number of images.
    pub const IMAGES: &str = TrialRow::images.name;
    /// Images whose logits mean nothing.
    pub const OVERFLOWS: &str = TrialRow::overflow_images.name;
    /// Accuracy that the card of the weights states.
    pub const CARD_ACCURACY: &str = TrialRow::card_accuracy.name;
    /// Images that it is a share of, where that is not the whole test set. Made from `accuracy.csv`.
    pub const CARD_IMAGES: &str = "card_accuracy_images";
    /// Median seconds of an evaluation.
    pub const LATENCY: &str = TrialRow::latency_seconds_median.name;
    /// First quartile of the same.
    pub const LATENCY_LOW: &str = TrialRow::latency_seconds_quartile1.name;
    /// Third quartile of the same.
    pub const LATENCY_HIGH: &str = TrialRow::latency_seconds_quartile3.name;
    /// Evaluations that were timed.
    pub const EVALUATIONS: &str = TrialRow::latency_evaluations.name;
    /// The median over the images in an evaluation.
    pub const AMORTISED: &str = TrialRow::amortised_seconds_median.name;
    /// Seconds to make all keys.
    pub const KEYGEN: &str = TrialRow::keygen_seconds.name;
    /// Seconds to encrypt.
    pub const ENCRYPTION: &str = TrialRow::encryption_seconds_median.name;
    /// Seconds to decrypt.
    pub const DECRYPTION: &str = TrialRow::decryption_seconds_median.name;
    /// Largest resident memory.
    pub const PEAK: &str = TrialRow::peak_memory_bytes.name;
    /// Evaluation keys.
    pub const KEYS: &str = TrialRow::key_bytes.name;
    /// Upload of an evaluation.
    pub const UPLOAD: &str = TrialRow::ciphertext_bytes.name;
    /// Download of an evaluation.
    pub const DOWNLOAD: &str = TrialRow::result_bytes.name;
    /// Levels that the evaluation uses.
    pub const LEVELS: &str = TrialRow::levels_used.name;
    /// log2 of Q times P.
    pub const LOG2_QP: &str = TrialRow::log2_qp.name;
    /// Verdict by the 2018 standard.
    pub const SECURITY_2018: &str = TrialRow::security_2018.name;
    /// Verdict by the 2024 guidelines.
    pub const SECURITY_2024: &str = TrialRow::security_2024.name;
    /// Products of ciphertext and plaintext.
    pub const PLAIN_PRODUCTS: &str = TrialRow::plain_products.name;
    /// Rotations.
    pub const ROTATIONS: &str = TrialRow::rotations.name;
}

/// Columns of `images.csv`.
pub mod image {
    use crate::experiment::records::ImageRow;

    /// Number of the image.
    pub const IMAGE: &str = ImageRow::image.name;
    /// Its class.
    pub const LABEL: &str = ImageRow::label.name;
    /// The class that was found.
    pub const PREDICTED: &str = ImageRow::predicted.name;
    /// The class in the clear.
    pub const CLEAR: &str = ImageRow::clear_predicted.name;
    /// Whether both are the same.
    pub const AGREEMENT: &str = ImageRow::agreement.name;
    /// Whether the image overflows.
    pub const OVERFLOW: &str = ImageRow::overflow.name;
    /// Largest magnitude of a logit's error.
    pub const LARGEST_ERROR: &str = ImageRow::logit_error_max.name;
    /// Clear-text distance of the two largest logits.
    pub const MARGIN: &str = ImageRow::margin.name;
    /// Median over classes of the magnitude of a logit's error.
    pub const ERROR: &str = ImageRow::logit_error_median.name;
}

/// Settings that tables of other versions may have.
pub const FURTHER_SETTINGS: [&str; 10] = [
    trial::WEIGHTS,
    trial::CONVOLUTION,
    trial::CLUSTERS,
    trial::CLUSTER_MODE,
    trial::CLUSTER_METHOD,
    trial::ENSEMBLE,
    trial::BATCH,
    trial::ACTIVATION_FORM,
    trial::NODE_FUSING,
    trial::TOWER_REUSE,
];

/// Settings that do not tell one configuration from another: what repeats a measurement, and what only runs it.
pub const REPETITIONS: [&str; 13] = [
    TrialRow::model.name,
    TrialRow::seed.name,
    TrialRow::cluster_seed.name,
    "clustering_seed",
    "training_seed",
    TrialRow::weights_seed.name,
    TrialRow::images.name,
    TrialRow::probe.name,
    TrialRow::memory.name,
    TrialRow::backend.name,
    TrialRow::network_form.name,
    TrialRow::parameters.name,
    TrialRow::security.name,
];

/// Sizes of scales and primes, which change no number of levels.
pub const SIZES: [&str; 4] =
    [TrialRow::scale_bits.name, TrialRow::weight_bits.name, TrialRow::input_bits.name, TrialRow::base_bits.name];

/// Settings that change seconds and never an answer, besides [`REPETITIONS`].
pub const SPEED_ONLY: [&str; 1] = [trial::THREADS];

/// An accuracy: the column of the share, of the ends of its interval and of the number of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accuracy {
    /// The share of images that are right.
    pub share: &'static str,
    /// Lower end of its 95 % interval.
    pub low: &'static str,
    /// Upper end.
    pub high: &'static str,
    /// What it is a share of.
    pub images: &'static str,
    /// What evaluated, in a word.
    pub word: &'static str,
}

/// By encrypted evaluation.
pub const ENCRYPTED: Accuracy = Accuracy {
    share: TrialRow::accuracy.name,
    low: TrialRow::accuracy_low.name,
    high: TrialRow::accuracy_high.name,
    images: TrialRow::accuracy_images.name,
    word: "encrypted",
};

/// By simulated evaluation.
pub const SIMULATED: Accuracy = Accuracy {
    share: TrialRow::simulated_accuracy.name,
    low: TrialRow::simulated_accuracy_low.name,
    high: TrialRow::simulated_accuracy_high.name,
    images: TrialRow::simulated_accuracy_images.name,
    word: "simulated",
};

/// In the clear.
pub const CLEAR: Accuracy = Accuracy {
    share: TrialRow::clear_accuracy.name,
    low: TrialRow::clear_accuracy_low.name,
    high: TrialRow::clear_accuracy_high.name,
    images: TrialRow::clear_accuracy_images.name,
    word: "clear text",
};
