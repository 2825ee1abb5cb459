//! Networks of other programs as weights with a card.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::model_choice::{EXTENSION, FOLDER};
use crate::dataset::{Dataset, DatasetName, Normalisation, shipped_test_images};
use crate::network::card::CardActivation;
use crate::network::import::{Checkpoint, Found, RENAMINGS, Wanted, find};
use crate::network::weights::StoredPrecision;
use crate::network::{ActivationKind, Card, Model, Network, NetworkError, Shortcut};

/// So many more of the shipped images must be right with another normalisation before it is worth a note: fewer are chance, and networks
/// hardly tell the usual ones apart.
const NOTICEABLE: usize = 10;

/// What batch normalisation adds to the variance unless told otherwise: as PyTorch.
const EPSILON: f64 = 1e-5;

/// What is asked for; nothing in it has been checked.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The file.
    pub checkpoint: PathBuf,
    /// Name of the network.
    pub network: String,
    /// The weights to write; none: the checkpoint's name in `models/`.
    pub out: Option<PathBuf>,
    /// Whether weights that are there are replaced.
    pub force: bool,
    /// The data set; none: the one of as many classes.
    pub dataset: Option<DatasetName>,
    /// The shortcut; none: what the tensors say.
    pub shortcut: Option<Shortcut>,
    /// Prefix of the tensors; none: the only one.
    pub from: Option<String>,
    /// Mean and standard deviation by channel, of pixel values 0 to 1 or 0 to 255; none: those of the checkpoint's card, or of the data set.
    pub normalisation: Option<Normalisation>,
    /// What batch normalisation adds to the variance; none: as the checkpoint's card says, or 1e-5.
    pub batch_norm_eps: Option<f64>,
    /// Precision of the weights to write.
    pub stored_precision: StoredPrecision,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportView {
    /// Format of the file.
    pub format: String,
    /// Number of its tensors.
    pub tensors: usize,
    /// How the names of the network's tensors began.
    pub prefix: String,
    /// Names there and here of all tensors that were taken.
    pub taken: Vec<(String, String)>,
    /// Number of tensors that were taken by what they held.
    pub elements: BTreeMap<String, usize>,
    /// Renamings that were applied, there and here, with the number of tensors.
    pub renamings: Vec<(String, String, usize)>,
    /// Names of tensors that were left out.
    pub left_out: Vec<String>,
    /// Prefixes of further networks of this kind.
    pub copies: Vec<String>,
    /// The card that was written.
    pub card: Card,
    /// Where the normalisation came from.
    pub normalisation: NormalisationOrigin,
    /// Shipped test images in all, and those whose class is right.
    pub images: usize,
    /// See `images`.
    pub right: usize,
    /// Where another known normalisation has more right: its name, mean and deviation in units of 1, images that are right.
    pub better: Option<(String, Normalisation, usize)>,
    /// The weights that were written.
    pub weights: PathBuf,
}

/// Where a normalisation came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormalisationOrigin {
    /// It is that of the data set's pixels.
    Dataset,
    /// It was given for pixel values 0 to 255.
    Pixels,
    /// It was given for pixel values 0 to 1.
    UnitsOfOne,
    /// It is that of the card beside the checkpoint.
    Card,
}

