//! The parts of a lowered network that are clustered: slices of weights, and biases.

use std::iter::{Skip, StepBy};
use std::slice::{Iter, IterMut};

use super::report::SliceName;
use crate::network::lowered::{Layer, LinearMap, LoweredNetwork};

/// A part of a network whose values are clustered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Kernel column `column` of the convolution that is term `term` of layer `layer`: `[out, in, kernel]` weights.
    Slice { layer: usize, term: usize, column: usize },
    /// The bias of layer `layer`.
    ///
    /// It has a value per pixel, but where padding plays no role a channel has one value everywhere, and elsewhere a few
    /// that depend on how many taps fall into the padding. Each of them counts once per channel, as a bias does that knows
    /// no pixels.
    Bias { layer: usize },
}

impl Part {
    /// All slices of `network`, in the order of layers, terms and columns.
    pub(super) fn slices(network: &LoweredNetwork) -> Vec<Self> {
        let mut slices = Vec::new();
        for (layer, from) in network.layers.iter().enumerate() {
            for (term, from) in from.terms.iter().enumerate() {
                if let LinearMap::Convolution { kernel, .. } = from.map
                    && !is_average(&from.map)
                {
                    slices.extend((0..kernel).map(|column| Self::Slice { layer, term, column }));
                }
            }
        }
        slices
    }

    /// The biases of all layers with a convolution.
    pub(super) fn biases(network: &LoweredNetwork) -> Vec<Self> {
        let convolves = |layer: &Layer| {
            layer.terms.iter().any(|t| matches!(t.map, LinearMap::Convolution { .. }) && !is_average(&t.map))
        };
        let layers = network.layers.iter().enumerate().filter(|(_, layer)| convolves(layer));
        layers.map(|(layer, _)| Self::Bias { layer }).collect()
    }

    /// The name of a slice.
    pub(super) fn name(self, network: &LoweredNetwork) -> Option<SliceName> {
        match self {
            Self::Slice { layer, term, column } => {
                Some(SliceName { layer: network.layers[layer].name.clone(), term, column })
            }
            Self::Bias { .. } => None,
        }
    }

    /// The values to be clustered.
    pub(super) fn values(self, network: &LoweredNetwork) -> Vec<f64> {
        match self {
            Self::Slice { layer, term, column } => {
                slice(&network.layers[layer].terms[term].map, column).copied().collect()
            }
            Self::Bias { layer } => planes(&network.layers[layer]).flat_map(distinct).collect(),
        }
    }

    /// Puts `replacements` where [`values`](Self::values) found the originals.
    pub(super) fn replace(self, network: &mut LoweredNetwork, replacements: &[f64]) {
        match self {
            Self::Slice { layer, term, column } => {
                let places = slice_mut(&mut network.layers[layer].terms[term].map, column);
                places.zip(replacements).for_each(|(place, value)| *place = *value);
            }
            Self::Bias { layer } => {
                let layer = &mut network.layers[layer];
                let plane = (layer.shape.height * layer.shape.width).max(1);
                let mut rest = replacements;
                for places in layer.bias.chunks_exact_mut(plane) {
                    let old = distinct(places);
                    let (new, after) = rest.split_at(old.len().min(rest.len()));
                    for place in places {
                        let found = old.binary_search_by(|value| value.total_cmp(place));
                        *place = found.ok().and_then(|at| new.get(at)).copied().unwrap_or(*place);
                    }
                    rest = after;
                }
            }
        }
    }
}

/// Whether a map averages each channel by itself, where nodes are not fused: it has no weights that a training chose.
fn is_average(map: &LinearMap) -> bool {
    match map {
        LinearMap::Convolution { weights, groups, in_channels, out_channels, .. } => {
            *groups > 1
                && groups == in_channels
                && groups == out_channels
                && weights.windows(2).all(|pair| pair[0] == pair[1])
        }
        LinearMap::ChannelScale { .. } | LinearMap::Dense { .. } => false,
    }
}

