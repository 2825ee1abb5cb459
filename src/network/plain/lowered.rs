//! Clear-text evaluation of a lowered network on many images, in single or double precision: what is left of a clustered
//! network's accuracy is known in seconds. [`LoweredNetwork::forward`] gives every layer of one image instead.

use rayon::prelude::*;

use super::convolution::{Convolution, Patches};
use super::element::Element;
use super::matmul::multiply_add;
use super::operation::largest_magnitude;
use super::output::PlainOutput;
use crate::network::error::NetworkError;
use crate::network::lowered::{Activation, LinearMap, LoweredNetwork, Placement, Shape, Source};

/// A lowered network with its weights in the precision of the evaluation.
#[derive(Debug, Clone)]
pub struct PlainLowered<T> {
    input: Shape,
    layers: Vec<Layer<T>>,
    sites: Vec<String>,
}

#[derive(Debug, Clone)]
struct Layer<T> {
    terms: Vec<(Source, Map<T>)>,
    bias: Vec<T>,
    shape: Shape,
    /// For each channel, what is added to the squares: minus their centre; none without a squaring.
    shift: Option<Vec<T>>,
}

#[derive(Debug, Clone)]
enum Map<T> {
    Convolution(Convolution<T>),
    ChannelScale { factors: Vec<T>, placement: Placement, source: Shape },
    Dense(Vec<T>),
}

impl<T: Element> PlainLowered<T> {
    /// Converts the weights.
    ///
    /// # Errors
    /// [`NetworkError::Lowered`] for a network whose parts do not fit together.
    pub fn new(network: &LoweredNetwork) -> Result<Self, NetworkError> {
        network.check_shapes()?;
        let convert = |values: &[f64]| values.iter().map(|&value| T::from_f64(value)).collect::<Vec<T>>();
        let mut layers = Vec::with_capacity(network.layers.len());
        for layer in &network.layers {
            let shape_of = |source| match source {
                Source::Input => network.input,
                Source::Layer(index) => network.layers[index].shape,
            };
            let terms = layer.terms.iter().map(|term| {
                let map = match &term.map {
                    LinearMap::Convolution { weights, kernel, stride, padding, groups, .. } => {
                        Map::Convolution(Convolution {
                            weights: convert(weights),
                            bias: Vec::new(),
                            patches: Patches {
                                kernel: *kernel,
                                stride: *stride,
                                padding: *padding,
                                groups: *groups,
                                input: shape_of(term.source),
                                output: layer.shape,
                            },
                        })
                    }
                    LinearMap::ChannelScale { factors, placement } => Map::ChannelScale {
                        factors: convert(factors),
                        placement: *placement,
                        source: shape_of(term.source),
                    },
                    LinearMap::Dense { weights, .. } => Map::Dense(convert(weights)),
                };
                (term.source, map)
            });
            layers.push(Layer {
                terms: terms.collect(),
                bias: convert(&layer.bias),
                shape: layer.shape,
                shift: (layer.activation == Activation::Square)
                    .then(|| layer.centre.iter().map(|&centre| T::from_f64(-centre)).collect()),
            });
        }
        let squared = network.layers.iter().filter(|layer| layer.activation == Activation::Square);
        Ok(Self { input: network.input, layers, sites: squared.map(|layer| layer.name.clone()).collect() })
    }

    /// Evaluates images given one after another, each row-major `[channels, height, width]`. Sites are the layers with a
    /// squaring. Runs on rayon's threads, one image per thread at a time, so results do not depend on their number.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] if `images` is empty or no whole number of images.
    pub fn forward(&self, images: &[T]) -> Result<PlainOutput<T>, NetworkError> {
        let expected = self.input.len();
        if images.is_empty() || !images.len().is_multiple_of(expected) {
            return Err(NetworkError::InputLength { expected, found: images.len() });
        }
        let count = images.len() / expected;
        let classes = self.layers.last().map_or(0, |layer| layer.shape.len());
        let mut logits = vec![T::ZERO; count * classes];
        let mut largest = vec![T::ZERO; count * self.sites.len()];
        images
            .par_chunks_exact(expected)
            .zip(logits.par_chunks_exact_mut(classes))
            .zip(largest.par_chunks_exact_mut(self.sites.len()))
            .for_each_init(
                || (vec![Vec::new(); self.layers.len()], Vec::new()),
                |(values, columns), ((image, logits), largest)| self.evaluate(image, values, columns, logits, largest),
            );
        Ok(PlainOutput { sites: self.sites.clone(), classes, logits, largest })
    }

    fn evaluate(&self, image: &[T], values: &mut [Vec<T>], columns: &mut Vec<T>, logits: &mut [T], largest: &mut [T]) {
        let mut largest = largest.iter_mut();
        for (index, layer) in self.layers.iter().enumerate() {
            let (earlier, rest) = values.split_at_mut(index);
            let output = &mut rest[0];
            output.clone_from(&layer.bias);
            for (source, map) in &layer.terms {
                let input = match *source {
                    Source::Input => image,
                    Source::Layer(from) => &earlier[from],
                };
                map.apply_add(input, output, layer.shape, columns);
            }
            if let Some(shift) = &layer.shift {
                if let Some(place) = largest.next() {
                    *place = largest_magnitude(output);
                }
                let plane = layer.shape.height * layer.shape.width;
                for (values, &shift) in output.chunks_exact_mut(plane).zip(shift) {
                    values.iter_mut().for_each(|x| *x = *x * *x + shift);
                }
            }
        }
        if let Some(output) = values.last() {
            logits.copy_from_slice(output);
        }
    }
}

impl<T: Element> Map<T> {
    fn apply_add(&self, input: &[T], output: &mut [T], shape: Shape, columns: &mut Vec<T>) {
        match self {
            Self::Convolution(convolution) => convolution.apply_add(input, output, columns),
            Self::ChannelScale { factors, placement, source } => {
                let plane = source.height * source.width;
                for (channel, to) in output.chunks_exact_mut(shape.height * shape.width).enumerate() {
                    for from in placement.input_of(channel, source.channels) {
                        let taken = placement.taken(&input[from * plane..][..plane], source.width);
                        to.iter_mut().zip(taken).for_each(|(y, x)| *y += factors[from] * x);
                    }
                }
            }
            Self::Dense(weights) => multiply_add(output, weights, input, [shape.len(), input.len(), 1]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Shortcut;
    use crate::network::random::tests::tiny_with;

    #[test]
    fn many_images_give_what_single_ones_do() {
        Shortcut::ALL.into_iter().for_each(|shortcut| many_are_single(&tiny_with(shortcut, 4).lower().unwrap()));
    }

    fn many_are_single(network: &LoweredNetwork) {
        let plain = PlainLowered::<f64>::new(network).unwrap();
        let length = network.input.len();
        let images: Vec<f64> = (0..5 * length).map(|i| ((i * 37 % 101) as f64 - 50.0) / 25.0).collect();
        let output = plain.forward(&images).unwrap();
        for (index, image) in images.chunks_exact(length).enumerate() {
            let trace = network.forward(image).unwrap();
            let close = |a: &[f64], b: &[f64]| {
                assert_eq!(a.len(), b.len());
                a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{a} {b}"));
            };
            close(output.logits_of(index), trace.logits());
            close(output.largest_of(index), &trace.largest()[..output.sites.len()]);
        }
        assert!(matches!(plain.forward(&images[1..]), Err(NetworkError::InputLength { .. })));
    }
}
