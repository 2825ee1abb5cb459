//! Completing the square, so that an encrypted activation is one squaring (method section 3, weight redistribution).
//!
//! With `h = c1 / (2 c2)` and `d = c0 - c1^2 / (4 c2)`, `c2 x^2 + c1 x + c0 = sign(c2) u^2 + d` for
//! `u = sqrt|c2| (x + h)`. The layer that produces `x` takes `sqrt|c2|` into its weights and `h` into its bias; whatever
//! reads the activation takes the sign into its weights and, through them, `d` into its bias. Where zero padding meets a
//! constant, that bias differs from pixel to pixel.
//!
//! Both choices are for precision under encryption, where errors are absolute: `u^2` is as large as the activation itself
//! rather than `1 / |c2|` times as large, and it is centred: its estimated mean is subtracted, an addition of a constant,
//! and given back through the same biases. Smaller values meet the rounding errors of encoded weights.

use super::error::NetworkError;
use super::graph::{ActivationKind, Graph, Node, Operation};
use super::instance::Network;
use super::lowered::{Activation, Layer, LinearMap, LoweredNetwork, Shape, Source, Term};
use super::moments::{self, Moments};

impl Network {
    /// Folds batch normalisation, completes the squares and merges pooling with the classifier. Computed in double
    /// precision.
    ///
    /// Layers are named after the convolution whose output they square, such as `layer1.0.conv2`, which also takes the
    /// shortcut as its second term: an identity as [`LinearMap::ChannelScale`], a projection as 1x1 convolution. The
    /// last layer is `linear`.
    ///
    /// # Errors
    /// [`NetworkError::NotLowerable`] for an activation that is not quadratic, [`NetworkError::LeadingCoefficient`] for
    /// one with no quadratic part, [`NetworkError::Lowered`] if a redistributed number is too large for double
    /// precision.
    pub fn lower(&self) -> Result<LoweredNetwork, NetworkError> {
        let folded = self.folded()?;
        let mut lowering = Lowering {
            network: &folded,
            centres: self.centres()?.into_iter(),
            values: vec![None; folded.graph().nodes().len()],
            layers: Vec::new(),
        };
        let shape = folded.graph().input();
        lowering.values[0] = Some(Value {
            source: Source::Input,
            scale: vec![1.0; shape.channels],
            offset: vec![0.0; shape.channels],
            shape,
        });
        for (index, node) in folded.graph().nodes().iter().enumerate() {
            match node.operation {
                Operation::Activation(kind) => lowering.activation(index, node, kind)?,
                Operation::Linear { .. } => lowering.layer(index, node.shape, None)?,
                _ => {}
            }
        }
        let lowered = LoweredNetwork { input: shape, layers: lowering.layers, members: 1 };
        lowered.check()?;
        Ok(lowered)
    }

    /// For each activation, in order, the moments of its input's channels.
    fn centres(&self) -> Result<Vec<Vec<Moments>>, NetworkError> {
        let moments = moments::estimate(self)?;
        let sites = self.graph().nodes().iter().filter(|node| matches!(node.operation, Operation::Activation(_)));
        Ok(sites.map(|node| moments[node.inputs[0]].clone()).collect())
    }
}

/// What a layer's output goes through before it is squared, per channel: `factor * (x + shift)`; then `centre` is
/// subtracted.
#[derive(Default)]
struct Squaring {
    factor: Vec<f64>,
    shift: Vec<f64>,
    centre: Vec<f64>,
}

/// A node's value in terms of what is computed under encryption: `scale * source + offset`, per channel.
#[derive(Clone)]
struct Value {
    source: Source,
    scale: Vec<f64>,
    offset: Vec<f64>,
    shape: Shape,
}

/// A linear map of a value, before the value's scale and offset are moved into it.
struct Summand<'a> {
    name: &'a str,
    map: LinearMap,
    value: Value,
    /// One value per output channel, or empty.
    bias: &'a [f64],
}

