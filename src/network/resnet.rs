//! The graph of a network: stem, residual blocks, pooled head. Plain blocks and connected layers are in `vgg`.

use super::architecture::{Architecture, Block, Head, Stage};
use super::error::NetworkError;
use super::graph::{Graph, Operation};
use super::lowered::Shape;

impl Architecture {
    /// The graph of operations.
    ///
    /// # Errors
    /// [`NetworkError::Architecture`] for numbers that no network can have, such as a pool that does not divide the
    /// plane.
    pub fn graph(&self) -> Result<Graph, NetworkError> {
        self.check()?;
        build(self)
    }
}

/// Builds the graph of an architecture whose numbers have been checked to be positive.
fn build(architecture: &Architecture) -> Result<Graph, NetworkError> {
    let mut builder = Builder { architecture, graph: Graph::new(architecture.input) };
    let mut value = builder.convolution(0, "conv1", "bn1", architecture.stem_channels, 3, 1);
    value = builder.activation(value, "act1");
    for (stage_index, stage) in architecture.stages.iter().enumerate() {
        for block in 0..stage.blocks {
            let name = format!("layer{}.{block}", stage_index + 1);
            let with_stride =
                |strided: usize| Stage { stride: if block == strided { stage.stride } else { 1 }, ..*stage };
            value = match architecture.block {
                Block::Basic => builder.basic_block(value, &name, with_stride(0))?,
                Block::Plain => builder.plain_block(value, &name, with_stride(stage.blocks - 1))?,
            };
        }
    }
    builder.head(value)?;
    Ok(builder.graph)
}

pub(super) struct Builder<'a> {
    architecture: &'a Architecture,
    graph: Graph,
}

