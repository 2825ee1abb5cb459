//! The plan: everything about a run that follows from the network and the parameters alone.

use std::borrow::Cow;
use std::sync::Arc;

use super::builder::Builder;
use super::error::PrivateError;
use super::layout::Layout;
use super::linear::{Packing, Work};
use super::memory::predicted_bytes;
use super::options::PlanOptions;
use super::prices::Prices;
use super::unfold::Unfolding;
use crate::ckks::evaluator::{Load, Operations};
use crate::ckks::keys::{KeyKind, KeyRequest};
use crate::ckks::parameters::ParametersLiteral;
use crate::ckks::{Complex, Counting, Parameters};
use crate::network::lowered::{Activation, LoweredNetwork, Shape, Source};

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
    /// What it is: `convolution`, `convolution + identity`, `convolution + projection`, `factors` (one per channel and term),
    /// `dense`.
    pub kind: &'static str,
    /// Limbs of its inputs; one less after it.
    pub limbs: usize,
    /// Its inputs, in the order of the transform's.
    pub inputs: Vec<LayerInput>,
    /// Its computation.
    pub work: Work,
    /// One period of the bias for every output ciphertext.
    pub bias: Vec<Vec<f64>>,
    /// One period of what is subtracted from the squares, for every output ciphertext.
    pub centre: Vec<Vec<f64>>,
    /// One period of what the squares are multiplied by, for every output ciphertext, at the cost of a level; empty: by
    /// nothing.
    pub leading: Vec<Vec<f64>>,
    /// One period of the multiples of the layer's values that are added to the squares; empty: none.
    pub linear: Vec<Vec<f64>>,
    /// Layout of its value.
    pub layout: Layout,
    /// Whether it is squared.
    pub squared: bool,
    /// Whether a prime of its own pays for the squaring: no tower reuse.
    pub own_prime: bool,
    /// Whether later layers read it as it is, so that it must have the scale D^2 that they expect.
    pub lifted: bool,
    /// Whether some consumer reads it real, and whether one reads it packed.
    pub offered: Vec<Packing>,
    /// Operations of the whole layer.
    pub operations: Operations,
    /// The same by the number of tasks that share them.
    pub load: Load,
    /// Largest activation that the modulus holds.
    pub headroom: f64,
}

impl PlannedLayer {
    /// Limbs of the layer's linear output, after its rescale.
    pub const fn output_limbs(&self) -> usize {
        self.limbs - 1
    }

    /// Limbs of the layer's value, after its activation.
    pub fn value_limbs(&self) -> usize {
        self.output_limbs() - usize::from(self.own_prime) - usize::from(!self.leading.is_empty())
    }

    /// Scale of the layer's linear output.
    pub fn scale(&self, parameters: &Parameters) -> f64 {
        parameters.scale().powi(if self.lifted { 2 } else { 1 })
    }