struct Lowering<'a> {
    network: &'a Network,
    /// Moments of the inputs of the activations that are still to come.
    centres: std::vec::IntoIter<Vec<Moments>>,
    /// For the input and the activations met so far.
    values: Vec<Option<Value>>,
    layers: Vec<Layer>,
}

impl<'a> Lowering<'a> {
    fn graph(&self) -> &'a Graph {
        self.network.graph()
    }

    fn activation(&mut self, index: usize, node: &Node, kind: ActivationKind) -> Result<(), NetworkError> {
        if kind != ActivationKind::Quadratic {
            let reason =
                "only quadratic activations become squarings; train the network with activation herpn or quadratic";
            return Err(NetworkError::NotLowerable { node: node.name.clone(), reason });
        }
        let coefficients = self.network.weights().values(&node.name, "coefficients")?.as_chunks::<3>().0;
        let (mut squaring, mut scale, mut offset) = (Squaring::default(), Vec::new(), Vec::new());
        let moments = self.centres.next().unwrap_or_default();
        for (channel, &[c0, c1, c2]) in coefficients.iter().enumerate() {
            let (h, d) = (c1 / (2.0 * c2), c0 - c1 * c1 / (4.0 * c2));
            if c2 == 0.0 || !h.is_finite() || !d.is_finite() {
                return Err(NetworkError::LeadingCoefficient { activation: node.name.clone(), channel, found: c2 });
            }
            let centre = moments.get(channel).map_or(0.0, |m| c2.abs() * m.mean_square(h));
            // What cannot be estimated is not centred.
            let centre = if centre.is_finite() { centre } else { 0.0 };
            squaring.factor.push(c2.abs().sqrt());
            squaring.shift.push(h);
            squaring.centre.push(centre);
            scale.push(c2.signum());
            offset.push(d + c2.signum() * centre);
        }
        self.layer(node.inputs[0], node.shape, Some(squaring))?;
        let source = Source::Layer(self.layers.len() - 1);
        self.values[index] = Some(Value { source, scale, offset, shape: node.shape });
        Ok(())
    }

    /// Appends the layer that computes node `index`, and what its squaring asks for.
    fn layer(&mut self, index: usize, shape: Shape, squaring: Option<Squaring>) -> Result<(), NetworkError> {
        let plane = shape.height * shape.width;
        let mut bias = vec![0.0; shape.len()];
        let mut terms = Vec::new();
        let mut name = None;
        for mut summand in self.summands(index)? {
            name.get_or_insert(summand.name);
            let Value { source, scale, offset, shape: from } = summand.value;
            for (values, own) in bias.chunks_exact_mut(plane).zip(summand.bias) {
                values.iter_mut().for_each(|value| *value += own);
            }
            if offset.iter().any(|&d| d != 0.0) {
                let constant: Vec<f64> = (0..from.len()).map(|at| offset[at / (from.height * from.width)]).collect();
                summand.map.apply_add(&constant, from, &mut bias, shape);
            }
            summand.map.scale_source(&scale, from);
            if let Some(squaring) = &squaring {
                summand.map.scale_output(&squaring.factor);
            }
            terms.push(Term { source, map: summand.map });
        }
        let activation = if squaring.is_some() { Activation::Square } else { Activation::None };
        let Squaring { factor, shift, centre } = squaring.unwrap_or_default();
        for (values, (factor, shift)) in bias.chunks_exact_mut(plane).zip(factor.iter().zip(&shift)) {
            values.iter_mut().for_each(|value| *value = factor * (*value + shift));
        }
        let name = name.unwrap_or(&self.graph().nodes()[index].name).to_owned();
        self.layers.push(Layer { name, terms, bias, shape, activation, centre });
        Ok(())
    }

    /// The linear maps whose sum is node `index`.
    fn summands(&self, index: usize) -> Result<Vec<Summand<'a>>, NetworkError> {
        let node = &self.graph().nodes()[index];
        let weights = self.network.weights();
        if let Some(value) = &self.values[index] {
            let map = LinearMap::ChannelScale { factors: vec![1.0; node.shape.channels] };
            return Ok(vec![Summand { name: &node.name, map, value: value.clone(), bias: &[] }]);
        }
        match node.operation {
            Operation::Add => {
                let mut all = Vec::new();
                for &input in &node.inputs {
                    all.extend(self.summands(input)?);
                }
                Ok(all)
            }
            Operation::Convolution { in_channels, out_channels, kernel, stride, padding, .. } => {
                let kernels = weights.values(&node.name, "weight")?.to_vec();
                let map = LinearMap::Convolution {
                    weights: kernels,
                    out_channels,
                    in_channels,
                    kernel,
                    stride,
                    padding,
                    groups: 1,
                };
                let value = self.value(node.inputs[0])?;
                Ok(vec![Summand { name: &node.name, map, value, bias: weights.values(&node.name, "bias")? }])
            }
            Operation::Linear { inputs, outputs } => {
                let input = node.inputs[0];
                let pool = &self.graph().nodes()[input];
                let (source, window) = match pool.operation {
                    Operation::AveragePool { height, width } => (pool.inputs[0], [height, width]),
                    _ => (input, [1, 1]),
                };
                let value = self.value(source)?;
                let rows = weights.values(&node.name, "weight")?.chunks_exact(inputs);
                let spread = rows.flat_map(|row| spread(row, value.shape, window)).collect();
                let map = LinearMap::Dense { weights: spread, outputs };
                Ok(vec![Summand { name: &node.name, map, value, bias: weights.values(&node.name, "bias")? }])
            }
            _ => {
                let reason =
                    "an activation may follow only convolutions and additions, and the classifier ends the network";
                Err(NetworkError::NotLowerable { node: node.name.clone(), reason })
            }
        }
    }

    fn value(&self, index: usize) -> Result<Value, NetworkError> {
        self.values[index].clone().ok_or_else(|| NetworkError::NotLowerable {
            node: self.graph().nodes()[index].name.clone(),
            reason: "a linear layer follows it, but linear layers may follow only the input or an activation",
        })
    }
}

