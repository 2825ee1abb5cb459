//! A graph with trainable tensors of libtorch.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use super::penalty::excess;
use super::site::Site;
use super::tensors::{Init, Named, Parameter, Source, Statistics, Tensors};
use crate::network::graph::{Graph, Node, Operation};
use crate::network::lowered::Placement;
use crate::network::{Moments, Weights};
use crate::training::{PenaltyForm, TrainedActivation};

#[derive(Debug)]
enum Layer {
    Input,
    Convolution { weight: Tensor, stride: i64, padding: i64 },
    BatchNorm { weight: Tensor, bias: Tensor, statistics: Statistics, epsilon: f64 },
    Activation(Site),
    Add,
    PadChannels(Placement),
    AveragePool { size: [i64; 2] },
    Linear { weight: Tensor, bias: Tensor },
}

/// On processors without AVX-512, oneDNN of libtorch 2.11 writes beyond the gradient of a 1x1 convolution with a stride that reads fewer
/// channels than this.
const FEW_CHANNELS: i64 = 8;

/// A convolution; where libtorch cannot be trusted with a stride, of every so manieth value.
fn convolution(x: &Tensor, weight: &Tensor, stride: i64, padding: i64) -> Result<Tensor, tch::TchError> {
    match weight.size()[..] {
        [_, channels, 1, 1] if stride > 1 && channels < FEW_CHANNELS => x
            .f_slice(2, None, None, stride)?
            .f_slice(3, None, None, stride)?
            .f_conv2d::<&Tensor>(weight, None, 1, padding, 1, 1),
        _ => x.f_conv2d::<&Tensor>(weight, None, stride, padding, 1, 1),
    }
}

/// How to evaluate a network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    /// Whether batches are normalised by their own statistics, which are averaged into the running ones.
    pub(super) training: bool,
    /// Inputs of activations are clamped to this magnitude.
    pub(super) clamp: Option<f64>,
    /// Kind of activations and convolutions.
    pub(super) kind: Kind,
    /// What to charge for inputs of activations beyond which magnitude.
    pub(super) penalty: Option<(PenaltyForm, f64)>,
    /// Whether to look for the largest input of each activation in each image.
    pub(super) measure: bool,
}

/// What evaluation gives.
#[derive(Debug)]
pub(super) struct Outcome {
    /// `[images, classes]`, single precision.
    pub(super) logits: Tensor,
    /// The mean penalty of the activations, single precision.
    pub(super) penalty: Option<Tensor>,
    /// `[images, activations]`: the largest magnitude of an input.
    pub(super) largest: Option<Tensor>,
}

/// A network with trainable tensors.
#[derive(Debug)]
pub(super) struct TorchNetwork {
    nodes: Vec<Node>,
    layers: Vec<Layer>,
    last_uses: Vec<usize>,
    /// What gradient descent changes.
    pub(super) parameters: Vec<Parameter>,
    /// What batches average into.
    pub(super) statistics: Vec<Named>,
    sites: Vec<String>,
}

impl TorchNetwork {
    /// The network of `graph` with its tensors from `source`.
    pub(super) fn build(graph: &Graph, activation: &TrainedActivation, source: &mut Source<'_>) -> Self {
        let mut tensors = Tensors {
            source: &mut |name, shape, init, trained| source(name, shape, init, trained),
            parameters: Vec::new(),
            statistics: Vec::new(),
        };
        let layers = graph.nodes().iter().map(|node| layer(node, activation, &mut tensors)).collect();
        let Tensors { parameters, statistics, .. } = tensors;
        Self {
            nodes: graph.nodes().to_vec(),
            layers,
            last_uses: graph.last_uses(),
            parameters,
            statistics,
            sites: graph.activation_sites(),
        }
    }

    /// Names of the activations, in the order of evaluation.
    pub(super) fn sites(&self) -> &[String] {
        &self.sites
    }

    /// The activations by node name.
    pub(super) fn activations(&self) -> impl Iterator<Item = (&str, &Site)> {
        self.nodes.iter().zip(&self.layers).filter_map(|(node, layer)| match layer {
            Layer::Activation(site) => Some((node.name.as_str(), site)),
            _ => None,
        })
    }

    /// Activations begin as the quadratics that `weights` have, on inputs of these `moments` by activation.
    ///
    /// # Errors
    /// What libtorch reports.
    pub(super) fn begin_activations(
        &mut self,
        weights: &Weights,
        moments: &BTreeMap<String, Vec<Moments>>,
    ) -> Result<(), tch::TchError> {
        for (node, layer) in self.nodes.iter().zip(&mut self.layers) {
            let known = weights.get(&format!("{}.coefficients", node.name)).zip(moments.get(&node.name));
            if let (Layer::Activation(site), Some((coefficients, moments))) = (layer, known) {
                site.begin_as(coefficients.values(), moments)?;
            }
        }
        Ok(())
    }

