//! Random crops, flips and cutouts of training images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draws::Draws;
use crate::dataset::{CHANNELS, Image, PIXELS, SIDE};
use crate::network::card::is_default;

/// How training images are varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Pixels that a crop may be off its place, in each direction; below 32.
    pub crop: usize,
    /// What stands beyond the border.
    pub padding: Padding,
    /// Whether half of the images are mirrored.
    pub flip: bool,
    /// Side in pixels of a square around a random pixel that becomes the mean colour (DeVries and Taylor 2017), at most 32; 0, which leaving
    /// it out means, for none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cutout: usize,
}

/// What stands beyond an image's border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// The mean colour: zero after normalisation.
    Zero,
    /// The image, mirrored at its outermost pixels.
    Reflect,
}

/// Table of a normalisation: the network's input for each channel and pixel value.
pub(super) type PixelTable = [[f32; 256]; CHANNELS];

impl Augmentation {
    /// Writes a varied `image` to `output`, row-major `[rows, columns, channels]`, through the table of the normalisation.
    pub(super) fn apply(&self, image: &Image, table: &PixelTable, draws: &mut Draws, output: &mut [f32]) {
        let shift = |draws: &mut Draws| draws.below(2 * self.crop + 1) as isize - self.crop as isize;
        let (down, right) = (shift(draws), shift(draws));
        let mirrored = self.flip && draws.below(2) == 1;
        let mut hidden = || {
            let start = draws.below(SIDE) as isize - (self.cutout / 2) as isize;
            start.max(0) as usize..(start + self.cutout as isize).max(0) as usize
        };
        let cutout = (self.cutout > 0).then(|| (hidden(), hidden()));
        for (place, pixel) in output.chunks_exact_mut(CHANNELS).enumerate() {
            let (row, column) = (place / SIDE, place % SIDE);
            let hidden =
                cutout.as_ref().is_some_and(|(rows, columns)| rows.contains(&row) && columns.contains(&column));
            let column = if mirrored { SIDE - 1 - column } else { column };
            let from = self.index(row as isize + down).zip(self.index(column as isize + right)).filter(|_| !hidden);
            for (channel, value) in pixel.iter_mut().enumerate() {
                *value = from.map_or(0.0, |(row, column)| {
                    table[channel][usize::from(image.values[channel * PIXELS + row * SIDE + column])]
                });
            }
        }
    }

    /// The row or column that stands at `index`, if any.
    fn index(&self, index: isize) -> Option<usize> {
        let last = SIDE as isize - 1;
        match self.padding {
            Padding::Zero => (0..=last).contains(&index).then_some(index as usize),
            Padding::Reflect => Some(if index > last { 2 * last - index } else { index.abs() } as usize),
        }
    }
}

/// Writes an unchanged `image` to `output`, row-major `[rows, columns, channels]`.
pub(super) fn plain(image: &Image, table: &PixelTable, output: &mut [f32]) {
    for (place, pixel) in output.chunks_exact_mut(CHANNELS).enumerate() {
        for (channel, value) in pixel.iter_mut().enumerate() {
            *value = table[channel][usize::from(image.values[channel * PIXELS + place])];
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::dataset::VALUES;
    use crate::training::draws::Purpose;

    fn image() -> Image {
        Image { values: std::array::from_fn(|index| (index % PIXELS % 251) as u8) }
    }

    fn table() -> PixelTable {
        std::array::from_fn(|channel| std::array::from_fn(|value| (1000 * channel + value) as f32 + 1.0))
    }

    #[test]
    fn without_variation_nothing_changes() {
        let still = Augmentation { crop: 0, padding: Padding::Zero, flip: false, cutout: 0 };
        let (mut varied, mut unchanged) = (vec![0.0; VALUES], vec![0.0; VALUES]);
        still.apply(&image(), &table(), &mut Draws::new(0, Purpose::Augmentation, 0), &mut varied);
        plain(&image(), &table(), &mut unchanged);
        assert_eq!(varied, unchanged);
        assert_eq!(unchanged[..4], [1.0, 1001.0, 2001.0, 2.0]);
    }

    #[test]
    fn crops_and_flips_move_pixels_and_pad() {
        for padding in [Padding::Zero, Padding::Reflect] {
            let vary = Augmentation { crop: 4, padding, flip: true, cutout: 0 };
            let mut zeros = 0;
            let mut outputs = Vec::new();
            for place in 0..20 {
                let mut output = vec![f32::NAN; VALUES];
                vary.apply(&image(), &table(), &mut Draws::new(0, Purpose::Augmentation, place), &mut output);
                zeros += output.iter().filter(|&&value| value == 0.0).count();
                assert!(output.iter().all(|value| value.is_finite()));
                outputs.push(output);
            }
            // Each is the image moved by at most four pixels, mirrored or not, as far as it was in sight.
            let plain = |row: usize, column: usize| (row * SIDE + column) as f32 % 251.0 + 1.0;
            for output in &outputs {
                let moved = (0..2 * 9 * 9).filter(|view| {
                    let (mirrored, down, right) = (view % 2 == 1, view / 2 % 9, view / 18);
                    (4..SIDE - 4).all(|row| {
                        (4..SIDE - 4).all(|column| {
                            let from = if mirrored { SIDE - 1 - column } else { column };
                            output[(row * SIDE + column) * CHANNELS] == plain(row + down - 4, from + right - 4)
                        })
                    })
                });
                // Pixels repeat every 251 places, so that two moves may look alike.
                assert!((1..=2).contains(&moved.count()));
            }
            assert_eq!(zeros > 0, padding == Padding::Zero);
            assert!(outputs[1..].iter().any(|output| *output != outputs[0]));
        }
        let reflect = Augmentation { crop: 4, padding: Padding::Reflect, flip: false, cutout: 0 };
        assert_eq!([-2, 0, 31, 33].map(|index| reflect.index(index)), [Some(2), Some(0), Some(31), Some(29)]);
    }
    #[test]
    fn a_cutout_hides_a_square_that_reaches_every_pixel() {
        let vary = Augmentation { crop: 0, padding: Padding::Reflect, flip: false, cutout: 8 };
        let mut hidden = [0; PIXELS];
        for place in 0..2000 {
            let mut output = vec![f32::NAN; VALUES];
            vary.apply(&image(), &table(), &mut Draws::new(0, Purpose::Augmentation, place), &mut output);
            let pixels: Vec<_> = (0..PIXELS).filter(|pixel| output[pixel * CHANNELS] == 0.0).collect();
            let (rows, columns): (BTreeSet<_>, BTreeSet<_>) =
                pixels.iter().map(|pixel| (pixel / SIDE, pixel % SIDE)).unzip();
            // A corner of the image leaves a quarter of the square.
            assert!((4..=8).contains(&rows.len()) && (4..=8).contains(&columns.len()), "{rows:?} {columns:?}");
            assert_eq!(pixels.len(), rows.len() * columns.len());
            pixels.iter().for_each(|&pixel| hidden[pixel] += 1);
        }
        // 64 of 1024 centres hide an inner pixel: 125 of 2000, standard deviation 11; 16 to 25 the corners: 31 to 49.
        assert!(hidden.iter().all(|count| (10..190).contains(count)), "{hidden:?}");
    }
}
