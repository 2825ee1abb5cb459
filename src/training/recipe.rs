//! The recipe of a training: a YAML file.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::activation::TrainedActivation;
use super::augmentation::Augmentation;
use super::distillation::Distillation;
use super::finish::Finish;
use super::optimizer::OptimizerSettings;
use super::range_penalty::RangePenalty;
use super::schedule::Schedule;
use crate::dataset::{DatasetName, SIDE};
use crate::network::card::is_default;
use crate::network::weights::StoredPrecision;
use crate::network::{Architecture, NetworkError, Pool, Shortcut};

/// Most parts of a batch: each has a copy of the network.
const MOST_PARTS: usize = 256;
/// Most variants of each image: what a teacher says of so many for 100 classes fills 640 MB.
const MOST_VARIANTS: u32 = 64;

/// How to train a network. Unknown keys are errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with network, width, dataset, activation, epochs and more")]
pub struct Recipe {
    /// Name of the network, one of the [registry](crate::network::registry).
    pub network: String,
    /// Channels of the first stage.
    pub width: usize,
    /// The shortcut where the shape changes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shortcut: Shortcut,
    /// The average pool.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pool: Pool,
    /// The data set.
    pub dataset: DatasetName,
    /// What stands at the activations.
    pub activation: TrainedActivation,
    /// How often each training image is seen.
    pub epochs: u32,
    /// Images per step.
    pub batch: usize,
    /// Seed of initial weights, order and variations.
    #[serde(default)]
    pub seed: u64,
    /// Stochastic gradient descent.
    pub optimizer: OptimizerSettings,
    /// The learning rate over time.
    pub schedule: Schedule,
    /// Variations of the training images.
    pub augmentation: Augmentation,
    /// Share of the target that is spread over all classes, below 1.
    #[serde(default)]
    pub label_smoothing: f64,
    /// Weights to begin with, whose card lies beside them; relative to the directory of the recipe. What they lack, or have in another
    /// shape, begins as it would without them; blocks that they lack begin as the identity, so that ResNet-32 can begin as ResNet-20, and a
    /// network of a multiple of their width begins as the same function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_weights: Option<PathBuf>,
    /// A trained network to learn from, or several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distillation: Option<Distillation>,
    /// What keeps activations in a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_penalty: Option<RangePenalty>,
    /// How the last epochs differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// Precision of activations and convolutions in training; weights, sums and evaluation are single precision.
    #[serde(default)]
    pub precision: Precision,
    /// Precision in which the weights are written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stored_precision: StoredPrecision,
    /// Training images held out for every choice.
    pub validation_images: usize,
    /// Seed of which ones.
    #[serde(default)]
    pub split_seed: u64,
    /// Trains on the held out images too, for final weights once every choice is made: nothing is held out then, so `keep` must be `last`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub train_on_held_out: bool,
    /// Each batch is cut into this many parts, normalised apart, each on a thread of its own: faster than one part on as many threads
    /// where cores are shared.
    #[serde(default = "default_batch_parts")]
    pub batch_parts: usize,
    /// Which epoch's weights are kept.
    #[serde(default)]
    pub keep: Keep,
    /// Training stops when more than this percentage of the held out images explode ...
    #[serde(default = "default_exploding_percent")]
    pub stop_exploding_percent: f64,
    /// ... at the ends of this many epochs in a row.
    #[serde(default = "default_exploding_epochs")]
    pub stop_exploding_epochs: u32,
}

fn default_batch_parts() -> usize {
    1
}

fn default_exploding_percent() -> f64 {
    50.0
}

fn default_exploding_epochs() -> u32 {
    8
}

/// Precision of activations and convolutions in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// Eight bits of mantissa, with sums in single precision: faster where the processor has instructions for it, slower elsewhere.
    Bf16,
}