/// Reads a checkpoint, finds the network in it, writes it as weights with a card, reads them, and tries them on the shipped images. Weights that
/// have a card keep what it says of their training.
///
/// # Errors
/// [`ExperimentError::Network`] for a checkpoint without the network; [`ExperimentError::Argument`] for weights that are there already and
/// for impossible values.
pub fn import(request: &ImportRequest) -> Result<ImportView, ExperimentError> {
    if let Some(epsilon) = request.batch_norm_eps.filter(|epsilon| !(epsilon.is_finite() && *epsilon > 0.0)) {
        let problem = format!("{epsilon} is not possible; write a small number above 0, such as 1e-5");
        return Err(ExperimentError::Argument { name: "--batch-norm-eps", problem });
    }
    let out = out(request)?;
    let checkpoint = Checkpoint::read(&request.checkpoint)?;
    let wanted = Wanted {
        network: request.network.clone(),
        dataset: request.dataset,
        shortcut: request.shortcut,
        from: request.from.clone(),
    };
    let found = find(&checkpoint, &request.checkpoint, &wanted)?;
    let own = own_card(request, &checkpoint, &found)?;
    let (normalisation, origin) = normalisation(request, own.as_ref(), found.dataset)?;
    let card = write(request, &checkpoint, &found, own, normalisation, &out)?;
    // What was written is what is tried.
    let model = Model::load(&out)?;
    let shipped = shipped_test_images(card.dataset)?;
    let right = right(&model, &shipped, card.normalisation)?;
    let better = if origin == NormalisationOrigin::Dataset { better(&model, &shipped, right)? } else { None };
    let mut elements = BTreeMap::new();
    found.taken.iter().for_each(|taken| *elements.entry(taken.element.to_string()).or_default() += 1);
    let count = |index: &usize| found.taken.iter().filter(|taken| taken.renamings.contains(index)).count();
    let renamings = RENAMINGS.iter().enumerate().map(|(index, renaming)| (renaming, count(&index)));
    Ok(ImportView {
        format: checkpoint.format.to_owned(),
        tensors: checkpoint.tensors.len(),
        taken: found.taken.iter().map(|taken| (taken.theirs.clone(), taken.ours.clone())).collect(),
        elements,
        renamings: renamings
            .filter(|(_, count)| *count > 0)
            .map(|(renaming, count)| (renaming.theirs.to_owned(), renaming.ours.to_owned(), count))
            .collect(),
        prefix: found.prefix,
        left_out: found.left_out,
        copies: found.copies,
        card,
        normalisation: origin,
        images: shipped.len(),
        right,
        better,
        weights: out,
    })
}

/// A warning of a card whose mean and deviation are those of pixel values 0 to 1; none: they are not.
#[must_use]
pub fn units_warning(card: &Card, weights: &Path) -> Option<String> {
    card.normalisation.is_in_units_of_one().then(|| {
        format!(
            "warning: the card of {} has mean and std of pixel values 0 to 1, but pixels here have values 0 to 255, so that all inputs are \
             far off; multiply both by 255 in the card\n",
            weights.display()
        )
    })
}

/// The weights to write.
fn out(request: &ImportRequest) -> Result<PathBuf, ExperimentError> {
    let refuse = |problem: String| ExperimentError::Argument { name: "--out", problem };
    let out = request.out.clone().unwrap_or_else(|| {
        let stem = request.checkpoint.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Path::new(FOLDER).join(format!("{stem}.{EXTENSION}"))
    });
    if out.extension().is_none_or(|extension| extension != EXTENSION) {
        return Err(refuse(format!("{} must end in .{EXTENSION}", out.display())));
    }
    let same = |path: &Path| path.canonicalize().ok();
    if same(&out).is_some() && same(&out) == same(&request.checkpoint) {
        return Err(refuse(format!("{} is the checkpoint itself; name another file", out.display())));
    }
    let card = Card::path_beside(&out);
    let taken = [&out, &card].into_iter().find(|path| path.exists());
    match taken {
        Some(taken) if !request.force => Err(refuse(format!(
            "{} is there already; name another file with --out, or replace it with --force",
            taken.display()
        ))),
        _ => Ok(out),
    }
}

/// The card beside the checkpoint; none: what is there, if anything, is no card of it.
///
/// # Errors
/// [`ExperimentError::Argument`] where something else is asked for than it says, or the tensors are others; [`ExperimentError::Network`] for
/// one that is damaged.
fn own_card(request: &ImportRequest, checkpoint: &Checkpoint, found: &Found) -> Result<Option<Card>, ExperimentError> {
    let path = Card::path_beside(&request.checkpoint);
    let card = match Card::read(&path) {
        Ok(card) if card.sha256.eq_ignore_ascii_case(&checkpoint.sha256) => card,
        // Something else may have that name; what names these weights is their card.
        Err(error)
            if fs::read_to_string(&path).is_ok_and(|text| text.contains(&checkpoint.sha256.to_ascii_lowercase())) =>
        {
            return Err(error.into());
        }
        _ => return Ok(None),
    };
    let says = |name, said: &str| {
        let problem =
            format!("the card beside the checkpoint says {said}; where it is wrong, correct it, or move it away");
        Err(ExperimentError::Argument { name, problem })
    };
    match request.shortcut {
        _ if request.network != card.network => return says("--network", &card.network),
        Some(shortcut) if shortcut != card.shortcut => return says("--shortcut", card.shortcut.as_str()),
        _ => {}
    }
    // What it says must be what is written with it.
    match Network::new(card.architecture()?.graph()?, found.network.weights().clone()) {
        Err(_) => says("CHECKPOINT", &format!("something else than it holds, a {}", found.in_words())),
        Ok(_) if card.dataset != found.dataset => says("--dataset", card.dataset.as_str()),
        Ok(_) => Ok(Some(card)),
    }
}

