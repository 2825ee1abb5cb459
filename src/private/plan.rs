//! The plan: everything about a run that follows from the network and the parameters alone.

use std::borrow::Cow;
use std::sync::Arc;

use super::cost::CostModel;
use super::error::PrivateError;
use super::headroom::headroom;
use super::layout::{ClassLayout, Layout, PackedLayout};
use super::linear::{ConvolutionDiagonals, DenseDiagonals, Packing, Steps};
use super::memory::predicted_bytes;
use crate::ckks::evaluator::Operations;
use crate::ckks::keys::{KeyKind, KeyRequest};
use crate::ckks::linear_transform::{Fold, LinearTransform};
use crate::ckks::parameters::{KeySwitching, ParametersLiteral};
use crate::ckks::{Complex, Counting, Parameters, SecurityPolicy};
use crate::network::lowered::{Activation, Layer, LinearMap, LoweredNetwork, Shape, Source};
use crate::private::linear::TermInput;
use crate::private::unfold::Unfolding;

/// What a plan may choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanOptions {
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// Levels of the chain; `None`: what the network needs.
    pub levels: Option<usize>,
    /// log2 of the data scale D.
    pub scale_bits: f64,
    /// log2 of the weight scale W.
    pub weight_bits: f64,
    /// log2 of the scale of the encrypted image, if the network allows one of its own.
    pub input_bits: f64,
    /// Rotated copies of the image that the client encrypts, to save rotations at the top of the chain.
    pub input_copies: usize,
    /// Whether real and imaginary parts hold two halves of the channels.
    pub complex_packing: bool,
    /// log2 of the base prime.
    pub base_bits: u32,
    /// Choice of the special primes.
    pub key_switching: KeySwitching,
    /// What to do about parameters over the security limit.
    pub security: SecurityPolicy,
    /// Prices for choosing baby and giant steps.
    pub cost: CostModel,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            log_n: 15,
            levels: None,
            scale_bits: 22.0,
            weight_bits: 19.5,
            input_bits: 24.0,
            input_copies: 4,
            complex_packing: true,
            base_bits: 28,
            key_switching: KeySwitching::Automatic,
            security: SecurityPolicy::Bits128,
            cost: CostModel::default(),
        }
    }
}

/// An input of a layer: the value of a source, in the form that the layer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerInput {
    /// Where the value comes from.
    pub source: Source,
    /// In which form.
    pub packing: Packing,
}

/// One layer of a plan.
#[derive(Debug)]
pub struct PlannedLayer {
    /// Name of the layer.
    pub name: String,
    /// What it is: `convolution`, `convolution + identity`, `convolution + projection`, `dense`.
    pub kind: &'static str,
    /// Limbs of its inputs; one less after it.
    pub limbs: usize,
    /// Its inputs, in the order of the transform's.
    pub inputs: Vec<LayerInput>,
    /// The diagonals.
    pub transform: LinearTransform,
    /// One period of the bias for every output ciphertext.
    pub bias: Vec<Vec<f64>>,
    /// One period of what is subtracted from the squares, for every output ciphertext.
    pub centre: Vec<Vec<f64>>,
    /// Layout of its value.
    pub layout: Layout,
    /// Whether it is squared.
    pub squared: bool,
    /// Whether some consumer reads it real, and whether one reads it packed.
    pub offered: Vec<Packing>,
    /// Operations of the whole layer.
    pub operations: Operations,
    /// Predicted seconds on one thread.
    pub seconds: f64,
    /// Largest activation that the modulus holds.
    pub headroom: f64,
}

impl PlannedLayer {
    /// Limbs of the layer's value, after its rescale.
    pub const fn output_limbs(&self) -> usize {
        self.limbs - 1
    }
}

