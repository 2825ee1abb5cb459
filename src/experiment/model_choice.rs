//! Which weights a point means: those that it names, or those in `models/` whose card fits.

use std::path::{Path, PathBuf};

use super::ExperimentError;
use super::block::{folder_above, names_in};
use super::combination::Refusal;
use super::settings::PartialSettings;
use super::suggest;
use crate::dataset::DatasetName;
use crate::network::{Card, Pool, Shortcut};

/// Folder of the weights that can be named, looked for beside the experiment file and in the directories above it, and of those that are
/// written where no file is named.
pub(super) const FOLDER: &str = "models";

/// Extension of weights.
pub(super) const EXTENSION: &str = "safetensors";

/// The file that `model` stands for: a path from `directory` (a file that is there, or a name with a directory or the extension of
/// weights), or a name in `models/`.
///
/// # Errors
/// [`Refusal`] if a name stands for nothing.
pub fn named(model: &str, directory: &Path) -> Result<PathBuf, Refusal> {
    let beside = directory.join(model);
    // A name may have dots.
    let is_path = model.contains(['/', '\\']) || beside.extension().is_some_and(|extension| extension == EXTENSION);
    if is_path || beside.is_file() {
        return Ok(beside);
    }
    let folder = folder_above(directory, FOLDER);
    let known = folder.as_ref().map_or_else(Vec::new, |folder| names_in(folder, EXTENSION));
    match folder {
        Some(folder) if known.iter().any(|name| name == model) => Ok(folder.join(format!("{model}.{EXTENSION}"))),
        _ => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let advice = match known.as_slice() {
                [] => "name a file instead, such as net.safetensors".to_owned(),
                known => suggest::advice(model, known),
            };
            // It may be a name with dots, or the path of a file that is not there.
            let file = match model.contains('.') {
                true => format!("cannot read the weights at {}: No such file, and ", beside.display()),
                false => String::new(),
            };
            let problem = format!("{file}no weights {model}.{EXTENSION} in {FOLDER}; {advice}");
            Err(Refusal::new("model", problem))
        }
    }
}

/// Weights of a command line: a path, or a name in `models/` at or above the current directory, as in an experiment.
///
/// # Errors
/// [`ExperimentError::Argument`] for a name that stands for nothing.
pub fn given(path: PathBuf) -> Result<PathBuf, ExperimentError> {
    let (Some(name), Ok(here)) = (path.to_str().filter(|_| !path.exists()), std::env::current_dir()) else {
        return Ok(path);
    };
    let refused = |Refusal { problem, .. }| ExperimentError::Argument { name: "MODELS", problem };
    let found = named(name, &here).map_err(refused)?;
    Ok(if found.is_file() { found } else { path })
}

/// The only weights in `models/` at or above `directory` whose card fits the settings and the data set.
///
/// # Errors
/// [`Refusal`] if there are none or several.
pub fn fitting(settings: &PartialSettings, dataset: DatasetName, directory: &Path) -> Result<PathBuf, Refusal> {
    let wrong = |problem: String| Refusal::new("network", problem);
    let Some(folder) = folder_above(directory, FOLDER) else {
        return Err(wrong(format!("there is no directory {FOLDER} here or above; name the weights with `model`")));
    };
    let names = names_in(&folder, EXTENSION);
    let (mut cards, mut unreadable) = (Vec::new(), Vec::new());
    for name in &names {
        match Card::of(&folder.join(format!("{name}.{EXTENSION}"))) {
            Ok(card) => cards.push((name, card)),
            Err(_) => unreadable.push(name.as_str()),
        }
    }
    let fits = |card: &Card| card.dataset == dataset && mismatch(settings, card).is_none();
    let fitting: Vec<&str> = cards.iter().filter(|(_, card)| fits(card)).map(|(name, _)| name.as_str()).collect();
    match fitting.as_slice() {
        [name] => Ok(folder.join(format!("{name}.{EXTENSION}"))),
        [] => Err(wrong(format!(
            "no weights in {FOLDER} are {} for {dataset}; name weights with `model`, or train some ({} there{})",
            wanted(settings),
            if names.is_empty() { "none is".to_owned() } else { names.join(", ") },
            if unreadable.is_empty() {
                String::new()
            } else {
                format!("; no card can be read of {}", unreadable.join(", "))
            }
        ))),
        several => {
            let more = match (settings.width, settings.activation) {
                (Some(_), Some(_)) => "",
                _ => ", or give more of `width` and `activation`",
            };
            Err(wrong(format!(
                "{} weights in {FOLDER} are {} for {dataset}: {}; name one of them with `model`{more}",
                several.len(),
                wanted(settings),
                several.join(", ")
            )))
        }
    }
}

/// The first of `network`, `width` and `activation` that is given and not what the card says, or `shortcut` or `pool`.
#[must_use]
pub fn mismatch(settings: &PartialSettings, card: &Card) -> Option<Refusal> {
    let wrong = |setting: &'static str, says: String| {
        let problem = format!("the card of the weights says {says}; name other weights, or correct `{setting}`");
        Some(Refusal::new(setting, problem))
    };
    if settings.network.as_ref().is_some_and(|network| network.0 != card.network) {
        return wrong("network", format!("`{}`", card.network));
    }
    if settings.width.is_some_and(|width| width.0 as usize != card.width) {
        return wrong("width", format!("a width of {}", card.width));
    }
    if settings.activation.is_some_and(|activation| activation != card.activation) {
        return wrong("activation", format!("`{}`", card.activation.as_str()));
    }
    if settings.shortcut.is_some_and(|shortcut| shortcut != card.shortcut) {
        return wrong("shortcut", format!("`{}`", card.shortcut.as_str()));
    }
    if settings.pool.is_some_and(|pool| pool != card.pool) {
        return wrong("pool", format!("`{}`", card.pool.as_str()));
    }
    None
}

/// The first thing in which a member's card differs from the first member's, in words.
#[must_use]
pub fn difference(card: &Card, first: &Card) -> Option<String> {
    let described = |card: &Card| {
        let Card { network, width, dataset, activation, .. } = card;
        let shortcut = match card.shortcut {
            Shortcut::Projection => String::new(),
            other => format!(", shortcut {}", other.as_str()),
        };
        let pool = if card.pool == Pool::Global { ", global pool" } else { "" };
        format!("a {network} of width {width} with {}{shortcut}{pool} for {dataset}", activation.as_str())
    };
    if card.family() != first.family() {
        return Some(format!("this is {}, but the first member is {}", described(card), described(first)));
    }
    let differs = card.normalisation != first.normalisation;
    differs.then(|| "its card normalises images in another way than the first member's".to_owned())
}

/// What is looked for, in words.
fn wanted(settings: &PartialSettings) -> String {
    let network = settings.network.as_ref().map_or("of any network", |network| network.0.as_str());
    let width = settings.width.map_or_else(String::new, |width| format!(" of width {}", width.0));
    let activation = settings.activation.map_or_else(String::new, |it| format!(" with {}", it.as_str()));
    format!("{network}{width}{activation}")
}