/// The classifier's weights on averages over windows, as weights on the values that the averages are taken of.
fn spread(row: &[f64], shape: Shape, [height, width]: [usize; 2]) -> Vec<f64> {
    let (rows, columns) = (shape.height / height, shape.width / width);
    let share = 1.0 / (height * width) as f64;
    let pooled = |at: usize| {
        let (channel, y, x) = (at / (shape.height * shape.width), at / shape.width % shape.height, at % shape.width);
        (channel * rows + y / height) * columns + x / width
    };
    (0..shape.len()).map(|at| row[pooled(at)] * share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::plain::PlainNetwork;
    use crate::network::random::tests::tiny;
    use crate::network::{Architecture, Head, Stage};
    use proptest::prelude::*;

    /// Moves each activation's coefficients, so that channels differ as they do under HerPN.
    fn vary_coefficients(network: &mut Network) {
        for (site, name) in network.graph().activation_sites().into_iter().enumerate() {
            let tensor = network.weights_mut().get_mut(&format!("{name}.coefficients")).unwrap();
            for (index, value) in tensor.values_mut().iter_mut().enumerate() {
                *value *= 1.0 + 0.3 * ((site * 31 + index * 7) as f64).sin();
            }
        }
    }

    /// Largest difference of logits between `network` and its lowered form, relative to the largest logit.
    fn deviation(network: &Network, image: &[f64]) -> f64 {
        let expected = PlainNetwork::<f64>::new(network).unwrap().forward(image).unwrap().logits;
        let found = network.lower().unwrap().forward(image).unwrap();
        let largest = expected.iter().fold(1.0_f64, |a, b| a.max(b.abs()));
        let differences = expected.iter().zip(found.logits()).map(|(a, b)| (a - b).abs());
        differences.fold(0.0, f64::max) / largest
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn lowering_changes_no_logit(
            seed in 0_u64..1000,
            [in_channels, stem] in [1_usize..4, 1..5],
            side in prop::sample::select(vec![4_usize, 6, 7, 8, 9]),
            stages in prop::collection::vec((1_usize..3, 1_usize..5, 1_usize..3), 1..4),
        ) {
            let architecture = Architecture {
                input: Shape::new(in_channels, side, side),
                stem_channels: stem,
                stages: stages.into_iter().map(|(blocks, channels, stride)| Stage { blocks, channels, stride })
                    .collect(),
                head: Head::GlobalAveragePool,
                ..Architecture::named("resnet20", 1, 4).unwrap()
            };
            let mut network = Network::random(&architecture, seed).unwrap();
            vary_coefficients(&mut network);
            let pixel = |i: usize| (i as f64 * 1.3 + seed as f64).sin();
            let image: Vec<f64> = (0..network.graph().input().len()).map(pixel).collect();
            let found = deviation(&network, &image);
            prop_assert!(found < 1e-9, "{}", found);
        }
    }

    #[test]
    fn a_pool_of_several_windows_reaches_the_right_weights() {
        let architecture =
            Architecture { head: Head::AveragePool { size: 4 }, ..Architecture::named("resnet20", 2, 10).unwrap() };
        let network = Network::random(&architecture, 4).unwrap();
        let image: Vec<f64> = (0..network.graph().input().len()).map(|i| (i as f64 * 0.37).cos()).collect();
        assert!(deviation(&network, &image) < 1e-9);
    }

    #[test]
    fn layers_are_convolutions_with_their_shortcuts() {
        let lowered = Network::random(&Architecture::named("resnet20", 4, 10).unwrap(), 0).unwrap().lower().unwrap();
        assert_eq!(lowered.layers.len(), 20);
        assert_eq!(lowered.layers[0].name, "conv1");
        assert_eq!(lowered.layers[19].name, "linear");
        assert_eq!(lowered.layers[19].activation, Activation::None);
        let layer = |name: &str| lowered.layers.iter().find(|layer| layer.name == name).unwrap();
        let identity = &layer("layer1.1.conv2").terms;
        // The identity shortcut only meets the factor of the next squaring.
        let factor = (239.0_f64 / 1024.0).sqrt();
        assert!(matches!(&identity[1].map, LinearMap::ChannelScale { factors } if factors == &vec![factor; 4]));
        assert_eq!(identity[1].source, Source::Layer(2));
        let projection = &layer("layer2.0.conv2").terms[1];
        assert!(matches!(projection.map, LinearMap::Convolution { kernel: 1, stride: 2, padding: 0, .. }));
        assert!(layer("layer1.1.conv2").centre.iter().all(|c| *c > 0.0) && layer("linear").centre.is_empty());
        // Zero padding meets d at the border only.
        let bias = &layer("layer1.0.conv1").bias[..32 * 32];
        assert_eq!(bias[32 * 5 + 5], bias[32 * 20 + 9]);
        assert_ne!(bias[0], bias[32 * 5 + 5]);
    }

    #[test]
    fn a_channel_without_quadratic_part_is_named() {
        let mut network = tiny(0);
        network.weights_mut().get_mut("layer1.1.act2.coefficients").unwrap().values_mut()[3 * 2 + 2] = 0.0;
        let text = network.lower().unwrap_err().to_string();
        assert!(text.starts_with("activation `layer1.1.act2`, channel 2: the leading coefficient c2 is 0"), "{text}");
        network.weights_mut().get_mut("layer1.1.act2.coefficients").unwrap().values_mut()[3 * 2 + 2] = 1e-310;
        assert!(matches!(network.lower(), Err(NetworkError::LeadingCoefficient { channel: 2, .. })));
    }

    #[test]
    fn rectifiers_cannot_be_lowered() {
        let architecture =
            Architecture { activation: ActivationKind::Relu, ..Architecture::named("resnet20", 2, 10).unwrap() };
        let text = Network::random(&architecture, 0).unwrap().lower().unwrap_err().to_string();
        assert!(text.starts_with("`act1` cannot be lowered"), "{text}");
    }
}
