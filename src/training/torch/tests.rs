//! Tiny trainings: a narrow network on a few made up images.

use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};

use super::network::{Pass, TorchNetwork};
use super::state::State;
use super::teacher::Teacher;
use super::tensors::Init;
use super::{CardFacts, Observer, TrainOptions, Trained, train};
use crate::dataset::{Dataset, DatasetName, Image, Normalisation, shipped_test_images};
use crate::network::plain::PlainNetwork;
use crate::network::weights::{StoredPrecision, Tensor as Weight};
use crate::network::{Card, Model, Moments, Network, OneOrSeveral, Pool, Shortcut, Weights};
use crate::training::{
    Augmentation, Distillation, EpochRow, Finish, Keep, OptimizerSettings, Padding, PenaltyForm, Precision,
    RangePenalty, Recipe, ReluFit, Schedule, Split, TrainedActivation, TrainingError,
};

/// Ends a training after so many steps, and keeps what it is told.
#[derive(Debug)]
struct Watcher {
    steps_left: Option<usize>,
    /// Activations that it is to be told of.
    activations: usize,
    epochs: Vec<u32>,
}

impl Default for Watcher {
    /// Of a ResNet-20, to its end.
    fn default() -> Self {
        Self { steps_left: None, activations: 19, epochs: Vec::new() }
    }
}

impl Observer for Watcher {
    fn step(&mut self, _: u32, _: u64, _: u64, _: f64, _: f64, _: f64) {
        self.steps_left = self.steps_left.map(|left| left.saturating_sub(1));
    }

    fn epoch(&mut self, row: &EpochRow, largest: &[(String, f64)]) {
        assert_eq!(largest.len(), self.activations);
        self.epochs.push(row.epoch);
    }

    fn interrupted(&self) -> bool {
        self.steps_left == Some(0)
    }
}

fn recipe(activation: TrainedActivation) -> Recipe {
    Recipe {
        network: "resnet20".to_owned(),
        width: 2,
        shortcut: Shortcut::default(),
        pool: Pool::default(),
        dataset: DatasetName::Cifar10,
        activation,
        epochs: 3,
        batch: 8,
        seed: 1,
        optimizer: OptimizerSettings {
            learning_rate: 0.05,
            momentum: 0.9,
            nesterov: true,
            weight_decay: 5e-4,
            decay_norms: false,
            clip_norm: Some(1.0),
        },
        schedule: Schedule::OneCycle { rise: 0.3 },
        augmentation: Augmentation { crop: 2, padding: Padding::Reflect, flip: true, cutout: 0 },
        label_smoothing: 0.0,
        initial_weights: None,
        distillation: None,
        range_penalty: Some(RangePenalty {
            weight: 0.01,
            bound: 3.0,
            form: PenaltyForm::Square,
            last_epochs: None,
            warmup: Vec::new(),
            first_epoch_alone: false,
        }),
        finish: None,
        precision: Precision::F32,
        stored_precision: StoredPrecision::F32,
        validation_images: 8,
        split_seed: 0,
        batch_parts: 1,
        train_on_held_out: false,
        keep: Keep::Last,
        stop_exploding_percent: 100.0,
        stop_exploding_epochs: 8,
    }
}

const PENALTY: TrainedActivation =
    TrainedActivation::Penalty { fit: ReluFit { interval: 2.0, samples: 400, bits: 10 }, unclamped_epochs: 1 };
const LEARNED: TrainedActivation =
    TrainedActivation::Learned { fit: ReluFit { interval: 2.0, samples: 400, bits: 10 } };
const ACTIVATIONS: [TrainedActivation; 4] = [TrainedActivation::Relu, PENALTY, TrainedActivation::Herpn, LEARNED];

/// Dark noise is class 0, bright noise class 1.
fn two_classes(count: usize) -> Dataset {
    let image = |index: usize| Image {
        values: std::array::from_fn(|place| {
            let noise = (place * 2_654_435_761 + index * 40_503) >> 7 & 63;
            (if index.is_multiple_of(2) { 40 } else { 150 }) + noise as u8
        }),
    };
    Dataset {
        name: DatasetName::Cifar10,
        images: (0..count).map(image).collect(),
        labels: (0..count).map(|index| (index % 2) as u8).collect(),
    }
}

fn run(recipe: &Recipe, images: &Dataset, directory: &Path, watcher: &mut Watcher) -> Result<Trained, TrainingError> {
    let facts = CardFacts { commit: "test".to_owned(), hardware: "test".to_owned() };
    let teachers = recipe.distillation.iter().flat_map(|distillation| distillation.teacher.values().to_vec()).collect();
    let options = TrainOptions {
        directory: directory.to_owned(),
        teachers,
        initial_weights: recipe.initial_weights.clone(),
        threads: 1,
        facts,
    };
    train(recipe, images, &options, watcher)
}

