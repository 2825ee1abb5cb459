//! A trial: its images, one after the other, and the rows that come of them.

use std::path::Path;

use super::checkpoint::Checkpoint;
use super::clear;
use super::description::{kind, layout};
use super::exchange::{Exchange, KeyFiles};
use super::outcome::{ImageOutcome, median_of_layer};
use super::preparation::Prepared;
use super::row_sink::{FIRST_ATTEMPT, RowSink};
use super::session::Session;
use super::simulation::Simulator;
use super::statistics::{Share, largest, median, quartile, share, smallest};
use super::task::Task;
use super::together::Evaluate;
use crate::ckks::evaluator::Operations;
use crate::ckks::security::Table;
use crate::ckks::{PrecisionReport, RingSwitch};
use crate::dataset::{Dataset, Image};
use crate::experiment::ExperimentError;
use crate::experiment::event::{EventSink, Stage};
use crate::experiment::fingerprint::sha256_of_dataset;
use crate::experiment::images;
use crate::experiment::pause::undisturbed;
use crate::experiment::prices::KnownPrices;
use crate::experiment::records::{ImageRow, LayerRow, TrialRow};
use crate::experiment::setting::{Backend, Processes};
use crate::experiment::trial::TrialSpec;

/// Evaluates a trial's images as its back end says; rows of images and layers go to `rows`, the trial's row is returned. What is encrypted goes on
/// from the file `checkpoint`, and keeps there what it has reached.
///
/// # Errors
/// A refusal of the plan, files that have changed since the trial was specified, and what the executor refuses.
pub fn evaluate(
    spec: &TrialSpec,
    prices: &KnownPrices,
    checkpoint: Option<&Path>,
    rows: &mut dyn RowSink,
    events: &mut dyn EventSink,
) -> Result<TrialRow, ExperimentError> {
    let task = Task::from(spec);
    task.pool()?.install(|| {
        events.progress(Stage::Preparation, 0, 1, "");
        let dataset = images_of(spec)?;
        if spec.is_clear() {
            return clear::evaluate(spec, &task, &dataset, rows, events);
        }
        let prepared = Prepared::of_trial(spec, &task, &prices.prices)?;
        task.check_memory(task.memory_bytes(&prepared.plan))?;
        events.progress(Stage::Preparation, 1, 1, "");

        let trial = Trial { spec, task: &task, prepared: &prepared, dataset: &dataset };
        let measured = if is_encrypted(spec) {
            trial.encrypted(prices, checkpoint, rows, events)?
        } else {
            trial.simulated(rows, events)?
        };
        for layer in 0..prepared.plan.layers.len() {
            rows.layer(&layer_row(spec, &prepared, layer, &measured.outcomes))?;
        }
        let labels: Vec<u8> = spec.settings.images.indices().iter().map(|&index| dataset.labels[index]).collect();
        Ok(trial_row(spec, &task, &measured, &prepared, &labels))
    })
}

/// What the images of a trial gave.
#[derive(Debug, Default)]
struct Measured {
    outcomes: Vec<ImageOutcome>,
    /// Of the keys; none: there are none.
    keys: Option<Keys>,
}

/// What keys took.
#[derive(Debug, Clone, Copy)]
struct Keys {
    /// Seconds to make all.
    seconds: f64,
    /// Their bytes in memory.
    bytes: u64,
    /// Their files; none: client and server are one process.
    files: Option<KeyFiles>,
}

/// A trial, ready to be evaluated.
#[derive(Clone, Copy)]
struct Trial<'a> {
    spec: &'a TrialSpec,
    task: &'a Task,
    prepared: &'a Prepared,
    dataset: &'a Dataset,
}

