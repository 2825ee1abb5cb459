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
//!
//! Other forms leave more in the activation, for comparison ([`LowerOptions`]): `x = u / f` makes it
//! `(c2 / f^2) (u^2 + (c1 f / c2) u + c0 f^2 / c2)`, of which the monic form keeps what is in parentheses and the full form,
//! with `f = 1`, everything.

use std::borrow::Cow;

use super::error::NetworkError;
use super::graph::{ActivationKind, Graph, Node, Operation};
use super::instance::Network;
use super::lower_options::{ActivationForm, LowerOptions};
use super::lowered::{Activation, Layer, LinearMap, LoweredNetwork, Placement, Shape, Source, Term};
use super::moments::{self, Moments};
use super::monic;
use super::plain::batch_norm;

impl Network {
    /// As [`lower_with`](Self::lower_with) with the default options: folds batch normalisation, completes the squares and
    /// merges averages with the classifier or the convolution before them.
    ///
    /// # Errors
    /// Those of [`lower_with`](Self::lower_with).
    pub fn lower(&self) -> Result<LoweredNetwork, NetworkError> {
        self.lower_with(LowerOptions::default())
    }

    /// The network as linear layers and activations of one form. Computed in double precision.
    ///
    /// Layers are named after the convolution whose output they activate, such as `layer1.0.conv2`, which also takes the
    /// shortcut as its second term: an identity, padded or not, as [`LinearMap::ChannelScale`], a projection as 1x1 convolution. The
    /// last layer is `linear`. Without fusing, convolutions that batch normalisation follows are layers without an
    /// activation, layers with one are named after batch normalisation, and `pool` is a layer.
    ///
    /// # Errors
    /// [`NetworkError::NotLowerable`] for an activation that is not quadratic, [`NetworkError::LeadingCoefficient`] for
    /// one with no quadratic part, [`NetworkError::Lowered`] if a redistributed number is too large for double
    /// precision.
    pub fn lower_with(&self, options: LowerOptions) -> Result<LoweredNetwork, NetworkError> {
        let folded = if options.fuse { Some(self.folded()?) } else { None };
        let network = folded.as_ref().unwrap_or(self);
        let mut lowering = Lowering {
            network,
            form: options.form,
            centres: self.centres()?.into_iter(),
            factors: match options.form {
                ActivationForm::Monic => monic::factors(network)?,
                ActivationForm::Full | ActivationForm::Square => Vec::new(),
            }
            .into_iter(),
            values: vec![None; network.graph().nodes().len()],
            layers: Vec::new(),
        };
        let shape = network.graph().input();
        lowering.values[0] = Some(Value::plain(Source::Input, shape));
        for (index, node) in network.graph().nodes().iter().enumerate() {
            match node.operation {
                Operation::Activation(kind) => lowering.activation(index, node, kind)?,
                // What an activation follows is a layer with that activation.
                Operation::AveragePool { .. } if !options.fuse && !lowering.feeds(index, is_activation) => {
                    lowering.unmerged(index, node)?;
                }
                Operation::Convolution { .. } if lowering.feeds(index, is_batch_norm) => {
                    lowering.unmerged(index, node)?;
                }
                Operation::BatchNorm { .. } if lowering.feeds(index, is_average) => lowering.unmerged(index, node)?,
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

fn is_activation(operation: &Operation) -> bool {
    matches!(operation, Operation::Activation(_))
}

fn is_batch_norm(operation: &Operation) -> bool {
    matches!(operation, Operation::BatchNorm { .. })
}

fn is_average(operation: &Operation) -> bool {
    matches!(operation, Operation::AveragePool { .. })
}

/// What a layer's output x goes through, per channel: `u = factor * (x + shift)`, then the activation.
struct LayerActivation {
    factor: Vec<f64>,
    shift: Vec<f64>,
    activation: Activation,
    centre: Vec<f64>,
}

/// An activation of one channel: `c2 x^2 + c1 x + c0 = scale * (leading u^2 + linear u - centre) + offset` for
/// `u = factor * (x + shift)`.
struct ChannelActivation {
    factor: f64,
    shift: f64,
    leading: f64,
    linear: f64,
    centre: f64,
    scale: f64,
    offset: f64,
}

impl ChannelActivation {
    /// The square alone; `moments` are of x.
    fn square([c0, c1, c2]: [f64; 3], moments: Option<&Moments>) -> Self {
        let (h, d) = (c1 / (2.0 * c2), c0 - c1 * c1 / (4.0 * c2));
        let centre = moments.map_or(0.0, |m| c2.abs() * m.mean_square(h));
        // What cannot be estimated is not centred.
        let centre = if centre.is_finite() { centre } else { 0.0 };
        let offset = d + c2.signum() * centre;
        Self { factor: c2.abs().sqrt(), shift: h, leading: 1.0, linear: 0.0, centre, scale: c2.signum(), offset }
    }

    /// The polynomial whose leading coefficient is 1, for a given factor.
    fn monic([c0, c1, c2]: [f64; 3], factor: f64) -> Self {
        let (linear, centre) = (c1 * factor / c2, -c0 * factor * factor / c2);
        Self { factor, shift: 0.0, leading: 1.0, linear, centre, scale: c2 / (factor * factor), offset: 0.0 }
    }

    /// The polynomial as it is.
    const fn full([c0, c1, c2]: [f64; 3]) -> Self {
        Self { factor: 1.0, shift: 0.0, leading: c2, linear: c1, centre: -c0, scale: 1.0, offset: 0.0 }
    }
}

/// A node's value in terms of what is computed under encryption: `scale * source + offset`, per channel.
#[derive(Clone)]
struct Value {
    source: Source,
    scale: Vec<f64>,
    offset: Vec<f64>,
    shape: Shape,
}

impl Value {
    /// What `source` holds, as it is.
    fn plain(source: Source, shape: Shape) -> Self {
        Self { source, scale: vec![1.0; shape.channels], offset: vec![0.0; shape.channels], shape }
    }
}

/// A linear map of a value, before the value's scale and offset are moved into it.
struct UnfoldedTerm<'a> {
    name: &'a str,
    map: LinearMap,
    value: Value,
    /// One value per output channel, or empty.
    bias: Cow<'a, [f64]>,
}

struct Lowering<'a> {
    network: &'a Network,
    form: ActivationForm,
    /// Moments of the inputs of the activations that are still to come.
    centres: std::vec::IntoIter<Vec<Moments>>,
    /// Factors of these inputs in the monic form.
    factors: std::vec::IntoIter<Vec<f64>>,
    /// For the input, the activations and the layers without one met so far.
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
        let (moments, factors) = (self.centres.next().unwrap_or_default(), self.factors.next().unwrap_or_default());
        let mut channels = Vec::with_capacity(coefficients.len());
        for (channel, &quadratic) in coefficients.iter().enumerate() {
            let form = match self.form {
                ActivationForm::Square => ChannelActivation::square(quadratic, moments.get(channel)),
                ActivationForm::Monic => {
                    ChannelActivation::monic(quadratic, factors.get(channel).copied().unwrap_or(1.0))
                }
                ActivationForm::Full => ChannelActivation::full(quadratic),
            };
            let moved = [form.shift, form.linear, form.scale, form.offset];
            if quadratic[2] == 0.0 || moved.iter().any(|number| !number.is_finite()) {
                let (activation, found) = (node.name.clone(), quadratic[2]);
                return Err(NetworkError::LeadingCoefficient { activation, channel, found });
            }
            channels.push(form);
        }
        let all = |of: fn(&ChannelActivation) -> f64| channels.iter().map(of).collect::<Vec<f64>>();
        let form = LayerActivation {
            factor: all(|form| form.factor),
            shift: all(|form| form.shift),
            activation: match self.form {
                ActivationForm::Square => Activation::Square,
                ActivationForm::Monic => Activation::Monic { linear: all(|form| form.linear) },
                ActivationForm::Full => {
                    Activation::Full { leading: all(|form| form.leading), linear: all(|form| form.linear) }
                }
            },
            centre: all(|form| form.centre),
        };
        let (scale, offset) = (all(|form| form.scale), all(|form| form.offset));
        self.layer(node.inputs[0], node.shape, Some(form))?;
        let source = Source::Layer(self.layers.len() - 1);
        self.values[index] = Some(Value { source, scale, offset, shape: node.shape });
        Ok(())
    }

    /// Whether an operation of a kind reads node `index`.
    fn feeds(&self, index: usize, kind: fn(&Operation) -> bool) -> bool {
        self.graph().nodes().iter().any(|node| kind(&node.operation) && node.inputs.contains(&index))
    }

    /// Appends a layer without activation for a node that is not merged with the next.
    fn unmerged(&mut self, index: usize, node: &Node) -> Result<(), NetworkError> {
        self.layer(index, node.shape, None)?;
        self.values[index] = Some(Value::plain(Source::Layer(self.layers.len() - 1), node.shape));
        Ok(())
    }

    /// Appends the layer that computes node `index`, and what its activation asks for.
    fn layer(&mut self, index: usize, shape: Shape, form: Option<LayerActivation>) -> Result<(), NetworkError> {
        let plane = shape.height * shape.width;
        let mut bias = vec![0.0; shape.len()];
        let mut terms = Vec::new();
        let mut name = None;
        for mut term in self.unfolded_terms(index)? {
            name.get_or_insert(term.name);
            let Value { source, scale, offset, shape: from } = term.value;
            for (values, own) in bias.chunks_exact_mut(plane).zip(term.bias.iter()) {
                values.iter_mut().for_each(|value| *value += own);
            }
            if offset.iter().any(|&d| d != 0.0) {
                let constant: Vec<f64> = (0..from.len()).map(|at| offset[at / (from.height * from.width)]).collect();
                term.map.apply_add(&constant, from, &mut bias, shape, &mut Vec::new());
            }
            term.map.scale_source(&scale, from);
            if let Some(form) = &form {
                term.map.scale_output(&form.factor);
            }
            terms.push(Term { source, map: term.map });
        }
        let none = || LayerActivation { factor: vec![], shift: vec![], activation: Activation::None, centre: vec![] };
        let LayerActivation { factor, shift, activation, centre } = form.unwrap_or_else(none);
        for (values, (factor, shift)) in bias.chunks_exact_mut(plane).zip(factor.iter().zip(&shift)) {
            values.iter_mut().for_each(|value| *value = factor * (*value + shift));
        }
        let name = name.unwrap_or(&self.graph().nodes()[index].name).to_owned();
        self.layers.push(Layer { name, terms, bias, shape, activation, centre });
        Ok(())
    }

    /// The linear maps whose sum is node `index`.
    fn unfolded_terms(&self, index: usize) -> Result<Vec<UnfoldedTerm<'a>>, NetworkError> {
        let node = &self.graph().nodes()[index];
        let weights = self.network.weights();
        if let Some(value) = &self.values[index] {
            let map =
                LinearMap::ChannelScale { factors: vec![1.0; node.shape.channels], placement: Placement::IDENTITY };
            return Ok(vec![UnfoldedTerm { name: &node.name, map, value: value.clone(), bias: Cow::Borrowed(&[]) }]);
        }
        match node.operation {
            Operation::Add => {
                let mut all = Vec::new();
                for &input in &node.inputs {
                    all.extend(self.unfolded_terms(input)?);
                }
                Ok(all)
            }
            Operation::Convolution { in_channels, out_channels, kernel, stride, padding, bias } => {
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
                let bias = if bias { weights.values(&node.name, "bias")? } else { &[] };
                Ok(vec![UnfoldedTerm { name: &node.name, map, value, bias: Cow::Borrowed(bias) }])
            }
            Operation::BatchNorm { epsilon } => {
                let (factors, shifts) =
                    batch_norm(weights, &node.name, epsilon)?.into_iter().map(|[scale, shift]| (scale, shift)).unzip();
                let (map, value) =
                    (LinearMap::ChannelScale { factors, placement: Placement::IDENTITY }, self.value(node.inputs[0])?);
                Ok(vec![UnfoldedTerm { name: &node.name, map, value, bias: Cow::Owned(shifts) }])
            }
            Operation::PadChannels(placement) => {
                let value = self.value(node.inputs[0])?;
                let map = LinearMap::ChannelScale { factors: vec![1.0; value.shape.channels], placement };
                Ok(vec![UnfoldedTerm { name: &node.name, map, value, bias: Cow::Borrowed(&[]) }])
            }
            // Averages of a linear map's outputs are a linear map.
            Operation::AveragePool { height, width } if height == width && self.values[node.inputs[0]].is_none() => {
                let mut terms = self.unfolded_terms(node.inputs[0])?;
                for term in &mut terms {
                    term.map = term.map.averaged(height).ok_or_else(|| NetworkError::NotLowerable {
                        node: node.name.clone(),
                        reason: "averages may follow convolutions and activations only",
                    })?;
                }
                Ok(terms)
            }
            Operation::AveragePool { height, width } if height == width => {
                let channels = node.shape.channels;
                let map = LinearMap::Convolution {
                    weights: vec![1.0 / (height * width) as f64; channels * height * width],
                    out_channels: channels,
                    in_channels: channels,
                    kernel: height,
                    stride: height,
                    padding: 0,
                    groups: channels,
                };
                let value = self.value(node.inputs[0])?;
                Ok(vec![UnfoldedTerm { name: &node.name, map, value, bias: Cow::Borrowed(&[]) }])
            }
            Operation::Linear { inputs, outputs } => {
                let input = node.inputs[0];
                let pool = &self.graph().nodes()[input];
                let (source, window) = match pool.operation {
                    Operation::AveragePool { height, width } if self.values[input].is_none() => {
                        (pool.inputs[0], [height, width])
                    }
                    _ => (input, [1, 1]),
                };
                let value = self.value(source)?;
                let rows = weights.values(&node.name, "weight")?.chunks_exact(inputs);
                let spread = rows.flat_map(|row| spread(row, value.shape, window)).collect();
                let map = LinearMap::Dense { weights: spread, outputs };
                let bias = Cow::Borrowed(weights.values(&node.name, "bias")?);
                Ok(vec![UnfoldedTerm { name: &node.name, map, value, bias }])
            }
            _ => {
                let reason = "an activation may follow only convolutions, their averages over squares, and additions, and the \
                     classifier ends the network";
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
    use crate::network::{Architecture, Block, Head, Shortcut, Stage};
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn lowering_plain_blocks_changes_no_logit(
            seed in 0_u64..1000,
            [in_channels, stem, rest, layers] in [1_usize..3, 1..4, 1..4, 1..3],
            stages in prop::collection::vec((1_usize..3, 1_usize..4, 1_usize..4), 1..3),
        ) {
            let side = rest * stages.iter().map(|(_, _, stride)| stride).product::<usize>();
            let architecture = Architecture {
                input: Shape::new(in_channels, side, side),
                stem_channels: stem,
                block: Block::Plain,
                stages: stages.into_iter().map(|(blocks, channels, stride)| Stage { blocks, channels, stride })
                    .collect(),
                head: if rest == 1 { Head::Connected { layers, units: 3 } } else { Head::GlobalAveragePool },
                ..Architecture::named("vgg16", 1, 4).unwrap()
            };
            let mut network = Network::random(&architecture, seed).unwrap();
            vary_coefficients(&mut network);
            let image: Vec<f64> = (0..network.graph().input().len()).map(|i| (i as f64 * 1.3 + seed as f64).sin()).collect();
            let found = largest_deviation(&network, &image);
            prop_assert!(found < 1e-6, "{}", found);
        }
    }

    #[test]
    fn averages_before_activations_cost_no_layer() {
        let network = Network::random(&Architecture::named("vgg16", 2, 10).unwrap(), 0).unwrap();
        let layers = |fuse| network.lower_with(LowerOptions { fuse, ..LowerOptions::default() }).unwrap().layers;
        let fused = layers(true);
        assert_eq!(fused.len(), 16);
        let pooled = fused.iter().find(|layer| layer.name == "layer2.1.conv1").unwrap();
        assert!(matches!(pooled.terms[0].map, LinearMap::Convolution { kernel: 4, stride: 2, padding: 1, .. }));
        assert_eq!((pooled.shape, pooled.activation.kind()), (Shape::new(4, 8, 8), "square"));
        assert!(pooled.centre.iter().all(|centre| *centre > 0.0));
        // Normalisations and averages by themselves are a layer each.
        let apart = layers(false);
        assert_eq!(apart.len(), 16 + 15 + 5);
        let pool = apart.iter().find(|layer| layer.name == "layer2.1.pool").unwrap();
        assert!(matches!(pool.terms[0].map, LinearMap::Convolution { kernel: 2, groups: 4, .. }));
        assert_eq!(pool.activation.kind(), "square");
    }

    #[test]
    fn averages_of_sums_cannot_be_lowered() {
        let mut graph = Graph::new(Shape::new(1, 4, 4));
        let convolution =
            Operation::Convolution { in_channels: 1, out_channels: 1, kernel: 3, stride: 1, padding: 1, bias: true };
        let shape = Shape::new(1, 4, 4);
        let one = graph.push("one".to_owned(), convolution, vec![0], shape);
        let act = graph.push("act".to_owned(), Operation::Activation(ActivationKind::Quadratic), vec![one], shape);
        let two = graph.push("two".to_owned(), convolution, vec![act], shape);
        let sum = graph.push("sum".to_owned(), Operation::Add, vec![two, act], shape);
        let pooled = Shape::new(1, 2, 2);
        let pool = graph.push("pool".to_owned(), Operation::AveragePool { height: 2, width: 2 }, vec![sum], pooled);
        graph.push("end".to_owned(), Operation::Activation(ActivationKind::Quadratic), vec![pool], pooled);
        let weights = crate::network::Weights::random(&graph, 0).unwrap();
        let text = Network::new(graph, weights).unwrap().lower().unwrap_err().to_string();
        assert!(text.contains("`pool`") && text.contains("averages may follow convolutions"), "{text}");
    }

    /// Every form and both kinds of fusing.
    fn all_options() -> Vec<LowerOptions> {
        let forms = ActivationForm::ALL.into_iter();
        forms.flat_map(|form| [false, true].map(|fuse| LowerOptions { form, fuse })).collect()
    }

    /// Largest difference, relative to the largest logit, between `network` and its lowered forms.
    fn largest_deviation(network: &Network, image: &[f64]) -> f64 {
        let expected = PlainNetwork::<f64>::new(network).unwrap().forward(image).unwrap().logits;
        let largest = expected.iter().fold(1.0_f64, |a, b| a.max(b.abs()));
        let deviations = all_options().into_iter().flat_map(|options| {
            let found = network.lower_with(options).unwrap().forward(image).unwrap();
            expected.iter().zip(found.logits()).map(|(a, b)| (a - b).abs() / largest).collect::<Vec<_>>()
        });
        deviations.fold(0.0, f64::max)
    }

    #[test]
    fn every_form_is_the_same_function() {
        let heads = [Head::GlobalAveragePool, Head::AveragePool { size: 4 }];
        for (seed, (name, head)) in
            ["resnet18", "resnet20", "resnet32", "resnet20"].into_iter().zip(heads.into_iter().cycle()).enumerate()
        {
            let head = if name == "resnet18" { Head::AveragePool { size: 4 } } else { head };
            let shortcut = Shortcut::ALL[seed % 3];
            let architecture = Architecture { head, shortcut, ..Architecture::named(name, 2, 10).unwrap() };
            let mut network = Network::random(&architecture, seed as u64).unwrap();
            vary_coefficients(&mut network);
            // A sign that differs along an identity shortcut.
            let tensor = network.weights_mut().get_mut("layer1.0.act2.coefficients").unwrap();
            tensor.values_mut()[2] *= -1.0;
            let image: Vec<f64> = (0..network.graph().input().len()).map(|i| (i as f64 * 0.37).cos()).collect();
            let found = largest_deviation(&network, &image);
            assert!(found < 1e-5, "{name}: {found}");
        }
    }

    #[test]
    fn forms_differ_in_what_is_left_in_the_activation() {
        let network = Network::random(&Architecture::named("resnet20", 4, 10).unwrap(), 0).unwrap();
        let lower = |form, fuse| network.lower_with(LowerOptions { form, fuse }).unwrap();
        let monic = lower(ActivationForm::Monic, true);
        assert_eq!(monic.layers.len(), 20);
        let named = |network: &LoweredNetwork, name: &str| {
            network.layers.iter().find(|layer| layer.name == name).unwrap().clone()
        };
        // Three activations before the down-sampling: their inputs have c2^(1 - 2^-k), and identities need no product.
        let c2 = 239.0_f64 / 1024.0;
        for (name, blocks) in [("layer1.0.conv2", 2), ("layer1.1.conv2", 1)] {
            let Activation::Monic { linear } = named(&monic, name).activation else { panic!("monic") };
            let expected = (512.0 / 1024.0) / c2 * c2.powf(1.0 - 0.5_f64.powi(blocks));
            assert!((linear[0] - expected).abs() < 1e-12, "{name}: {} {expected}", linear[0]);
        }
        for name in ["layer1.0.conv2", "layer1.1.conv2", "layer1.2.conv2", "layer3.2.conv2"] {
            let LinearMap::ChannelScale { factors, .. } = &named(&monic, name).terms[1].map else {
                panic!("an identity")
            };
            assert!(factors.iter().all(|factor| (factor - 1.0).abs() < 1e-12), "{name}: {factors:?}");
        }
        let full = lower(ActivationForm::Full, true);
        let Activation::Full { leading, linear } = named(&full, "conv1").activation else { panic!("full") };
        assert_eq!((leading[0], linear[0]), (c2, 0.5));
        // Two layers more for each activation and the pool, one more for each projection.
        let apart = lower(ActivationForm::Square, false);
        assert_eq!(apart.layers.len(), 20 + 19 + 1 + 2);
        assert_eq!(named(&apart, "layer1.0.conv2").activation, Activation::None);
        assert_eq!(named(&apart, "layer1.0.bn2").terms.len(), 2);
        assert!(matches!(named(&apart, "pool").terms[0].map, LinearMap::Convolution { groups: 16, kernel: 8, .. }));
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
        assert!(
            matches!(&identity[1].map, LinearMap::ChannelScale { factors, placement: Placement::IDENTITY } if factors == &vec![factor; 4])
        );
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