#[test]
fn two_classes_are_learned_with_every_activation() {
    for activation in ACTIVATIONS {
        let directory = tempfile::tempdir().unwrap();
        let mut recipe = recipe(activation);
        (recipe.epochs, recipe.batch_parts) = (6, 2);
        if let TrainedActivation::Penalty { unclamped_epochs, .. } = &mut recipe.activation {
            *unclamped_epochs = 0;
        }
        if activation == LEARNED {
            // The penalty's gradient would fill the clipped one for longer than this training lasts.
            (recipe.range_penalty, recipe.optimizer.learning_rate) = (None, 0.02);
        }
        let mut watcher = Watcher::default();
        let trained = run(&recipe, &two_classes(72), directory.path(), &mut watcher).unwrap();
        assert!(!trained.interrupted);
        assert_eq!(watcher.epochs, [1, 2, 3, 4, 5, 6]);
        let row = trained.rows.last().unwrap();
        // So short a training keeps no activation in range, so that the fixed quadratic classifies with its clamp alone.
        let clamped = matches!(activation, TrainedActivation::Penalty { .. });
        assert_eq!(row.validation_accuracy_clamped_percent.is_some(), clamped);
        let accuracy = row.validation_accuracy_clamped_percent.unwrap_or(row.validation_accuracy_percent);
        // Nothing holds a learned quadratic where it was trained, so it is asked about the training images alone.
        let accuracy = if activation == LEARNED { row.training_accuracy_percent } else { accuracy };
        assert!(accuracy >= 75.0, "{activation:?}: {row:?}");
        // What was written is what was trained: card and weights load, and classify the held out images as well.
        let kept = trained.kept.unwrap();
        let model = Model::load(&kept.weights).unwrap();
        let images = two_classes(72);
        let held_out = Split::of(&images, 8, 0).validation;
        let (pictures, labels): (Vec<_>, Vec<_>) =
            held_out.iter().map(|&index| (images.images[index].clone(), images.labels[index])).unzip();
        let correct = model.plain_forward(&pictures).unwrap().correct(&labels);
        // An image that explodes overflows here and there at different places.
        let same = 100.0 * correct as f64 / 8.0 == row.validation_accuracy_percent;
        assert!(same || row.exploding_images > 0, "{activation:?}: {correct} {row:?}");
        assert_eq!(model.card.record.unwrap().epoch, 6);
        let history = std::fs::read_to_string(directory.path().join("history.csv")).unwrap();
        assert_eq!(history.lines().count(), 7);
        let sites = std::fs::read_to_string(directory.path().join("sites.csv")).unwrap();
        assert_eq!(sites.lines().count(), 1 + 6 * 19);
    }
}

#[test]
fn bf16_learns_too() {
    // VGG-16 has average pools between its convolutions.
    let networks = [("resnet20", TrainedActivation::Herpn, 19), ("vgg16", TrainedActivation::Relu, 15)];
    for (network, activation, activations) in networks {
        let directory = tempfile::tempdir().unwrap();
        let mut recipe = Recipe { network: network.to_owned(), ..recipe(activation) };
        (recipe.epochs, recipe.precision) = (5, Precision::Bf16);
        let mut watcher = Watcher { activations, ..Watcher::default() };
        let trained = run(&recipe, &two_classes(72), directory.path(), &mut watcher).unwrap();
        let last = trained.rows.last().unwrap();
        assert!(last.loss.is_finite());
        if network == "resnet20" {
            assert_eq!(last.validation_accuracy_percent, 100.0);
        }
    }
}

#[test]
fn padded_shortcuts_are_those_of_the_clear_network() {
    let directory = tempfile::tempdir().unwrap();
    let images = two_classes(72);
    let padded = Recipe { shortcut: Shortcut::Pad, ..recipe(TrainedActivation::Relu) };
    let weights = run(&padded, &images, directory.path(), &mut Watcher::default()).unwrap().kept.unwrap().weights;
    assert!(weights.ends_with("resnet20_pad_w2_cifar10_relu_seed1.safetensors"));
    let model = Model::load(&weights).unwrap();
    let graph = padded.architecture().unwrap().graph().unwrap();
    let mut state = State::new(&padded, &graph, Device::Cpu);
    state.begin_with(&model.network, 0.0, &graph, 0).unwrap();
    let batches = super::batch::Batches::new(&images, &Normalisation::of(DatasetName::Cifar10), Device::Cpu);
    let batch = batches.batch(&[0, 1, 2, 3], None).unwrap();
    let pass = Pass { training: false, clamp: None, kind: Kind::Float, penalty: None, measure: false };
    let expected = model.plain_forward(&images.images[..4]).unwrap().logits;
    let logits = state.networks[0].forward(&batch.images, &pass).unwrap().logits;
    let found = Vec::<f32>::try_from(logits.detach().flatten(0, -1)).unwrap();
    assert!(found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-4), "{found:?}");
    // A recipe of other shortcuts does not begin with these weights, but says which would.
    let other = Recipe { initial_weights: Some(weights), ..recipe(TrainedActivation::Relu) };
    let text = run(&other, &images, &directory.path().join("other"), &mut Watcher::default()).unwrap_err().to_string();
    assert!(text.contains("write `shortcut: pad` and `pool: standard` in the recipe"), "{text}");
}