impl Builder<'_> {
    pub(super) fn shape(&self, value: usize) -> Shape {
        self.graph.nodes()[value].shape
    }

    fn same_shape(&mut self, name: String, operation: Operation, inputs: Vec<usize>) -> usize {
        let shape = self.shape(inputs[0]);
        self.graph.push(name, operation, inputs, shape)
    }

    /// A convolution that keeps the plane but for its stride, and its batch normalisation.
    pub(super) fn convolution(
        &mut self,
        input: usize,
        name: &str,
        norm: &str,
        out_channels: usize,
        kernel: usize,
        stride: usize,
    ) -> usize {
        let Shape { channels: in_channels, height, width } = self.shape(input);
        let padding = kernel / 2;
        let operation = Operation::Convolution { in_channels, out_channels, kernel, stride, padding, bias: false };
        // With an odd kernel and this padding, floor((n + 2 padding - kernel) / stride) + 1 is ceil(n / stride).
        let shape = Shape::new(out_channels, height.div_ceil(stride), width.div_ceil(stride));
        let value = self.graph.push(name.to_owned(), operation, vec![input], shape);
        let epsilon = self.architecture.batch_norm_epsilon;
        self.same_shape(norm.to_owned(), Operation::BatchNorm { epsilon }, vec![value])
    }

    pub(super) fn activation(&mut self, input: usize, name: &str) -> usize {
        self.same_shape(name.to_owned(), Operation::Activation(self.architecture.activation), vec![input])
    }

    fn basic_block(&mut self, input: usize, name: &str, stage: Stage) -> Result<usize, NetworkError> {
        let Stage { channels, stride, .. } = stage;
        let part = |part: &str| format!("{name}.{part}");
        let mut value = self.convolution(input, &part("conv1"), &part("bn1"), channels, 3, stride);
        value = self.activation(value, &part("act1"));
        value = self.convolution(value, &part("conv2"), &part("bn2"), channels, 3, 1);
        let from = self.shape(input);
        let shortcut = if stride == 1 && from.channels == channels {
            input
        } else if let Some(placement) = self.architecture.shortcut.placement(from.channels, channels, stride) {
            let impossible = || {
                let expected =
                    format!("at least the {} of the stage before it, which the shortcut pads", from.channels);
                self.impossible("channels of a stage", channels.to_string(), expected)
            };
            let shape =
                placement.output_shape(from).filter(|shape| shape.channels == channels).ok_or_else(impossible)?;
            self.graph.push(part("shortcut"), Operation::PadChannels(placement), vec![input], shape)
        } else {
            self.convolution(input, &part("shortcut.conv"), &part("shortcut.bn"), channels, 1, stride)
        };
        value = self.same_shape(part("add"), Operation::Add, vec![value, shortcut]);
        Ok(self.activation(value, &part("act2")))
    }

    fn head(&mut self, input: usize) -> Result<(), NetworkError> {
        let shape = self.shape(input);
        let features = match self.architecture.head {
            Head::GlobalAveragePool => self.average(input, "pool", [shape.height, shape.width])?,
            Head::AveragePool { size } => self.average(input, "pool", [size, size])?,
            Head::Connected { layers, units } => self.connected(input, layers, units)?,
        };
        let outputs = self.architecture.classes;
        let operation = Operation::Linear { inputs: self.shape(features).len(), outputs };
        self.graph.push("linear".to_owned(), operation, vec![features], Shape::new(outputs, 1, 1));
        Ok(())
    }

    /// Averages over windows of so many rows and columns.
    pub(super) fn average(
        &mut self,
        input: usize,
        name: &str,
        [height, width]: [usize; 2],
    ) -> Result<usize, NetworkError> {
        let shape = self.shape(input);
        if height == 0 || !shape.height.is_multiple_of(height) || !shape.width.is_multiple_of(width) {
            let expected = format!("a divisor of {} and {}", shape.height, shape.width);
            return Err(self.impossible("average pool size", height.to_string(), expected));
        }
        let pooled = Shape::new(shape.channels, shape.height / height, shape.width / width);
        Ok(self.graph.push(name.to_owned(), Operation::AveragePool { height, width }, vec![input], pooled))
    }

    pub(super) fn impossible(&self, key: &str, found: String, expected: String) -> NetworkError {
        NetworkError::Architecture { network: self.architecture.name.clone(), key: key.to_owned(), found, expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Shortcut;
    use crate::network::lowered::Placement;

    #[test]
    fn resnet20_has_the_layers_of_a_pytorch_state_dict() {
        let graph = Architecture::named("resnet20", 16, 10).unwrap().graph().unwrap();
        assert_eq!((graph.input(), graph.classes()), (Shape::new(3, 32, 32), 10));
        // 19 convolutions are followed by an activation; the two projections are not.
        assert_eq!(graph.activation_sites().len(), 19);
        let shape = |name: &str| graph.nodes().iter().find(|node| node.name == name).unwrap().shape;
        assert_eq!(shape("act1"), Shape::new(16, 32, 32));
        assert_eq!(shape("layer2.0.shortcut.bn"), Shape::new(32, 16, 16));
        assert_eq!(shape("layer3.2.add"), Shape::new(64, 8, 8));
        assert!(graph.nodes().iter().all(|node| node.name != "layer1.0.shortcut.conv"));
    }

    #[test]
    fn odd_planes_and_channel_changes_at_stride_one_are_possible() {
        let architecture = Architecture {
            input: Shape::new(2, 9, 7),
            stem_channels: 3,
            stages: vec![Stage { blocks: 1, channels: 5, stride: 1 }, Stage { blocks: 2, channels: 5, stride: 2 }],
            ..Architecture::named("resnet20", 4, 3).unwrap()
        };
        let graph = architecture.graph().unwrap();
        let shape = |name: &str| graph.nodes().iter().find(|node| node.name == name).map(|node| node.shape);
        assert_eq!(shape("layer1.0.shortcut.conv"), Some(Shape::new(5, 9, 7)));
        assert_eq!(shape("layer2.0.shortcut.conv"), Some(Shape::new(5, 5, 4)));
        assert_eq!(shape("layer2.1.shortcut.conv"), None);
        assert_eq!(shape("pool"), Some(Shape::new(5, 1, 1)));
        // Without weights, the channels stand in the middle of zeros, or before them.
        for (shortcut, before, after) in [(Shortcut::Pad, 1, 1), (Shortcut::PadAfter, 0, 2)] {
            let graph = Architecture { shortcut, ..architecture.clone() }.graph().unwrap();
            let node = |name: &str| graph.nodes().iter().find(|node| node.name == name).unwrap();
            let placement = |stride, before, after| Placement { stride, before, after, groups: 1 };
            assert_eq!(node("layer1.0.shortcut").operation, Operation::PadChannels(placement(1, before, after)));
            assert_eq!(node("layer1.0.shortcut").shape, Shape::new(5, 9, 7));
            assert_eq!(node("layer2.0.shortcut").operation, Operation::PadChannels(placement(2, 0, 0)));
            assert_eq!(node("layer2.0.shortcut").shape, Shape::new(5, 5, 4));
        }
        let fewer = vec![Stage { blocks: 1, channels: 2, stride: 1 }];
        let shrinks = Architecture { shortcut: Shortcut::Pad, stages: fewer, ..architecture };
        let text = shrinks.graph().unwrap_err().to_string();
        assert!(text.contains("channels of a stage is 2, but must be at least the 3 of the stage before"), "{text}");
    }
}