/// A plan.
#[derive(Debug)]
pub struct Plan {
    /// The network, on unfolded images if `unfolding` says so.
    pub network: Arc<LoweredNetwork>,
    /// What the client does to an image first.
    pub unfolding: Option<Unfolding>,
    /// The parameters.
    pub parameters: Parameters,
    /// Layout of the image.
    pub input: PackedLayout,
    /// Form in which the client packs the image.
    pub input_packing: Packing,
    /// Rotated copies of each ciphertext of the image; copy k is rotated to the left by k grids.
    pub input_copies: usize,
    /// Limbs of the encrypted image.
    pub input_limbs: usize,
    /// The layers.
    pub layers: Vec<PlannedLayer>,
    /// The keys.
    pub request: KeyRequest,
}

/// Limbs that each layer's inputs have: one more than the most that any consumer of its value needs, from the end.
fn input_limbs(network: &LoweredNetwork) -> Vec<usize> {
    let mut limbs = vec![2; network.layers.len()];
    for index in (0..network.layers.len()).rev() {
        for term in &network.layers[index].terms {
            if let Source::Layer(source) = term.source {
                limbs[source] = limbs[source].max(limbs[index] + 1);
            }
        }
    }
    limbs
}

fn kind(layer: &Layer) -> &'static str {
    let dense = layer.terms.iter().any(|t| matches!(t.map, LinearMap::Dense { .. }));
    let identity = layer.terms.iter().any(|t| matches!(t.map, LinearMap::ChannelScale { .. }));
    match (dense, identity, layer.terms.len()) {
        (true, ..) => "dense",
        (_, true, _) => "convolution + identity",
        (_, _, 1) => "convolution",
        _ => "convolution + projection",
    }
}

/// Stride of a layer: that of its convolutions relative to the layout that it reads.
fn output_layout(layer: &Layer, first: &PackedLayout) -> Layout {
    match &layer.terms[0].map {
        LinearMap::Convolution { stride, .. } => Layout::Packed(first.strided(layer.shape, *stride)),
        LinearMap::ChannelScale { .. } => Layout::Packed(first.strided(layer.shape, 1)),
        LinearMap::Dense { outputs, .. } => Layout::Classes(ClassLayout::new(*outputs)),
    }
}

impl Plan {
    /// Derives levels, layouts, diagonals, steps and keys.
    ///
    /// # Errors
    /// [`PrivateError`] for a network that the layout cannot hold, a chain that is too short, and parameters that the
    /// scheme refuses.
    pub fn new(network: Arc<LoweredNetwork>, options: &PlanOptions) -> Result<Self, PrivateError> {
        network.check()?;
        let (unfolding, network) = match Unfolding::of(&network) {
            Some((unfolding, unfolded)) => (Some(unfolding), Arc::new(unfolded)),
            None => (None, network),
        };
        let needed = input_limbs(&network);
        let chain = needed.iter().copied().max().unwrap_or(2);
        let levels = options.levels.unwrap_or(chain - 1);
        if levels < chain - 1 {
            return Err(PrivateError::ChainTooShort { levels, network_layers: chain - 1, needed: chain - 1 });
        }
        let parameters = Parameters::new(ParametersLiteral {
            log_n: options.log_n,
            levels,
            scale_bits: options.scale_bits,
            weight_bits: options.weight_bits,
            input_bits: (unfolding.is_some() && levels == chain - 1).then_some(options.input_bits),
            base_bits: options.base_bits,
            key_switching: options.key_switching,
            security: options.security,
        })?;
        let input = PackedLayout::image(network.input, parameters.slots()).ok_or_else(|| {
            let Shape { height, width, .. } = network.input;
            let grid = height.next_power_of_two() * width.next_power_of_two();
            PrivateError::ImageTooLarge {
                name: "input".into(),
                grid,
                slots: parameters.slots(),
                log_n: options.log_n,
                needed: grid.ilog2() + 1,
            }
        })?;
        let packing =
            |layout: &PackedLayout| if options.complex_packing { Packing::best(layout) } else { Packing::Real };
        let input_packing = packing(&input);
        let input_copies =
            if unfolding.is_some() { options.input_copies.clamp(1, input.period() / input.grid_slots()) } else { 1 };
        let input_copies = 1 << input_copies.ilog2();
        let mut builder = Builder {
            network,
            parameters,
            cost: options.cost,
            input,
            input_packing,
            input_copies,
            complex: options.complex_packing,
            layouts: Vec::new(),
        };
        let mut layers = (0..needed.len()).map(|i| builder.layer(i, needed[i])).collect::<Result<Vec<_>, _>>()?;
        let Builder { network, parameters, .. } = builder;
        for index in 0..layers.len() {
            for LayerInput { source, packing } in layers[index].inputs.clone() {
                if let Source::Layer(source) = source
                    && !layers[source].offered.contains(&packing)
                {
                    layers[source].offered.push(packing);
                }
            }
        }
        let mut plan = Self {
            network,
            unfolding,
            parameters,
            input,
            input_packing,
            input_copies,
            input_limbs: chain,
            layers,
            request: KeyRequest::new(),
        };
        plan.request = plan.keys();
        plan.price(&options.cost)?;
        Ok(plan)
    }