#[test]
fn a_training_goes_on_from_trained_weights() {
    let directory = tempfile::tempdir().unwrap();
    let images = two_classes(72);
    let first = recipe(TrainedActivation::Relu);
    let weights = run(&first, &images, directory.path(), &mut Watcher::default()).unwrap().kept.unwrap().weights;
    let model = Model::load(&weights).unwrap();
    let mut second = recipe(TrainedActivation::Relu);
    (second.seed, second.batch_parts, second.initial_weights) = (7, 2, Some(weights));
    let graph = second.architecture().unwrap().graph().unwrap();
    let mut state = State::new(&second, &graph, Device::Cpu);
    state.begin_with(&model.network, 0.0, &graph, 0).unwrap();
    let batches = super::batch::Batches::new(&images, &Normalisation::of(DatasetName::Cifar10), Device::Cpu);
    let batch = batches.batch(&[0, 1, 2, 3], None).unwrap();
    let pass = Pass { training: false, clamp: None, kind: Kind::Float, penalty: None, measure: false };
    let expected = model.plain_forward(&images.images[..4]).unwrap().logits;
    // One of another epsilon begins as the same function.
    let logits = |state: &State| {
        let logits = state.networks[0].forward(&batch.images, &pass).unwrap().logits;
        Vec::<f32>::try_from(logits.detach().flatten(0, -1)).unwrap()
    };
    let card = Card { batch_norm_eps: 0.5, ..model.card.clone() };
    let coarse = card.architecture().unwrap().graph().unwrap();
    let coarse = Network::new(coarse, model.network.weights().clone()).unwrap();
    let coarse = Model { card, network: coarse };
    let mut begun = State::new(&second, &graph, Device::Cpu);
    begun.begin_with(&coarse.network, 0.5 - 1e-5, &graph, 0).unwrap();
    let coarse = coarse.plain_forward(&images.images[..4]).unwrap().logits;
    assert!(coarse.iter().zip(&expected).any(|(coarse, plain)| (coarse - plain).abs() > 1e-2), "{coarse:?}");
    assert!(logits(&begun).iter().zip(&coarse).all(|(found, expected)| (found - expected).abs() < 1e-4), "{coarse:?}");
    // A deeper network begins as the same function.
    let deeper = Recipe { network: "resnet32".to_owned(), ..second.clone() };
    let deeper_graph = deeper.architecture().unwrap().graph().unwrap();
    let mut grown = State::new(&deeper, &deeper_graph, Device::Cpu);
    grown.begin_with(&model.network, 0.0, &deeper_graph, 0).unwrap();
    assert_eq!((state.networks[0].sites().len(), grown.networks[0].sites().len()), (19, 31));
    for network in state.networks.iter().chain(&grown.networks) {
        let logits = network.forward(&batch.images, &pass).unwrap().logits;
        let found = Vec::<f32>::try_from(logits.detach().flatten(0, -1)).unwrap();
        assert!(found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-4), "{found:?}");
    }
    let other = directory.path().join("other");
    let kept = run(&second, &images, &other, &mut Watcher::default()).unwrap().kept.unwrap();
    assert!(kept.weights.ends_with("resnet20_w2_cifar10_relu_continued_seed7.safetensors"));
    assert_eq!(kept.card.epochs(), Some(6));
    assert_eq!(kept.card.record.unwrap().initial_sha256, Some(model.card.sha256));
    // Other activations and classes begin as they would without.
    second.dataset = DatasetName::Cifar100;
    second.activation = TrainedActivation::Herpn;
    let graph = second.architecture().unwrap().graph().unwrap();
    let mut state = State::new(&second, &graph, Device::Cpu);
    let before: Vec<_> = state.tensors().into_iter().map(|(name, tensor)| (name, tensor.copy())).collect();
    state.begin_with(&model.network, 0.0, &graph, 0).unwrap();
    for ((name, before), (_, after)) in before.iter().zip(state.tensors()) {
        let stays = name.contains("act") || name.contains("linear") || name.starts_with("momentum");
        let changes = !stays && (name.ends_with("conv1.weight") || name.ends_with("conv2.weight"));
        assert!(!changes || *before != after, "{name}");
        assert!(!stays || *before == after, "{name}");
    }
}

#[test]
fn quadratic_activations_go_on_where_they_were() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/models/resnet20_w16_cifar10_herpn_seed0.safetensors");
    let narrow = Model::load(Path::new(shipped)).unwrap();
    let images = shipped_test_images(DatasetName::Cifar10).unwrap();
    let batches = super::batch::Batches::new(&images, &Normalisation::of(DatasetName::Cifar10), Device::Cpu);
    let batch = batches.batch(&(0..80).collect::<Vec<_>>(), None).unwrap();
    let expected = narrow.plain_forward(&images.images[..80]).unwrap();
    let mut recipe = recipe(TrainedActivation::Herpn);
    for width in [16, 32] {
        recipe.width = width;
        let graph = recipe.architecture().unwrap().graph().unwrap();
        let mut state = State::new(&recipe, &graph, Device::Cpu);
        state.begin_with(&narrow.network, 0.0, &graph, 1).unwrap();
        let pass = Pass { training: false, clamp: None, kind: Kind::Float, penalty: None, measure: false };
        let right = |pass: &Pass| {
            let logits = tch::no_grad(|| state.networks[0].forward(&batch.images, pass).unwrap().logits);
            let right = logits.argmax(1, false).eq_tensor(&batch.labels).sum(Kind::Int64).int64_value(&[]);
            (Vec::<f32>::try_from(logits.flatten(0, -1)).unwrap(), right)
        };
        let (logits, _) = right(&pass);
        for (found, expected) in logits.iter().zip(&expected.logits) {
            assert!((found - expected).abs() < 1e-3 * expected.abs().max(1.0), "{width}: {found} {expected}");
        }
        // Batches normalise themselves in training, so there the statistics must be about right, too.
        let (_, trained) = right(&Pass { training: true, ..pass });
        assert!(trained >= 64, "{width}: {trained} of 80");
    }
    // A penalty's quadratic becomes HerPN as well; one that falls where it bends up does not, and begins as without.
    let site = |c: [f64; 3]| {
        let graph = recipe.architecture().unwrap().graph().unwrap();
        let mut state = State::new(&recipe, &graph, Device::Cpu);
        let mut weights = Weights::new();
        weights.insert("act1.coefficients".to_owned(), Weight::new(vec![32, 3], c.repeat(32)).unwrap());
        let moments = [("act1".to_owned(), vec![Moments { mean: 0.3, variance: 0.8 }])].into();
        tch::no_grad(|| state.networks[0].begin_activations(&weights, &moments)).unwrap();
        let (_, site) = state.networks[0].activations().next().unwrap();
        Vec::<f64>::try_from(site.coefficients().unwrap().flatten(0, -1)).unwrap()
    };
    let close = |a: &[f64], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(close(&site([0.19, 0.5, 0.23])[93..], [0.19, 0.5, 0.23]));
    assert!(!close(&site([0.19, -0.5, 0.23])[93..], [0.19, -0.5, 0.23]));
    assert_eq!(site([0.19, -0.5, 0.23]), site([0.19, 0.0, 0.0]));
}

