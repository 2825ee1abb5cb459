//! The network among the tensors of a checkpoint.

use std::path::Path;

use super::candidate::{Candidate, Fit, Misfit, candidates, some};
use super::checkpoint::Checkpoint;
use super::names::renamings_in_words;
use super::wanted::Wanted;
use crate::dataset::DatasetName;
use crate::network::architecture::{Architecture, Block, Pool};
use crate::network::error::NetworkError;
use crate::network::instance::Network;
use crate::network::registry;
use crate::network::weights::{Element, Weights};

/// A tensor that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its name in the file.
    pub theirs: String,
    /// Its name here.
    pub ours: String,
    /// What it held.
    pub element: Element,
    /// Which of the [renamings](super::RENAMINGS) were applied.
    pub renamings: Vec<usize>,
}

/// The network that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Graph and weights.
    pub network: Network,
    /// What the graph was built from.
    pub architecture: Architecture,
    /// Channels of the first stage.
    pub width: usize,
    /// The data set.
    pub dataset: DatasetName,
    /// The average pool.
    pub pool: Pool,
    /// How the names of its tensors began.
    pub prefix: String,
    /// Its tensors.
    pub taken: Vec<Taken>,
    /// Names of all other tensors.
    pub left_out: Vec<String>,
    /// Prefixes under which the file has further networks of this kind.
    pub copies: Vec<String>,
}

impl Found {
    /// The network in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Architecture { name, block, shortcut, .. } = &self.architecture;
        // Plain blocks have none.
        let shortcut = if *block == Block::Basic { format!(", shortcut {}", shortcut.as_str()) } else { String::new() };
        let pool = if self.pool == Pool::Global { ", pool global" } else { "" };
        let prefix = if self.prefix.is_empty() { String::new() } else { format!(" under `{}`", self.prefix) };
        format!("{name} of width {}{shortcut}{pool}{prefix}", self.width)
    }
}