    /// The keys that the layers need.
    fn keys(&self) -> KeyRequest {
        let (parameters, mut request) = (&self.parameters, KeyRequest::new());
        for layer in &self.layers {
            let transform = &layer.transform;
            for steps in transform.rotations() {
                request.add_rotation(parameters, steps, layer.limbs);
            }
            for fold in &transform.folds {
                match fold {
                    Fold::Rotation(steps) => request.add_rotation(parameters, *steps, layer.limbs),
                    Fold::Conjugation => request.add_conjugation(parameters, layer.limbs),
                }
            }
            if layer.squared {
                request.add(parameters, KeyKind::Relinearization, layer.output_limbs());
            }
        }
        let offers = self.layers.iter().map(|l| (&l.offered, l.output_limbs()));
        for (offered, limbs) in offers {
            for packing in offered {
                if let Packing::Halves { half } = packing {
                    request.add_rotation(parameters, *half as i64, limbs);
                }
            }
        }
        request
    }

    /// Counts the operations of every layer by running the plan on the counting evaluator.
    fn price(&mut self, cost: &CostModel) -> Result<(), PrivateError> {
        let counting = Counting::new(self.parameters.clone());
        let fresh = vec![counting.fresh(self.input_limbs, self.parameters.input_scale()); self.input_ciphertexts()];
        let mut counted = Vec::with_capacity(self.layers.len());
        super::Executor::new(self, &counting, 0).run(fresh, &mut |_, _, _| counted.push(counting.take()))?;
        for (layer, operations) in self.layers.iter_mut().zip(counted) {
            layer.seconds = cost.seconds(&self.parameters, &operations);
            layer.operations = operations;
        }
        Ok(())
    }

    /// Levels that the network uses.
    pub fn levels_used(&self) -> usize {
        self.input_limbs - 1
    }

    /// Number of ciphertexts of an encrypted image.
    pub fn input_ciphertexts(&self) -> usize {
        self.input_packing.ciphertexts(self.input.ciphertexts()) * self.input_copies
    }

