//! A network as a graph of named operations, without weights.
//!
//! Names are PyTorch's (`layer1.0.conv1`), so that the tensors of a node are `NAME.weight`, `NAME.bias` and so on. The
//! same graph serves clear-text evaluation, folding and training.

use super::lowered::{Placement, Shape};

/// The kind of an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ActivationKind {
    /// `c2 x^2 + c1 x + c0` with coefficients per channel (tensor `NAME.coefficients`, `[channels, 3]`, order c0, c1,
    /// c2).
    Quadratic,
    /// `max(x, 0)`.
    Relu,
}

/// What a node computes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// The normalised image.
    Input,
    /// 2-D convolution with zero padding. Tensors: `weight` `[out, in, kernel, kernel]`, and `bias` `[out]` if there is
    /// one.
    Convolution {
        /// Input channels.
        in_channels: usize,
        /// Output channels.
        out_channels: usize,
        /// Kernel height and width.
        kernel: usize,
        /// Stride in both directions.
        stride: usize,
        /// Zero padding on every side.
        padding: usize,
        /// Whether a bias is added; only after folding.
        bias: bool,
    },
    /// `weight * (x - running_mean) / sqrt(running_var + epsilon) + bias`, per channel.
    BatchNorm {
        /// What is added to the variance.
        epsilon: f64,
    },
    /// An activation.
    Activation(ActivationKind),
    /// The sum of two inputs.
    Add,
    /// Every `stride`-th row and column, between channels of zeros: the shortcut without weights where the shape changes (option A of
    /// He et al. 2016).
    PadChannels(Placement),
    /// Averages over disjoint windows that cover the plane.
    AveragePool {
        /// Rows of a window.
        height: usize,
        /// Columns of a window.
        width: usize,
    },
    /// Dense layer on the flattened input. Tensors: `weight` `[outputs, inputs]`, `bias` `[outputs]`.
    Linear {
        /// Number of inputs.
        inputs: usize,
        /// Number of outputs.
        outputs: usize,
    },
}

/// An operation at its place in the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Name in PyTorch terms.
    pub name: String,
    /// What is computed.
    pub operation: Operation,
    /// Indices of the nodes it reads from, all smaller than its own.
    pub inputs: Vec<usize>,
    /// Shape of what it computes.
    pub shape: Shape,
}

/// How a tensor of weights comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParameterRole {
    /// By gradient descent.
    Trained,
    /// By averaging over batches: the running mean of batch normalisation.
    Mean,
    /// By averaging over batches: the running variance of batch normalisation.
    Variance,
    /// From the form of the activation.
    Coefficients,
}

/// A tensor of weights that a graph needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Name of the tensor, such as `layer1.0.bn1.running_mean`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How it comes about.
    pub role: ParameterRole,
}

/// Nodes in topological order: the first is the input, the last gives the logits.
///
/// Graphs are made by [`Architecture::graph`](super::Architecture::graph) and by folding, which check that shapes fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// A graph of `input` alone.
    pub(super) fn new(input: Shape) -> Self {
        let name = "input".to_owned();
        Self { nodes: vec![Node { name, operation: Operation::Input, inputs: Vec::new(), shape: input }] }
    }

    /// Appends a node, whose shape the caller has checked against its inputs; returns its index.
    pub(super) fn push(&mut self, name: String, operation: Operation, inputs: Vec<usize>, shape: Shape) -> usize {
        self.nodes.push(Node { name, operation, inputs, shape });
        self.nodes.len() - 1
    }

    /// The nodes in topological order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Shape of the input image.
    pub fn input(&self) -> Shape {
        self.nodes[0].shape
    }

    /// Number of values of the last node: the classes.
    pub fn classes(&self) -> usize {
        self.nodes[self.nodes.len() - 1].shape.len()
    }

    /// Names of the activation nodes, in order.
    pub fn activation_sites(&self) -> Vec<String> {
        let sites = self.nodes.iter().filter(|node| matches!(node.operation, Operation::Activation(_)));
        sites.map(|node| node.name.clone()).collect()
    }

    /// For each node the index of the last node that reads it; its own where none does.
    pub fn last_uses(&self) -> Vec<usize> {
        let mut last: Vec<usize> = (0..self.nodes.len()).collect();
        for (index, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|&input| last[input] = index);
        }
        last
    }

    /// The tensors that the graph needs, in the order of its nodes.
    pub fn parameters(&self) -> Vec<Parameter> {
        self.nodes.iter().flat_map(Node::parameters).collect()
    }

    /// Number of trained values: weights and biases, without running statistics and activation coefficients.
    pub fn trained_parameter_count(&self) -> usize {
        let parameters = self.parameters();
        let trained = parameters.iter().filter(|parameter| parameter.role == ParameterRole::Trained);
        trained.map(|parameter| parameter.shape.iter().product::<usize>()).sum()
    }
}

impl Node {
    /// The tensors that this node needs.
    pub fn parameters(&self) -> Vec<Parameter> {
        use ParameterRole::{Coefficients, Mean, Trained, Variance};
        let channels = self.shape.channels;
        let tensor = |suffix: &str, shape: &[usize], role| Parameter {
            name: format!("{}.{suffix}", self.name),
            shape: shape.to_vec(),
            role,
        };
        match self.operation {
            Operation::Convolution { in_channels, out_channels, kernel, bias, .. } => {
                let mut tensors = vec![tensor("weight", &[out_channels, in_channels, kernel, kernel], Trained)];
                if bias {
                    tensors.push(tensor("bias", &[out_channels], Trained));
                }
                tensors
            }
            Operation::BatchNorm { .. } => vec![
                tensor("weight", &[channels], Trained),
                tensor("bias", &[channels], Trained),
                tensor("running_mean", &[channels], Mean),
                tensor("running_var", &[channels], Variance),
            ],
            Operation::Activation(ActivationKind::Quadratic) => {
                vec![tensor("coefficients", &[channels, 3], Coefficients)]
            }
            Operation::Linear { inputs, outputs } => {
                vec![tensor("weight", &[outputs, inputs], Trained), tensor("bias", &[outputs], Trained)]
            }
            Operation::Input
            | Operation::Activation(ActivationKind::Relu)
            | Operation::Add
            | Operation::PadChannels(_)
            | Operation::AveragePool { .. } => Vec::new(),
        }
    }
}
