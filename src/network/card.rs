//! The YAML card beside a weights file: what the weights are of, and how they came about.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::architecture::{Architecture, Pool, Shortcut};
use super::error::NetworkError;
use super::graph::ActivationKind;
use super::several::OneOrSeveral;
use crate::dataset::{DatasetName, Normalisation};
use crate::user_file::read_text;
use crate::wire::write_lasting;

/// A card. Unknown keys are errors; keys that only report are optional.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Name of the network, one of the [registry](super::registry).
    pub network: String,
    /// Channels of the first stage.
    pub width: usize,
    /// The data set that it was trained on.
    pub dataset: DatasetName,
    /// The activation that it was trained with.
    pub activation: CardActivation,
    /// The shortcut where the shape changes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shortcut: Shortcut,
    /// The average pool.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pool: Pool,
    /// How pixels become inputs.
    pub normalisation: Normalisation,
    /// What batch normalisation adds to the variance.
    pub batch_norm_eps: f64,
    /// SHA-256 of the weights file, in hexadecimal.
    pub sha256: String,
    /// The tensors in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensors: Option<String>,
    /// The training in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<String>,
    /// Percent of the 10,000 test images whose class is right, in single precision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_accuracy_percent: Option<f64>,
    /// How the weights came about, as `leveled train` records it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<TrainingRecord>,
    /// Percent of the held out training images whose class is right, before weights were rounded to half precision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy_percent: Option<f64>,
    /// How many of the held out training images explode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exploding_validation_images: Option<usize>,
    /// How large activations' inputs become on the test images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_activation: Option<LargestActivation>,
    /// How many of the 10,000 test images explode (method section 2, "Outliers").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exploding_test_images: Option<usize>,
}

/// How weights came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    /// The recipe, seed and number of epochs included.
    pub recipe: serde_yaml::Value,
    /// SHA-256 of the weights that were learned from, where there was a teacher; a list where there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher_sha256: Option<OneOrSeveral<String>>,
    /// SHA-256 of the weights that this training began with, where it did not begin at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_sha256: Option<String>,
    /// Epochs that those had been trained for, as far as their card says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier_epochs: Option<u64>,
    /// The epoch whose weights these are, from 1.
    pub epoch: u32,
    /// Whether the training has not come to its end, so that it was one of so many epochs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unfinished: bool,
    /// Images that were trained on.
    pub training_images: usize,
    /// Images that were held out for every choice; 0: none.
    pub validation_images: usize,
    /// Whether weights that it began with, or learned from, may have been trained on those: their cards do not say that they were not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub held_out_seen: bool,
    /// Commit of the program that trained.
    pub commit: String,
    /// The machine.
    pub hardware: String,
    /// Seconds of training up to that epoch.
    pub seconds: f64,
}

impl TrainingRecord {
    /// The images that were held out: how many, 0 if none are left, and the seed that chose them; none: no training is known to have held
    /// them out.
    #[must_use]
    pub fn held_out(&self) -> Option<(usize, u64)> {
        let seed = self.recipe.get("split_seed").and_then(serde_yaml::Value::as_u64).unwrap_or(0);
        (!self.held_out_seen).then_some((self.validation_images, seed))
    }
}

/// The activation that a network was trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "harness", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CardActivation {
    /// Hermite basis with batch normalisation (AESPA, arXiv 2201.06699); at inference a quadratic per channel.
    Herpn,
    /// One fixed quadratic.
    Quadratic,
    /// ReLU.
    Relu,
}

impl CardActivation {
    /// The name in cards.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Herpn => "herpn",
            Self::Quadratic => "quadratic",
            Self::Relu => "relu",
        }
    }
}

/// Distribution over images of the largest magnitude among all activations' inputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LargestActivation {
    /// The median image.
    pub median: f64,
    /// 99 % of the images stay below.
    pub percentile_99: f64,
    /// 99.9 % of the images stay below.
    pub percentile_99_9: f64,
}