/// The weights of one kernel column, in the order of outputs, inputs and rows.
fn slice(map: &LinearMap, column: usize) -> StepBy<Skip<Iter<'_, f64>>> {
    match map {
        LinearMap::Convolution { weights, kernel, .. } => weights.iter().skip(column).step_by((*kernel).max(1)),
        LinearMap::ChannelScale { .. } | LinearMap::Dense { .. } => [].iter().skip(column).step_by(1),
    }
}

fn slice_mut(map: &mut LinearMap, column: usize) -> StepBy<Skip<IterMut<'_, f64>>> {
    match map {
        LinearMap::Convolution { weights, kernel, .. } => weights.iter_mut().skip(column).step_by((*kernel).max(1)),
        LinearMap::ChannelScale { .. } | LinearMap::Dense { .. } => [].iter_mut().skip(column).step_by(1),
    }
}

/// The bias of each channel.
fn planes(layer: &Layer) -> impl Iterator<Item = &[f64]> {
    layer.bias.chunks_exact((layer.shape.height * layer.shape.width).max(1))
}

/// The distinct values of a channel's bias, ascending.
fn distinct(plane: &[f64]) -> Vec<f64> {
    let mut values = plane.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup_by(|a, b| a.to_bits() == b.to_bits());
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::random::tests::tiny;

    #[test]
    fn slices_are_kernel_columns_and_cover_every_convolution_once() {
        let mut network = tiny(1).lower().unwrap();
        let slices = Part::slices(&network);
        // The stem, eight convolutions of 3x3, and the 1x1 projection, which is the second term of its layer.
        assert_eq!(slices.len(), 9 * 3 + 1);
        let projection = Part::Slice { layer: 6, term: 1, column: 0 };
        assert_eq!(slices.iter().filter(|&&part| part == projection).count(), 1);
        assert_eq!(
            projection.name(&network),
            Some(SliceName { layer: "layer2.0.conv2".to_owned(), term: 1, column: 0 })
        );
        for (index, part) in slices.iter().enumerate() {
            let mark = vec![1e3 + index as f64; part.values(&network).len()];
            part.replace(&mut network, &mark);
        }
        for (index, part) in slices.iter().enumerate() {
            assert!(part.values(&network).iter().all(|&value| value == 1e3 + index as f64));
        }
        let LinearMap::Convolution { weights, .. } = &network.layers[0].terms[0].map else { panic!("a convolution") };
        assert_eq!(weights[..4], [1e3, 1001.0, 1002.0, 1e3]);
        let unmarked = |map: &LinearMap| match map {
            LinearMap::Convolution { weights, .. } => weights.iter().all(|weight| *weight >= 1e3),
            LinearMap::ChannelScale { factors: weights, .. } | LinearMap::Dense { weights, .. } => {
                weights.iter().all(|weight| *weight < 1e3)
            }
        };
        assert!(network.layers.iter().flat_map(|layer| &layer.terms).all(|term| unmarked(&term.map)));
    }

    #[test]
    fn a_bias_counts_by_channel_and_border() {
        let mut network = tiny(1).lower().unwrap();
        assert_eq!(Part::biases(&network).len(), 9, "all but the classifier's");
        // The stem reads the image, which has no constant: one value per channel.
        assert_eq!(Part::Bias { layer: 0 }.values(&network).len(), 3);
        // Corners, edges and the middle of three channels.
        let part = Part::Bias { layer: 1 };
        let values = part.values(&network);
        assert_eq!(values.len(), 3 * 9);
        let before = network.clone();
        part.replace(&mut network, &values);
        assert_eq!(network, before);
        let doubled: Vec<f64> = values.iter().map(|value| 2.0 * value).collect();
        part.replace(&mut network, &doubled);
        assert!(network.layers[1].bias.iter().zip(&before.layers[1].bias).all(|(new, old)| *new == 2.0 * old));
    }
}
