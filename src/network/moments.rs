//! Mean and variance of every channel, estimated from the weights alone.
//!
//! Batch normalisation says what its output looked like in training: mean `bias`, variance `weight^2`. From there moments
//! go through activations as if values were normal, and through sums, averages and convolutions as if they were independent. No
//! data are needed, so nothing is ever chosen on test images.

use std::collections::BTreeMap;

use super::error::NetworkError;
use super::graph::Operation;
use super::instance::Network;

/// Mean and variance of one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The variance.
    pub variance: f64,
}

impl Moments {
    /// Mean of `(x + shift)^2`.
    pub(super) fn mean_square(self, shift: f64) -> f64 {
        self.variance + (self.mean + shift).powi(2)
    }

    /// Moments of `c2 x^2 + c1 x + c0` for normal x.
    fn quadratic(self, [c0, c1, c2]: [f64; 3]) -> Self {
        let Self { mean: m, variance: v } = self;
        Self {
            mean: c2 * (m * m + v) + c1 * m + c0,
            variance: c1 * c1 * v + 4.0 * c1 * c2 * m * v + c2 * c2 * (2.0 * v * v + 4.0 * m * m * v),
        }
    }
}

impl Network {
    /// For every activation, by name, the estimated moments of each channel of its input; empty behind ReLU.
    ///
    /// # Errors
    /// None for a network whose weights fit its graph.
    pub fn activation_moments(&self) -> Result<BTreeMap<String, Vec<Moments>>, NetworkError> {
        let all = estimate(self)?;
        let activations = self.graph().nodes().iter().filter(|node| matches!(node.operation, Operation::Activation(_)));
        Ok(activations.map(|node| (node.name.clone(), all[node.inputs[0]].clone())).collect())
    }
}

/// For every node of the network's graph the moments of its channels; those of a node that no activation depends on may
/// be empty.
pub(super) fn estimate(network: &Network) -> Result<Vec<Vec<Moments>>, NetworkError> {
    let (graph, weights) = (network.graph(), network.weights());
    let mut all: Vec<Vec<Moments>> = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let input = |k: usize| &all[node.inputs[k]];
        let moments = match node.operation {
            // Images are normalised.
            Operation::Input => vec![Moments { mean: 0.0, variance: 1.0 }; node.shape.channels],
            Operation::BatchNorm { .. } => {
                let (scale, shift) = (weights.values(&node.name, "weight")?, weights.values(&node.name, "bias")?);
                scale.iter().zip(shift).map(|(w, b)| Moments { mean: *b, variance: w * w }).collect()
            }
            Operation::Convolution { in_channels, kernel, bias, .. } => {
                let constants = if bias { weights.values(&node.name, "bias")? } else { &[] };
                let rows = weights.values(&node.name, "weight")?.chunks_exact(in_channels * kernel * kernel);
                rows.enumerate()
                    .map(|(output, row)| {
                        let constant = constants.get(output).copied().unwrap_or(0.0);
                        let start = Moments { mean: constant, variance: 0.0 };
                        row.iter().enumerate().fold(start, |sum, (at, w)| {
                            let Some(x) = input(0).get(at / (kernel * kernel)) else { return sum };
                            Moments { mean: sum.mean + w * x.mean, variance: sum.variance + w * w * x.variance }
                        })
                    })
                    .collect()
            }
            Operation::Activation(_) => match weights.values(&node.name, "coefficients") {
                Ok(c) => input(0).iter().zip(c.as_chunks::<3>().0).map(|(x, c)| x.quadratic(*c)).collect(),
                Err(_) => Vec::new(),
            },
            Operation::Add => input(0)
                .iter()
                .zip(input(1))
                .map(|(x, y)| Moments { mean: x.mean + y.mean, variance: x.variance + y.variance })
                .collect(),
            Operation::PadChannels(_) if input(0).is_empty() => Vec::new(),
            Operation::PadChannels(placement) => {
                let channels = input(0).len();
                let of = |output| placement.input_of(output, channels).next().map(|channel| input(0)[channel]);
                (0..node.shape.channels)
                    .map(|output| of(output).unwrap_or(Moments { mean: 0.0, variance: 0.0 }))
                    .collect()
            }
            Operation::AveragePool { height, width } => {
                let values = (height * width) as f64;
                input(0).iter().map(|x| Moments { mean: x.mean, variance: x.variance / values }).collect()
            }
            Operation::Linear { .. } => Vec::new(),
        };
        all.push(moments);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{ActivationKind, Architecture, Shortcut, Stage};

    #[test]
    fn nothing_is_known_behind_relu() {
        let architecture = Architecture {
            shortcut: Shortcut::Pad,
            stages: [1, 2].map(|stride| Stage { blocks: 1, channels: 2, stride }).to_vec(),
            activation: ActivationKind::Relu,
            ..Architecture::named("resnet20", 2, 10).unwrap()
        };
        let network = Network::random(&architecture, 1).unwrap();
        let moments = network.activation_moments().unwrap();
        assert_eq!(["act1", "layer2.0.act1", "layer2.0.act2"].map(|site| moments[site].len()), [2, 2, 0]);
        assert!(matches!(network.lower(), Err(NetworkError::NotLowerable { .. })));
    }

    #[test]
    fn a_quadratic_of_a_normal_variable_has_the_sampled_moments() {
        let x = Moments { mean: 0.7, variance: 1.44 };
        let c = [0.2, 0.5, 0.25];
        // Midpoint rule over +-8 standard deviations.
        let (mut weight, mut first, mut second) = (0.0, 0.0, 0.0);
        for k in 0..16_000 {
            let z = (k as f64 + 0.5) / 1000.0 - 8.0;
            let value = x.mean + z * x.variance.sqrt();
            let y = c[2] * value * value + c[1] * value + c[0];
            let w = (-z * z / 2.0).exp();
            weight += w;
            first += w * y;
            second += w * y * y;
        }
        let y = x.quadratic(c);
        assert!((y.mean - first / weight).abs() < 1e-6);
        assert!((y.variance - (second / weight - (first / weight).powi(2))).abs() < 1e-6);
        assert!((x.mean_square(0.3) - (1.44 + 1.0)).abs() < 1e-12);
    }
}