impl Card {
    /// Where the card of a weights file is: beside it, with the extension `yaml`; of a symbolic link without one, beside what it
    /// leads to.
    pub fn path_beside(weights: &Path) -> PathBuf {
        let beside = weights.with_extension("yaml");
        if beside.exists() || !weights.is_symlink() {
            return beside;
        }
        let there = weights.canonicalize().map(|target| target.with_extension("yaml"));
        there.ok().filter(|card| card.exists()).unwrap_or(beside)
    }

    /// Reads and checks the card of a weights file.
    ///
    /// # Errors
    /// As [`Card::read`]; [`NetworkError::Read`] where there are no weights either.
    pub fn of(weights: &Path) -> Result<Self, NetworkError> {
        let card = Self::read(&Self::path_beside(weights));
        match (&card, weights.metadata()) {
            (Err(NetworkError::MissingCard { .. }), Err(source)) => {
                Err(NetworkError::Read { path: weights.to_owned(), source })
            }
            _ => card,
        }
    }

    /// Reads and checks a card.
    ///
    /// # Errors
    /// [`NetworkError::MissingCard`], [`NetworkError::Read`], [`NetworkError::CardSyntax`] with line and column,
    /// [`NetworkError::CardValue`], [`NetworkError::CardNormalisation`].
    pub fn read(path: &Path) -> Result<Self, NetworkError> {
        if !path.exists() {
            return Err(NetworkError::MissingCard { path: path.to_owned() });
        }
        let text = read_text(path).map_err(|source| NetworkError::Read { path: path.to_owned(), source })?;
        let card: Self =
            serde_yaml::from_str(&text).map_err(|source| NetworkError::CardSyntax { path: path.to_owned(), source })?;
        card.check(path)?;
        Ok(card)
    }

    /// Writes the card.
    ///
    /// # Errors
    /// [`NetworkError::CardSyntax`] for a value that YAML cannot hold, [`NetworkError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), NetworkError> {
        let text =
            serde_yaml::to_string(self).map_err(|source| NetworkError::CardSyntax { path: path.to_owned(), source })?;
        write_lasting(path, text.as_bytes()).map_err(|source| NetworkError::Write { path: path.to_owned(), source })
    }

    /// The architecture that the card names.
    ///
    /// # Errors
    /// Those of [`Architecture::named`].
    pub fn architecture(&self) -> Result<Architecture, NetworkError> {
        let mut architecture =
            Architecture::named(&self.network, self.width, self.dataset.classes())?.with(self.shortcut, self.pool);
        architecture.batch_norm_epsilon = self.batch_norm_eps;
        architecture.activation = match self.activation {
            CardActivation::Herpn | CardActivation::Quadratic => ActivationKind::Quadratic,
            CardActivation::Relu => ActivationKind::Relu,
        };
        Ok(architecture)
    }

    /// The training images that nothing which led to the weights was trained on: how many, 0 if none are left, and the seed that chose them;
    /// none: nobody knows.
    #[must_use]
    pub fn held_out(&self) -> Option<(usize, u64)> {
        self.record.as_ref()?.held_out()
    }

    /// What its training held out instead, if that is known and is not the images that this number and seed choose.
    #[must_use]
    pub fn other_held_out(&self, images: usize, seed: u64) -> Option<(usize, u64)> {
        self.held_out().filter(|by_card| *by_card != (images, seed))
    }

    /// What members of one ensemble have in common besides the normalisation: the network, and how it is evaluated; every quadratic is
    /// evaluated alike, however it was trained.
    #[must_use]
    pub fn family(&self) -> (&str, usize, DatasetName, Shortcut, Pool, bool) {
        let relu = self.activation == CardActivation::Relu;
        (&self.network, self.width, self.dataset, self.shortcut, self.pool, relu)
    }

    /// Epochs of all trainings that led to the weights, of one that has not ended those up to these weights; none: the card has no record.
    #[must_use]
    pub fn epochs(&self) -> Option<u64> {
        let record = self.record.as_ref()?;
        let epochs = if record.unfinished { record.epoch.into() } else { record.recipe.get("epochs")?.as_u64()? };
        Some(epochs.saturating_add(record.earlier_epochs.unwrap_or(0)))
    }

    fn check(&self, path: &Path) -> Result<(), NetworkError> {
        let value =
            |key, found: String, expected| NetworkError::CardValue { path: path.to_owned(), key, found, expected };
        if !(self.batch_norm_eps.is_finite() && self.batch_norm_eps > 0.0) {
            return Err(value("batch_norm_eps", self.batch_norm_eps.to_string(), "finite and above 0"));
        }
        if self.sha256.len() != 64 || !self.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(value(
                "sha256",
                format!("`{}`", self.sha256),
                "64 hexadecimal digits, as `sha256sum` prints them",
            ));
        }
        self.normalisation.check().map_err(|source| NetworkError::CardNormalisation { path: path.to_owned(), source })
    }
}

