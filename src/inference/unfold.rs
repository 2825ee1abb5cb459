//! Unfolding by the client: the first convolution's windows become channels of the encrypted image.
//!
//! A convolution of C channels with a k x k kernel is a 1 x 1 convolution of C k^2 channels, of which channel
//! (c, ky, kx) is channel c shifted by (ky - padding, kx - padding), zeros at the border. The client shifts clear pixels for
//! nothing; the server then needs no rotations between pixels at the top of the chain, where they are dearest. Nothing
//! about the weights is revealed but the kernel's size.

use serde::{Deserialize, Serialize};

use crate::network::lowered::{Layer, LinearMap, LoweredNetwork, Shape, Source};

/// Rows of the largest kernel that is unfolded for a plan that came from elsewhere.
const MOST_KERNEL: usize = 15;

/// What the client does to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfolding {
    image: Shape,
    kernel: usize,
    padding: usize,
}

impl Unfolding {
    /// The network on unfolded images, if exactly one layer reads the image, and by one convolution of stride 1.
    pub fn of(network: &LoweredNetwork) -> Option<(Self, LoweredNetwork)> {
        let reads_input = |layer: &&Layer| layer.terms.iter().any(|t| t.source == Source::Input);
        let mut readers = network.layers.iter().enumerate().filter(|(_, l)| reads_input(l));
        let (index, reader) = readers.next()?;
        if readers.next().is_some() || reader.terms.len() != 1 {
            return None;
        }
        let LinearMap::Convolution { weights, out_channels, in_channels, kernel, stride: 1, padding, groups: 1 } =
            &reader.terms[0].map
        else {
            return None;
        };
        let image = network.input;
        if *kernel < 2 || (reader.shape.height, reader.shape.width) != (image.height, image.width) {
            return None;
        }
        let channels = in_channels * kernel * kernel;
        let mut unfolded = network.clone();
        unfolded.input = Shape::new(channels, image.height, image.width);
        // [out, in, ky, kx] is [out, (in, ky, kx)] as it stands.
        unfolded.layers[index].terms[0].map = LinearMap::Convolution {
            weights: weights.clone(),
            out_channels: *out_channels,
            in_channels: channels,
            kernel: 1,
            stride: 1,
            padding: 0,
            groups: 1,
        };
        Some((Self { image, kernel: *kernel, padding: *padding }, unfolded))
    }

    /// The shape after unfolding, if this came from elsewhere and is the unfolding of such images.
    pub(super) fn sound_shape(&self, image: Shape) -> Option<Shape> {
        let sound = self.image == image && (2..=MOST_KERNEL).contains(&self.kernel) && self.padding < self.kernel;
        let channels = || image.channels.checked_mul(self.kernel * self.kernel);
        if sound { channels().map(|channels| Shape::new(channels, image.height, image.width)) } else { None }
    }

    /// Shape of the image before unfolding.
    pub const fn image(&self) -> Shape {
        self.image
    }

    /// Unfolds a row-major image.
    pub fn apply(&self, image: &[f64]) -> Vec<f64> {
        let Shape { channels, height, width } = self.image;
        let mut planes = Vec::with_capacity(channels * self.kernel * self.kernel * height * width);
        for channel in image.chunks_exact(height * width) {
            for tap in 0..self.kernel * self.kernel {
                let (dy, dx) = (tap / self.kernel, tap % self.kernel);
                for pixel in 0..height * width {
                    let inside = |at: usize, shift: usize, size: usize| {
                        (at + shift).checked_sub(self.padding).filter(|i| *i < size)
                    };
                    let row = inside(pixel / width, dy, height);
                    let column = inside(pixel % width, dx, width);
                    planes.push(row.zip(column).map_or(0.0, |(y, x)| channel[y * width + x]));
                }
            }
        }
        planes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Architecture, Network};

    #[test]
    fn the_unfolded_network_computes_the_same() {
        let network = Network::random(&Architecture::named("resnet20", 2, 10).unwrap(), 3).unwrap().lower().unwrap();
        let (unfolding, unfolded) = Unfolding::of(&network).unwrap();
        unfolded.check().unwrap();
        assert_eq!((unfolding.image(), unfolded.input.channels), (network.input, 27));
        let image: Vec<f64> = (0..network.input.len()).map(|i| (i as f64 * 0.7).sin()).collect();
        let (a, b) = (network.forward(&image).unwrap(), unfolded.forward(&unfolding.apply(&image)).unwrap());
        for (x, y) in a.logits().iter().zip(b.logits()) {
            assert!((x - y).abs() < 1e-9);
        }
        // Now there is nothing left to unfold.
        assert!(Unfolding::of(&unfolded).is_none());
    }
}