impl Precision {
    /// Whether this processor has instructions for it.
    #[must_use]
    pub fn is_native(self) -> bool {
        match self {
            Self::F32 => true,
            #[cfg(target_arch = "x86_64")]
            Self::Bf16 => std::is_x86_feature_detected!("avx512bf16"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Bf16 => true,
        }
    }
}

/// Which epoch's weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Those with the fewest exploding held out images, among them those with the best accuracy on the held out images, among them
    /// the latest.
    #[default]
    Best,
    /// Those of the last epoch.
    Last,
}

/// A value of a recipe that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipeProblem {
    /// The keys that lead to it.
    pub path: Vec<&'static str>,
    /// What is wrong and what to change.
    pub text: String,
}

impl Recipe {
    /// The network to train.
    ///
    /// # Errors
    /// Those of [`Architecture::named`].
    pub fn architecture(&self) -> Result<Architecture, NetworkError> {
        let mut architecture =
            Architecture::named(&self.network, self.width, self.dataset.classes())?.with(self.shortcut, self.pool);
        architecture.activation = self.activation.kind();
        Ok(architecture)
    }

    /// The name of what comes out, such as `resnet20_w16_cifar10_herpn_seed0`, `.._herpn_distilled_seed0` where a teacher helped,
    /// `.._relu_continued_seed0` where trained weights were the beginning, `.._relu_all_seed0` where no image was held out.
    #[must_use]
    pub fn model_name(&self) -> String {
        let Self { network, width, dataset, activation, seed, .. } = self;
        let shortcut = match self.shortcut {
            Shortcut::Projection => String::new(),
            other => format!("_{}", other.as_str()),
        };
        let pool = if self.pool == Pool::Global { "_global" } else { "" };
        let taught = if self.distillation.is_some() { "_distilled" } else { "" };
        let continued = if self.initial_weights.is_some() { "_continued" } else { "" };
        let all = if self.train_on_held_out { "_all" } else { "" };
        format!("{network}{shortcut}{pool}_w{width}_{dataset}_{}{taught}{continued}{all}_seed{seed}", activation.name())
    }

    /// Which variant of its images an epoch, counted from 0, trains on, where variants come again.
    #[must_use]
    pub fn variant(&self, epoch: u32) -> Option<u32> {
        epoch.checked_rem(self.distillation.as_ref()?.variants)
    }

