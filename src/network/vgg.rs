//! Blocks and head of VGG networks (Simonyan and Zisserman 2015), as the article's second version has them (method section 11): average
//! pools, which stand before activations, and a head of fully connected layers.

use super::architecture::Stage;
use super::error::NetworkError;
use super::lowered::Shape;
use super::resnet::Builder;

impl Builder<'_> {
    /// A convolution; where the stage has a stride, its outputs are averaged over as many rows and columns.
    pub(super) fn plain_block(&mut self, input: usize, name: &str, stage: Stage) -> Result<usize, NetworkError> {
        let Stage { channels, stride, .. } = stage;
        let part = |part: &str| format!("{name}.{part}");
        let mut value = self.convolution(input, &part("conv1"), &part("bn1"), channels, 3, 1);
        if stride > 1 {
            value = self.average(value, &part("pool"), [stride, stride])?;
        }
        Ok(self.activation(value, &part("act1")))
    }

    /// Fully connected layers with batch normalisation and activation: on one pixel, a 1x1 convolution is one.
    pub(super) fn connected(&mut self, input: usize, layers: usize, units: usize) -> Result<usize, NetworkError> {
        let Shape { height, width, .. } = self.shape(input);
        if (height, width) != (1, 1) {
            let found = format!("{height}x{width}");
            return Err(self.impossible("plane that connected layers read", found, "1x1".to_owned()));
        }
        let mut value = input;
        for layer in 1..=layers {
            let part = |part: &str| format!("connected{layer}.{part}");
            value = self.convolution(value, &part("conv1"), &part("bn1"), units, 1, 1);
            value = self.activation(value, &part("act1"));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use crate::network::graph::{Node, Operation, ParameterRole};
    use crate::network::lowered::Shape;
    use crate::network::plain::PlainNetwork;
    use crate::network::weights::{Tensor, Weights};
    use crate::network::{Architecture, Network, Stage};

    /// What PyTorch gives for these weights and this image: `tests/checkpoints/vgg16.py`.
    const LOGITS: [f64; 10] = [
        1.637_307_585,
        -1.652_612_671,
        -0.124_285_405,
        -1.104_997_040,
        0.655_845_806,
        1.131_890_518,
        0.147_551_126,
        0.513_285_694,
        -2.018_813_314,
        0.465_856_178,
    ];

    /// The tensors of a node, as that program makes them.
    fn tensors(node: &Node, weights: &mut Weights) {
        for parameter in node.parameters() {
            let first: u32 = parameter.name.bytes().map(u32::from).sum();
            let inputs: usize = parameter.shape.iter().skip(1).product();
            let value = |index: usize| (f64::from(first) + index as f64).sin();
            let weight = parameter.name.ends_with(".weight");
            let tensor = Tensor::from_fn(parameter.shape, |index| match parameter.role {
                ParameterRole::Coefficients => [0.2, 0.5, 0.1][index % 3],
                ParameterRole::Variance => 1.0 + value(index) / 2.0,
                ParameterRole::Trained if weight && matches!(node.operation, Operation::BatchNorm { .. }) => {
                    1.0 + value(index) / 10.0
                }
                ParameterRole::Trained if weight => value(index) * (2.0 / inputs as f64).sqrt(),
                ParameterRole::Trained | ParameterRole::Mean => value(index),
            });
            weights.insert(parameter.name, tensor);
        }
    }

    #[test]
    fn it_is_the_network_of_pytorch() {
        let graph = Architecture::named("vgg16", 2, 10).unwrap().graph().unwrap();
        let mut weights = Weights::new();
        graph.nodes().iter().for_each(|node| tensors(node, &mut weights));
        let network = Network::new(graph, weights).unwrap();
        let image: Vec<f64> = (0..3 * 32 * 32).map(|index| (1.3 * f64::from(index)).sin()).collect();
        let plain = PlainNetwork::<f64>::new(&network).unwrap().forward(&image).unwrap().logits;
        let lowered = network.lower().unwrap().forward(&image).unwrap();
        for ((expected, plain), lowered) in LOGITS.iter().zip(&plain).zip(lowered.logits()) {
            assert!((expected - plain).abs() < 1e-8, "{plain} instead of {expected}");
            assert!((expected - lowered).abs() < 1e-8, "lowered: {lowered} instead of {expected}");
        }
    }

    #[test]
    fn vgg16_has_thirteen_convolutions_five_pools_and_three_connected_layers() {
        let graph = Architecture::named("vgg16", 64, 10).unwrap().graph().unwrap();
        let count = |is: fn(&Operation) -> bool| graph.nodes().iter().filter(|node| is(&node.operation)).count();
        assert_eq!(count(|operation| matches!(operation, Operation::Convolution { kernel: 3, .. })), 13);
        assert_eq!(count(|operation| matches!(operation, Operation::AveragePool { height: 2, width: 2 })), 5);
        assert_eq!(count(|operation| matches!(operation, Operation::Convolution { kernel: 1, .. })), 2);
        let shape = |name: &str| graph.nodes().iter().find(|node| node.name == name).map(|node| node.shape);
        // A pool comes after the normalised convolution and before the activation.
        assert_eq!(shape("layer1.0.bn1"), Some(Shape::new(64, 32, 32)));
        assert_eq!(shape("layer1.0.act1"), Some(Shape::new(64, 16, 16)));
        assert_eq!(shape("layer3.2.act1"), Some(Shape::new(256, 4, 4)));
        assert_eq!(shape("layer5.2.act1"), Some(Shape::new(512, 1, 1)));
        assert_eq!(shape("connected2.act1"), Some(Shape::new(512, 1, 1)));
    }

    #[test]
    fn planes_that_do_not_end_in_one_pixel_are_named() {
        let vgg = || Architecture::named("vgg16", 2, 10).unwrap();
        let text = Architecture { input: Shape::new(3, 64, 64), ..vgg() }.graph().unwrap_err().to_string();
        assert_eq!(text, "network `vgg16`: plane that connected layers read is 2x2, but must be 1x1");
        let stages = vec![Stage { blocks: 1, channels: 2, stride: 3 }];
        let text = Architecture { stages, ..vgg() }.graph().unwrap_err().to_string();
        assert_eq!(text, "network `vgg16`: average pool size is 3, but must be a divisor of 32 and 32");
    }
}
