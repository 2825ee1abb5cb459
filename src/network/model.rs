//! A network as it lies on disk: weights, card, and what follows from both.

use std::path::Path;

use super::architecture::{Architecture, Pool, Shortcut};
use super::card::{Card, CardActivation};
use super::error::NetworkError;
use super::instance::Network;
use super::lower_options::LowerOptions;
use super::lowered::LoweredNetwork;
use super::plain::{PlainNetwork, PlainOutput};
use crate::dataset::{DatasetName, Image, Normalisation};

/// A network with its card.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The card; its `sha256` is that of the weights file.
    pub card: Card,
    /// Graph and weights.
    pub network: Network,
}

impl Model {
    /// Reads `weights` (safetensors) and the card beside it (same name, extension `yaml`).
    ///
    /// # Errors
    /// Those of [`Card::of`], [`Card::architecture`] and [`Network::read`]; [`NetworkError::Hash`] if the weights are
    /// sound but not those that the card describes.
    pub fn load(weights: &Path) -> Result<Self, NetworkError> {
        let card = Card::of(weights)?;
        let (network, found) =
            Network::read(&card.architecture()?, weights).map_err(|error| with_import(error, weights, &card))?;
        if !found.eq_ignore_ascii_case(&card.sha256) {
            return Err(NetworkError::Hash { path: weights.to_owned(), expected: card.sha256, found });
        }
        Ok(Self { card, network })
    }

    /// Random weights for a named architecture, with batch normalisation calibrated: see [`Weights::random`]. The card has
    /// no hash, and the normalisation is that of the data set's pixels.
    ///
    /// # Errors
    /// Those of [`Architecture::named`].
    pub fn random(name: &str, width: usize, dataset: DatasetName, seed: u64) -> Result<Self, NetworkError> {
        Self::random_with(name, width, Default::default(), dataset, seed)
    }

    /// As [`random`](Self::random) with another shortcut and average pool.
    ///
    /// # Errors
    /// Those of [`Architecture::named`].
    pub fn random_with(
        name: &str,
        width: usize,
        (shortcut, pool): (Shortcut, Pool),
        dataset: DatasetName,
        seed: u64,
    ) -> Result<Self, NetworkError> {
        let architecture = Architecture::named(name, width, dataset.classes())?.with(shortcut, pool);
        let card = Card {
            network: name.to_owned(),
            width,
            dataset,
            activation: CardActivation::Quadratic,
            normalisation: Normalisation::of(dataset),
            shortcut,
            pool,
            batch_norm_eps: architecture.batch_norm_epsilon,
            sha256: String::new(),
            tensors: None,
            training: None,
            test_accuracy_percent: None,
            largest_activation: None,
            exploding_test_images: None,
            exploding_validation_images: None,
            validation_accuracy_percent: None,
            record: None,
        };
        Ok(Self { card, network: Network::random(&architecture, seed)? })
    }

    /// The lowered network for encrypted inference.
    ///
    /// # Errors
    /// Those of [`Network::lower`].
    pub fn lower(&self) -> Result<LoweredNetwork, NetworkError> {
        self.network.lower()
    }

    /// The lowered network with other options than the best.
    ///
    /// # Errors
    /// Those of [`Network::lower_with`].
    pub fn lower_with(&self, options: LowerOptions) -> Result<LoweredNetwork, NetworkError> {
        self.network.lower_with(options)
    }

    /// One image as network input, row-major `[channels, height, width]`.
    pub fn input(&self, image: &Image) -> Vec<f64> {
        self.card.normalisation.apply(image)
    }

    /// Clear-text evaluation of many images in single precision, batch normalisation unfolded.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] if there is no image.
    pub fn plain_forward(&self, images: &[Image]) -> Result<PlainOutput<f32>, NetworkError> {
        PlainNetwork::new(&self.network)?.forward(&self.card.normalisation.apply_all(images))
    }
}

