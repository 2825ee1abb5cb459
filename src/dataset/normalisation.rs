//! Pixel values to network inputs.

use serde::{Deserialize, Serialize};

use super::error::DatasetError;
use super::image::{CHANNELS, Image, PIXELS};
use super::name::DatasetName;

/// Mean and standard deviation per channel (red, green, blue) of pixel values 0..=255.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// What is subtracted, per channel.
    pub mean: [f64; CHANNELS],
    /// What the difference is divided by, per channel.
    pub std: [f64; CHANNELS],
}

impl Normalisation {
    /// Mean and standard deviation of the training images of `name`, as they are usually rounded.
    #[must_use]
    pub const fn of(name: DatasetName) -> Self {
        match name {
            DatasetName::Cifar10 => Self { mean: [125.3, 123.0, 113.9], std: [63.0, 62.1, 66.7] },
            DatasetName::Cifar100 => Self { mean: [129.3, 124.1, 112.4], std: [68.2, 65.4, 70.4] },
        }
    }

    /// Whether the numbers can only be those of pixel values 0 to 1, as PyTorch has them: no image of values 0 to 255 has a mean or a
    /// deviation of 1 or less in every channel.
    #[must_use]
    pub fn is_in_units_of_one(&self) -> bool {
        self.mean.iter().chain(&self.std).all(|value| value.abs() <= 1.0)
    }

    /// The same for pixel values 0 to 255, of numbers for pixel values 0 to 1.
    #[must_use]
    pub fn from_units_of_one(self) -> Self {
        // Digits that a product of decimal numbers does not have are rounded away.
        let scaled = |values: [f64; CHANNELS]| values.map(|value| (255e9 * value).round() / 1e9);
        Self { mean: scaled(self.mean), std: scaled(self.std) }
    }

    /// Checks that every mean is finite and every standard deviation finite and positive.
    ///
    /// # Errors
    /// [`DatasetError::Normalisation`] for the first value that is not.
    pub fn check(&self) -> Result<(), DatasetError> {
        for channel in 0..CHANNELS {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            if !mean.is_finite() {
                return Err(DatasetError::Normalisation { key: "mean", channel, found: mean, expected: "finite" });
            }
            if !(std.is_finite() && std > 0.0) {
                let expected = "finite and above 0";
                return Err(DatasetError::Normalisation { key: "std", channel, found: std, expected });
            }
        }
        Ok(())
    }

    /// `(value - mean) / std`, row-major `[channels, rows, columns]`, in double precision.
    pub fn apply(&self, image: &Image) -> Vec<f64> {
        image.values.iter().enumerate().map(|(index, &value)| self.value(index / PIXELS, value)).collect()
    }

    /// As [`apply`](Self::apply) for pixel values between the whole ones; values beyond the last channel belong to that.
    pub fn apply_to_values(&self, values: &[f64]) -> Vec<f64> {
        let normalised = |(index, value): (usize, &f64)| self.fraction((index / PIXELS).min(CHANNELS - 1), *value);
        values.iter().enumerate().map(normalised).collect()
    }

    /// As [`apply`](Self::apply) for many images one after another, rounded to single precision.
    pub fn apply_all(&self, images: &[Image]) -> Vec<f32> {
        let tables: [[f32; 256]; CHANNELS] =
            std::array::from_fn(|channel| std::array::from_fn(|value| self.value(channel, value as u8) as f32));
        images
            .iter()
            .flat_map(|image| image.values.chunks_exact(PIXELS).zip(&tables))
            .flat_map(|(plane, table)| plane.iter().map(|&value| table[usize::from(value)]))
            .collect()
    }

    fn value(&self, channel: usize, value: u8) -> f64 {
        self.fraction(channel, value.into())
    }

    fn fraction(&self, channel: usize, value: f64) -> f64 {
        (value - self.mean[channel]) / self.std[channel]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::VALUES;

    const CIFAR: Normalisation = Normalisation { mean: [125.3, 123.0, 113.9], std: [63.0, 62.1, 66.7] };

    #[test]
    fn each_channel_has_its_own_mean_and_deviation() {
        let mut values = [0; VALUES];
        values[0] = 255;
        values[PIXELS] = 123;
        let inputs = CIFAR.apply(&Image { values });
        assert_eq!(inputs.len(), VALUES);
        assert!((inputs[0] - (255.0 - 125.3) / 63.0).abs() < 1e-15);
        assert_eq!(inputs[PIXELS], 0.0);
        assert!((inputs[2 * PIXELS] + 113.9 / 66.7).abs() < 1e-15);
        assert_eq!(CIFAR.apply_to_values(&values.map(f64::from)), inputs);
    }

    #[test]
    fn units_are_told_apart() {
        let imagenet = Normalisation { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
        assert!(imagenet.is_in_units_of_one() && !CIFAR.is_in_units_of_one());
        let pixels = imagenet.from_units_of_one();
        assert_eq!((pixels.mean, pixels.std), ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]));
        // Values of 0 to 1 as they are.
        assert!(Normalisation { mean: [0.0; 3], std: [1.0; 3] }.is_in_units_of_one());
        for name in [DatasetName::Cifar10, DatasetName::Cifar100] {
            assert!(!Normalisation::of(name).is_in_units_of_one());
        }
    }

    #[test]
    fn many_images_are_the_single_ones_rounded() {
        let image = |seed: usize| Image { values: std::array::from_fn(|i| (i * 31 + seed) as u8) };
        let images = [image(1), image(77)];
        let together = CIFAR.apply_all(&images);
        let apart: Vec<f32> = images.iter().flat_map(|image| CIFAR.apply(image)).map(|x| x as f32).collect();
        assert_eq!(together, apart);
    }

    #[test]
    fn values_that_cannot_normalise_are_named() {
        let zero = Normalisation { std: [63.0, 0.0, 66.7], ..CIFAR };
        let text = zero.check().unwrap_err().to_string();
        assert_eq!(text, "normalisation: `std` of channel 1 is 0, but must be finite and above 0");
        assert!(Normalisation { mean: [f64::NAN; 3], ..CIFAR }.check().is_err());
        assert!(CIFAR.check().is_ok());
    }
}
