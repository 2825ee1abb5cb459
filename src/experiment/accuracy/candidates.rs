//! Which networks and ensembles are evaluated.

use std::path::{Path, PathBuf};

use crate::experiment::ExperimentError;
use crate::experiment::fingerprint::sha256_of_card;
use crate::network::Model;
use crate::network::card::CardActivation;

/// A network that was read.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Where it was.
    pub(super) path: PathBuf,
    name: String,
    pub(super) model: Model,
}

impl Candidate {
    fn read(path: &Path) -> Result<Self, ExperimentError> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { path: path.to_owned(), name, model: Model::load(path)? })
    }

    /// SHA-256 of the weights, in lower case.
    fn sha256(&self) -> String {
        self.model.card.sha256.to_ascii_lowercase()
    }

    /// SHA-256 of what the card says.
    fn card_sha256(&self) -> String {
        sha256_of_card(&self.model.card)
    }

    /// Whether it has ReLU.
    pub(super) fn is_relu(&self) -> bool {
        self.model.card.activation == CardActivation::Relu
    }

    /// Whether it is the same network with the same card.
    fn is(&self, other: &Self) -> bool {
        self.sha256() == other.sha256() && self.card_sha256() == other.card_sha256()
    }

    /// Whether both may be members of one ensemble.
    fn goes_with(&self, other: &Self) -> bool {
        let (one, other) = (&self.model.card, &other.model.card);
        one.family() == other.family() && one.normalisation == other.normalisation
    }
}

/// Reads all networks; they must be of one data set.
///
/// # Errors
/// Those of [`Model::load`]; [`ExperimentError::Argument`] for networks of different data sets.
pub(super) fn read_all(paths: &[PathBuf]) -> Result<Vec<Candidate>, ExperimentError> {
    let all: Vec<Candidate> = paths.iter().map(|path| Candidate::read(path)).collect::<Result<_, _>>()?;
    let first = all.first().map(|candidate| candidate.model.card.dataset);
    match all.iter().find(|candidate| Some(candidate.model.card.dataset) != first) {
        None => Ok(all),
        Some(other) => Err(ExperimentError::Argument {
            name: "MODELS",
            problem: format!(
                "`{}` is for another data set than the first; evaluate one data set at a time",
                other.name
            ),
        }),
    }
}

/// Every network once, and a note for each that is another one again.
pub(super) fn distinct(all: Vec<Candidate>) -> (Vec<Candidate>, Vec<String>) {
    let mut kept: Vec<Candidate> = Vec::new();
    let mut notes = Vec::new();
    for candidate in all {
        match kept.iter().find(|known| known.is(&candidate)) {
            Some(known) => notes.push(format!(
                "{} is the same network as {}, which counts once",
                candidate.path.display(),
                known.path.display()
            )),
            None => kept.push(candidate),
        }
    }
    (kept, notes)
}

/// The largest number of networks that an ensemble could have.
pub(super) fn largest_family(candidates: &[Candidate]) -> usize {
    let size = |one: &Candidate| candidates.iter().filter(|other| other.goes_with(one)).count();
    candidates.iter().map(size).max().unwrap_or(0)
}

/// Indices of the members: each network alone, then for each size the best of each family, by their accuracy on the held out images.
pub(super) fn groups(candidates: &[Candidate], sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = (0..candidates.len()).map(|index| vec![index]).collect();
    let mut families: Vec<Vec<usize>> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        match families.iter_mut().find(|family| candidates[family[0]].goes_with(candidate)) {
            Some(family) => family.push(index),
            None => families.push(vec![index]),
        }
    }
    for mut family in families {
        let accuracy = |index: &usize| candidates[*index].model.card.validation_accuracy_percent.unwrap_or(0.0);
        family.sort_by(|a, b| accuracy(b).total_cmp(&accuracy(a)));
        let sizes = sizes.iter().filter(|&&size| size > 1 && size <= family.len());
        groups.extend(sizes.map(|&size| family[..size].to_vec()));
    }
    groups
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn shipped(name: &str) -> PathBuf {
        format!("{}/models/resnet20_w16_cifar10_{name}.safetensors", env!("CARGO_MANIFEST_DIR")).into()
    }

    #[test]
    fn quadratics_of_any_training_make_an_ensemble_and_relu_stays_apart() {
        let paths = ["herpn_seed0", "penalty_continued_seed0", "relu_seed0"].map(shipped);
        let candidates = read_all(&paths).unwrap();
        // The first has no accuracy on held out images, so that it is the last member.
        assert_eq!(groups(&candidates, &[1, 2, 3]), [vec![0], vec![1], vec![2], vec![1, 0]]);
    }
}
