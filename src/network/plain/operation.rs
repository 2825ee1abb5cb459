//! A node's operation with its weights in the precision of the evaluation.

use super::convolution::{Convolution, Patches};
use super::element::Element;
use super::matmul::multiply_add;
use crate::network::error::NetworkError;
use crate::network::graph::{ActivationKind, Graph, Operation};
use crate::network::lowered::{Placement, Shape};
use crate::network::weights::Weights;

/// Values looked at together when the largest magnitude is sought.
const LANES: usize = 16;

/// An operation that is ready to be applied.
#[derive(Debug, Clone)]
pub(in crate::network) enum PreparedOperation<T> {
    /// The input: nothing to do.
    Input,
    /// See [`Operation::Convolution`].
    Convolution(Convolution<T>),
    /// Batch normalisation as `[scale, shift]` per channel.
    BatchNorm { scale_shift: Vec<[T; 2]>, plane: usize },
    /// `[c0, c1, c2]` per channel.
    Quadratic { coefficients: Vec<[T; 3]>, plane: usize },
    /// `max(x, 0)`.
    Relu,
    /// The sum of both inputs.
    Add,
    /// See [`Operation::PadChannels`].
    PadChannels { input: Shape, placement: Placement, plane: usize },
    /// Averages over windows.
    AveragePool { input: Shape, height: usize, width: usize, factor: T },
    /// A dense layer.
    Linear { weights: Vec<T>, bias: Vec<T> },
}

impl<T: Element> PreparedOperation<T> {
    /// Prepares node `index` of `graph`.
    pub(in crate::network) fn new(graph: &Graph, index: usize, weights: &Weights) -> Result<Self, NetworkError> {
        let node = &graph.nodes()[index];
        let values = |suffix| weights.values(&node.name, suffix);
        let converted = |suffix| Ok(values(suffix)?.iter().map(|&value| T::from_f64(value)).collect::<Vec<T>>());
        let input = node.inputs.first().map_or(node.shape, |&input| graph.nodes()[input].shape);
        let plane = node.shape.height * node.shape.width;
        Ok(match node.operation {
            Operation::Input => Self::Input,
            Operation::Convolution { out_channels, kernel, stride, padding, bias, .. } => {
                let bias = if bias { converted("bias")? } else { vec![T::ZERO; out_channels] };
                let weights = converted("weight")?;
                let patches = Patches { kernel, stride, padding, groups: 1, input, output: node.shape };
                Self::Convolution(Convolution { weights, bias, patches })
            }
            Operation::BatchNorm { epsilon } => {
                let affine = batch_norm(weights, &node.name, epsilon)?;
                let scale_shift = affine.into_iter().map(|pair| pair.map(T::from_f64)).collect();
                Self::BatchNorm { scale_shift, plane }
            }
            Operation::Activation(ActivationKind::Quadratic) => {
                let triples = values("coefficients")?.as_chunks().0;
                Self::Quadratic { coefficients: triples.iter().map(|triple| triple.map(T::from_f64)).collect(), plane }
            }
            Operation::Activation(ActivationKind::Relu) => Self::Relu,
            Operation::Add => Self::Add,
            Operation::PadChannels(placement) => Self::PadChannels { input, placement, plane },
            Operation::AveragePool { height, width } => {
                let factor = T::from_f64(1.0 / (height * width) as f64);
                Self::AveragePool { input, height, width, factor }
            }
            Operation::Linear { .. } => Self::Linear { weights: converted("weight")?, bias: converted("bias")? },
        })
    }

