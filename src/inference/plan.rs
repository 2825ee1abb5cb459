//! The plan: everything about a run that follows from the network and the parameters alone.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::assemble::Assembly;
use super::builder::Builder;
use super::client_plan::ClientPlan;
use super::error::InferenceError;
use super::executor::Executor;
use super::layout::Layout;
use super::linear::WorkSize;
use super::memory::predicted_bytes;
use super::options::{LayoutKind, PlanOptions};
use super::prices::Prices;
use super::program::{Program, Value};
use super::stages::input_limbs;
use super::tiles;
use super::unfold::Unfolding;
use crate::ckks::evaluator::{Load, Operations};
use crate::ckks::{Counting, Parameters};
use crate::network::lowered::LoweredNetwork;
use crate::network::one_after_the_other;

/// What is known of a layer from its steps, for tables and checks.
#[derive(Debug)]
pub struct PlannedLayer {
    /// Name of the layer.
    pub name: String,
    /// What its linear map is: `convolution`, `convolution + identity`, `convolution + projection`, `factors` (one per channel
    /// and term), `dense`.
    pub kind: &'static str,
    /// What its activation is: see [`Activation::kind`](crate::network::lowered::Activation::kind).
    pub activation: &'static str,
    /// Size of its linear map.
    pub size: WorkSize,
    /// Layout of its value.
    pub layout: Layout,
    /// Limbs of its inputs.
    pub limbs: usize,
    /// Its linear output, before the activation.
    pub output: Value,
    /// Its value, after the activation.
    pub value: Value,
    /// Operations of the whole layer.
    pub operations: Operations,
    /// The same by the number of tasks that share them.
    pub load: Load,
    /// log2 of the largest linear output that the modulus holds; the number itself may be beyond what an `f64` holds.
    pub log2_headroom: f64,
}

impl PlannedLayer {
    /// Whether the modulus holds a linear output of this magnitude.
    #[must_use]
    pub fn holds(&self, magnitude: f64) -> bool {
        magnitude.is_nan() || magnitude.log2() <= self.log2_headroom
    }
}

/// Everything about a run that follows from the network and the parameters alone.
///
/// ```
/// use std::sync::Arc;
///
/// use leveled::inference::{Plan, PlanOptions};
/// use leveled::network::{Architecture, Network};
///
/// let architecture = Architecture::named("resnet20", 4, 10)?;
/// let network = Arc::new(Network::random(&architecture, 1)?.lower()?);
/// let plan = Plan::new(network.clone(), &PlanOptions::default())?;
/// assert_eq!(plan.levels_used(), 20);
/// assert!(plan.parameters.security().is_secure());
///
/// // A shorter chain is refused.
/// assert!(Plan::new(network, &PlanOptions { levels: Some(19), ..PlanOptions::default() }).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Plan {
    /// The network, on unfolded images if the client unfolds.
    pub network: Arc<LoweredNetwork>,
    /// The parameters.
    pub parameters: Parameters,
    /// What the server does.
    pub program: Program,
    /// What the client must know.
    pub client: ClientPlan,
    /// What follows from the program, layer by layer.
    pub layers: Vec<PlannedLayer>,
    /// What operations take.
    pub prices: Prices,
}

impl Plan {
    /// Derives levels, layouts, diagonals, steps and keys.
    ///
    /// # Errors
    /// [`InferenceError`] for a network that the layout cannot hold, a chain that is too short, and parameters that the
    /// scheme refuses.
    pub fn new(network: Arc<LoweredNetwork>, options: &PlanOptions) -> Result<Self, InferenceError> {
        options.check()?;
        network.check()?;
        match options.layout {
            LayoutKind::Tiled => tiles::plan(Arc::new(one_after_the_other(&network)?), options),
            _ => match Unfolding::of(&network) {
                Some((unfolding, unfolded)) => Self::of(Arc::new(unfolded), Some(unfolding), options),
                None => Self::of(network, None, options),
            },
        }
    }

