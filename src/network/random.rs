//! Random weights, for tests and for measurements in which only the shape of a network matters.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use super::error::NetworkError;
use super::graph::{Graph, Node, Operation, Parameter, ParameterRole};
use super::lowered::Shape;
use super::plain::PreparedOperation;
use super::weights::{Tensor, Weights};

/// The fixed quadratic of method section 2: c0, c1, c2 of the least-squares fit of ReLU on [-2, 2].
const COEFFICIENTS: [f64; 3] = [193.0 / 1024.0, 512.0 / 1024.0, 239.0 / 1024.0];

/// Mean and standard deviation that batch normalisation gives to each channel. The quadratic lengthens tails at every
/// layer, and an identity shortcut runs away past 1.65, its upper fixed point; with this deviation no layer comes near,
/// at any depth.
const NORMALISED: [f64; 2] = [-0.125, 0.09];

/// Share of the variance of an image that its channels have in common.
const GREY: f64 = 0.8;

/// Images that the running statistics are measured on.
const CALIBRATION_IMAGES: usize = 16;

impl Weights {
    /// Random weights for `graph`, reproducible from `seed` on every machine.
    ///
    /// Convolutions and the classifier are normal with variance `2 / inputs` (He et al. 2015). The statistics of each
    /// batch normalisation are measured, layer by layer, on random images with the spectrum of natural ones (of a single pixel for all
    /// channels together, since it hardly varies); its scales lie
    /// around 0.09 and its shifts around -1/8, so activations stay in the fitted interval of the quadratic, whose
    /// coefficients are those of method section 2 in every channel.
    ///
    /// # Errors
    /// None for a graph that [`Architecture::graph`](super::Architecture::graph) or folding made.
    pub fn random(graph: &Graph, seed: u64) -> Result<Self, NetworkError> {
        let mut random = Normal::new(seed);
        let mut weights = Self::new();
        let images: Vec<Vec<f64>> = (0..CALIBRATION_IMAGES).map(|_| random.image(graph.input())).collect();
        // What each node computes on the images; emptied after its last use.
        let mut values: Vec<Vec<Vec<f64>>> = Vec::new();
        let last_uses = graph.last_uses();
        let mut columns = Vec::new();
        for (index, node) in graph.nodes().iter().enumerate() {
            for parameter in node.parameters() {
                let tensor = random.tensor(node, &parameter);
                weights.insert(parameter.name, tensor);
            }
            if let (Operation::BatchNorm { .. }, Some(&input)) = (node.operation, node.inputs.first()) {
                calibrate(&mut weights, node, &values[input]);
            }
            let operation = PreparedOperation::<f64>::new(graph, index, &weights)?;
            let mut outputs = Vec::with_capacity(images.len());
            for (image, pixels) in images.iter().enumerate() {
                let mut output = vec![0.0; node.shape.len()];
                let input = |which: usize| node.inputs.get(which).map_or(pixels, |&from| &values[from][image]);
                operation.apply([input(0), input(1)], &mut output, &mut columns);
                outputs.push(output);
            }
            values.push(outputs);
            node.inputs.iter().filter(|&&input| last_uses[input] == index).for_each(|&input| values[input].clear());
        }
        Ok(weights)
    }
}

/// Sets the running statistics of batch normalisation `node` to those of its inputs.
fn calibrate(weights: &mut Weights, node: &Node, inputs: &[Vec<f64>]) {
    let plane = node.shape.height * node.shape.width;
    let mean_over = |channel: usize, value: &dyn Fn(f64) -> f64| {
        let planes = inputs.iter().map(|image| &image[channel * plane..][..plane]);
        planes.flatten().map(|&x| value(x)).sum::<f64>() / (inputs.len() * plane) as f64
    };
    let channels = node.shape.channels;
    let mut means: Vec<f64> = (0..channels).map(|channel| mean_over(channel, &|x| x)).collect();
    let variance = |channel: usize| mean_over(channel, &|x| (x - means[channel]).powi(2));
    let mut variances: Vec<f64> = (0..channels).map(variance).collect();
    if plane == 1 {
        // One pixel of a few images hardly varies, and to divide by that would enlarge every error: all channels have the statistics of all.
        let squares = means.iter().zip(&variances).map(|(mean, variance)| mean * mean + variance);
        let square = squares.sum::<f64>() / channels as f64;
        means.fill(0.0);
        variances.fill(square);
    }
    for (suffix, values) in [("running_mean", means), ("running_var", variances)] {
        weights.insert(format!("{}.{suffix}", node.name), Tensor::from_fn(vec![channels], |channel| values[channel]));
    }
}

/// Uniform in `0.0..1.0` for uniform `bits`.
pub(super) fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * 2f64.powi(-53)
}

/// Normally distributed numbers, by the method of Box and Muller.
pub(super) struct Normal {
    source: ChaCha8Rng,
    spare: Option<f64>,
}

impl Normal {
    /// Reproducible from `seed` on every machine.
    pub(super) fn new(seed: u64) -> Self {
        Self { source: ChaCha8Rng::seed_from_u64(seed), spare: None }
    }