#[test]
fn a_wider_training_parts_the_copies_of_a_channel() {
    let directory = tempfile::tempdir().unwrap();
    let images = two_classes(48);
    let narrow = run(&recipe(TrainedActivation::Relu), &images, directory.path(), &mut Watcher::default()).unwrap();
    let mut wide = recipe(TrainedActivation::Relu);
    (wide.width, wide.initial_weights) = (4, Some(narrow.kept.unwrap().weights));
    let trained = run(&wide, &images, &directory.path().join("wide"), &mut Watcher::default()).unwrap();
    let model = Model::load(&trained.kept.unwrap().weights).unwrap();
    // The stem reads the image, which is not copied: only what its outputs' readers want tells its copies apart.
    let stem = model.network.weights().get("conv1.weight").unwrap().values();
    assert!((0..2 * 27).all(|at| stem[at] != stem[at + 2 * 27]), "{stem:?}");
    wide.width = 3;
    let refused = run(&wide, &images, &directory.path().join("other"), &mut Watcher::default()).unwrap_err();
    assert!(refused.to_string().starts_with("weights of a network 2 wide cannot begin one 3 wide"), "{refused}");
    assert!(refused.is_user_error());
    // Held out images of another seed were seen.
    (wide.width, wide.split_seed) = (4, 1);
    let refused = run(&wide, &images, &directory.path().join("other"), &mut Watcher::default()).unwrap_err();
    assert!(
        refused.to_string().contains("write `validation_images: 8` and `split_seed: 0` in the recipe"),
        "{refused}"
    );
}

#[test]
fn a_training_on_the_held_out_images_leaves_none_to_choose_by() {
    let directory = tempfile::tempdir().unwrap();
    let images = two_classes(48);
    let held_out = recipe(TrainedActivation::Relu);
    let first = run(&held_out, &images, &directory.path().join("first"), &mut Watcher::default()).unwrap();
    let mut all =
        Recipe { train_on_held_out: true, initial_weights: Some(first.kept.unwrap().weights), ..held_out.clone() };
    let trained = run(&all, &images, &directory.path().join("all"), &mut Watcher::default()).unwrap();
    let kept = trained.kept.unwrap();
    let record = kept.card.record.as_ref().unwrap();
    assert_eq!((record.training_images, record.validation_images, record.epoch), (48, 0, 3));
    assert_eq!((kept.card.held_out(), kept.card.validation_accuracy_percent), (Some((0, 0)), None));
    assert_eq!(kept.card.exploding_validation_images, None);
    // Other images than those with the same seed that holds some out.
    let other = Recipe { initial_weights: all.initial_weights.clone(), ..held_out.clone() };
    let other = run(&other, &images, &directory.path().join("other"), &mut Watcher::default()).unwrap();
    assert_ne!(other.kept.unwrap().card.sha256, kept.card.sha256);
    // Such weights may begin a training of their kind only.
    let next = Recipe { initial_weights: Some(kept.weights.clone()), ..held_out };
    let refused = run(&next, &images, &directory.path().join("next"), &mut Watcher::default()).unwrap_err();
    assert!(refused.to_string().contains("held out no image") && refused.is_user_error(), "{refused}");
    assert!(refused.to_string().contains("write `train_on_held_out: true` and `keep: last`"), "{refused}");
    all.initial_weights = Some(kept.weights);
    let again = run(&all, &images, &directory.path().join("again"), &mut Watcher::default()).unwrap();
    assert_eq!(again.kept.unwrap().card.epochs(), Some(9));
}