    /// The images on which every epoch is evaluated, in words.
    #[must_use]
    pub fn evaluated_images(&self) -> &'static str {
        if self.train_on_held_out { "evaluated images, trained on too" } else { "held out images" }
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`RecipeProblem`] for the first value that cannot be.
    pub fn check(&self) -> Result<(), RecipeProblem> {
        if let Err(error) = self.architecture().and_then(|architecture| architecture.graph()) {
            let key = if matches!(error, NetworkError::UnknownNetwork { .. }) { "network" } else { "width" };
            return Err(RecipeProblem { path: vec![key], text: error.to_string() });
        }
        require(self.epochs > 0, &["epochs"], self.epochs, "1 or more")?;
        require((2..=1 << 16).contains(&self.batch), &["batch"], self.batch, "2 to 65536")?;
        let parts = self.batch_parts;
        require(
            (1..=MOST_PARTS.min(self.batch / 2)).contains(&parts),
            &["batch_parts"],
            parts,
            &format!("1 to {MOST_PARTS}, and at most half of `batch`"),
        )?;
        require(self.validation_images > 0, &["validation_images"], self.validation_images, "1 or more, such as 5000")?;
        let by_held_out = self.train_on_held_out && self.keep == Keep::Best;
        require(
            !by_held_out,
            &["keep"],
            "best",
            "`last` with `train_on_held_out`, which leaves no image to choose by",
        )?;
        let smoothing = self.label_smoothing;
        require((0.0..1.0).contains(&smoothing), &["label_smoothing"], smoothing, "0 or more and below 1")?;
        let percent = self.stop_exploding_percent;
        require((0.0..=100.0).contains(&percent), &["stop_exploding_percent"], percent, "0 to 100")?;
        let epochs = self.stop_exploding_epochs;
        require(epochs > 0, &["stop_exploding_epochs"], epochs, "1 or more")?;
        let crop = self.augmentation.crop;
        require(crop < SIDE, &["augmentation", "crop"], crop, "below 32")?;
        let cutout = self.augmentation.cutout;
        require(cutout <= SIDE, &["augmentation", "cutout"], cutout, "at most 32")?;
        self.check_optimizer()?;
        self.check_schedule()?;
        self.check_activation()?;
        self.check_distillation()?;
        self.check_penalty()?;
        self.check_finish()
    }

    fn check_optimizer(&self) -> Result<(), RecipeProblem> {
        let OptimizerSettings { learning_rate, momentum, weight_decay, clip_norm, nesterov, .. } = self.optimizer;
        let path = |key| ["optimizer", key];
        require(positive(learning_rate), &path("learning_rate"), learning_rate, "finite and above 0")?;
        require((0.0..1.0).contains(&momentum), &path("momentum"), momentum, "0 or more and below 1")?;
        require(!nesterov || momentum > 0.0, &path("momentum"), momentum, "above 0 for Nesterov's momentum")?;
        require(at_least_zero(weight_decay), &path("weight_decay"), weight_decay, "finite and 0 or more")?;
        let clip = clip_norm.unwrap_or(1.0);
        require(positive(clip), &path("clip_norm"), clip, "finite and above 0, or left out")
    }

    fn check_schedule(&self) -> Result<(), RecipeProblem> {
        match self.schedule {
            Schedule::OneCycle { rise } => {
                require(rise > 0.0 && rise < 1.0, &["schedule", "rise"], rise, "above 0 and below 1")
            }
            Schedule::Cosine { warmup_epochs } => require(
                warmup_epochs < self.epochs,
                &["schedule", "warmup_epochs"],
                warmup_epochs,
                "less than the number of epochs",
            ),
        }
    }

    fn check_activation(&self) -> Result<(), RecipeProblem> {
        let fit = match self.activation {
            TrainedActivation::Relu | TrainedActivation::Herpn => return Ok(()),
            TrainedActivation::Penalty { fit, unclamped_epochs } => {
                let path = ["activation", "unclamped_epochs"];
                require(unclamped_epochs < self.epochs, &path, unclamped_epochs, "less than the number of epochs")?;
                fit
            }
            TrainedActivation::Learned { fit } => fit,
        };
        let path = |key| ["activation", "fit", key];
        // The search for the best multiples takes the longer the smaller the interval is.
        require((0.01..=1e6).contains(&fit.interval), &path("interval"), fit.interval, "0.01 to 1000000")?;
        require((3..=1 << 20).contains(&fit.samples), &path("samples"), fit.samples, "3 to 1048576")?;
        require(fit.bits <= 40, &path("bits"), fit.bits, "at most 40")
    }

    fn check_distillation(&self) -> Result<(), RecipeProblem> {
        let Some(Distillation { teacher, weight, temperature, variants }) = &self.distillation else {
            return Ok(());
        };
        let (weight, temperature, variants) = (*weight, *temperature, *variants);
        let path = |key| ["distillation", key];
        require(!teacher.values().is_empty(), &path("teacher"), "an empty list", "one file of weights or several")?;
        require(weight > 0.0 && weight <= 1.0, &path("weight"), weight, "above 0 and at most 1")?;
        require(positive(temperature), &path("temperature"), temperature, "finite and above 0")?;
        require(variants <= MOST_VARIANTS, &path("variants"), variants, &format!("at most {MOST_VARIANTS}"))
    }

    fn check_finish(&self) -> Result<(), RecipeProblem> {
        let Some(finish) = self.finish else {
            return Ok(());
        };
        require(finish.epochs < self.epochs, &["finish", "epochs"], finish.epochs, "less than the number of epochs")?;
        require(positive(finish.limit), &["finish", "limit"], finish.limit, "finite and above 0")
    }

    fn check_penalty(&self) -> Result<(), RecipeProblem> {
        let Some(penalty) = &self.range_penalty else {
            return Ok(());
        };
        let path = |key| ["range_penalty", key];
        require(at_least_zero(penalty.weight), &path("weight"), penalty.weight, "finite and 0 or more")?;
        require(positive(penalty.bound), &path("bound"), penalty.bound, "finite and above 0")?;
        let last = penalty.last_epochs.unwrap_or(1);
        require((1..=self.epochs).contains(&last), &path("last_epochs"), last, "1 to the number of epochs")?;
        let bad = penalty.warmup.iter().find(|factor| !at_least_zero(**factor));
        require(bad.is_none(), &path("warmup"), bad.copied().unwrap_or(0.0), "finite and 0 or more")?;
        let nothing = penalty.first_epoch_alone && penalty.weight_in(0, self.epochs) == 0.0;
        let expected = "`false` where the penalty weighs nothing in the first epoch (weight, warmup, last_epochs): nothing would be learned in it";
        require(!nothing, &path("first_epoch_alone"), true, expected)
    }
}

fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn at_least_zero(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

fn require(
    holds: bool,
    path: &[&'static str],
    found: impl std::fmt::Display,
    expected: &str,
) -> Result<(), RecipeProblem> {
    if holds {
        return Ok(());
    }
    Err(RecipeProblem { path: path.to_vec(), text: format!("is {found}, but must be {expected}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: &str = include_str!("../../configs/recipes/fast.yaml");
    const PAPER: &str = include_str!("../../configs/recipes/paper.yaml");
    const DISTILLED: &str = include_str!("../../configs/recipes/distilled.yaml");
    const FROM_RELU: &str = include_str!("../../configs/recipes/from_relu.yaml");

    fn problem(from: &str, to: &str) -> (String, String) {
        let text = [FAST, PAPER, DISTILLED].into_iter().find(|text| text.contains(from)).unwrap().replace(from, to);
        let recipe: Recipe = serde_yaml::from_str(&text).unwrap();
        let problem = recipe.check().unwrap_err();
        (problem.path.join("."), problem.text)
    }

    #[test]
    fn the_shipped_recipes_are_sound() {
        let recipes = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/configs/recipes")).unwrap();
        for path in recipes.map(|entry| entry.unwrap().path()) {
            let text = std::fs::read_to_string(&path).unwrap();
            let recipe: Recipe = serde_yaml::from_str(&text).unwrap();
            assert_eq!(recipe.check(), Ok(()));
            let teachers = recipe.distillation.iter().flat_map(|distillation| distillation.teacher.values());
            for weights in recipe.initial_weights.iter().chain(teachers) {
                let weights = path.with_file_name(weights);
                assert!(weights.is_file(), "{}: {} does not ship", path.display(), weights.display());
            }
            let again: Recipe = serde_yaml::from_str(&serde_yaml::to_string(&recipe).unwrap()).unwrap();
            assert_eq!(again, recipe);
        }
        // A key that came later must not make another recipe of what leaves it out: its checkpoints and repetitions would be those of another.
        let plain: Recipe = serde_yaml::from_str(include_str!("../../configs/recipes/relu_distilled.yaml")).unwrap();
        for later in ["cutout", "shortcut", "pool", "stored_precision", "train_on_held_out", "variants"] {
            assert!(!serde_yaml::to_string(&plain).unwrap().contains(later), "{later}");
        }
        let paper: Recipe = serde_yaml::from_str(PAPER).unwrap();
        let distilled: Recipe = serde_yaml::from_str(DISTILLED).unwrap();
        assert_eq!(distilled.model_name(), "resnet20_w16_cifar10_herpn_distilled_seed0");
        let continued: Recipe = serde_yaml::from_str(FROM_RELU).unwrap();
        assert_eq!(continued.model_name(), "resnet20_w16_cifar10_herpn_distilled_continued_seed0");
        assert_eq!((paper.epochs, paper.model_name().as_str()), (185, "resnet20_w16_cifar10_penalty_seed0"));
    }

    #[test]
    fn impossible_values_are_named() {
        for (from, to, path, text) in [
            ("network: resnet20", "network: resnet21", "network", "unknown network `resnet21`"),
            ("width: 16", "width: 0", "width", "width is 0"),
            ("epochs: 30", "epochs: 0", "epochs", "is 0, but must be 1 or more"),
            ("batch: 128", "batch: 1", "batch", "is 1, but must be 2 to 65536"),
            (
                "batch_parts: 2",
                "batch_parts: 0",
                "batch_parts",
                "is 0, but must be 1 to 256, and at most half of `batch`",
            ),
            ("batch: 128", "batch: 3", "batch_parts", "is 2, but must be 1 to 256"),
            ("batch_parts: 2", "batch_parts: 257", "batch_parts", "is 257"),
            ("validation_images: 5000", "validation_images: 0", "validation_images", "such as 5000"),
            (
                "validation_images: 5000",
                "train_on_held_out: true\nvalidation_images: 5000",
                "keep",
                "is best, but must be `last` with `train_on_held_out`",
            ),
            ("label_smoothing: 0.", "label_smoothing: 1.", "label_smoothing", "0 or more and below 1"),
            ("learning_rate: 0.1", "learning_rate: -0.1", "optimizer.learning_rate", "is -0.1, but must be finite"),
            ("momentum: 0.9", "momentum: 1.0", "optimizer.momentum", "below 1"),
            ("momentum: 0.9, nesterov: true", "momentum: 0, nesterov: true", "optimizer.momentum", "for Nesterov"),
            ("weight_decay: 5.0e-4", "weight_decay: -1", "optimizer.weight_decay", "0 or more"),
            ("clip_norm: 1.0", "clip_norm: 0", "optimizer.clip_norm", "or left out"),
            ("rise: 0.3", "rise: 1.0", "schedule.rise", "above 0 and below 1"),
            ("warmup_epochs: 5", "warmup_epochs: 185", "schedule.warmup_epochs", "less than the number of epochs"),
            ("crop: 4", "crop: 32", "augmentation.crop", "below 32"),
            ("crop: 4", "cutout: 33, crop: 4", "augmentation.cutout", "at most 32"),
            ("interval: 2.0", "interval: .inf", "activation.fit.interval", "is inf"),
            ("interval: 2.0", "interval: 1.0e-5", "activation.fit.interval", "must be 0.01 to 1000000"),
            ("samples: 400", "samples: 2", "activation.fit.samples", "3 to"),
            ("bits: 10", "bits: 64", "activation.fit.bits", "at most 40"),
            ("weight: 1.0e-3", "weight: -1", "range_penalty.weight", "0 or more"),
            ("bound: 2.0", "bound: 0", "range_penalty.bound", "above 0"),
            ("warmup: [0.01,", "warmup: [.nan,", "range_penalty.warmup", "is NaN"),
            (
                "last_epochs: 6",
                "last_epochs: 31",
                "range_penalty.last_epochs",
                "is 31, but must be 1 to the number of epochs",
            ),
            ("warmup: [0.01,", "warmup: [0,", "range_penalty.first_epoch_alone", "nothing would be learned in it"),
            ("finish: {epochs: 4", "finish: {epochs: 30", "finish.epochs", "less than the number of epochs"),
            ("limit: 16.0", "limit: 0", "finish.limit", "above 0"),
            (
                "weight: 0.5, temp",
                "weight: 1.5, temp",
                "distillation.weight",
                "is 1.5, but must be above 0 and at most 1",
            ),
            ("temperature: 2.0", "temperature: 0", "distillation.temperature", "finite and above 0"),
            (
                "teacher: ../../models/resnet20_w16_cifar10_relu_seed0.safetensors",
                "teacher: []",
                "distillation.teacher",
                "is an empty list, but must be one file of weights or several",
            ),
            (
                "temperature: 2.0",
                "temperature: 2.0, variants: 65",
                "distillation.variants",
                "is 65, but must be at most 64",
            ),
        ] {
            let (found_path, found_text) = problem(from, to);
            assert_eq!(found_path, path);
            assert!(found_text.contains(text), "{found_text}");
        }
    }
}