impl Trial<'_> {
    /// One image after the other, encrypted, by one process or two.
    fn encrypted(
        self,
        prices: &KnownPrices,
        checkpoint: Option<&Path>,
        rows: &mut dyn RowSink,
        events: &mut dyn EventSink,
    ) -> Result<Measured, ExperimentError> {
        let Self { spec, task, prepared, .. } = self;
        if spec.settings.processes == Processes::Two {
            let open = || Exchange::open((spec, prices), prepared, task, checkpoint, &mut *events);
            let exchange = undisturbed(open)?;
            let (seconds, bytes) = (exchange.keygen_seconds, prepared.plan.client.key_bytes());
            let keys = Keys { seconds, bytes, files: Some(exchange.files) };
            return self.batches(&exchange, keys, checkpoint, rows, events);
        }
        let session = undisturbed(|| Session::open(prepared, task, events))?;
        let keys = Keys { seconds: session.keygen_seconds, bytes: session.key_bytes, files: None };
        self.batches(&session.start(task, events)?, keys, checkpoint, rows, events)
    }

    /// The images, a batch after the other.
    fn batches(
        self,
        evaluation: &impl Evaluate,
        keys: Keys,
        checkpoint: Option<&Path>,
        rows: &mut dyn RowSink,
        events: &mut dyn EventSink,
    ) -> Result<Measured, ExperimentError> {
        let Self { spec, prepared, dataset, .. } = self;
        let mut checkpoint = Checkpoint::open(checkpoint)?;
        let indices = spec.settings.images.indices();
        let mut outcomes: Vec<ImageOutcome> = Vec::with_capacity(indices.len());
        events.progress(Stage::Images, 0, indices.len() as u64, "");
        for together in indices.chunks(prepared.plan.client.batch) {
            let batch = match checkpoint.known(together, prepared.plan.layers.len()) {
                Some(known) => {
                    let evaluations = known.iter().map(|outcome| outcome.evaluations).max();
                    evaluation.skip_batch(evaluations.unwrap_or(0) as usize);
                    known
                }
                None => {
                    let probed = |outcome: &ImageOutcome| outcome.layers.iter().any(|layer| layer.probe.is_some());
                    let probe = spec.settings.probe.0 && !outcomes.iter().any(probed);
                    let images: Vec<&Image> = together.iter().map(|&index| &dataset.images[index]).collect();
                    let batch = undisturbed(|| evaluation.sound_batch(&images, probe, events))?;
                    checkpoint.add(together, &batch)?;
                    batch
                }
            };
            for (&index, outcome) in together.iter().zip(&batch) {
                rows.image(&image_row(spec, index, dataset.labels[index], outcome))?;
            }
            outcomes.extend(batch);
            events.progress(Stage::Images, outcomes.len() as u64, indices.len() as u64, "");
        }
        Ok(Measured { outcomes, keys: Some(keys) })
    }

    /// Several images side by side, with the noise of encryption.
    fn simulated(self, rows: &mut dyn RowSink, events: &mut dyn EventSink) -> Result<Measured, ExperimentError> {
        let Self { spec, task, prepared, dataset } = self;
        let indices = spec.settings.images.indices();
        let images: Vec<&Image> = indices.iter().map(|&index| &dataset.images[index]).collect();
        let mut outcomes = Vec::with_capacity(images.len());
        let simulator = Simulator::new(prepared, task)?;
        simulator.images(&images, task, spec.settings.probe.0, events, |number, outcome| {
            rows.image(&image_row(spec, indices[number], dataset.labels[indices[number]], &outcome))?;
            outcomes.push(outcome);
            Ok(())
        })?;
        Ok(Measured { outcomes, keys: None })
    }
}

/// Whether seconds and bytes of a trial are those of encryption.
pub(super) fn is_encrypted(spec: &TrialSpec) -> bool {
    spec.settings.backend == Backend::Encrypted
}

/// The images, which must be those of the specification.
fn images_of(spec: &TrialSpec) -> Result<Dataset, ExperimentError> {
    let dataset = images::load(spec.dataset.name, spec.dataset.path.as_deref(), spec.dataset.held_out)?;
    let known = sha256_of_dataset(&dataset) == spec.dataset.sha256;
    if known && spec.settings.images.largest().is_none_or(|index| index < dataset.len()) {
        return Ok(dataset);
    }
    Err(ExperimentError::Changed { what: format!("the data set {}", spec.dataset.name) })
}

fn image_row(spec: &TrialSpec, index: usize, label: u8, outcome: &ImageOutcome) -> ImageRow {
    let class = |class: Option<usize>| class.map(|class| class as u32);
    ImageRow {
        trial_id: spec.id.clone(),
        attempt: FIRST_ATTEMPT,
        image: index as u64,
        label: spec.is_trained().then_some(u32::from(label)),
        predicted: class(outcome.class()),
        clear_predicted: class(outcome.clear_class()),
        margin: outcome.margin(),
        agreement: Some(outcome.agrees()),
        logit_error_median: median(outcome.errors()),
        logit_error_max: largest(outcome.errors()),
        overflow: outcome.overflow(),
        overflow_noticed: outcome.decrypted.overflow,
        evaluations: is_encrypted(spec).then_some(outcome.evaluations),
        seconds: is_encrypted(spec).then(|| outcome.seconds()),
        encryption_seconds: is_encrypted(spec).then_some(outcome.encryption_seconds),
        decryption_seconds: is_encrypted(spec).then_some(outcome.decryption_seconds),
    }
}