    /// Scale of the layer's value, which later layers read.
    pub fn value_scale(&self, parameters: &Parameters) -> f64 {
        let scale = self.scale(parameters);
        match (self.squared, self.own_prime) {
            (false, _) => scale,
            (true, false) => scale * scale,
            (true, true) => scale * scale / parameters.prime(self.output_limbs() - 1) as f64,
        }
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
    pub input: Layout,
    /// Form in which the client packs the image.
    pub input_packing: Packing,
    /// Rotated copies of each ciphertext of the image; copy k is rotated to the left by k grids.
    pub input_copies: usize,
    /// Limbs of the encrypted image.
    pub input_limbs: usize,
    /// Images that are encrypted together.
    pub batch: usize,
    /// Bytes of rotated ciphertexts that a combination may hold at a time.
    pub working_bytes: u64,
    /// The layers.
    pub layers: Vec<PlannedLayer>,
    /// The keys.
    pub request: KeyRequest,
    /// What operations take.
    pub prices: Prices,
}

/// Limbs that each layer's inputs have: one more than the most that any consumer of its value needs, from the end.
fn input_limbs(network: &LoweredNetwork, tower_reuse: bool) -> Vec<usize> {
    let mut limbs = vec![2; network.layers.len()];
    for index in (0..network.layers.len()).rev() {
        for term in &network.layers[index].terms {
            if let Source::Layer(source) = term.source {
                // One for the linear map, one for squares without tower reuse, one where squares are multiplied by something.
                let activation = &network.layers[source].activation;
                let squaring = usize::from(!tower_reuse && *activation != Activation::None);
                let rescales = 1 + squaring + usize::from(matches!(activation, Activation::Full { .. }));
                limbs[source] = limbs[source].max(limbs[index] + rescales);
            }
        }
    }
    limbs
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
        let needed = input_limbs(&network, options.tower_reuse);
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
            tower_reuse: options.tower_reuse,
            input_bits: (unfolding.is_some() && levels == chain - 1 && options.tower_reuse)
                .then_some(options.input_bits),
            base_bits: options.base_bits,
            key_switching: options.key_switching,
            security: options.security,
        })?;
        let mut builder = Builder::new(network, parameters, unfolding.is_some(), options)?;
        let mut layers = (0..needed.len()).map(|i| builder.layer(i, needed[i])).collect::<Result<Vec<_>, _>>()?;
        let Builder { network, parameters, input, input_packing, input_copies, .. } = builder;
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
            batch: options.batch,
            working_bytes: options.working_bytes,
            layers,
            request: KeyRequest::new(),
            prices: options.prices.clone(),
        };
        plan.request = plan.keys();
        plan.count()?;
        Ok(plan)
    }

    /// The keys that the layers need.
    fn keys(&self) -> KeyRequest {
        let (parameters, mut request) = (&self.parameters, KeyRequest::new());
        for layer in &self.layers {
            layer.work.request(parameters, layer.limbs, &mut request);
            if layer.squared {
                request.add(parameters, KeyKind::Relinearization, layer.output_limbs());
            }
        }
        let offers = self.layers.iter().map(|l| (&l.offered, l.value_limbs()));
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
    fn count(&mut self) -> Result<(), PrivateError> {
        let counting = Counting::new(self.parameters.clone());
        let fresh = vec![counting.fresh(self.input_limbs, self.parameters.input_scale()); self.input_ciphertexts()];
        let mut counted = Vec::with_capacity(self.layers.len());
        super::Executor::new(self, &counting, 0).run(fresh, &mut |_, _, _| counted.push(counting.take()))?;
        for (layer, load) in self.layers.iter_mut().zip(counted) {
            layer.operations = load.total();
            layer.load = load;
        }
        Ok(())
    }

    /// The scale at which layer `index` reads all of its inputs: that of the one with the fewest limbs.
    pub fn read_scale(&self, index: usize) -> f64 {
        let sources = self.layers[index].inputs.iter().map(|input| match input.source {
            Source::Input => (self.input_limbs, self.parameters.input_scale()),
            Source::Layer(source) => {
                (self.layers[source].value_limbs(), self.layers[source].value_scale(&self.parameters))
            }
        });
        sources.min_by_key(|(limbs, _)| *limbs).map_or(self.parameters.data_scale(), |(_, scale)| scale)
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

    /// The slots of each ciphertext that a client encrypts for normalised images, each row-major [channels, rows, columns]:
    /// one image, or as many as the plan has in a batch; what is missing of a batch is zero.
    ///
    /// # Errors
    /// [`PrivateError::ImageSize`], [`PrivateError::BatchSize`].
    pub fn input_slots(&self, images: &[&[f64]]) -> Result<Vec<Vec<Complex>>, PrivateError> {
        if images.is_empty() || images.len() > self.batch {
            return Err(PrivateError::BatchSize { batch: self.batch, found: images.len() });
        }
        let expected = self.image_shape().len();
        let mut batched: Vec<Vec<Complex>> = Vec::new();
        for image in images {
            if image.len() != expected {
                return Err(PrivateError::ImageSize { expected, found: image.len() });
            }
            let periods = self.input_packing.pack(&self.input.scatter(&self.network_input(image)));
            batched.resize(periods.len(), Vec::new());
            batched.iter_mut().zip(periods).for_each(|(all, period)| all.extend(period));
        }
        let length = self.input.period() * self.batch.next_power_of_two();
        batched.iter_mut().for_each(|all| all.resize(length, Complex::default()));
        let grid = if let Layout::Packed(packed) = &self.input { packed.grid_slots() } else { 0 };
        let copies = (0..self.input_copies).map(|copy| copy * grid);
        let turned = |(period, steps): (&Vec<Complex>, usize)| {
            period.iter().cycle().skip(steps).take(self.parameters.slots()).copied().collect()
        };
        Ok(batched.iter().flat_map(|period| copies.clone().map(move |steps| (period, steps))).map(turned).collect())
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

    /// Predicted seconds of one evaluation on `threads` threads.
    pub fn predicted_seconds(&self, threads: usize) -> f64 {
        self.layers.iter().map(|layer| self.layer_seconds(layer, threads)).sum()
    }

    /// Predicted seconds of one of its layers on `threads` threads.
    pub fn layer_seconds(&self, layer: &PlannedLayer, threads: usize) -> f64 {
        self.prices.seconds(&self.parameters, &layer.load, threads)
    }

    /// Bytes of all encoded diagonals.
    pub fn diagonal_bytes(&self) -> u64 {
        self.layers.iter().map(|layer| layer.work.plaintext_bytes()).sum()
    }

    /// Bytes of the encoded diagonals of the largest layer.
    pub fn largest_diagonal_bytes(&self) -> u64 {
        self.layers.iter().map(|layer| layer.work.plaintext_bytes()).max().unwrap_or(0)
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