#[test]
fn a_student_learns_what_its_teacher_says() {
    let directory = tempfile::tempdir().unwrap();
    let images = two_classes(72);
    let mut teacher = recipe(TrainedActivation::Relu);
    (teacher.epochs, teacher.seed) = (6, 5);
    let taught = run(&teacher, &images, &directory.path().join("teacher"), &mut Watcher::default()).unwrap();
    assert_eq!(taught.rows.last().unwrap().validation_accuracy_percent, 100.0);
    let weights = taught.kept.unwrap().weights;
    let mut student = recipe(TrainedActivation::Herpn);
    (student.epochs, student.batch_parts) = (6, 2);
    student.distillation =
        Some(Distillation { teacher: OneOrSeveral::One(weights.clone()), weight: 1.0, temperature: 2.0, variants: 0 });
    // With the teacher alone in the loss, labels that are all wrong teach nothing.
    let mut wrong = images.clone();
    wrong.labels.iter_mut().for_each(|label| *label = 1 - *label);
    let learned = run(&student, &wrong, &directory.path().join("student"), &mut Watcher::default()).unwrap();
    let row = learned.rows.last().unwrap();
    assert!(row.validation_accuracy_percent <= 12.5 && row.loss < row.cross_entropy, "{row:?}");
    let record = learned.kept.unwrap().card.record.unwrap();
    assert_eq!(record.teacher_sha256, Some(OneOrSeveral::One(Model::load(&weights).unwrap().card.sha256)));
    assert!(record.held_out().is_some());
    // A teacher of which nobody knows what it has seen.
    let mut card = Card::of(&weights).unwrap();
    card.record = None;
    card.write(&Card::path_beside(&weights)).unwrap();
    let learned = run(&student, &wrong, &directory.path().join("other"), &mut Watcher::default()).unwrap();
    assert_eq!(learned.kept.unwrap().card.held_out(), None);
    // A teacher with the student's own logits has nothing to say, and a quadratic one is evaluated as it was trained.
    let model = directory.path().join("student").join(student.model_name() + ".safetensors");
    let inputs = Normalisation::of(DatasetName::Cifar10);
    let taught_by = |paths: &[PathBuf]| Teacher::of(&student, paths, &inputs, Device::Cpu).unwrap().unwrap();
    let mut teacher = taught_by(std::slice::from_ref(&model));
    let batches = super::batch::Batches::new(&images, &Normalisation::of(DatasetName::Cifar10), Device::Cpu);
    let batch = batches.batch(&[0, 1, 2, 3], None).unwrap();
    let logits = teacher.logits(&batch.images).unwrap();
    assert!(super::teacher::divergence(&logits, &logits, 2.0).unwrap().double_value(&[]).abs() < 1e-6);
    let other = super::teacher::divergence(&(&logits + Tensor::from_slice(&[1.0_f32, -1.0]).repeat([5])), &logits, 2.0);
    let other = other.unwrap().double_value(&[]);
    assert!(other > 0.01);
    // A teacher that explodes on an image leaves the others' targets as they are.
    let mixed = Tensor::cat(&[&logits, &(&logits * f64::INFINITY)], 0);
    let pair = (&logits + Tensor::from_slice(&[1.0_f32, -1.0]).repeat([5])).repeat([2, 1]);
    let found = super::teacher::divergence(&pair, &mixed, 2.0).unwrap().double_value(&[]);
    assert!((found - other / 2.0).abs() < 1e-4 * other.abs().max(1.0), "{found} {other}");
    let plain = Model::load(&directory.path().join("student").join(student.model_name() + ".safetensors"));
    let plain = plain.unwrap().plain_forward(&images.images[..4]).unwrap();
    let found = Vec::<f32>::try_from(logits.flatten(0, -1)).unwrap();
    for (found, expected) in found.iter().zip(&plain.logits) {
        assert!((found - expected).abs() < 1e-3 * expected.abs().max(1.0), "{found} {expected}");
    }
}

#[test]
fn several_teachers_say_the_mean_of_their_logits() {
    let directory = tempfile::tempdir().unwrap();
    let images = two_classes(72);
    let train = |seed| {
        let recipe = Recipe { seed, ..recipe(TrainedActivation::Relu) };
        let trained = run(&recipe, &images, &directory.path().join(seed.to_string()), &mut Watcher::default());
        trained.unwrap().kept.unwrap().weights
    };
    let weights = vec![train(3), train(4)];
    let mut student = recipe(TrainedActivation::Relu);
    student.batch_parts = 2;
    let inputs = Normalisation::of(DatasetName::Cifar10);
    let batch = super::batch::Batches::new(&images, &inputs, Device::Cpu).batch(&[0, 1, 2, 3], None).unwrap();
    let said = |paths: &[PathBuf]| {
        let mut teacher = Teacher::of(&student, paths, &inputs, Device::Cpu).unwrap().unwrap();
        teacher.logits(&batch.images).unwrap()
    };
    let (first, second, both) = (said(&weights[..1]), said(&weights[1..]), said(&weights));
    assert!((&first - &second).abs().max().double_value(&[]) > 1e-3);
    assert!(((&first + &second) / 2.0 - both).abs().max().double_value(&[]) < 1e-5);
    assert!(Teacher::of(&student, &[], &inputs, Device::Cpu).unwrap().is_none());

    // The card names both, and what was said is theirs and not one's alone.
    student.distillation = Some(Distillation {
        teacher: OneOrSeveral::Several(weights.clone()),
        weight: 0.5,
        temperature: 2.0,
        variants: 1,
    });
    let out = directory.path().join("student");
    let trained = run(&student, &images, &out, &mut Watcher::default()).unwrap();
    let hashes = weights.iter().map(|path| Card::of(path).unwrap().sha256).collect();
    let card = trained.kept.unwrap().card;
    assert_eq!(card.record.unwrap().teacher_sha256, Some(OneOrSeveral::Several(hashes)));
    student.distillation.as_mut().unwrap().teacher = OneOrSeveral::One(weights[0].clone());
    std::fs::remove_file(out.join("checkpoint.safetensors")).unwrap();
    let refused = run(&student, &images, &out, &mut Watcher::default()).unwrap_err();
    assert!(refused.to_string().contains("answers.safetensors"), "{refused}");
}