    /// The plan of a network that is sound, on unfolded images if the client unfolds.
    pub(super) fn of(
        network: Arc<LoweredNetwork>,
        unfolding: Option<Unfolding>,
        options: &PlanOptions,
    ) -> Result<Self, InferenceError> {
        let image = unfolding.map_or(network.input, |unfolding| unfolding.image());
        let limbs = input_limbs(&network, options.tower_reuse);
        let chain = limbs.iter().copied().max().unwrap_or(2);
        let levels = options.levels.unwrap_or(chain - 1);
        if levels < chain - 1 {
            return Err(InferenceError::ChainTooShort { levels, network_layers: chain - 1, needed: chain - 1 });
        }
        // A layer that rotates its inputs needs the scale for which gadgets are made.
        let rotates = unfolding.is_none() && options.layout != LayoutKind::Tiled;
        let own_input_scale = !rotates && levels == chain - 1 && options.tower_reuse;
        let parameters = Parameters::new(options.literal(levels, own_input_scale))?;
        let mut builder = Builder::new(network.clone(), parameters.clone(), unfolding.is_some(), options)?;
        let parts = (0..limbs.len()).map(|i| builder.layer(i, limbs[i])).collect::<Result<Vec<_>, _>>()?;
        let Builder { input, input_packing: packing, input_copies: copies, .. } = builder;
        let kinds: Vec<(&'static str, Layout)> = parts.iter().map(|part| (part.kind, part.layout.clone())).collect();
        let encrypted = Value {
            ciphertexts: packing.ciphertexts(input.ciphertexts()) * copies,
            limbs: chain,
            scale: parameters.input_scale(),
        };
        let assembly = Assembly {
            network: &network,
            parameters: &parameters,
            tower_reuse: options.tower_reuse,
            limbs: &limbs,
            image: (encrypted, packing),
            working_bytes: options.working_bytes,
        };
        let program = assembly.program(parts);
        let layers = layers(&network, &parameters, &program, kinds)?;
        let client = ClientPlan {
            parameters: parameters.clone(),
            image,
            unfolding,
            packing,
            copies,
            batch: options.batch.unwrap_or_else(|| input.batch(parameters.slots())),
            encrypted,
            request: program.keys(&parameters),
            output: layers.last().map_or_else(|| input.clone(), |last| last.layout.clone()),
            input,
            result: program.result(),
            logit_bound: layers.last().map_or(0.0, |last| last.log2_headroom.exp2()),
        };
        Ok(Self { network, parameters, program, client, layers, prices: options.prices.clone() })
    }

    /// SHA-256 of what client and server must agree on: the client's half and the steps. Weights are no part of it.
    ///
    /// # Errors
    /// [`InferenceError::Encode`].
    pub fn fingerprint(&self) -> Result<[u8; 32], InferenceError> {
        let names: Vec<&str> = self.program.layers.iter().map(|layer| layer.name.as_str()).collect();
        let text = serde_json::to_vec(&(&self.client, &self.program.steps, names));
        let text = text.map_err(|error| InferenceError::Encode { reason: error.to_string() })?;
        Ok(Sha256::digest(text).into())
    }

    /// Levels that the network uses.
    pub const fn levels_used(&self) -> usize {
        self.client.encrypted.limbs - 1
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
        self.seconds_at(&self.prices, threads)
    }

    /// The same at other prices.
    pub fn seconds_at(&self, prices: &Prices, threads: usize) -> f64 {
        self.layers.iter().map(|layer| prices.seconds(&self.parameters, &layer.load, threads)).sum()
    }

    /// Predicted seconds of one of its layers on `threads` threads.
    pub fn layer_seconds(&self, layer: &PlannedLayer, threads: usize) -> f64 {
        self.prices.seconds(&self.parameters, &layer.load, threads)
    }

    /// Bytes of all encoded diagonals.
    pub fn diagonal_bytes(&self) -> u64 {
        self.program.weight_bytes().sum()
    }

    /// Bytes of the encoded diagonals of the largest layer.
    pub fn largest_diagonal_bytes(&self) -> u64 {
        self.program.weight_bytes().max().unwrap_or(0)
    }

    /// Predicted peak memory in bytes.
    pub fn predicted_bytes(&self, threads: usize, diagonal_bytes: u64) -> u64 {
        predicted_bytes(&self.parameters, &self.program, &self.client.request, threads, diagonal_bytes)
    }
}

/// The layers of a program, their operations counted by carrying it out on the evaluator that computes nothing.
fn layers(
    network: &LoweredNetwork,
    parameters: &Parameters,
    program: &Program,
    kinds: Vec<(&'static str, Layout)>,
) -> Result<Vec<PlannedLayer>, InferenceError> {
    let counting = Counting::new(parameters.clone());
    let Value { ciphertexts, limbs, scale } = program.image;
    let mut counted = Vec::with_capacity(program.layers.len());
    let image = vec![counting.fresh(limbs, scale); ciphertexts];
    Executor::new(program, &counting, 0).run(image, &mut |_, _, _| counted.push(counting.take()))?;
    let described = network.layers.iter().zip(&program.layers).zip(kinds).zip(counted).enumerate();
    Ok(described
        .map(|(index, (((layer, steps), (kind, layout)), load))| {
            let output = program.value(steps.output);
            PlannedLayer {
                name: layer.name.clone(),
                kind,
                activation: layer.activation.kind(),
                size: steps.map.size(),
                layout,
                limbs: output.limbs + 1,
                output,
                value: program.layer_value(index),
                operations: load.total(),
                load,
                log2_headroom: program.log2_headroom(index, parameters),
            }
        })
        .collect())
}