    /// Evaluates `images`, `[images, channels, rows, columns]` in single precision.
    ///
    /// # Errors
    /// What libtorch reports.
    pub(super) fn forward(&self, images: &Tensor, pass: &Pass) -> Result<Outcome, tch::TchError> {
        let mut values: Vec<Option<Tensor>> = (0..self.layers.len()).map(|_| None).collect();
        let (mut penalties, mut largest) = (Vec::new(), Vec::new());
        for (index, (node, layer)) in self.nodes.iter().zip(&self.layers).enumerate() {
            let input = |which: usize| node.inputs.get(which).and_then(|&from| values[from].as_ref()).unwrap_or(images);
            let x = input(0);
            let value = match layer {
                Layer::Input => channels_last(&images.f_to_kind(pass.kind)?)?,
                Layer::Convolution { weight, stride, padding } => {
                    let weight = channels_last(&weight.f_to_kind(pass.kind)?)?;
                    // What an average pool gives is in single precision, as what the classifier reads.
                    convolution(&x.f_to_kind(pass.kind)?, &weight, *stride, *padding)?
                }
                Layer::BatchNorm { weight, bias, statistics, epsilon } => {
                    statistics.normalise(x, weight, Some(bias), pass.training, *epsilon)?
                }
                Layer::Activation(site) => {
                    if let Some((form, bound)) = pass.penalty {
                        penalties.push(excess(x, form, bound)?);
                    }
                    if pass.measure {
                        largest.push(x.f_abs()?.f_amax([1, 2, 3].as_slice(), false)?.f_to_kind(Kind::Float)?);
                    }
                    match pass.clamp {
                        Some(limit) => site.apply(&x.f_clamp(-limit, limit)?, pass.training)?,
                        None => site.apply(x, pass.training)?,
                    }
                }
                Layer::Add => x.f_add(input(1))?,
                Layer::PadChannels(Placement { stride, before, after, .. }) => {
                    let step = *stride as i64;
                    let taken =
                        x.f_slice(2, None::<i64>, None::<i64>, step)?.f_slice(3, None::<i64>, None::<i64>, step)?;
                    taken.f_constant_pad_nd([0, 0, 0, 0, *before as i64, *after as i64])?
                }
                Layer::AveragePool { size } => {
                    let stride = *size;
                    x.f_to_kind(Kind::Float)?.f_avg_pool2d(size, stride, 0, false, true, None)?
                }
                Layer::Linear { weight, bias } => {
                    x.f_flatten(1, -1)?.f_to_kind(Kind::Float)?.f_linear(weight, Some(bias))?
                }
            };
            for &from in node.inputs.iter().filter(|&&from| self.last_uses[from] == index) {
                values[from] = None;
            }
            values[index] = Some(value);
        }
        let logits = values.pop().flatten().unwrap_or_else(|| images.shallow_clone());
        let sites = self.sites.len().max(1) as f64;
        let penalty = (!penalties.is_empty()).then(|| penalties.iter().sum::<Tensor>() / sites);
        let largest = if pass.measure { Some(Tensor::f_stack(&largest, 1)?) } else { None };
        Ok(Outcome { logits, penalty, largest })
    }
}

/// The same values with those of one pixel side by side in memory, as convolutions want them; their outputs keep the order.
fn channels_last(x: &Tensor) -> Result<Tensor, tch::TchError> {
    x.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])
}

fn layer(node: &Node, activation: &TrainedActivation, tensors: &mut Tensors<'_>) -> Layer {
    let name = |suffix: &str| format!("{}.{suffix}", node.name);
    let channels = node.shape.channels as i64;
    match node.operation {
        Operation::Input => Layer::Input,
        Operation::Convolution { in_channels, out_channels, kernel, stride, padding, .. } => {
            // He et al. 2015: the variance of ReLU's outputs, and about that of its fits, is half of the inputs'.
            let deviation = (2.0 / (in_channels * kernel * kernel) as f64).sqrt();
            let shape = [out_channels, in_channels, kernel, kernel].map(|size| size as i64);
            let weight = tensors.parameter(name("weight"), &shape, Init::Normal(deviation), true);
            Layer::Convolution { weight, stride: stride as i64, padding: padding as i64 }
        }
        Operation::BatchNorm { epsilon } => Layer::BatchNorm {
            weight: tensors.parameter(name("weight"), &[channels], Init::Constant(1.0), false),
            bias: tensors.parameter(name("bias"), &[channels], Init::Constant(0.0), false),
            statistics: Statistics::new(tensors, name("running_mean"), name("running_var"), channels),
            epsilon,
        },
        Operation::Activation(_) => Layer::Activation(Site::new(&node.name, channels, activation, tensors)),
        Operation::Add => Layer::Add,
        Operation::PadChannels(placement) => Layer::PadChannels(placement),
        Operation::AveragePool { height, width } => Layer::AveragePool { size: [height as i64, width as i64] },
        Operation::Linear { inputs, outputs } => {
            let bound = 1.0 / (inputs as f64).sqrt();
            let (inputs, outputs) = (inputs as i64, outputs as i64);
            Layer::Linear {
                weight: tensors.parameter(name("weight"), &[outputs, inputs], Init::Uniform(bound), true),
                bias: tensors.parameter(name("bias"), &[outputs], Init::Uniform(bound), false),
            }
        }
    }
}
