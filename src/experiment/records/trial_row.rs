//! Rows of `trials.csv`.

use super::record::{record, words};
use super::{ImageSet, SecurityVerdict};
use crate::experiment::clock::UtcTime;
use crate::experiment::host::Host;
use crate::experiment::program::Program;
// Every type of a setting, so that a new one need not be named here.
use crate::experiment::setting::*;
use crate::experiment::setting_list::with_settings;
use crate::experiment::trial::TrialSpec;

/// Version of the columns of all tables of a run.
const FORMAT: u32 = 2;

words! {
    /// How a trial ended.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum TrialStatus {
        /// Every image was evaluated.
        #[default]
        Ok = "ok",
        /// It was refused, crashed or was killed; `reason` says which.
        Failed = "failed",
    }
}

impl TrialStatus {
    /// Of several attempts at a trial the one with the greatest rank counts: the last one, but one that failed only where none came to its end.
    #[must_use]
    pub const fn rank(self, attempt: u64) -> (bool, u64) {
        (matches!(self, Self::Ok), attempt)
    }
}

/// What is given, for the settings that have this mark.
macro_rules! only_if {
    (encrypted, $($what:tt)*) => { $($what)* };
}

/// A row from its own columns and one for each setting.
macro_rules! trial_row {
    (
        before { $($(#[doc = $before_doc:literal])* $before:ident: $before_type:ty,)* }
        after { $($(#[doc = $after_doc:literal])* $after:ident: $after_type:ty,)* }
        located { $($(#[$located_doc:meta])* $located:ident: $located_type:ty = $located_default:literal,)* }
        parameters { $($(#[doc = $parameter_doc:literal])* $parameter:ident: $parameter_type:ty,)* }
        plain { $($(#[doc = $plain_doc:literal])* $plain:ident: $plain_type:ty $(as $column:literal)? $(where $encrypted:ident)?,)* }
    ) => {
        record! {
            /// One trial.
            pub struct TrialRow in "trials.csv" {
                $($(#[doc = $before_doc])* pub $before: $before_type,)*
                $($(#[doc = $plain_doc])* pub $plain: <$plain_type as Recorded>::Cell $(as $column)?,)*
                $($(#[doc = $parameter_doc])* pub $parameter: <$parameter_type as Recorded>::Cell,)*
                $($(#[doc = $after_doc])* pub $after: $after_type,)*
            }
        }

        impl TrialRow {
            /// Names of the columns that say which settings a trial has.
            pub const SETTINGS: &[&str] =
                &[$(Self::$located.name,)* $(Self::$parameter.name,)* $(Self::$plain.name,)*];

            /// Names of the settings of [`SETTINGS`](Self::SETTINGS) that say how a network is encrypted, and nothing of what it is.
            pub const ENCRYPTION: &[&str] =
                &[$(Self::$parameter.name,)* $($(only_if!($encrypted, Self::$plain.name),)?)*];

            /// A row with nothing but the settings of a trial; in the clear without those of an encryption that there is not.
            fn of_settings(spec: &TrialSpec) -> Self {
                let mut row = Self { $($plain: spec.settings.$plain.cell(),)* ..Self::default() };
                if spec.is_clear() {
                    $($(only_if!($encrypted, row.$plain = Default::default());)?)*
                } else {
                    $(row.$parameter = spec.parameters.$parameter.cell();)*
                    row.parameters.clone_from(&spec.parameters_name);
                    row.memory_working_bytes = Some(spec.settings.memory.working.0);
                }
                row
            }
        }
    };
}

with_settings! { trial_row
    before {
        /// Hash of everything that can change the result.
        trial_id: String,
        /// Which attempt at the trial, from 1. The last one that came to its end counts.
        attempt: u32,
        /// How it ended.
        status: TrialStatus,
        /// Name of the experiment.
        experiment: String,
        /// Architecture, such as `resnet20`.
        network: String,
        /// Channels of the first stage.
        width: Option<u32>,
        /// Activation that the network was trained with, such as `herpn`.
        activation: String,
        /// Data set, such as `cifar10`.
        dataset: String,
        /// `test`, or `validation` for training images that were held out.
        images_of: String,
        /// File names of the weights, of an ensemble several with spaces between; empty: random weights.
        model: String,
        /// Epochs of the training, by the record on the card; empty: there is no record, or members differ.
        epochs: Option<u64>,
        /// Name of the parameter set, or `inline`; the columns below say what it came to.
        parameters: String,
    }
    after {
        /// Share of the images whose class is the clear-text class, 0 to 1, by encrypted evaluation or, as `backend` says,
        /// simulated; an overflow counts as disagreement.
        agreement: Option<f64>,
        /// Share of the images whose encrypted class is the label, 0 to 1; an overflow counts as wrong. Empty for random
        /// weights, as is every column of an accuracy.
        accuracy: Option<f64>,
        /// Lower end of the 95 % Wilson interval of `accuracy`.
        accuracy_low: Option<f64>,
        /// Upper end of the 95 % Wilson interval of `accuracy`.
        accuracy_high: Option<f64>,
        /// Number of images that `accuracy` is a share of.
        accuracy_images: Option<u32>,
        /// Share of the images whose class by simulated evaluation is the label, 0 to 1; an overflow counts as wrong.
        simulated_accuracy: Option<f64>,
        /// Lower end of the 95 % Wilson interval of `simulated_accuracy`.
        simulated_accuracy_low: Option<f64>,
        /// Upper end of the 95 % Wilson interval of `simulated_accuracy`.
        simulated_accuracy_high: Option<f64>,
        /// Number of images that `simulated_accuracy` is a share of.
        simulated_accuracy_images: Option<u32>,
        /// Share of the images whose clear-text class is the label, 0 to 1.
        clear_accuracy: Option<f64>,
        /// Lower end of the 95 % Wilson interval of `clear_accuracy`.
        clear_accuracy_low: Option<f64>,
        /// Upper end of the 95 % Wilson interval of `clear_accuracy`.
        clear_accuracy_high: Option<f64>,
        /// Number of images that `clear_accuracy` is a share of.
        clear_accuracy_images: Option<u32>,
        /// Share of the test images that are right by the weights' card, 0 to 1: as trained, before folding.
        card_accuracy: Option<f64>,
        /// Images whose logits mean nothing, see `overflow` of an image; in the clear, those that explode.
        overflow_images: Option<u32>,
        /// Largest |value| before a squaring, over layers and images that do not explode, in the clear; as trained, before an activation.
        largest_activation: Option<f64>,
        /// Median over images without overflow and classes of |logit - clear-text logit|.
        logit_error_median: Option<f64>,
        /// Largest |logit - clear-text logit|.
        logit_error_max: Option<f64>,
        /// Smallest over layers of the bits of precision of the layer's worst value relative to its largest activation over
        /// images; of one image, the first that does not explode.
        precision_bits_min: Option<f64>,
        /// Smallest over layers of the bits of precision of the layer's median value, likewise.
        precision_bits_median: Option<f64>,
        /// Median over evaluations, of an image or a batch, of their seconds: the sum of the layers' seconds. Encryption,
        /// decryption and the probe are not in it.
        latency_seconds_median: Option<f64>,
        /// First quartile of the same seconds.
        latency_seconds_quartile1: Option<f64>,
        /// Third quartile of the same seconds.
        latency_seconds_quartile3: Option<f64>,
        /// Number of evaluations that the median and the quartiles are over.
        latency_evaluations: Option<u32>,
        /// `latency_seconds_median` divided by the number of images in an evaluation.
        amortised_seconds_median: Option<f64>,
        /// Seconds to make all keys.
        keygen_seconds: Option<f64>,
        /// Median over evaluations of the seconds to encode and encrypt, an image or a batch.
        encryption_seconds_median: Option<f64>,
        /// Median over images of the seconds to decrypt and decode.
        decryption_seconds_median: Option<f64>,
        /// Seconds of the server's process that checks the client's keys and writes them as it reads them. Empty, like the other columns about
        /// the server's process and files, where client and server are one process.
        prepare_seconds: Option<f64>,
        /// Median over evaluations of the seconds from the start of the server's work to its first layer.
        load_seconds_median: Option<f64>,
        /// Median over evaluations of the seconds from images to their logits, processes and files included; the making of keys is not.
        path_seconds_median: Option<f64>,
        /// Seconds from the start of the trial's process to its row, reading and planning included.
        trial_seconds: Option<f64>,
        /// What the plan said `latency_seconds_median` would be.
        planned_latency_seconds: Option<f64>,
        /// Largest resident memory of the trial's process.
        peak_memory_bytes: Option<u64>,
        /// Largest resident memory of the server's process, mapped keys included.
        server_peak_memory_bytes: Option<u64>,
        /// What the plan said `peak_memory_bytes` would be.
        planned_memory_bytes: Option<u64>,
        /// Evaluation keys in a server's memory.
        key_bytes: Option<u64>,
        /// Upload of an evaluation: an encrypted image, or a batch, as sent to a server, with seeds for the uniform halves; between two processes the file.
        ciphertext_bytes: Option<u64>,
        /// Download of an evaluation: the encrypted logits as sent back; between two processes the file.
        result_bytes: Option<u64>,
        /// Bytes of the file that clients get, `client.lev`.
        bundle_file_bytes: Option<u64>,
        /// Bytes of the file with the secret key.
        secret_file_bytes: Option<u64>,
        /// Bytes of the file with the evaluation keys as they are sent.
        sent_keys_file_bytes: Option<u64>,
        /// Bytes of the file with the evaluation keys as the server reads them.
        keys_file_bytes: Option<u64>,
        /// Bytes of the file with the server's plan, `server.lev`.
        plan_file_bytes: Option<u64>,
        /// Groups of weights that were to be clustered; empty: none.
        cluster_groups: Option<u32>,
        /// Of these, how many had no more than `clusters` distinct weights and stayed as they were.
        cluster_groups_kept: Option<u32>,
        /// Norm of what clustering changed about the convolution weights, relative to their norm.
        cluster_relative_error: Option<f64>,
        /// Most ciphertexts in memory, in bytes, that a layer of the channel or tiled layout may hold at a time.
        memory_working_bytes: Option<u64>,
        /// Rescales from the input to the logits.
        levels_used: Option<u32>,
        /// log2 of the largest modulus Q times the special primes P.
        log2_qp: Option<f64>,
        /// Smaller rings of late layers: log2 of the dimension, the level from which on, and log2 QP of its keys; the switch's included.
        smaller_rings: Option<String>,
        /// Verdict under the 2018 homomorphic encryption standard, the worst of all rings.
        security_2018: Option<SecurityVerdict>,
        /// Verdict under the 2024 security guidelines (eprint 2024/463).
        security_2024: Option<SecurityVerdict>,
        /// Rotations and conjugations of an evaluation.
        rotations: Option<u64>,
        /// Decompositions for key switching of an evaluation: a group of hoisted rotations counts once.
        hoisting_groups: Option<u64>,
        /// Products of ciphertext and plaintext of an evaluation.
        plain_products: Option<u64>,
        /// Products of ciphertexts of an evaluation, squarings included.
        products: Option<u64>,
        /// Additions of ciphertexts of an evaluation.
        additions: Option<u64>,
        /// Rescales of ciphertexts of an evaluation.
        rescales: Option<u64>,
        /// Version of these tables' columns; empty: one that did not say. It is raised when a column comes to mean something else.
        format: Option<u32>,
        /// Crate version of the program.
        program_version: String,
        /// Git commit that the program was built from; `unknown` outside a checkout.
        commit: String,
        /// Whether the checkout had changes that no commit has.
        dirty: Option<bool>,
        /// Processor, as the kernel names it.
        processor: String,
        /// Instruction set that the kernels used.
        instruction_set: String,
        /// Cores that the process might use.
        cores: Option<u32>,
        /// Memory of the machine in all.
        machine_memory_bytes: Option<u64>,
        /// Distribution and version.
        operating_system: String,
        /// Trials that might run side by side; above 1, they disturb each other's seconds.
        jobs: Option<u32>,
        /// SHA-256 of the weights, likewise.
        model_sha256: String,
        /// SHA-256 of what the cards beside the weights say (comments do not count), likewise.
        card_sha256: String,
        /// SHA-256 of the recipes of the trainings but for their seeds, likewise; `-` for a card without a record.
        recipe_sha256: String,
        /// SHA-256 of the data set's labels and images.
        dataset_sha256: String,
        /// SHA-256 of the experiment file.
        experiment_sha256: String,
        /// When the trial ended, RFC 3339, UTC.
        ended: String,
        /// Why it failed; empty: it did not.
        reason: String,
    }
}

impl TrialRow {
    /// A row with what the specification, the program and the machine tell.
    #[must_use]
    pub fn of_spec(spec: &TrialSpec) -> Self {
        let (program, host) = (Program::this(), Host::detect());
        Self {
            trial_id: spec.id.clone(),
            experiment: spec.experiment.clone(),
            network: spec.network.clone(),
            width: Some(spec.width),
            activation: spec.activation.clone(),
            dataset: spec.dataset.name.as_str().to_owned(),
            images_of: if spec.dataset.held_out.is_some() { ImageSet::Validation } else { ImageSet::Test }
                .as_str()
                .to_owned(),
            model: spec.weights_name(),
            epochs: spec.epochs(),
            format: Some(FORMAT),
            program_version: program.version,
            commit: program.commit,
            dirty: program.dirty,
            processor: host.processor,
            instruction_set: host.instruction_set,
            cores: Some(host.cores),
            machine_memory_bytes: Some(host.memory_bytes),
            operating_system: host.operating_system,
            model_sha256: spec.weights_sha256(),
            card_sha256: spec.card_sha256(),
            recipe_sha256: spec.recipe_sha256(),
            dataset_sha256: spec.dataset.sha256.clone(),
            ended: UtcTime::now().rfc3339(),
            ..Self::of_settings(spec)
        }
    }

    /// The row of a trial that did not come to its end.
    #[must_use]
    pub fn failed(spec: &TrialSpec, reason: impl Into<String>) -> Self {
        Self { status: TrialStatus::Failed, reason: reason.into(), ..Self::of_spec(spec) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::trial::tests::sample_with;

    #[test]
    fn a_row_in_the_clear_has_no_setting_of_an_encryption() {
        let cells = |backend: Backend| {
            let row = TrialRow::of_spec(&sample_with(|settings| settings.backend = backend));
            let row = serde_json::to_value(row).unwrap();
            let set = |name: &&&str| !matches!(&row[**name], serde_json::Value::Null) && row[**name] != "";
            TrialRow::ENCRYPTION.iter().filter(set).count()
        };
        assert_eq!(cells(Backend::Clear), 0);
        // The others are set: all but those whose default is that nothing is said.
        let unsaid = [TrialRow::seed.name, TrialRow::memory.name, TrialRow::tiles.name];
        assert_eq!(cells(Backend::Encrypted), TrialRow::ENCRYPTION.len() - unsaid.len());
    }
}
