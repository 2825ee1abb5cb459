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
    use crate::network::graph::Operation;
    use crate::network::lowered::Shape;
    use crate::network::{Architecture, Stage};

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
