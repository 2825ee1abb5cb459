//! Which networks and ensembles are evaluated.

use std::path::{Path, PathBuf};

use crate::experiment::ExperimentError;
use crate::network::Model;
use crate::network::card::CardActivation;

/// A network that was read.
#[derive(Debug)]
pub(super) struct Candidate {
    /// File name without extension.
    pub(super) name: String,
    pub(super) model: Model,
}

impl Candidate {
    fn read(path: &Path) -> Result<Self, ExperimentError> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, model: Model::load(path)? })
    }

    /// What members of one ensemble have in common: every quadratic is evaluated alike, however it was trained.
    fn family(&self) -> (String, usize, &'static str, bool) {
        let card = &self.model.card;
        (card.network.clone(), card.width, card.dataset.as_str(), card.activation == CardActivation::Relu)
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

/// Indices of the members: each network alone, then for each size the best of each family, by their accuracy on the held out images.
pub(super) fn groups(candidates: &[Candidate], sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = (0..candidates.len()).map(|index| vec![index]).collect();
    let mut families: Vec<Vec<usize>> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        match families.iter_mut().find(|family| candidates[family[0]].family() == candidate.family()) {
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
mod tests {
    use super::*;

    #[test]
    fn quadratics_of_any_training_make_an_ensemble_and_relu_stays_apart() {
        let names = ["herpn_seed0", "penalty_continued_seed0", "relu_seed0"];
        let paths: Vec<PathBuf> = names
            .iter()
            .map(|name| format!("{}/models/resnet20_w16_cifar10_{name}.safetensors", env!("CARGO_MANIFEST_DIR")).into())
            .collect();
        let candidates = read_all(&paths).unwrap();
        // The first has no accuracy on held out images, so that it is the last member.
        assert_eq!(groups(&candidates, &[1, 2, 3]), [vec![0], vec![1], vec![2], vec![1, 0]]);
    }
}
