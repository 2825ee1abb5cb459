//! The plan: everything about a run that follows from the network and the parameters alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::assemble::Assembly;
use super::builder::Builder;
use super::client_plan::{ClientPlan, SmallerRing};
use super::digits;
use super::error::InferenceError;
use super::executor::Executor;
use super::kept::Kept;
use super::layout::Layout;
use super::linear::WorkSize;
use super::memory::predicted_bytes;
use super::options::{Choices, DEFAULT_MEMORY_BYTES, LayoutKind, PlanOptions, RingSwitching};
use super::plan_ring::PlanRing;
use super::prices::Prices;
use super::program::{Program, Value};
use super::rings::Rings;
use super::stages::input_limbs;
use super::tiles::{self, Forecast, TILES};
use super::unfold::Unfolding;
use crate::ckks::evaluator::{Load, Operations};
use crate::ckks::parameters::MOST_LEVELS;
use crate::ckks::{Counting, Evaluator, KeySwitching, Parameters, RingSwitch};
use crate::network::lowered::LoweredNetwork;
use crate::network::one_after_the_other;

/// Slower plans of smaller rings after which no later switch is tried.
const SLOWER: usize = 3;

/// Operations by the limbs of the ciphertexts that are read, and by the number of tasks that share them.
pub type LoadsByLimbs = BTreeMap<usize, Load>;

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
    /// The same ring by ring.
    pub loads: Vec<LoadsByLimbs>,
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
    /// The parameters, of the largest ring.
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
            LayoutKind::Tiled => Self::tiled(Arc::new(one_after_the_other(&network)?), options),
            _ => match Unfolding::of(&network) {
                Some((unfolding, unfolded)) => Self::of(Arc::new(unfolded), Some(unfolding), options),
                None => Self::of(network, None, options),
            },
        }
    }

    /// With the number of tiles that is given, or the best one by stored prices and on one thread: the same on every machine.
    fn tiled(network: Arc<LoweredNetwork>, options: &PlanOptions) -> Result<Self, InferenceError> {
        let with = |tiles| Self::of(network.clone(), None, &PlanOptions { tiles: Some(tiles), ..options.clone() });
        let chosen = options.chosen.as_ref().and_then(|chosen| chosen.tiles.filter(|tiles| TILES.contains(tiles)));
        if let Some(tiles) = options.tiles.or(chosen) {
            return with(tiles);
        }
        let prices = Prices::default();
        tiles::fastest(options.memory_bytes, |tiles| {
            let plan = with(tiles)?;
            let bytes = plan.predicted_bytes(1, plan.diagonal_bytes());
            let seconds = plan.seconds_at(&prices, 1) / plan.client.batch as f64;
            Ok((plan, Forecast { bytes, seconds }))
        })
    }

    /// The plan of a network that is sound, on unfolded images if the client unfolds, in the rings that take the least time by stored
    /// prices and on one thread: the same on every machine.
    fn of(
        network: Arc<LoweredNetwork>,
        unfolding: Option<Unfolding>,
        options: &PlanOptions,
    ) -> Result<Self, InferenceError> {
        let parameters = Self::parameters(&network, unfolding.is_some(), options)?;
        let in_rings = |rings: &Rings| Self::in_rings(network.clone(), unfolding, options, rings);
        let mut rings = Rings::one(parameters);
        if let Some(Choices { switches, digit_limbs, .. }) = &options.chosen {
            let rings = switches.iter().try_fold(rings, |rings, limbs| rings.with(*limbs))?;
            return in_rings(&rings.with_digits(digit_limbs)?);
        }
        let mut best = in_rings(&rings)?;
        let prices = Prices::default();
        if (options.ring_switching, options.layout) == (RingSwitching::Auto, LayoutKind::Packed) {
            (best, rings) = Self::in_smaller_rings(best, rings, &prices, in_rings);
        }
        // Other layouts multiply by no diagonals.
        if (options.key_switching, options.layout) == (KeySwitching::Automatic, LayoutKind::Packed) {
            let kept = kept_weight_bytes(options, &best.program, &best.client);
            return Ok(digits::suited(best, &rings, &prices, kept, in_rings));
        }
        Ok(best)
    }

    /// A plan as `best` in the smaller rings that take the least time.
    fn in_smaller_rings(
        mut best: Self,
        mut rings: Rings,
        prices: &Prices,
        in_rings: impl Fn(&Rings) -> Result<Self, InferenceError>,
    ) -> (Self, Rings) {
        let key_bytes = best.client.key_bytes();
        let mut fewest: Vec<usize> = best.layers.iter().map(|layer| layer.limbs).collect();
        fewest.sort_unstable_by(|a, b| b.cmp(a));
        fewest.dedup();
        loop {
            let mut found: Option<(Self, Rings, f64)> = None;
            let mut slower = 0;
            for limbs in &fewest {
                // A chain over the limit of the smaller ring, or values that do not fit into it. Where the first ring is insecure,
                // no other need be better.
                let insecure = !best.parameters.security().is_secure();
                let with = rings.with(*limbs).ok();
                let with = with.filter(|rings| insecure || rings.last().security().is_secure());
                let Some((plan, with)) = with.and_then(|rings| Some((in_rings(&rings).ok()?, rings))) else { continue };
                // Just below the limit, digits are many and keys large.
                if plan.client.key_bytes() > key_bytes {
                    continue;
                }
                let seconds = plan.seconds_at(prices, 1);
                if found.as_ref().is_none_or(|(_, _, least)| seconds < *least) {
                    found = Some((plan, with, seconds));
                } else {
                    slower += 1;
                }
                if slower == SLOWER {
                    break;
                }
            }
            match found {
                Some((plan, with, seconds)) if seconds < best.seconds_at(prices, 1) => (best, rings) = (plan, with),
                _ => return (best, rings),
            }
        }
    }

    /// The parameters of the largest ring.
    fn parameters(
        network: &LoweredNetwork,
        unfolded: bool,
        options: &PlanOptions,
    ) -> Result<Parameters, InferenceError> {
        let chain = input_limbs(network, options.tower_reuse).into_iter().max().unwrap_or(2);
        if chain - 1 > MOST_LEVELS {
            return Err(InferenceError::ChainTooLong { needed: chain - 1, most: MOST_LEVELS });
        }
        let levels = options.levels.unwrap_or(chain - 1);
        if levels < chain - 1 {
            return Err(InferenceError::ChainTooShort { levels, needed: chain - 1 });
        }
        // A layer that rotates its inputs needs the scale for which gadgets are made.
        let rotates = !unfolded && options.layout != LayoutKind::Tiled;
        let own_input_scale = !rotates && levels == chain - 1 && options.tower_reuse;
        Ok(Parameters::new(options.literal(levels, own_input_scale))?)
    }

    fn in_rings(
        network: Arc<LoweredNetwork>,
        unfolding: Option<Unfolding>,
        options: &PlanOptions,
        rings: &Rings,
    ) -> Result<Self, InferenceError> {
        let parameters = rings.parameters(0).clone();
        let image = unfolding.map_or(network.input, |unfolding| unfolding.image());
        let limbs = input_limbs(&network, options.tower_reuse);
        let chain = limbs.iter().copied().max().unwrap_or(2);
        let mut builder = Builder::new(network.clone(), rings.clone(), unfolding.is_some(), options)?;
        let parts = (0..limbs.len()).map(|i| builder.layer(i, limbs[i])).collect::<Result<Vec<_>, _>>()?;
        let Builder { input, input_packing: packing, input_copies: copies, .. } = builder;
        let kinds: Vec<(&'static str, Layout)> = parts.iter().map(|part| (part.kind, part.layout.clone())).collect();
        let encrypted = Value {
            ciphertexts: packing.ciphertexts(input.ciphertexts()) * copies,
            limbs: chain,
            scale: parameters.input_scale(),
            ring: 0,
        };
        let assembly = Assembly {
            network: &network,
            parameters: &parameters,
            rings,
            tower_reuse: options.tower_reuse,
            limbs: &limbs,
            image: (encrypted, packing),
            working_bytes: options.working_bytes,
        };
        let program = assembly.program(parts);
        let mut requests = program.keys(rings).into_iter();
        let request = requests.next().unwrap_or_default();
        let smaller = rings.switches().iter().cloned().zip(requests);
        let client = ClientPlan {
            parameters: parameters.clone(),
            image,
            unfolding,
            packing,
            copies,
            batch: options.batch.unwrap_or_else(|| input.batch(parameters.slots())),
            encrypted,
            request,
            smaller: smaller.map(|(switch, request)| SmallerRing { switch, request }).collect(),
            output: kinds.last().map_or_else(|| input.clone(), |(_, layout)| layout.clone()),
            input,
            result: program.result(),
            logit_bound: limbs.len().checked_sub(1).map_or(0.0, |last| program.log2_headroom(last, &parameters).exp2()),
        };
        let kept = kept_weight_bytes(options, &program, &client);
        let counted = counted(&program, rings, kept)?;
        let layers = layers(&network, &client, &program, kinds, counted);
        Ok(Self { network, parameters, program, client, layers, prices: options.prices.clone() })
    }

    /// What it chose by comparing, for [`PlanOptions::chosen`].
    pub fn choices(&self) -> Choices {
        let tiles = if let Layout::Tiled(layout) = &self.client.input { Some(layout.tiles()) } else { None };
        let digits = |ring: PlanRing<'_>| ring.parameters.literal().digit_limbs.clone();
        Choices {
            tiles,
            switches: self.client.switches().map(RingSwitch::limbs).collect(),
            digit_limbs: self.client.rings().map(digits).collect(),
        }
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
        self.layers.iter().map(|layer| self.layer_seconds_at(prices, layer, threads)).sum()
    }

    /// Predicted seconds of one of its layers on `threads` threads.
    pub fn layer_seconds(&self, layer: &PlannedLayer, threads: usize) -> f64 {
        self.layer_seconds_at(&self.prices, layer, threads)
    }

    fn layer_seconds_at(&self, prices: &Prices, layer: &PlannedLayer, threads: usize) -> f64 {
        let loads = self.client.rings().zip(&layer.loads);
        loads
            .flat_map(|(ring, loads)| loads.values().map(move |load| prices.seconds(ring.parameters, load, threads)))
            .sum()
    }

    /// Bytes of all encoded diagonals.
    pub fn diagonal_bytes(&self) -> u64 {
        self.program.weight_bytes().sum()
    }

    /// Bytes of the encoded diagonals of the largest layer.
    pub fn largest_diagonal_bytes(&self) -> u64 {
        self.program.weight_bytes().max().unwrap_or(0)
    }

    /// Bytes of encoded weights that are kept within `weight_bytes`, those that a layer needs in any case included.
    pub fn kept_bytes(&self, weight_bytes: u64) -> u64 {
        let rings: Vec<&Parameters> = self.client.rings().map(|ring| ring.parameters).collect();
        let kept = Kept::within(&self.program, &rings, weight_bytes);
        // A layer that finds no room is encoded beside what is kept.
        kept.bytes.min(weight_bytes.saturating_add(self.largest_diagonal_bytes()))
    }

    /// Predicted peak memory in bytes.
    pub fn predicted_bytes(&self, threads: usize, weight_bytes: u64) -> u64 {
        let kept = self.kept_bytes(weight_bytes);
        predicted_bytes(&self.parameters, &self.program, self.client.key_bytes() + kept, threads)
    }
}