/// Precision of a layer on the first image that is probed, relative to the largest activation of all that do not explode.
fn layer_precision(outcomes: &[ImageOutcome], index: usize) -> Option<PrecisionReport> {
    let probe = outcomes.iter().find_map(|outcome| outcome.layers[index].probe)?;
    Some(probe.precision.relative_to(largest_of_layer(outcomes, index)?))
}

/// The largest activation of a layer over images that do not explode.
fn largest_of_layer(outcomes: &[ImageOutcome], index: usize) -> Option<f64> {
    largest(outcomes.iter().filter(|outcome| !outcome.exploded).map(|outcome| outcome.largest[index]))
}

fn layer_row(spec: &TrialSpec, prepared: &Prepared, index: usize, outcomes: &[ImageOutcome]) -> LayerRow {
    let plan = &prepared.plan;
    let layer = &plan.layers[index];
    let seconds = |part: fn(&crate::inference::LayerSeconds) -> f64| {
        if is_encrypted(spec) { median_of_layer(outcomes, index, part) } else { None }
    };
    let precision = layer_precision(outcomes, index);
    let scale = outcomes.first().map(|outcome| outcome.layers[index].scale);
    LayerRow {
        trial_id: spec.id.clone(),
        attempt: FIRST_ATTEMPT,
        layer: index as u32,
        name: layer.name.clone(),
        kind: kind(layer),
        layout: layout(&layer.layout),
        level_in: Some((layer.limbs - 1) as u32),
        level_out: Some((layer.value.limbs - 1) as u32),
        scale_bits: scale.map(f64::log2),
        scale_deviation: scale.map(|scale| (scale / layer.output.scale - 1.0).abs()),
        seconds: seconds(|seconds| seconds.total()),
        encode_seconds: seconds(|seconds| seconds.encode),
        linear_seconds: seconds(|seconds| seconds.linear),
        square_seconds: seconds(|seconds| seconds.square),
        pack_seconds: seconds(|seconds| seconds.pack),
        planned_seconds: Some(plan.layer_seconds(layer, spec.settings.threads.count() as usize)),
        rotations: Some(layer.operations.rotations),
        hoisting_groups: Some(layer.operations.hoisting_groups),
        plain_products: Some(layer.operations.plain_products),
        products: Some(layer.operations.products),
        additions: Some(layer.operations.additions),
        rescales: Some(layer.operations.rescales),
        diagonals: Some(layer.size.products),
        babies: Some(layer.size.babies),
        giants: Some(layer.size.giants),
        precision_bits_min: precision.map(|bits| bits.min),
        precision_bits_median: precision.map(|bits| bits.median),
        largest_activation: largest_of_layer(outcomes, index),
        log2_headroom: Some(layer.log2_headroom),
    }
}

/// What the card of the weights states, which says nothing about an ensemble or random weights.
fn card_accuracy(spec: &TrialSpec, prepared: &Prepared) -> Option<f64> {
    let alone = spec.is_trained() && spec.settings.ensemble.0 == 1;
    prepared.card.test_accuracy_percent.filter(|_| alone).map(|percent| percent / 100.0)
}

/// A smaller ring: log2 of its dimension, the level from which on it holds, log2 of the largest modulus of its keys.
fn ring_in_words(switch: &RingSwitch) -> String {
    format!("{} from level {} (log2 QP {:.1})", switch.target().log_n(), switch.limbs() - 1, switch.log2_qp())
}

