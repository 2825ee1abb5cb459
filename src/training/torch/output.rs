//! What a training writes: the kept weights with their card, and the history.

use std::path::{Path, PathBuf};

use super::checkpoint::Progress;
use super::network::TorchNetwork;
use crate::dataset::Normalisation;
use crate::network::card::{Card, TrainingRecord};
use crate::network::graph::Graph;
use crate::network::{Network, NetworkError, OneOrSeveral};
use crate::training::{Recipe, Split, TrainingError};
use crate::wire::write_whole;

/// What the card says of the program and the machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CardFacts {
    /// Commit of this program.
    pub commit: String,
    /// The machine.
    pub hardware: String,
}

/// The weights that are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The weights.
    pub weights: PathBuf,
    /// Their card.
    pub card: Card,
}

/// Where weights come from.
pub(super) struct Origin<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) graph: &'a Graph,
    pub(super) split: &'a Split,
    pub(super) facts: &'a CardFacts,
    /// How pixels became inputs.
    pub(super) normalisation: &'a Normalisation,
    /// The cards of the teachers.
    pub(super) teachers: &'a [Card],
    /// The card of the initial weights.
    pub(super) initial: Option<&'a Card>,
}

/// Writes the weights of `network` and their card into `directory`.
///
/// # Errors
/// [`TrainingError::Network`] or [`TrainingError::File`], or what libtorch reports.
pub(super) fn write_model(
    directory: &Path,
    origin: &Origin<'_>,
    network: &TorchNetwork,
    progress: &Progress,
) -> Result<Kept, TrainingError> {
    let Origin { recipe, graph, split, facts, normalisation, teachers, initial } = *origin;
    let path = directory.join(recipe.model_name() + ".safetensors");
    super::export::weights(network, graph)?.write(&path, recipe.stored_precision)?;
    let architecture = recipe.architecture()?;
    let (_, sha256) = Network::read(&architecture, &path)?;
    let held_out = !recipe.train_on_held_out;
    let row = progress.rows.last().filter(|_| held_out);
    let record = TrainingRecord {
        recipe: serde_yaml::to_value(recipe).unwrap_or_default(),
        teacher_sha256: OneOrSeveral::of(teachers.iter().map(|card| card.sha256.clone()).collect()),
        initial_sha256: initial.map(|card| card.sha256.clone()),
        earlier_epochs: initial.and_then(Card::epochs),
        epoch: progress.epoch,
        unfinished: progress.epoch < recipe.epochs,
        training_images: split.training.len(),
        validation_images: if held_out { split.validation.len() } else { 0 },
        held_out_seen: teachers
            .iter()
            .chain(initial)
            .any(|card| card.dataset == recipe.dataset && card.held_out().is_none()),
        commit: facts.commit.clone(),
        hardware: facts.hardware.clone(),
        seconds: progress.seconds.round(),
    };
    let card = Card {
        network: recipe.network.clone(),
        width: recipe.width,
        dataset: recipe.dataset,
        activation: recipe.activation.on_card(),
        shortcut: recipe.shortcut,
        pool: recipe.pool,
        normalisation: *normalisation,
        batch_norm_eps: architecture.batch_norm_epsilon,
        sha256,
        tensors: None,
        training: None,
        test_accuracy_percent: None,
        record: Some(record),
        validation_accuracy_percent: row.map(|row| row.validation_accuracy_percent),
        exploding_validation_images: row.map(|row| row.exploding_images),
        largest_activation: None,
        exploding_test_images: None,
    };
    card.write(&Card::path_beside(&path))?;
    Ok(Kept { weights: path, card })
}

/// Writes `history.csv` (a row for each epoch) and `sites.csv` (a row for each epoch and activation).
///
/// # Errors
/// [`TrainingError::File`].
pub(super) fn write_history(directory: &Path, sites: &[String], progress: &Progress) -> Result<(), TrainingError> {
    write_table(&directory.join("history.csv"), progress.rows.iter())?;
    let rows = progress.rows.iter().zip(&progress.largest).flat_map(|(row, largest)| {
        sites.iter().zip(largest).map(|(site, largest)| (row.epoch, site.clone(), *largest))
    });
    write_table(&directory.join("sites.csv"), rows.map(|(epoch, site, largest)| SiteRow { epoch, site, largest }))
}

#[derive(serde::Serialize)]
struct SiteRow {
    epoch: u32,
    site: String,
    largest: f64,
}

fn write_table(path: &Path, rows: impl Iterator<Item = impl serde::Serialize>) -> Result<(), TrainingError> {
    let failed = |source| TrainingError::File { path: path.to_owned(), source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| failed(std::io::Error::other(error)))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(std::io::Error::other(error.to_string())))?;
    write_whole(path, &bytes).map_err(failed)
}

/// The kept weights on disk, whose card says from now on that their training has `ended`.
///
/// # Errors
/// Those of [`Card::of`] and [`Card::write`].
pub(super) fn conclude_kept(directory: &Path, recipe: &Recipe, ended: bool) -> Result<Kept, NetworkError> {
    let weights = directory.join(recipe.model_name() + ".safetensors");
    let mut card = Card::of(&weights)?;
    if let Some(record) = card.record.as_mut().filter(|record| ended && record.unfinished) {
        record.unfinished = false;
        card.write(&Card::path_beside(&weights))?;
    }
    Ok(Kept { card, weights })
}