/// Which import would help, where a file holds a network in another form than its card says.
#[cfg(feature = "harness")]
fn with_import(error: NetworkError, path: &Path, card: &Card) -> NetworkError {
    use super::import::{Checkpoint, Wanted, find};
    use super::registry;

    let other_form = matches!(
        error,
        NetworkError::Safetensors { .. }
            | NetworkError::MissingTensor { .. }
            | NetworkError::UnexpectedTensor { .. }
            | NetworkError::TensorShape { .. }
            | NetworkError::TensorType { .. }
    );
    if !other_form {
        return error;
    }
    let checkpoint = match Checkpoint::read(path) {
        Ok(checkpoint) => checkpoint,
        // It says what the file is instead.
        Err(known @ NetworkError::Checkpoint { .. }) => return known,
        Err(_) => return error,
    };
    let mut names: Vec<&str> = registry::names().collect();
    names.sort_by_key(|name| *name != card.network);
    for name in names {
        let wanted = Wanted { network: name.to_owned(), ..Wanted::default() };
        if let Ok(found) = find(&checkpoint, path, &wanted) {
            let (path, name, source) = (path.to_owned(), name.to_owned(), Box::new(error));
            return NetworkError::Importable { path, name, network: found.in_words(), source };
        }
    }
    error
}