#[test]
fn what_a_teacher_said_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let images = two_classes(72);
    let teacher = run(&recipe(TrainedActivation::Relu), &images, &directory.path().join("t"), &mut Watcher::default());
    let weights = teacher.unwrap().kept.unwrap().weights;
    let mut student = recipe(TrainedActivation::Relu);
    (student.seed, student.epochs, student.batch_parts) = (2, 6, 2);
    student.distillation =
        Some(Distillation { teacher: OneOrSeveral::One(weights.clone()), weight: 0.5, temperature: 2.0, variants: 2 });
    let train = |student: &Recipe, name: &str, steps| {
        let mut watcher = Watcher { steps_left: steps, ..Watcher::default() };
        run(student, &images, &directory.path().join(name), &mut watcher)
    };
    let file = |name: &str| directory.path().join(name).join("answers.safetensors");
    let weights_of = |trained: Trained| std::fs::read(trained.kept.unwrap().weights).unwrap();
    let whole = weights_of(train(&student, "whole", None).unwrap());
    // Ended within the first epoch and within one that asks no more, it goes on as if it had not been.
    assert!(train(&student, "parts", Some(3)).unwrap().interrupted);
    let asked_first = std::fs::read(file("parts")).unwrap();
    assert!(train(&student, "parts", Some(25)).unwrap().interrupted);
    assert_ne!(std::fs::read(file("parts")).unwrap(), asked_first);
    assert_eq!(weights_of(train(&student, "parts", None).unwrap()), whole);
    // Every training image was asked about twice, held out ones never, and what was said is what the teacher says.
    let bytes = std::fs::read(file("whole")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let logits = tensors.tensor("logits").unwrap();
    let known: Vec<bool> =
        logits.data().chunks(20).map(|row| !half::f16::from_le_bytes([row[0], row[1]]).is_nan()).collect();
    let split = Split::of(&images, 8, 0);
    assert_eq!(known.iter().filter(|known| **known).count(), 2 * split.training.len());
    assert!(split.validation.iter().all(|&index| !known[index] && !known[72 + index]));
    // Another student of the same teacher takes them, and asks nothing: what is in the file is what it learns.
    std::fs::create_dir(directory.path().join("herpn")).unwrap();
    std::fs::copy(file("whole"), file("herpn")).unwrap();
    let written = std::fs::metadata(file("herpn")).unwrap().modified().unwrap();
    let mut other = student.clone();
    (other.activation, other.epochs) = (TrainedActivation::Herpn, 1);
    train(&other, "herpn", None).unwrap();
    assert_eq!(std::fs::metadata(file("herpn")).unwrap().modified().unwrap(), written);
    // Another seed varies images otherwise, and half a file says nothing.
    std::fs::create_dir(directory.path().join("seed")).unwrap();
    std::fs::copy(file("whole"), file("seed")).unwrap();
    other.seed += 1;
    let refused = train(&other, "seed", None).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("answers.safetensors`: it is about another teacher, seed,"), "{text}");
    assert!(text.ends_with("remove this file, and the teacher is asked again"), "{text}");
    std::fs::write(file("seed"), &bytes[..bytes.len() / 2]).unwrap();
    let refused = train(&other, "seed", None).unwrap_err();
    assert!(matches!(refused, TrainingError::Answers { .. }), "{refused}");
}

#[test]
fn the_finish_trains_by_running_statistics_that_no_longer_move() {
    let directory = tempfile::tempdir().unwrap();
    let mut recipe = recipe(TrainedActivation::Herpn);
    (recipe.epochs, recipe.finish, recipe.batch_parts) = (4, Some(Finish { epochs: 2, limit: 6.0 }), 2);
    let images = two_classes(48);
    let statistics = |steps: Option<usize>| {
        let mut watcher = Watcher { steps_left: steps, ..Watcher::default() };
        run(&recipe, &images, directory.path(), &mut watcher).unwrap();
        let bytes = std::fs::read(directory.path().join("checkpoint.safetensors")).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let chosen = |kind: &str| -> Vec<(String, Vec<u8>)> {
            let mut tensors: Vec<_> = tensors.iter().filter(|(name, _)| name.starts_with(kind)).collect();
            tensors.sort_by_key(|(name, _)| *name);
            tensors.into_iter().map(|(name, tensor)| (name.to_owned(), tensor.data().to_vec())).collect()
        };
        (chosen("statistic/"), chosen("parameter/"))
    };
    // Five steps to an epoch.
    let (in_first, _) = statistics(Some(5));
    let (before, weights_before) = statistics(Some(5));
    let (after, weights_after) = statistics(None);
    assert_ne!(in_first, before);
    assert_eq!(before, after);
    assert_ne!(weights_before, weights_after);
}