/// The normalisation for pixel values 0 to 255.
fn normalisation(
    request: &ImportRequest,
    own: Option<&Card>,
    dataset: DatasetName,
) -> Result<(Normalisation, NormalisationOrigin), ExperimentError> {
    let Some(given) = request.normalisation else {
        return Ok(match own {
            Some(card) => (card.normalisation, NormalisationOrigin::Card),
            None => (Normalisation::of(dataset), NormalisationOrigin::Dataset),
        });
    };
    given.check()?;
    Ok(match given.is_in_units_of_one() {
        true => (given.from_units_of_one(), NormalisationOrigin::UnitsOfOne),
        false => (given, NormalisationOrigin::Pixels),
    })
}

/// Writes weights and card.
fn write(
    request: &ImportRequest,
    checkpoint: &Checkpoint,
    found: &Found,
    own: Option<Card>,
    normalisation: Normalisation,
    out: &Path,
) -> Result<Card, ExperimentError> {
    let Found { network, architecture, width, dataset, pool, prefix, .. } = found;
    let failed = |source| NetworkError::Write { path: out.to_owned(), source };
    fs::create_dir_all(out.parent().unwrap_or_else(|| Path::new("."))).map_err(failed)?;
    network.weights().write(out, request.stored_precision)?;
    let (written, sha256) = Network::read(architecture, out)?;
    let file = request.checkpoint.file_name().unwrap_or_default().to_string_lossy();
    let place = if prefix.is_empty() { String::new() } else { format!(", under `{prefix}`") };
    let tensors = Some(format!("imported from {file} ({}, SHA-256 {}){place}", checkpoint.format, checkpoint.sha256));
    let epsilon = |own: Option<&Card>| request.batch_norm_eps.or(own.map(|own| own.batch_norm_eps)).unwrap_or(EPSILON);
    if let Some(own) = own {
        let mut card = Card { sha256, tensors, normalisation, batch_norm_eps: epsilon(Some(&own)), ..own.clone() };
        let same = (card.normalisation, card.batch_norm_eps) == (own.normalisation, own.batch_norm_eps);
        if !same || written != *network {
            // Other weights, or other inputs, than those that were measured on the test set.
            card.test_accuracy_percent = None;
            card.exploding_test_images = None;
            card.largest_activation = None;
        }
        if !same {
            // Choices rest on these.
            card.validation_accuracy_percent = None;
            card.exploding_validation_images = None;
        }
        card.write(&Card::path_beside(out))?;
        return Ok(card);
    }
    let card = Card {
        network: architecture.name.clone(),
        width: *width,
        dataset: *dataset,
        activation: match architecture.activation {
            ActivationKind::Relu => CardActivation::Relu,
            ActivationKind::Quadratic => CardActivation::Quadratic,
        },
        shortcut: architecture.shortcut,
        pool: *pool,
        normalisation,
        batch_norm_eps: epsilon(None),
        sha256,
        tensors,
        training: None,
        test_accuracy_percent: None,
        record: None,
        validation_accuracy_percent: None,
        exploding_validation_images: None,
        largest_activation: None,
        exploding_test_images: None,
    };
    card.write(&Card::path_beside(out))?;
    Ok(card)
}

/// Images whose class is right.
fn right(model: &Model, shipped: &Dataset, normalisation: Normalisation) -> Result<usize, ExperimentError> {
    let card = Card { normalisation, ..model.card.clone() };
    let model = Model { card, network: model.network.clone() };
    Ok(model.plain_forward(&shipped.images)?.correct(&shipped.labels))
}

/// The known normalisation with the most images right, if those are noticeably more than `right_now`.
fn better(
    model: &Model,
    shipped: &Dataset,
    right_now: usize,
) -> Result<Option<(String, Normalisation, usize)>, ExperimentError> {
    // In units of 1, as repositories write them.
    let known = [
        ("ImageNet", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ("CIFAR-10 with deviations of single images", [0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
        ("values from -1 to 1", [0.5; 3], [0.5; 3]),
        ("values from 0 to 1", [0.0; 3], [1.0; 3]),
    ];
    let mut best: Option<(String, Normalisation, usize)> = None;
    for (name, mean, std) in known {
        let normalisation = Normalisation { mean, std };
        let found = right(model, shipped, normalisation.from_units_of_one())?;
        if found > best.as_ref().map_or(right_now + NOTICEABLE, |best| best.2) {
            best = Some((name.to_owned(), normalisation, found));
        }
    }
    Ok(best)
}