/// Without the harness there is no import.
#[cfg(not(feature = "harness"))]
fn with_import(error: NetworkError, _: &Path, _: &Card) -> NetworkError {
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{self, shipped_test_images};
    use crate::network::plain::EXPLODING;
    use std::fs;
    use std::time::Instant;

    const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/resnet20_w16_cifar10_herpn_seed0.safetensors");

    #[test]
    fn lowering_the_shipped_network_changes_no_logit() {
        let model = Model::load(Path::new(SHIPPED)).unwrap();
        let images = &shipped_test_images(DatasetName::Cifar10).unwrap().images[..4];
        let lowered = model.lower().unwrap();
        let plain = model.plain_forward(images).unwrap();
        for (index, image) in images.iter().enumerate() {
            let trace = lowered.forward(&model.input(image)).unwrap();
            let largest = trace.logits().iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            for (expected, found) in plain.logits_of(index).iter().zip(trace.logits()) {
                assert!((f64::from(*expected) - found).abs() < 1e-3 * largest, "image {index}: {expected} {found}");
            }
        }
    }

    #[test]
    fn the_shipped_images_are_classified_about_as_well_as_the_card_says() {
        let model = Model::load(Path::new(SHIPPED)).unwrap();
        let shipped = shipped_test_images(DatasetName::Cifar10).unwrap();
        let output = model.plain_forward(&shipped.images).unwrap();
        // 200 images at 89.94 %: four standard deviations are 17 images.
        assert!((163..=197).contains(&output.correct(&shipped.labels)), "{}", output.correct(&shipped.labels));
        assert!(matches!(model.plain_forward(&[]), Err(NetworkError::InputLength { .. })));
    }

    #[test]
    fn every_form_of_the_shipped_network_gives_the_same_logits() {
        use crate::network::ActivationForm;
        let model = Model::load(Path::new(SHIPPED)).unwrap();
        let input = model.input(&shipped_test_images(DatasetName::Cifar10).unwrap().images[0]);
        let logits = |form, fuse| {
            let lowered = model.lower_with(LowerOptions { form, fuse }).unwrap();
            lowered.forward(&input).unwrap().logits().to_vec()
        };
        let expected = logits(ActivationForm::Square, true);
        for form in ActivationForm::ALL {
            for fuse in [false, true] {
                for (a, b) in expected.iter().zip(logits(form, fuse)) {
                    assert!((a - b).abs() < 1e-5, "{form:?}, fused {fuse}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn random_networks_take_natural_images_without_exploding() {
        for (name, width, dataset) in [
            ("resnet18", 8, DatasetName::Cifar10),
            ("resnet20", 16, DatasetName::Cifar100),
            ("resnet32", 16, DatasetName::Cifar10),
        ] {
            let model = Model::random(name, width, dataset, 3).unwrap();
            let images = &shipped_test_images(dataset).unwrap().images;
            let output = model.plain_forward(images).unwrap();
            let largest = output.largest.iter().copied().fold(0.0, f32::max);
            assert!((0.5..4.0).contains(&largest), "{name}: {largest}");
            assert_eq!(model.lower().unwrap().classes(), dataset.classes());
        }
        let again = |seed| Model::random("resnet20", 4, DatasetName::Cifar10, seed).unwrap();
        assert_eq!(again(1), again(1));
        assert_ne!(again(1).network, again(2).network);
    }

    #[test]
    fn weights_that_are_not_the_cards_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let weights = directory.path().join("copy.safetensors");
        let card = fs::read_to_string(Card::path_beside(Path::new(SHIPPED))).unwrap();
        let mut bytes = fs::read(SHIPPED).unwrap();

        fs::write(&weights, &bytes).unwrap();
        assert!(matches!(Model::load(&weights), Err(NetworkError::MissingCard { .. })));

        let other_width = card.replace("width: 16 ", "width: 32 ");
        fs::write(Card::path_beside(&weights), &other_width).unwrap();
        let text = Model::load(&weights).unwrap_err().to_string();
        assert!(text.contains("`conv1.weight` has shape [16, 3, 3, 3], expected [32, 3, 3, 3]"), "{text}");

        fs::write(Card::path_beside(&weights), &card).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&weights, &bytes).unwrap();
        let text = Model::load(&weights).unwrap_err().to_string();
        assert!(text.contains("but its card says 14b14090"), "{text}");

        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        fs::write(&weights, &bytes).unwrap();
        assert!(matches!(Model::load(&weights), Err(NetworkError::TensorValue { .. })));

        fs::write(&weights, &bytes[..end / 2]).unwrap();
        assert!(matches!(Model::load(&weights), Err(NetworkError::Safetensors { .. })));
    }

    /// The card's numbers on all 10,000 test images, and the seconds of both clear-text forwards. Run with
    /// `LEVELED_CIFAR10=DIR/test_batch.bin cargo test --release --lib the_card -- --ignored --nocapture`.
    ///
    /// All logits of the 5 exploding images are NaN. The card's 89.94 % counts 2 of them as right, because an `argmax`
    /// that takes NaN for the largest gives class 0; here such an image has no class, which makes 89.92 %.
    #[test]
    #[ignore = "needs LEVELED_CIFAR10, the path of the official CIFAR-10 test_batch.bin"]
    fn the_card_is_right_about_the_whole_test_set() {
        let path = std::env::var("LEVELED_CIFAR10").expect("LEVELED_CIFAR10 is the path of test_batch.bin");
        let test = dataset::read_file(Path::new(&path), DatasetName::Cifar10).unwrap();
        let model = Model::load(Path::new(SHIPPED)).unwrap();
        let start = Instant::now();
        let output = model.plain_forward(&test.images).unwrap();
        let plain_seconds = start.elapsed().as_secs_f64();
        let lowered = model.lower().unwrap();
        let input = model.input(&test.images[0]);
        let start = Instant::now();
        lowered.forward(&input).unwrap();
        let lowered_seconds = start.elapsed().as_secs_f64();

        let accuracy_percent = 100.0 * output.correct(&test.labels) as f64 / test.len() as f64;
        let exploding = output.beyond(EXPLODING);
        println!("{accuracy_percent} % right, {} exploding", exploding.len());
        println!("plain: {plain_seconds:.2} s for {} images; lowered: {lowered_seconds:.3} s for one", test.len());
        for limit in [32.0, EXPLODING, 1e8] {
            println!("{} images pass {limit}", output.beyond(limit).len());
        }
        let mut largest: Vec<f32> =
            (0..test.len()).map(|image| output.largest_of(image).iter().copied().fold(0.0, f32::max)).collect();
        largest.sort_by(f32::total_cmp);
        let quantile = |share: f64| f64::from(largest[(share * (test.len() - 1) as f64) as usize]);
        println!("largest activation: median {}, 99 % {}, 99.9 % {}", quantile(0.5), quantile(0.99), quantile(0.999));

        let card = &model.card;
        assert!((accuracy_percent - card.test_accuracy_percent.unwrap()).abs() <= 0.05);
        assert_eq!(Some(exploding.len()), card.exploding_test_images);
        assert!(exploding.iter().all(|&image| output.class(image).is_none()));
        let expected = card.largest_activation.unwrap();
        assert!((quantile(0.5) - expected.median).abs() < 0.05);
        assert!((quantile(0.99) - expected.percentile_99).abs() < 0.06);
        assert!((quantile(0.999) - expected.percentile_99_9).abs() < 0.05);
    }
}