#[test]
fn a_resumed_training_is_the_uninterrupted_one() {
    let images = two_classes(48);
    for (activation, parts) in [(TrainedActivation::Herpn, 2), (PENALTY, 1)] {
        let mut recipe = recipe(activation);
        recipe.batch_parts = parts;
        let whole = tempfile::tempdir().unwrap();
        let uninterrupted = run(&recipe, &images, whole.path(), &mut Watcher::default()).unwrap();
        let cut = tempfile::tempdir().unwrap();
        // 40 images make 5 steps: once within the first epoch, once within the second, once at an epoch's end.
        for steps in [2, 5, 3] {
            let mut watcher = Watcher { steps_left: Some(steps), ..Watcher::default() };
            let part = run(&recipe, &images, cut.path(), &mut watcher).unwrap();
            assert!(part.interrupted);
            // The card says how far it is.
            let done = part.rows.len() as u64;
            assert_eq!(part.kept.and_then(|kept| kept.card.epochs()), (done > 0).then_some(done));
        }
        let resumed = run(&recipe, &images, cut.path(), &mut Watcher::default()).unwrap();
        assert_eq!(resumed.kept.as_ref().unwrap().card.epochs(), Some(recipe.epochs.into()));
        let timeless = |rows: &[EpochRow]| {
            let timeless = |row: &EpochRow| EpochRow { images_per_second: 0.0, seconds: 0.0, ..row.clone() };
            rows.iter().map(timeless).collect::<Vec<_>>()
        };
        assert_eq!(timeless(&resumed.rows), timeless(&uninterrupted.rows));
        assert_eq!(resumed.kept.unwrap().card.sha256, uninterrupted.kept.unwrap().card.sha256);
    }
}

#[test]
fn the_clear_text_forward_gives_libtorchs_logits() {
    let resnets = ACTIVATIONS.map(|activation| (activation, "resnet20", 4));
    let vggs = ACTIVATIONS.map(|activation| (activation, "vgg16", 2));
    for (seed, (activation, network, width)) in resnets.into_iter().chain(vggs).enumerate() {
        let mut recipe = Recipe { network: network.to_owned(), ..recipe(activation) };
        (recipe.width, recipe.seed) = (width, seed as u64);
        let graph = recipe.architecture().unwrap().graph().unwrap();
        let state = State::new(&recipe, &graph, Device::Cpu);
        let network = &state.networks[0];
        let normalisation = Normalisation::of(DatasetName::Cifar10);
        let images = two_classes(6);
        let batches = super::batch::Batches::new(&images, &normalisation, Device::Cpu);
        let batch = batches.batch(&[0, 1, 2, 3, 4, 5], None).unwrap();
        let pass = Pass { training: true, clamp: None, kind: Kind::Float, penalty: None, measure: true };
        // Weights that are not those of the start, and running statistics that are those of the images: others explode.
        tch::no_grad(|| {
            for parameter in &network.parameters {
                let mut tensor = parameter.named.tensor.shallow_clone();
                let noise = Tensor::arange(tensor.numel() as i64, (Kind::Float, Device::Cpu)).sin().view_as(&tensor);
                tensor += noise * 0.05;
                // Narrow inputs of the squares, which double relative errors one after the other.
                if parameter.named.name.contains("bn") {
                    tensor *= 0.6;
                }
            }
            for _ in 0..60 {
                network.forward(&batch.images, &pass).unwrap();
            }
        });
        let evaluated = tch::no_grad(|| network.forward(&batch.images, &Pass { training: false, ..pass }).unwrap());
        let expected = Vec::<f32>::try_from(evaluated.logits.flatten(0, -1)).unwrap();
        let weights = super::export::weights(network, &graph).unwrap();
        let plain = PlainNetwork::<f32>::new(&Network::new(graph, weights).unwrap()).unwrap();
        let output = plain.forward(&normalisation.apply_all(&images.images)).unwrap();
        for (expected, found) in expected.iter().zip(&output.logits) {
            assert!((expected - found).abs() < 1e-4 * expected.abs().max(1.0), "{activation:?}: {expected} {found}");
        }
        let largest = Vec::<f32>::try_from(evaluated.largest.unwrap().flatten(0, -1)).unwrap();
        for (expected, found) in largest.iter().zip(&output.largest) {
            assert!((expected - found).abs() < 1e-3 * expected.abs().max(1.0), "{activation:?}: {expected} {found}");
        }
    }
}

#[test]
fn hermite_activations_fold_to_their_batch_normalised_form() {
    // The definition, in double precision: polynomials, normalised by the running statistics, weighted, scaled, shifted.
    let recipe = recipe(TrainedActivation::Herpn);
    let graph = recipe.architecture().unwrap().graph().unwrap();
    let value = |name: &str, shape: &[i64]| {
        let count: i64 = shape.iter().product();
        let base = if name.contains("var") { 0.7 } else { 0.2 };
        Tensor::arange(count, (Kind::Float, Device::Cpu)).view(shape) * 0.3 + base
    };
    let network = TorchNetwork::build(&graph, &recipe.activation, &mut |name, shape, _: Init, _| value(name, shape));
    let (_, site) = network.activations().next().unwrap();
    let coefficients = Vec::<f64>::try_from(site.coefficients().unwrap().flatten(0, -1)).unwrap();
    for (channel, found) in coefficients.chunks_exact(3).enumerate() {
        let other = 0.2 + 0.3 * channel as f64;
        let (weight, bias, mean1, mean2) = (other, other, other, other);
        let variance = 0.7 + 0.3 * channel as f64;
        for x in [-2.0_f64, -0.3, 0.0, 1.7] {
            // The second statistics are of x^2; those of (x^2 - 1)/sqrt(2) follow.
            let (mean_h2, variance_h2) = ((mean2 - 1.0) / 2f64.sqrt(), variance / 2.0);
            let h2 = (x * x - 1.0) / 2f64.sqrt();
            let basis = [1.0, (x - mean1) / (variance + 1e-5).sqrt(), (h2 - mean_h2) / (variance_h2 + 1e-5).sqrt()];
            let pi = std::f64::consts::PI;
            let hermite = [1.0 / (2.0 * pi).sqrt(), 0.5, 1.0 / (4.0 * pi).sqrt()];
            let expected = weight * basis.iter().zip(hermite).map(|(b, h)| b * h).sum::<f64>() + bias;
            let folded = found[0] + x * (found[1] + x * found[2]);
            assert!((expected - folded).abs() < 1e-6, "{channel} {x}: {expected} {folded}");
        }
    }
}