/// Bytes of encoded weights that are taken to be kept: as a run without a limit of its memory keeps them within [`DEFAULT_MEMORY_BYTES`], so
/// that a plan is the same on every machine.
fn kept_weight_bytes(options: &PlanOptions, program: &Program, client: &ClientPlan) -> u64 {
    options.weight_bytes.unwrap_or_else(|| {
        let taken = predicted_bytes(&client.parameters, program, client.key_bytes(), 1);
        DEFAULT_MEMORY_BYTES.saturating_sub(taken) / 4 * 3
    })
}

/// Operations of a program's layers ring by ring, counted by carrying it out on the evaluator that computes nothing.
///
/// # Errors
/// As [`Executor::run`].
pub(super) fn counted(
    program: &Program,
    rings: &Rings,
    weight_bytes: u64,
) -> Result<Vec<Vec<LoadsByLimbs>>, InferenceError> {
    let smallest = Counting::new(rings.last().clone());
    let switches = rings.switches().iter().enumerate().rev();
    let counting = switches.fold(smallest, |smaller, (number, switch)| {
        Counting::new(rings.parameters(number).clone()).with_ring_switch(switch.clone(), smaller)
    });
    let Value { ciphertexts, limbs, scale, .. } = program.image;
    let mut counted = Vec::with_capacity(program.layers.len());
    let image = vec![counting.fresh(limbs, scale); ciphertexts];
    Executor::new(program, &counting, weight_bytes).run(image, &mut |_, _, _| {
        counted.push(counting.rings().map(Counting::take_by_limbs).collect());
    })?;
    Ok(counted)
}

/// The layers of a program.
fn layers(
    network: &LoweredNetwork,
    client: &ClientPlan,
    program: &Program,
    kinds: Vec<(&'static str, Layout)>,
    counted: Vec<Vec<LoadsByLimbs>>,
) -> Vec<PlannedLayer> {
    let described = network.layers.iter().zip(&program.layers).zip(kinds).zip(counted).enumerate();
    described
        .map(|(index, (((layer, steps), (kind, layout)), loads))| {
            let mut operations = Operations::default();
            loads.iter().flat_map(BTreeMap::values).for_each(|load| operations.add(&load.total()));
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
                operations,
                loads,
                log2_headroom: program.log2_headroom(index, &client.parameters),
            }
        })
        .collect()
}