    fn tensor(&mut self, node: &Node, parameter: &Parameter) -> Tensor {
        let shape = parameter.shape.clone();
        let inputs: usize = shape.iter().skip(1).product();
        let scale = parameter.name.ends_with(".weight");
        let norm = matches!(node.operation, Operation::BatchNorm { .. });
        match parameter.role {
            ParameterRole::Coefficients => Tensor::from_fn(shape, |index| COEFFICIENTS[index % 3]),
            ParameterRole::Mean => Tensor::from_fn(shape, |_| 0.0),
            ParameterRole::Variance => Tensor::from_fn(shape, |_| 1.0),
            ParameterRole::Trained if norm && scale => {
                Tensor::from_fn(shape, |_| NORMALISED[1] * (1.0 + 0.1 * self.next()))
            }
            ParameterRole::Trained if norm => Tensor::from_fn(shape, |_| NORMALISED[0] * (1.0 + 0.1 * self.next())),
            ParameterRole::Trained if scale => {
                let deviation = (2.0 / inputs as f64).sqrt();
                Tensor::from_fn(shape, |_| deviation * self.next())
            }
            ParameterRole::Trained => Tensor::from_fn(shape, |_| 0.1 * self.next()),
        }
    }

    /// An image as natural ones are: every octave has the same variance and channels go together, so that neighbours are alike.
    /// White noise would miss the large sums that a convolution makes of them. Every value has variance 1.
    fn image(&mut self, shape: Shape) -> Vec<f64> {
        let Shape { channels, height, width } = shape;
        let octaves = height.max(width).max(1).ilog2() + 1;
        let share = f64::from(octaves).recip();
        let mut image = vec![0.0; shape.len()];
        for octave in 0..octaves {
            let columns = (width >> octave) + 1;
            let cells = ((height >> octave) + 1) * columns;
            let mut grid = |variance: f64| -> Vec<f64> { (0..cells).map(|_| self.next() * variance.sqrt()).collect() };
            let grey = grid(GREY * share);
            for channel in 0..channels {
                let colour = grid((1.0 - GREY) * share);
                for (place, value) in image[channel * height * width..][..height * width].iter_mut().enumerate() {
                    let cell = ((place / width) >> octave) * columns + ((place % width) >> octave);
                    *value += grey[cell] + colour[cell];
                }
            }
        }
        image
    }

    /// The next number.
    pub(super) fn next(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        // In (0, 1] the logarithm is finite.
        let radius = (-2.0 * (1.0 - unit(self.source.next_u64())).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * unit(self.source.next_u64())).sin_cos();
        self.spare = Some(radius * sine);
        radius * cosine
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::network::plain::PlainNetwork;
    use crate::network::{Architecture, Head, Network, Shortcut, Stage};

    /// A network of a few hundred weights with every kind of layer: both shortcuts, stride 2, odd planes.
    pub(crate) fn tiny(seed: u64) -> Network {
        tiny_with(Shortcut::Projection, seed)
    }

    /// The same with another shortcut where the shape changes.
    pub(crate) fn tiny_with(shortcut: Shortcut, seed: u64) -> Network {
        let architecture = Architecture {
            shortcut,
            input: Shape::new(2, 6, 5),
            stem_channels: 3,
            stages: vec![Stage { blocks: 2, channels: 3, stride: 1 }, Stage { blocks: 2, channels: 4, stride: 2 }],
            head: Head::GlobalAveragePool,
            ..Architecture::named("resnet20", 3, 3).unwrap()
        };
        Network::random(&architecture, seed).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_weights() {
        assert_eq!(tiny(9), tiny(9));
        assert_ne!(tiny(9), tiny(10));
        let network = tiny(9);
        network.weights().check(network.graph(), "random").unwrap();
    }

    #[test]
    fn activations_stay_bounded_in_every_network() {
        for (seed, (name, width)) in
            [("resnet18", 4), ("resnet20", 16), ("resnet32", 8), ("resnet20", 2), ("vgg16", 4)].into_iter().enumerate()
        {
            let architecture = Architecture::named(name, width, 10).unwrap();
            let network = Network::random(&architecture, seed as u64).unwrap();
            let mut random = Normal::new(100);
            let images: Vec<f32> =
                (0..20).flat_map(|_| random.image(network.graph().input())).map(|value| value as f32).collect();
            let output = PlainNetwork::<f32>::new(&network).unwrap().forward(&images).unwrap();
            let largest = output.largest.iter().copied().fold(0.0, f32::max);
            assert!((0.4..2.0).contains(&largest), "{name}: {largest}");
        }
    }

    #[test]
    fn images_have_unit_variance_and_neighbours_that_are_alike() {
        let mut random = Normal::new(7);
        let images: Vec<f64> = (0..400).flat_map(|_| random.image(Shape::new(3, 32, 32))).collect();
        let mean = |product: &dyn Fn(&[f64]) -> f64| images.chunks_exact(1024).map(product).sum::<f64>() / 1200.0;
        // A third of the variance is of octaves that span 8 pixels or more, so a few hundred images say little more exactly.
        let variance = mean(&|plane| plane.iter().map(|x| x * x).sum::<f64>() / 1024.0);
        assert!((variance - 1.0).abs() < 0.15, "{variance}");
        let neighbours = mean(&|plane| plane.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / 1023.0);
        assert!((0.5..0.9).contains(&(neighbours / variance)), "{neighbours}");
    }

    #[test]
    fn the_generator_is_standard_normal() {
        let mut random = Normal::new(0);
        let count = 100_000;
        let draws: Vec<f64> = (0..count).map(|_| random.next()).collect();
        let moment = |power| draws.iter().map(|x: &f64| x.powi(power)).sum::<f64>() / f64::from(count);
        // Four standard errors: sqrt(1/n), sqrt(2/n), sqrt(96/n).
        assert!(moment(1).abs() < 0.013, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.018, "{}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.124, "{}", moment(4));
    }
}