fn trial_row(
    spec: &TrialSpec,
    task: &Task,
    Measured { outcomes, keys }: &Measured,
    prepared: &Prepared,
    labels: &[u8],
) -> TrialRow {
    let (plan, clusters) = (&prepared.plan, prepared.clusters.as_ref());
    let security = plan.parameters.security();
    let count = |predicate: &dyn Fn(&ImageOutcome) -> bool| outcomes.iter().filter(|image| predicate(image)).count();
    let right = |class: fn(&ImageOutcome) -> Option<usize>| {
        outcomes.iter().zip(labels).filter(|(image, label)| class(image) == Some(usize::from(**label))).count()
    };
    let images = outcomes.len();
    // Random weights have no accuracy.
    let judged = if spec.is_trained() { images } else { 0 };
    let under = |backend| if spec.settings.backend == backend { judged } else { 0 };
    let encrypted = Share::of(right(ImageOutcome::class), under(Backend::Encrypted));
    let simulated = Share::of(right(ImageOutcome::class), under(Backend::Simulated));
    let clear = Share::of(right(ImageOutcome::clear_class), judged);
    let errors = || outcomes.iter().flat_map(ImageOutcome::errors);
    let sound = outcomes.iter().filter(|outcome| !outcome.exploded);
    let precisions = || (0..plan.layers.len()).filter_map(|index| layer_precision(outcomes, index));
    // What was not encrypted has no seconds and no bytes; the images of a batch share the seconds of its evaluation.
    let measured = || outcomes.iter().filter(|_| is_encrypted(spec));
    let evaluations = || measured().step_by(plan.client.batch);
    let seconds = || evaluations().map(ImageOutcome::seconds);
    let shared = images.min(plan.client.batch).max(1) as f64;
    let exchanged = || outcomes.iter().step_by(plan.client.batch).filter_map(|outcome| outcome.exchanged);
    let files = keys.and_then(|keys| keys.files);
    let operations = |of: fn(&Operations) -> u64| Some(plan.layers.iter().map(|layer| of(&layer.operations)).sum());
    TrialRow {
        attempt: FIRST_ATTEMPT,
        agreement: share(count(&ImageOutcome::agrees), images),
        accuracy: encrypted.value,
        accuracy_low: encrypted.low,
        accuracy_high: encrypted.high,
        accuracy_images: encrypted.count,
        simulated_accuracy: simulated.value,
        simulated_accuracy_low: simulated.low,
        simulated_accuracy_high: simulated.high,
        simulated_accuracy_images: simulated.count,
        clear_accuracy: clear.value,
        clear_accuracy_low: clear.low,
        clear_accuracy_high: clear.high,
        clear_accuracy_images: clear.count,
        card_accuracy: card_accuracy(spec, prepared),
        overflow_images: Some(count(&ImageOutcome::overflow) as u32),
        largest_activation: largest(sound.flat_map(|outcome| outcome.largest.iter().copied())),
        logit_error_median: median(errors()),
        logit_error_max: largest(errors()),
        precision_bits_min: smallest(precisions().map(|bits| bits.min)),
        precision_bits_median: smallest(precisions().map(|bits| bits.median)),
        latency_seconds_median: median(seconds()),
        latency_seconds_quartile1: quartile(seconds(), 1),
        latency_seconds_quartile3: quartile(seconds(), 3),
        latency_evaluations: is_encrypted(spec).then(|| seconds().count() as u32),
        amortised_seconds_median: median(seconds()).map(|seconds| seconds / shared),
        keygen_seconds: keys.map(|keys| keys.seconds),
        encryption_seconds_median: median(evaluations().map(|image| image.encryption_seconds)),
        decryption_seconds_median: median(measured().map(|image| image.decryption_seconds)),
        prepare_seconds: files.map(|files| files.prepare_seconds),
        load_seconds_median: median(exchanged().map(|exchanged| exchanged.load_seconds)),
        path_seconds_median: median(exchanged().map(|exchanged| exchanged.path_seconds)),
        server_peak_memory_bytes: exchanged().filter_map(|exchanged| exchanged.server_peak_bytes).max(),
        bundle_file_bytes: files.map(|files| files.bundle),
        secret_file_bytes: files.map(|files| files.secret),
        sent_keys_file_bytes: files.map(|files| files.sent),
        keys_file_bytes: files.map(|files| files.keys),
        plan_file_bytes: files.map(|files| files.plan),
        planned_latency_seconds: Some(plan.predicted_seconds(spec.settings.threads.count() as usize)),
        planned_memory_bytes: Some(task.memory_bytes(plan)),
        key_bytes: keys.map(|keys| keys.bytes),
        ciphertext_bytes: measured().next().map(|image| image.upload_bytes),
        result_bytes: measured().next().map(|image| image.result_bytes),
        cluster_groups: clusters.map(|report| report.groups.len() as u32),
        cluster_groups_kept: clusters.map(|report| report.kept() as u32),
        cluster_relative_error: clusters.map(|report| report.relative_error),
        levels_used: Some(plan.levels_used() as u32),
        log2_qp: Some(security.log2_qp),
        smaller_rings: Some(plan.client.switches().map(ring_in_words).collect::<Vec<_>>().join("; "))
            .filter(|words| !words.is_empty()),
        security_2018: Some(plan.client.verdict(Table::Standard2018).into()),
        security_2024: Some(plan.client.verdict(Table::Guidelines2024).into()),
        rotations: operations(|operations| operations.rotations),
        hoisting_groups: operations(|operations| operations.hoisting_groups),
        plain_products: operations(|operations| operations.plain_products),
        products: operations(|operations| operations.products),
        additions: operations(|operations| operations.additions),
        rescales: operations(|operations| operations.rescales),
        ..TrialRow::of_spec(spec)
    }
}