    /// Computes `output` from `inputs`; `columns` is scratch space of any length. An activation returns the largest
    /// magnitude of its inputs, infinity if one of them is not finite.
    pub(in crate::network) fn apply(&self, inputs: [&[T]; 2], output: &mut [T], columns: &mut Vec<T>) -> Option<T> {
        let [input, other] = inputs;
        match self {
            Self::Input => output.copy_from_slice(input),
            Self::Convolution(convolution) => convolution.apply(input, output, columns),
            Self::BatchNorm { scale_shift, plane } => {
                let planes = output.chunks_exact_mut(*plane).zip(input.chunks_exact(*plane));
                for ((to, from), &[scale, shift]) in planes.zip(scale_shift) {
                    to.iter_mut().zip(from).for_each(|(y, &x)| *y = scale * x + shift);
                }
            }
            Self::Quadratic { coefficients, plane } => {
                let planes = output.chunks_exact_mut(*plane).zip(input.chunks_exact(*plane));
                for ((to, from), &[c0, c1, c2]) in planes.zip(coefficients) {
                    to.iter_mut().zip(from).for_each(|(y, &x)| *y = c0 + x * (c1 + x * c2));
                }
                return Some(largest_magnitude(input));
            }
            Self::Relu => {
                let rectify = |x: T| if x < T::ZERO { T::ZERO } else { x };
                output.iter_mut().zip(input).for_each(|(y, &x)| *y = rectify(x));
                return Some(largest_magnitude(input));
            }
            Self::Add => {
                let sums = input.iter().zip(other).map(|(&a, &b)| a + b);
                output.iter_mut().zip(sums).for_each(|(y, sum)| *y = sum);
            }
            Self::PadChannels { input: shape, placement, plane } => {
                output.fill(T::ZERO);
                let planes = output.chunks_exact_mut(*plane).skip(placement.before);
                for (to, from) in planes.zip(input.chunks_exact(shape.height * shape.width)) {
                    to.iter_mut().zip(placement.taken(from, shape.width)).for_each(|(y, x)| *y = x);
                }
            }
            Self::AveragePool { input: shape, height, width, factor } => {
                average_pool(input, *shape, [*height, *width], *factor, output);
            }
            Self::Linear { weights, bias } => {
                output.copy_from_slice(bias);
                multiply_add(output, weights, input, [bias.len(), input.len(), 1]);
            }
        }
        None
    }
}

/// Batch normalisation as `[scale, shift]` per channel (method section 3): `scale = weight / sqrt(var + epsilon)`,
/// `shift = bias - mean * scale`.
pub(in crate::network) fn batch_norm(
    weights: &Weights,
    node: &str,
    epsilon: f64,
) -> Result<Vec<[f64; 2]>, NetworkError> {
    let gamma = weights.values(node, "weight")?;
    let beta = weights.values(node, "bias")?;
    let mean = weights.values(node, "running_mean")?;
    let variance = weights.values(node, "running_var")?;
    let channels = gamma.iter().zip(beta).zip(mean).zip(variance);
    Ok(channels
        .map(|(((gamma, beta), mean), variance)| {
            let scale = gamma / (variance + epsilon).sqrt();
            [scale, beta - mean * scale]
        })
        .collect())
}

fn average_pool<T: Element>(input: &[T], shape: Shape, [height, width]: [usize; 2], factor: T, output: &mut [T]) {
    let (rows, columns) = (shape.height / height, shape.width / width);
    for (index, value) in output.iter_mut().enumerate() {
        let (channel, y, x) = (index / (rows * columns), index / columns % rows, index % columns);
        let lines = (0..height).map(|line| ((channel * shape.height + y * height + line) * shape.width) + x * width);
        let mut sum = T::ZERO;
        lines.for_each(|start| input[start..start + width].iter().for_each(|&x| sum += x));
        *value = sum * factor;
    }
}

/// The largest magnitude, infinity if a value is not finite.
pub(super) fn largest_magnitude<T: Element>(values: &[T]) -> T {
    let mut largest = [T::ZERO; LANES];
    // Stays zero as long as every value is finite, and becomes NaN for good otherwise.
    let mut poison = [T::ZERO; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let magnitude = chunk[lane].abs();
            largest[lane] = if magnitude > largest[lane] { magnitude } else { largest[lane] };
            poison[lane] += chunk[lane] * T::ZERO;
        }
    }
    for &value in rest {
        let magnitude = value.abs();
        largest[0] = if magnitude > largest[0] { magnitude } else { largest[0] };
        poison[0] += value * T::ZERO;
    }
    if poison.iter().any(|value| !value.is_finite()) {
        return T::INFINITY;
    }
    largest.into_iter().fold(T::ZERO, |a, b| if b > a { b } else { a })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_magnitude_is_found_wherever_it_is() {
        for length in [0, 1, 15, 16, 17, 40] {
            assert_eq!(largest_magnitude(&vec![0.5_f32; length]), if length == 0 { 0.0 } else { 0.5 });
            for at in 0..length {
                let mut values = vec![1.0_f32; length];
                values[at] = -7.0;
                assert_eq!(largest_magnitude(&values), 7.0);
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    values[at] = bad;
                    assert_eq!(largest_magnitude(&values), f32::INFINITY, "{bad} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn pooling_averages_each_window() {
        let input: Vec<f64> = (0..2 * 4 * 6).map(f64::from).collect();
        let mut output = vec![0.0; 2 * 2 * 2];
        average_pool(&input, Shape::new(2, 4, 6), [2, 3], 1.0 / 6.0, &mut output);
        // The mean of a window is the mean of its corners: 0 and 8 in the first.
        let expected = [4.0, 7.0, 16.0, 19.0, 28.0, 31.0, 40.0, 43.0];
        output.iter().zip(expected).for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{output:?}"));
    }
}