#[test]
fn the_penalty_and_its_gradient() {
    let values = [-5.0, -2.5, -1.0, 0.0, 1.9, 2.1, 7.0, 0.5_f64];
    for form in [PenaltyForm::Norm, PenaltyForm::Square] {
        let of = |values: &[f64]| {
            let sum: f64 = values.iter().map(|x| (x.abs() - 2.0).max(0.0).powi(2)).sum();
            if form == PenaltyForm::Norm { sum.sqrt() } else { sum / 2.0 }
        };
        let x = Tensor::from_slice(&values).view([2, 4]).set_requires_grad(true);
        let cost = super::penalty::excess(&x, form, 2.0).unwrap();
        assert!((cost.double_value(&[]) - of(&values)).abs() < 1e-5);
        cost.backward();
        let gradient = Vec::<f64>::try_from(x.grad().flatten(0, -1)).unwrap();
        for (index, found) in gradient.iter().enumerate() {
            let nudged = |by: f64| {
                let mut values = values;
                values[index] += by;
                of(&values)
            };
            let expected = (nudged(1e-5) - nudged(-1e-5)) / 2e-5;
            assert!((found - expected).abs() < 1e-5, "{form:?} {index}: {found} {expected}");
        }
    }
    let inside = Tensor::from_slice(&[0.5_f32, -1.0]).set_requires_grad(true);
    super::penalty::excess(&inside, PenaltyForm::Norm, 2.0).unwrap().backward();
    assert_eq!(Vec::<f32>::try_from(inside.grad()).unwrap(), [0.0, 0.0]);
}

#[test]
fn trainings_that_cannot_go_on_say_why() {
    let directory = tempfile::tempdir().unwrap();
    let base = recipe(TrainedActivation::Herpn);
    let text = |recipe: &Recipe, images: &Dataset, directory: &Path| {
        run(recipe, images, directory, &mut Watcher::default()).unwrap_err().to_string()
    };
    let few = text(&base, &two_classes(12), directory.path());
    assert!(few.starts_with("12 training images are too few for 8 held out ones and a batch of 8: use"), "{few}");

    // Unclamped squares at an absurd learning rate leave every range at once.
    let mut wild = recipe(LEARNED);
    wild.optimizer.learning_rate = 1e6;
    wild.optimizer.clip_norm = None;
    let diverged = text(&wild, &two_classes(48), tempfile::tempdir().unwrap().path());
    assert!(
        diverged.starts_with("training diverged in epoch 1: the loss is not finite, and activation `"),
        "{diverged}"
    );
    assert!(diverged.contains("1e3"), "{diverged}");

    let mut strict = recipe(PENALTY);
    (strict.stop_exploding_percent, strict.stop_exploding_epochs) = (0.0, 1);
    strict.activation = TrainedActivation::Penalty { fit: ReluFit::default(), unclamped_epochs: 0 };
    (strict.optimizer.learning_rate, strict.range_penalty, strict.width) = (20.0, None, 4);
    strict.epochs = 1;
    let exploded = tempfile::tempdir().unwrap();
    // Asked again, it is no success either.
    for _ in 0..2 {
        let exploding = text(&strict, &two_classes(48), exploded.path());
        assert!(
            exploding.contains("of 8 held out images exploded at the end of each of the last 1 epochs"),
            "{exploding}"
        );
    }

    let mut student = recipe(TrainedActivation::Herpn);
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/models/resnet20_w16_cifar10_herpn_seed0.safetensors");
    student.dataset = DatasetName::Cifar100;
    student.distillation =
        Some(Distillation { teacher: OneOrSeveral::One(shipped.into()), weight: 0.5, temperature: 2.0, variants: 0 });
    let stranger = text(&student, &two_classes(48), directory.path());
    assert!(
        stranger.contains("cannot teach this network: it was trained on cifar10, not on cifar100; name"),
        "{stranger}"
    );
    student.distillation = Some(Distillation {
        teacher: OneOrSeveral::One("none.safetensors".into()),
        weight: 0.5,
        temperature: 2.0,
        variants: 0,
    });
    let missing = text(&student, &two_classes(48), directory.path());
    assert!(missing.starts_with("cannot read `none.safetensors`: "), "{missing}");

    run(&base, &two_classes(48), directory.path(), &mut Watcher::default()).unwrap();
    let other = Recipe { seed: 2, ..base.clone() };
    let foreign = text(&other, &two_classes(48), directory.path());
    assert!(foreign.contains("is of another recipe or seed, or of other images: choose another"), "{foreign}");
    let path = directory.path().join("checkpoint.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let damaged = text(&base, &two_classes(48), directory.path());
    assert!(
        damaged.starts_with("checkpoint `") && damaged.contains("remove its directory to start again"),
        "{damaged}"
    );
}