    /// The image as `network` reads it: unfolded if the plan says so.
    pub fn network_input<'i>(&self, image: &'i [f64]) -> Cow<'i, [f64]> {
        self.unfolding.map_or(Cow::Borrowed(image), |unfolding| Cow::Owned(unfolding.apply(image)))
    }

    /// The slots of each ciphertext that a client encrypts for a normalised image, row-major [channels, rows, columns].
    ///
    /// # Errors
    /// [`PrivateError::ImageSize`].
    pub fn input_slots(&self, image: &[f64]) -> Result<Vec<Vec<Complex>>, PrivateError> {
        let expected = self.image_shape().len();
        if image.len() != expected {
            return Err(PrivateError::ImageSize { expected, found: image.len() });
        }
        let periods = self.input_packing.pack(&Layout::Packed(self.input).scatter(&self.network_input(image)));
        let copies = (0..self.input_copies).map(|copy| copy * self.input.grid_slots());
        let turned = |(period, steps): (&Vec<Complex>, usize)| {
            period.iter().cycle().skip(steps).take(self.parameters.slots()).copied().collect()
        };
        Ok(periods.iter().flat_map(|period| copies.clone().map(move |steps| (period, steps))).map(turned).collect())
    }

    /// Shape of an image.
    pub fn image_shape(&self) -> Shape {
        self.unfolding.map_or(self.network.input, |u| u.image())
    }

    /// Operations of all layers.
    pub fn operations(&self) -> Operations {
        self.layers.iter().fold(Operations::default(), |mut sum, layer| {
            sum.add(&layer.operations);
            sum
        })
    }

    /// Predicted seconds of one image: the price on one thread divided by the threads.
    pub fn predicted_seconds(&self, threads: usize) -> f64 {
        self.layers.iter().map(|l| l.seconds).sum::<f64>() / threads.max(1) as f64
    }

    fn layer_diagonal_bytes(layer: &PlannedLayer) -> u64 {
        8 * (layer.transform.source.period() * layer.transform.diagonals.len()) as u64
    }

    /// Bytes of all encoded diagonals.
    pub fn diagonal_bytes(&self) -> u64 {
        self.layers.iter().map(Self::layer_diagonal_bytes).sum()
    }

    /// Bytes of the encoded diagonals of the largest layer.
    pub fn largest_diagonal_bytes(&self) -> u64 {
        self.layers.iter().map(Self::layer_diagonal_bytes).max().unwrap_or(0)
    }

    /// Predicted peak memory in bytes.
    pub fn predicted_bytes(&self, threads: usize, diagonal_bytes: u64) -> u64 {
        predicted_bytes(self, threads, diagonal_bytes)
    }

    /// Largest magnitude of a logit that the base prime holds.
    pub fn logit_bound(&self) -> f64 {
        self.layers.last().map_or(0.0, |l| l.headroom)
    }
}

/// State of planning.
struct Builder {
    network: Arc<LoweredNetwork>,
    parameters: Parameters,
    cost: CostModel,
    input: PackedLayout,
    input_packing: Packing,
    input_copies: usize,
    complex: bool,
    layouts: Vec<Layout>,
}

impl Builder {
    fn source_layout(&self, source: Source, name: &str) -> Result<PackedLayout, PrivateError> {
        match source {
            Source::Input => Ok(self.input),
            Source::Layer(index) => match &self.layouts[index] {
                Layout::Packed(packed) => Ok(*packed),
                Layout::Classes(_) => Err(PrivateError::Unsupported {
                    name: name.into(),
                    reason: "it reads the output of a dense layer; only the last layer may be dense".into(),
                }),
            },
        }
    }

    fn layer(&mut self, index: usize, limbs: usize) -> Result<PlannedLayer, PrivateError> {
        let network = self.network.clone();
        let layer = &network.layers[index];
        let unsupported = |reason: &str| PrivateError::Unsupported { name: layer.name.clone(), reason: reason.into() };
        let Some(first) = layer.terms.first() else {
            return Err(unsupported("it has no inputs"));
        };
        let first_layout = self.source_layout(first.source, &layer.name)?;
        let layout = output_layout(layer, &first_layout);
        let (inputs, transform) = match &layout {
            Layout::Packed(output) => self.convolution(index, *output, limbs)?,
            Layout::Classes(output) => {
                if layer.terms.len() != 1 {
                    return Err(unsupported("a dense layer with a shortcut is not supported"));
                }
                self.dense(index, first.source, &first_layout, *output, limbs)
            }
        };
        let squared = layer.activation == Activation::Square;
        let headroom = headroom(&self.parameters, limbs - 1, squared);
        let bias = layout.scatter(&layer.bias);
        let plane = layer.shape.height * layer.shape.width;
        let centre: Vec<f64> = layer.centre.iter().flat_map(|c| std::iter::repeat_n(*c, plane)).collect();
        let centre = layout.scatter(&centre);
        self.layouts.push(layout.clone());
        Ok(PlannedLayer {
            name: layer.name.clone(),
            kind: kind(layer),
            limbs,
            inputs,
            transform,
            bias,
            centre,
            layout,
            squared,
            offered: Vec::new(),
            operations: Operations::default(),
            seconds: 0.0,
            headroom,
        })
    }