/// Whether a key may be left out.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SHIPPED: &str = include_str!("../../models/resnet20_w16_cifar10_herpn_seed0.yaml");

    fn read(text: &str) -> Result<Card, NetworkError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("card.yaml");
        fs::write(&path, text).unwrap();
        Card::read(&path)
    }

    #[test]
    fn the_shipped_card_is_understood_in_full() {
        let card = read(SHIPPED).unwrap();
        assert_eq!((card.network.as_str(), card.width, card.dataset), ("resnet20", 16, DatasetName::Cifar10));
        assert_eq!(card.activation, CardActivation::Herpn);
        assert_eq!(card.normalisation.std[2], 66.7);
        assert_eq!((card.test_accuracy_percent, card.exploding_test_images), (Some(89.94), Some(5)));
        assert_eq!(card.largest_activation.unwrap().percentile_99_9, 22.2);
        assert_eq!(card.architecture().unwrap().classes, 10);
        let again: Card = serde_yaml::from_str(&serde_yaml::to_string(&card).unwrap()).unwrap();
        assert_eq!(again, card);
    }

    #[test]
    fn slips_are_named_with_their_place() {
        let text = |from: &str, to: &str| {
            assert!(SHIPPED.contains(from), "{from}");
            read(&SHIPPED.replace(from, to)).unwrap_err().to_string()
        };
        let unknown = text("width:", "widht:");
        assert!(unknown.contains("unknown field `widht`") && unknown.contains("at line 3 column 1"), "{unknown}");
        let mistyped = text("width: 16", "width: wide");
        assert!(mistyped.contains("width: invalid type") && mistyped.contains("at line 3 column 8"), "{mistyped}");
        assert!(text("dataset: cifar10", "dataset: cifar11").contains("unknown variant `cifar11`"));
        assert!(text("1.0e-5", "-1").contains("`batch_norm_eps` is -1, but must be finite and above 0"));
        assert!(text("sha256: 14b1", "sha256: ").contains("64 hexadecimal digits"));
        assert!(text("63.0,", "0.0,").contains("`std` of channel 0 is 0"));
        assert!(text("network: resnet20\n", "").contains("missing field `network`"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_weights_has_its_own_card_or_that_of_the_weights() {
        let directory = tempfile::tempdir().unwrap();
        let (store, blob) = (directory.path().join("store"), directory.path().join("store/blob"));
        fs::create_dir(&store).unwrap();
        fs::write(&blob, "").unwrap();
        let link = directory.path().join("mine.safetensors");
        std::os::unix::fs::symlink(&blob, &link).unwrap();
        let (own, there) = (directory.path().join("mine.yaml"), store.canonicalize().unwrap().join("blob.yaml"));
        assert_eq!(Card::path_beside(&link), own);
        fs::write(&there, "").unwrap();
        assert_eq!(Card::path_beside(&link), there);
        fs::write(&own, "").unwrap();
        assert_eq!(Card::path_beside(&link), own);
    }

    #[test]
    fn a_missing_card_says_what_to_write() {
        let text = Card::read(Path::new("/nonexistent/x.yaml")).unwrap_err().to_string();
        assert!(text.starts_with("no card `/nonexistent/x.yaml` beside the weights: write one"), "{text}");
        // Without weights, a card is not what is missing.
        let text = Card::of(Path::new("/nonexistent/x.safetensors")).unwrap_err().to_string();
        assert!(text.starts_with("cannot read `/nonexistent/x.safetensors`"), "{text}");
    }
}
