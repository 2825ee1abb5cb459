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
    /// For each channel the coefficients of `x -> (a x + b) x + c`; empty without an activation.
    quadratics: Vec<[T; 3]>,
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
                quadratics: layer.quadratics().into_iter().map(|quadratic| quadratic.map(T::from_f64)).collect(),
            });
        }
        let activated = network.layers.iter().filter(|layer| layer.activation != Activation::None);
        Ok(Self { input: network.input, layers, sites: activated.map(|layer| layer.name.clone()).collect() })
    }

    /// Evaluates images given one after another, each row-major `[channels, height, width]`. Sites are the layers with an
    /// activation. Runs on rayon's threads, one image per thread at a time, so results do not depend on their number.
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
        // A network without an activation has no site, and chunks have a length.
        let sites = self.sites.len().max(1);
        let mut largest = vec![T::ZERO; count * sites];
        images
            .par_chunks_exact(expected)
            .zip(logits.par_chunks_exact_mut(classes))
            .zip(largest.par_chunks_exact_mut(sites))
            .for_each_init(
                || (vec![Vec::new(); self.layers.len()], Vec::new()),
                |(values, columns), ((image, logits), largest)| self.evaluate(image, values, columns, logits, largest),
            );
        largest.truncate(count * self.sites.len());
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
            if layer.quadratics.is_empty() {
                continue;
            }
            if let Some(place) = largest.next() {
                *place = largest_magnitude(output);
            }
            let plane = layer.shape.height * layer.shape.width;
            for (values, &[a, b, c]) in output.chunks_exact_mut(plane).zip(&layer.quadratics) {
                values.iter_mut().for_each(|x| *x = (a * *x + b) * *x + c);
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
                placement.scale_add(factors, input, *source, output, shape);
            }
            Self::Dense(weights) => multiply_add(output, weights, input, [shape.len(), input.len(), 1]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::random::tests::tiny_with;
    use crate::network::{ActivationForm, LowerOptions, Shortcut};

    #[test]
    fn many_images_give_what_single_ones_do() {
        for shortcut in Shortcut::ALL {
            for form in ActivationForm::ALL {
                for fuse in [false, true] {
                    many_are_single(&tiny_with(shortcut, 4).lower_with(LowerOptions { form, fuse }).unwrap());
                }
            }
        }
    }

    #[test]
    fn a_network_without_an_activation_has_no_site() {
        let mut network = tiny_with(Shortcut::default(), 4).lower().unwrap();
        for layer in &mut network.layers {
            (layer.activation, layer.centre) = (Activation::None, Vec::new());
        }
        many_are_single(&network);
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
            let sites =
                network.layers.iter().zip(trace.largest()).filter(|(layer, _)| layer.activation != Activation::None);
            close(output.largest_of(index), &sites.map(|(_, largest)| largest).collect::<Vec<f64>>());
        }
        assert!(matches!(plain.forward(&images[1..]), Err(NetworkError::InputLength { .. })));
    }
}
