//! One encrypted inference, in this process.

use super::outcome::ImageOutcome;
use super::preparation::Prepared;
use super::session::Session;
use super::task::Task;
use super::together::Evaluate;
use crate::ckks::security::Table;
use crate::dataset::{Image, read_png, shipped_test_images};
use crate::experiment::ExperimentError;
use crate::experiment::event::{EventSink, Stage};
use crate::experiment::fingerprint::sha256_of_image;
use crate::experiment::host;
use crate::experiment::images::index_problem;
use crate::experiment::import::units_warning;
use crate::experiment::inference::{CheckedRequest, ImageSource, InferenceRequest};
use crate::experiment::inference_view::{ClassLogits, InferenceLayer, InferenceView};
use crate::experiment::notice::tell;
use crate::experiment::prices::KnownPrices;
use crate::inference::Prices;
use crate::network::Card;

/// Encrypts the image of a request, evaluates it and decrypts the logits, in this process.
///
/// # Errors
/// As [`InferenceRequest::check`], a refusal of the plan, and what the executor refuses.
pub fn infer(request: &InferenceRequest, events: &mut dyn EventSink) -> Result<InferenceView, ExperimentError> {
    let (request, prices) = (request.check()?, KnownPrices::here()?.prices);
    Task::from(&request).pool()?.install(|| infer_here(&request, &prices, events))
}

/// As [`infer`], on the threads that it is called on.
fn infer_here(
    request: &CheckedRequest,
    prices: &Prices,
    events: &mut dyn EventSink,
) -> Result<InferenceView, ExperimentError> {
    let mut task = Task::from(request);
    events.progress(Stage::Preparation, 0, 1, "");
    let prepared = Prepared::new(&task, prices)?;
    if let Some(warning) = units_warning(&prepared.card, &request.model) {
        tell(&warning);
    }
    let chosen = Chosen::of(&request.image, &prepared.card)?;
    task.purpose = format!("image {} by {}", sha256_of_image(&chosen.image), prepared.card.sha256);
    task.check_memory(task.memory_bytes(&prepared.plan))?;
    events.progress(Stage::Preparation, 1, 1, "");
    let session = Session::open(&prepared, &task, events)?;
    let evaluation = session.start(&task, events)?;
    let outcomes = evaluation.batch(&[&chosen.image], request.settings.probe.0, events)?;
    let outcome = outcomes.first().ok_or(ExperimentError::NoOutcome)?;
    Ok(view(request, &prepared, &session, chosen, outcome))
}

/// The image of a request.
struct Chosen {
    image: Image,
    name: String,
    label: Option<&'static str>,
}

impl Chosen {
    fn of(source: &ImageSource, card: &Card) -> Result<Self, ExperimentError> {
        match source {
            ImageSource::Shipped(index) => {
                let shipped = shipped_test_images(card.dataset)?;
                if let Some(problem) = index_problem(card.dataset, shipped.len(), *index) {
                    return Err(ExperimentError::Argument { name: "--image", problem });
                }
                let image = shipped.images[*index].clone();
                Ok(Self { image, name: index.to_string(), label: shipped.class_name(*index) })
            }
            ImageSource::Png(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Ok(Self { image: read_png(path)?, name, label: None })
            }
        }
    }
}

fn view(
    request: &CheckedRequest,
    prepared: &Prepared,
    session: &Session<'_>,
    chosen: Chosen,
    outcome: &ImageOutcome,
) -> InferenceView {
    let Prepared { card, plan, .. } = prepared;
    let security = plan.parameters.security();
    let logits = outcome.decrypted.values.iter().zip(&outcome.clear_logits);
    let classes = card.dataset.class_names().iter().zip(logits).enumerate();
    let layers = plan.layers.iter().zip(&outcome.layers).zip(&outcome.largest);
    InferenceView {
        network: card.network.clone(),
        dataset: card.dataset.as_str().to_owned(),
        image: chosen.name,
        label: chosen.label.map(str::to_owned),
        overflow: outcome.overflow(),
        overflow_noticed: outcome.decrypted.overflow,
        predicted: outcome.class().map(|class| class as u32),
        clear_predicted: outcome.clear_class().map(|class| class as u32),
        classes: classes
            .map(|(index, (name, (logit, clear_logit)))| ClassLogits {
                index: index as u32,
                name: (*name).to_owned(),
                logit: finite(*logit),
                clear_logit: finite(*clear_logit),
            })
            .collect(),
        layers: layers
            .map(|((layer, outcome), largest)| InferenceLayer {
                name: layer.name.clone(),
                level_in: (layer.limbs - 1) as u32,
                level_out: (layer.value.limbs - 1) as u32,
                scale_bits: outcome.scale.log2(),
                seconds: outcome.seconds.total(),
                rotations: layer.operations.rotations,
                diagonals: layer.size.products,
                precision_bits_min: outcome.probe.map(|probe| probe.relative.min),
                precision_bits_median: outcome.probe.map(|probe| probe.relative.median),
                largest_activation: finite(*largest),
            })
            .collect(),
        wrong_class_probability: outcome.wrong_class_probability(),
        overflow_probability: outcome.overflow_probability(plan),
        log_n: request.settings.log_n.0,
        log2_qp: security.log2_qp,
        security_2018: plan.client.verdict(Table::Standard2018).into(),
        security_2024: plan.client.verdict(Table::Guidelines2024).into(),
        keygen_seconds: session.keygen_seconds,
        encryption_seconds: outcome.encryption_seconds,
        seconds: outcome.seconds(),
        decryption_seconds: outcome.decryption_seconds,
        key_bytes: session.key_bytes,
        ciphertext_bytes: outcome.upload_bytes,
        result_bytes: outcome.result_bytes,
        peak_memory_bytes: host::peak_memory_bytes(),
        seed: request.settings.seed.0,
        threads: request.settings.threads.count(),
    }
}

/// JSON has no infinities.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
