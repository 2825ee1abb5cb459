//! Names of the columns that the report reads, each in this one place. A column that a table lacks reads as empty.

/// Columns of `trials.csv`.
pub mod trial {
    /// Hash of what can change the result.
    pub const ID: &str = "trial_id";
    /// Which attempt at the trial.
    pub const ATTEMPT: &str = "attempt";
    /// When the trial ended.
    pub const ENDED: &str = "ended";
    /// `ok` or `failed`.
    pub const STATUS: &str = "status";
    /// Name of the experiment.
    pub const EXPERIMENT: &str = "experiment";
    /// Architecture.
    pub const NETWORK: &str = "network";
    /// Channels of the first stage.
    pub const WIDTH: &str = "width";
    /// Data set.
    pub const DATASET: &str = "dataset";
    /// Activation of the training.
    pub const ACTIVATION: &str = "activation";
    /// File of the weights.
    pub const MODEL: &str = "model";
    /// SHA-256 of the weights.
    pub const MODEL_SHA256: &str = "model_sha256";
    /// SHA-256 of the recipe of their training but for its seed.
    pub const RECIPE_SHA256: &str = "recipe_sha256";
    /// `random` for weights that were never trained; anything else was.
    pub const WEIGHTS: &str = "weights";
    /// Epochs of the training.
    pub const EPOCHS: &str = "epochs";
    /// What evaluated the images.
    pub const BACKEND: &str = "backend";
    /// log2 of the ring dimension.
    pub const LOG_N: &str = "log_n";
    /// Layout of values in slots.
    pub const LAYOUT: &str = "layout";
    /// How the channel layout convolves.
    pub const CONVOLUTION: &str = "convolution";
    /// Distinct values of clustered weights, K.
    pub const CLUSTERS: &str = "clusters";
    /// Which weights share values.
    pub const CLUSTER_MODE: &str = "cluster_mode";
    /// How clusters are found.
    pub const CLUSTER_METHOD: &str = "cluster_method";
    /// Models in an ensemble, M.
    pub const ENSEMBLE: &str = "ensemble";
    /// Images in a ciphertext.
    pub const BATCH: &str = "batch";
    /// How a quadratic is evaluated.
    pub const ACTIVATION_FORM: &str = "activation_form";
    /// Whether batch normalisation is part of the convolutions.
    pub const NODE_FUSING: &str = "node_fusing";
    /// Whether a convolution and the squaring after it share a prime.
    pub const TOWER_REUSE: &str = "tower_reuse";
    /// Seed of keys and noise.
    pub const SEED: &str = "seed";
    /// Number of threads.
    pub const THREADS: &str = "threads";
    /// Number of images.
    pub const IMAGES: &str = "images";
    /// Images whose logits mean nothing.
    pub const OVERFLOWS: &str = "overflow_images";
    /// Accuracy that the card of the weights states.
    pub const CARD_ACCURACY: &str = "card_accuracy";
    /// Images that it is a share of, where that is not the whole test set. Made from `accuracy.csv`.
    pub const CARD_IMAGES: &str = "card_accuracy_images";
    /// Median seconds of an evaluation.
    pub const LATENCY: &str = "latency_seconds_median";
    /// First quartile of the same.
    pub const LATENCY_LOW: &str = "latency_seconds_quartile1";
    /// Third quartile of the same.
    pub const LATENCY_HIGH: &str = "latency_seconds_quartile3";
    /// The median over the images in an evaluation.
    pub const AMORTISED: &str = "amortised_seconds_median";
    /// Seconds to make all keys.
    pub const KEYGEN: &str = "keygen_seconds";
    /// Seconds to encrypt.
    pub const ENCRYPTION: &str = "encryption_seconds_median";
    /// Seconds to decrypt.
    pub const DECRYPTION: &str = "decryption_seconds_median";
    /// Largest resident memory.
    pub const PEAK: &str = "peak_memory_bytes";
    /// Evaluation keys.
    pub const KEYS: &str = "key_bytes";
    /// Upload of an evaluation.
    pub const UPLOAD: &str = "ciphertext_bytes";
    /// Download of an evaluation.
    pub const DOWNLOAD: &str = "result_bytes";
    /// Levels that the evaluation uses.
    pub const LEVELS: &str = "levels_used";
    /// log2 of Q times P.
    pub const LOG2_QP: &str = "log2_qp";
    /// Verdict by the 2018 standard.
    pub const SECURITY_2018: &str = "security_2018";
    /// Verdict by the 2024 guidelines.
    pub const SECURITY_2024: &str = "security_2024";
    /// Products of ciphertext and plaintext.
    pub const PLAIN_PRODUCTS: &str = "plain_products";
    /// Rotations.
    pub const ROTATIONS: &str = "rotations";
}

/// Columns of `images.csv`.
pub mod image {
    /// Clear-text distance of the two largest logits.
    pub const MARGIN: &str = "margin";
    /// Median over classes of the magnitude of a logit's error.
    pub const ERROR: &str = "logit_error_median";
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
pub const REPETITIONS: [&str; 12] = [
    "model",
    "seed",
    "cluster_seed",
    "clustering_seed",
    "training_seed",
    "weights_seed",
    "images",
    "probe",
    "memory_diagonals_bytes",
    "backend",
    "parameters",
    "security",
];

/// Sizes of scales and primes, which change no number of levels.
pub const SIZES: [&str; 4] = ["scale_bits", "weight_bits", "input_bits", "base_bits"];

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
    share: "accuracy",
    low: "accuracy_low",
    high: "accuracy_high",
    images: "accuracy_images",
    word: "encrypted",
};

/// By simulated evaluation.
pub const SIMULATED: Accuracy = Accuracy {
    share: "simulated_accuracy",
    low: "simulated_accuracy_low",
    high: "simulated_accuracy_high",
    images: "simulated_accuracy_images",
    word: "simulated",
};

/// In the clear.
pub const CLEAR: Accuracy = Accuracy {
    share: "clear_accuracy",
    low: "clear_accuracy_low",
    high: "clear_accuracy_high",
    images: "clear_accuracy_images",
    word: "clear text",
};