    fn convolution(
        &self,
        index: usize,
        output: PackedLayout,
        limbs: usize,
    ) -> Result<(Vec<LayerInput>, LinearTransform), PrivateError> {
        let layer = &self.network.layers[index];
        let unsupported = |reason: &str| PrivateError::Unsupported { name: layer.name.clone(), reason: reason.into() };
        let mut inputs: Vec<(LayerInput, usize, usize)> = Vec::new();
        let mut terms = Vec::new();
        let mut total = 0;
        for term in &layer.terms {
            let layout = self.source_layout(term.source, &layer.name)?;
            let (packing, copies) = match term.source {
                Source::Input => (self.input_packing, self.input_copies),
                Source::Layer(_) if self.complex => (Packing::best(&layout), 1),
                Source::Layer(_) => (Packing::Real, 1),
            };
            let input = LayerInput { source: term.source, packing };
            let first_input = match inputs.iter().find(|(i, ..)| *i == input) {
                Some((_, first, _)) => *first,
                None => {
                    let count = packing.ciphertexts(layout.ciphertexts()) * copies;
                    inputs.push((input, total, count));
                    total += count;
                    total - count
                }
            };
            if layout.pitch() * stride(&term.map) != output.pitch() {
                return Err(unsupported("its terms have different strides in all"));
            }
            terms.push(TermInput { layout, packing, first_input, copies });
        }
        let complex = terms.iter().any(|t| t.packing.is_complex());
        let mut source = ConvolutionDiagonals::new(&self.network, index, terms, output)
            .ok_or_else(|| unsupported("it mixes a dense map with convolutions, or has more than 65,535 channels"))?;
        let offsets = source.offsets().to_vec();
        let period = crate::ckks::linear_transform::DiagonalSource::period(&source);
        // A gadget's noise is made for data at D^2. An image may have a smaller scale: rotate only its products.
        let reads_image = layer.terms.iter().any(|t| t.source == Source::Input);
        let steps = if reads_image && self.parameters.literal().input_bits.is_some() {
            Steps::giants(&offsets, source.input_period())
        } else {
            Steps::cheapest(&self.parameters, &self.cost, &offsets, limbs, source.input_period(), period)
        };
        source.place(&steps);
        let transform = LinearTransform {
            inputs: total,
            outputs: output.ciphertexts(),
            diagonals: steps.diagonals(&offsets),
            babies: steps.babies,
            giants: steps.giants,
            folds: if complex { vec![Fold::Conjugation] } else { Vec::new() },
            source: Box::new(source),
        };
        Ok((inputs.into_iter().map(|(i, ..)| i).collect(), transform))
    }

    fn dense(
        &self,
        index: usize,
        from: Source,
        input: &PackedLayout,
        output: ClassLayout,
        limbs: usize,
    ) -> (Vec<LayerInput>, LinearTransform) {
        let mut source = DenseDiagonals::new(&self.network, index, input, output);
        let offsets = source.offsets().to_vec();
        let period = source.input_period();
        let steps = Steps::cheapest(&self.parameters, &self.cost, &offsets, limbs, period, period);
        source.place(&steps);
        let transform = LinearTransform {
            inputs: input.ciphertexts(),
            outputs: 1,
            diagonals: steps.diagonals(&offsets),
            babies: steps.babies,
            giants: steps.giants,
            folds: source.folds(),
            source: Box::new(source),
        };
        (vec![LayerInput { source: from, packing: Packing::Real }], transform)
    }
}

fn stride(map: &LinearMap) -> usize {
    match map {
        LinearMap::Convolution { stride, .. } => *stride,
        _ => 1,
    }
}
