//! Names of the columns that the report reads, each in this one place. A column that a table lacks reads as empty.

use crate::experiment::records::TrialRow;

/// Short names for columns of a table; the type of its rows says what stands in them.
macro_rules! columns {
    ($row:ident { $($name:ident = $field:ident,)* }) => {
        use crate::experiment::records::$row;

        $(
            #[doc = concat!("The column `", stringify!($field), "`.")]
            pub const $name: &str = $row::$field.name;
        )*
    };
}

/// Columns of `trials.csv`.
pub mod trial {
    /// Images that `card_accuracy` is a share of, where that is not the whole test set. Made from `accuracy.csv`.
    pub const CARD_IMAGES: &str = "card_accuracy_images";

    columns! { TrialRow {
        ID = trial_id,
        ATTEMPT = attempt,
        ENDED = ended,
        STATUS = status,
        NETWORK = network,
        WIDTH = width,
        DATASET = dataset,
        ACTIVATION = activation,
        MODEL = model,
        MODEL_SHA256 = model_sha256,
        RECIPE_SHA256 = recipe_sha256,
        WEIGHTS = weights,
        EPOCHS = epochs,
        BACKEND = backend,
        PROCESSES = processes,
        RING_SWITCHING = ring_switching,
        LOG_N = log_n,
        LAYOUT = layout,
        CONVOLUTION = convolution,
        CLUSTERS = clusters,
        CLUSTER_MODE = cluster_mode,
        CLUSTER_METHOD = cluster_method,
        ENSEMBLE = ensemble,
        BATCH = batch,
        TILES = tiles,
        ACTIVATION_FORM = activation_form,
        NODE_FUSING = node_fusing,
        TOWER_REUSE = tower_reuse,
        SEED = seed,
        THREADS = threads,
        IMAGES = images,
        IMAGES_OF = images_of,
        OVERFLOWS = overflow_images,
        AGREEMENT = agreement,
        CARD_ACCURACY = card_accuracy,
        LATENCY = latency_seconds_median,
        LATENCY_LOW = latency_seconds_quartile1,
        LATENCY_HIGH = latency_seconds_quartile3,
        EVALUATIONS = latency_evaluations,
        AMORTISED = amortised_seconds_median,
        KEYGEN = keygen_seconds,
        ENCRYPTION = encryption_seconds_median,
        DECRYPTION = decryption_seconds_median,
        PEAK = peak_memory_bytes,
        KEYS = key_bytes,
        UPLOAD = ciphertext_bytes,
        DOWNLOAD = result_bytes,
        LEVELS = levels_used,
        LOG2_QP = log2_qp,
        SECURITY_2018 = security_2018,
        SECURITY_2024 = security_2024,
        PLAIN_PRODUCTS = plain_products,
        PARAMETERS = parameters,
        MEMORY = memory,
        WORKING = memory_working_bytes,
        DATASET_SHA256 = dataset_sha256,
        PROCESSOR = processor,
        INSTRUCTION_SET = instruction_set,
        JOBS = jobs,
    } }
}

/// Columns of `images.csv`.
pub mod image {
    columns! { ImageRow {
        IMAGE = image,
        LABEL = label,
        PREDICTED = predicted,
        CLEAR = clear_predicted,
        AGREEMENT = agreement,
        OVERFLOW = overflow,
        LARGEST_ERROR = logit_error_max,
        MARGIN = margin,
        ERROR = logit_error_median,
    } }
}

/// Settings that do not tell one configuration from another: what repeats a measurement, and what only runs it.
pub const REPETITIONS: [&str; 12] = [
    TrialRow::model.name,
    TrialRow::seed.name,
    TrialRow::cluster_seed.name,
    "clustering_seed",
    "training_seed",
    TrialRow::weights_seed.name,
    TrialRow::images.name,
    TrialRow::probe.name,
    TrialRow::backend.name,
    TrialRow::network_form.name,
    TrialRow::parameters.name,
    TrialRow::security.name,
];

/// Sizes of scales and primes, which change no number of levels.
pub const SIZES: [&str; 4] =
    [TrialRow::scale_bits.name, TrialRow::weight_bits.name, TrialRow::input_bits.name, TrialRow::base_bits.name];

/// What tells configurations apart without being a setting with a column: the machine and what else ran on it, and the memory that layers
/// may work in.
pub const BESIDE_SETTINGS: [&str; 4] = [trial::PROCESSOR, trial::INSTRUCTION_SET, trial::JOBS, trial::WORKING];

/// What changes seconds and never an answer, besides [`REPETITIONS`].
pub const SPEED_ONLY: [&str; 6] = {
    let [processor, instruction_set, jobs, working] = BESIDE_SETTINGS;
    [trial::THREADS, trial::MEMORY, processor, instruction_set, jobs, working]
};

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
