//! Images as tensors.

use tch::{Device, Tensor};

use crate::dataset::{CHANNELS, Dataset, Normalisation, SIDE, VALUES};
use crate::training::Augmentation;
use crate::training::augmentation::{PixelTable, plain};
use crate::training::draws::ImageDraws;

/// Makes batches of the images of a data set.
#[derive(Debug)]
pub(super) struct Batches<'a> {
    dataset: &'a Dataset,
    table: PixelTable,
    device: Device,
}

/// Images `[images, channels, rows, columns]` in single precision, and their classes.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) images: Tensor,
    pub(super) labels: Tensor,
}

impl<'a> Batches<'a> {
    pub(super) fn new(dataset: &'a Dataset, normalisation: &Normalisation, device: Device) -> Self {
        let table = std::array::from_fn(|channel| {
            let (mean, deviation) = (normalisation.mean[channel], normalisation.std[channel]);
            std::array::from_fn(|value| ((value as f64 - mean) / deviation) as f32)
        });
        Self { dataset, table, device }
    }

    /// The images with these indices, varied by `augmentation` if there is one.
    ///
    /// # Errors
    /// What libtorch reports.
    pub(super) fn batch(
        &self,
        indices: &[usize],
        mut augmentation: Option<(&Augmentation, &mut ImageDraws)>,
    ) -> Result<Batch, tch::TchError> {
        let mut values = vec![0.0_f32; indices.len() * VALUES];
        for (&index, output) in indices.iter().zip(values.chunks_exact_mut(VALUES)) {
            let image = &self.dataset.images[index];
            match &mut augmentation {
                Some((augmentation, draws)) => augmentation.apply(image, &self.table, draws.image(index), output),
                None => plain(image, &self.table, output),
            }
        }
        let labels: Vec<i64> = indices.iter().map(|&index| i64::from(self.dataset.labels[index])).collect();
        let shape = [indices.len(), SIDE, SIDE, CHANNELS].map(|size| size as i64);
        let images = Tensor::f_from_slice(&values)?.f_view(shape)?.f_permute([0, 3, 1, 2])?.f_contiguous()?;
        Ok(Batch { images: images.f_to(self.device)?, labels: Tensor::f_from_slice(&labels)?.f_to(self.device)? })
    }
}