/// The network that is wanted among the tensors of `checkpoint`, which came from `path`.
///
/// # Errors
/// [`NetworkError::UnknownNetwork`]; [`NetworkError::Checkpoint`] if it is not there, or several are; [`NetworkError::TensorType`] and
/// [`NetworkError::TensorValue`] for tensors that cannot be weights.
pub fn find(checkpoint: &Checkpoint, path: &Path, wanted: &Wanted) -> Result<Found, NetworkError> {
    registry::known(&wanted.network)?;
    let refuse = |problem| Err(NetworkError::Checkpoint { path: path.to_owned(), problem });
    let candidates = candidates(checkpoint);
    let fits: Vec<(&Candidate<'_>, Result<Fit, Misfit>)> =
        candidates.iter().map(|candidate| (candidate, candidate.fit(&wanted.network, wanted))).collect();
    let complete: Vec<(&Candidate<'_>, &Fit)> =
        fits.iter().filter_map(|(candidate, fit)| Some((*candidate, fit.as_ref().ok()?))).collect();
    let (candidate, fit) = match chosen(&complete, wanted) {
        Ok(Some(chosen)) => chosen,
        Ok(None) => return refuse(nothing(checkpoint, &fits, wanted) + &unread(checkpoint)),
        Err(problem) => return refuse(problem),
    };
    let copies: Vec<&str> =
        complete.iter().map(|(other, _)| other.prefix).filter(|prefix| *prefix != candidate.prefix).collect();
    let (idle, others) = candidate.surplus(&fit.graph, &copies);
    if !others.is_empty() {
        return refuse(format!(
            "it has tensors {} that no layer of a {} has: {}; {}",
            candidate.place(),
            wanted.network,
            some(&others),
            advice(candidate, wanted, "it is another network, or they must be removed before")
        ));
    }
    let mut left_out: Vec<String> =
        checkpoint.tensors.keys().filter(|name| !name.starts_with(candidate.prefix)).cloned().collect();
    left_out.extend(idle.into_iter().map(str::to_owned));
    let (network, taken) = taken(candidate, fit, path)?;
    Ok(Found {
        network,
        architecture: fit.architecture.clone(),
        width: fit.width,
        dataset: fit.dataset,
        pool: fit.pool,
        prefix: candidate.prefix.to_owned(),
        taken,
        left_out,
        copies: copies.into_iter().map(str::to_owned).collect(),
    })
}

/// The one that is meant of networks that are complete; none: there is none.
fn chosen<'a, 'b>(
    complete: &[(&'a Candidate<'b>, &'a Fit)],
    wanted: &Wanted,
) -> Result<Option<(&'a Candidate<'b>, &'a Fit)>, String> {
    let places =
        || complete.iter().map(|(candidate, _)| format!("`{}`", candidate.prefix)).collect::<Vec<_>>().join(", ");
    if let Some(from) = &wanted.from {
        let is = |prefix: &str| prefix.trim_end_matches('.') == from.trim_end_matches('.');
        return match complete.iter().find(|(candidate, _)| is(candidate.prefix)) {
            Some(found) => Ok(Some(*found)),
            None if complete.is_empty() => Ok(None),
            None => Err(format!("there is no {} under `{from}`; there is one under {}", wanted.network, places())),
        };
    }
    let trained: Vec<_> = complete.iter().filter(|(candidate, _)| !candidate.is_average()).collect();
    match (trained.as_slice(), complete) {
        ([one], _) => Ok(Some(**one)),
        ([], [one]) => Ok(Some(*one)),
        ([], []) => Ok(None),
        _ => Err(format!("there are several, under {}; choose one with --from", places())),
    }
}

/// Why no network was found, in words.
fn nothing(checkpoint: &Checkpoint, fits: &[(&Candidate<'_>, Result<Fit, Misfit>)], wanted: &Wanted) -> String {
    let misfits = fits.iter().filter_map(|(candidate, fit)| Some((*candidate, fit.as_ref().err()?)));
    let Some((candidate, misfit)) = misfits.max_by_key(|(candidate, misfit)| (misfit.fitting, candidate.named.len()))
    else {
        let names: Vec<String> = checkpoint.tensors.keys().map(|name| format!("`{name}`")).collect();
        return format!(
            "it has no first convolution `conv1.weight` under any prefix; its {} tensors are {}. Known namings are ours and:\n{}",
            names.len(),
            some(&names),
            renamings_in_words()
        );
    };
    let advice = advice(candidate, wanted, "give the --network, --dataset and --shortcut that it is");
    format!("the tensors {} are no {}: {}; {advice}", candidate.place(), wanted.network, misfit.problem)
}

/// Which tensors could not be read, in words: what is missing may be among them.
fn unread(checkpoint: &Checkpoint) -> String {
    if checkpoint.unread.is_empty() {
        return String::new();
    }
    let names: Vec<String> = checkpoint.unread.iter().map(|name| format!("`{name}`")).collect();
    format!(
        ". Not read, since they have numbers that no weights have (complex, quantised, sparse or unknown) or one value for many places: {}; \
         if they belong to the network, save them as contiguous tensors of float32",
        some(&names)
    )
}

/// Which network the tensors are instead, or else what `otherwise` says.
fn advice(candidate: &Candidate<'_>, wanted: &Wanted, otherwise: &str) -> String {
    let is = |name: &&str| candidate.fit(name, wanted).is_ok_and(|fit| candidate.surplus(&fit.graph, &[]).1.is_empty());
    match registry::names().find(is) {
        Some(name) => format!("it is a {name}: give --network {name}"),
        None => otherwise.to_owned(),
    }
}

/// The weights, and where they came from.
fn taken(candidate: &Candidate<'_>, fit: &Fit, path: &Path) -> Result<(Network, Vec<Taken>), NetworkError> {
    let (mut weights, mut taken) = (Weights::new(), Vec::new());
    for parameter in fit.graph.parameters() {
        let Some(named) = candidate.named.get(&parameter.name) else { continue };
        let tensor = named.tensor.decoded().ok_or_else(|| NetworkError::TensorType {
            origin: format!("`{}`", path.display()),
            tensor: named.theirs.to_owned(),
            found: named.tensor.element.to_string(),
        })?;
        let (theirs, ours) = (named.theirs.to_owned(), parameter.name.clone());
        taken.push(Taken { theirs, ours, element: named.tensor.element, renamings: named.renamings.clone() });
        weights.insert(parameter.name, tensor);
    }
    weights.check(&fit.graph, &format!("`{}`", path.display()))?;
    Ok((Network::new(fit.graph.clone(), weights)?, taken))
}
