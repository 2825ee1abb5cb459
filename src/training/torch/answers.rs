//! What a teacher said of the variants of each image, so that it is asked once; kept in a file beside the checkpoint.

use std::path::{Path, PathBuf};

use safetensors::tensor::Dtype;
use sha2::{Digest, Sha256};
use tch::{Device, Kind, Tensor};

use super::stored_file::{self, StoredFile};
use super::teacher::Teacher;
use crate::dataset::Dataset;
use crate::training::{Recipe, TrainingError};
use crate::wire::hex;

/// File name in the output directory.
const FILE: &str = "answers.safetensors";
/// The tensor.
const NAME: &str = "logits";

/// Logits of the variants of each image.
#[derive(Debug)]
pub(super) struct Answers {
    /// `[variants * images, classes]` in half precision; not a number where the teacher has not been asked.
    logits: Tensor,
    images: usize,
    /// Hash of what decides them.
    fingerprint: String,
    path: PathBuf,
    /// Whether the file lacks some.
    changed: bool,
}

impl Answers {
    /// Those of `directory`, or none yet, for a recipe with variants.
    ///
    /// # Errors
    /// [`TrainingError::File`], [`TrainingError::Answers`] for a damaged file and for the answers of another teacher, or about other images
    /// or variants.
    pub(super) fn open(
        recipe: &Recipe,
        images: &Dataset,
        teacher: &Teacher,
        directory: &Path,
    ) -> Result<Option<Self>, TrainingError> {
        let variants = recipe.distillation.as_ref().map_or(0, |distillation| distillation.variants);
        if variants == 0 {
            return Ok(None);
        }
        let path = directory.join(FILE);
        let fingerprint = fingerprint(recipe, images, teacher, variants);
        let shape = [i64::from(variants) * images.len() as i64, recipe.dataset.classes() as i64];
        let known = path.exists().then(|| read(&path, &fingerprint, shape)).transpose().map_err(of_answers)?;
        let logits = known.unwrap_or_else(|| Tensor::full(shape, f64::NAN, (Kind::Half, Device::Cpu)));
        Ok(Some(Self { logits, images: images.len(), fingerprint, path, changed: false }))
    }

    /// The teacher's logits for `images`, which are this variant of the images with these indices, in single precision.
    ///
    /// # Errors
    /// What libtorch reports.
    pub(super) fn logits(
        &mut self,
        teacher: &mut Teacher,
        images: &Tensor,
        indices: &[usize],
        variant: u32,
    ) -> Result<Tensor, tch::TchError> {
        let rows: Vec<i64> = indices.iter().map(|&index| (variant as usize * self.images + index) as i64).collect();
        let rows = Tensor::f_from_slice(&rows)?;
        let unknown = self.logits.f_index_select(0, &rows)?.f_isnan()?.f_any_dim(1, false)?;
        let asked = unknown.f_nonzero()?.f_flatten(0, -1)?;
        if asked.size()[0] > 0 {
            let said = teacher.logits(&images.f_index_select(0, &asked.f_to_device(images.device())?)?)?;
            let said = said.f_to_device(Device::Cpu)?.f_to_kind(Kind::Half)?;
            let _ = self.logits.f_index_copy_(0, &rows.f_index_select(0, &asked)?, &said)?;
            self.changed = true;
        }
        // Also what was asked now is rounded, so that a training that is gone on with learns the same.
        self.logits.f_index_select(0, &rows)?.f_to_kind(Kind::Float)?.f_to_device(images.device())
    }

    /// Writes the file if it lacks some.
    ///
    /// # Errors
    /// [`TrainingError::File`], or what libtorch reports.
    pub(super) fn write(&mut self) -> Result<(), TrainingError> {
        if !self.changed {
            return Ok(());
        }
        let shape: Vec<usize> = self.logits.size().iter().map(|&size| size as usize).collect();
        let count = self.logits.numel();
        let mut bytes = vec![0; count * 2];
        self.logits.f_copy_data_u8(&mut bytes, count)?;
        stored_file::write(&self.path, &[(NAME.to_owned(), Dtype::F16, shape, bytes)], self.fingerprint.clone())?;
        self.changed = false;
        Ok(())
    }
}

fn read(path: &Path, fingerprint: &str, shape: [i64; 2]) -> Result<Tensor, TrainingError> {
    let file = StoredFile::read(path)?;
    if file.text != fingerprint {
        let problem =
            "it is about another teacher, seed, augmentation, precision or number of variants, or about other images"
                .to_owned();
        return Err(TrainingError::Answers { path: path.to_owned(), problem });
    }
    let tensors = file.tensors()?;
    let bytes = file.bytes(&tensors, NAME, Dtype::F16, &shape)?;
    Ok(Tensor::f_from_data_size(bytes, &shape, Kind::Half)?)
}

/// Where the file of a checkpoint would be damaged, that of the answers is: without it nothing is lost.
fn of_answers(error: TrainingError) -> TrainingError {
    match error {
        TrainingError::Checkpoint { path, problem } => TrainingError::Answers { path, problem },
        error => error,
    }
}

/// What decides the answers: the teacher and the images as it saw them.
fn fingerprint(recipe: &Recipe, images: &Dataset, teacher: &Teacher, variants: u32) -> String {
    let mut hash = Sha256::new();
    let seen = (teacher.normalisation(), recipe.augmentation, recipe.seed, variants, recipe.precision);
    hash.update(serde_yaml::to_string(&seen).unwrap_or_default());
    teacher.cards().iter().for_each(|card| hash.update(&card.sha256));
    images.images.iter().for_each(|image| hash.update(image.values));
    hex(&hash.finalize())
}
