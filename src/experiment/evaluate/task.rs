//! What a trial and a single inference have in common.

use std::path::PathBuf;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{clear, simulation};
use crate::ckks::SecurityPolicy;
use crate::ckks::parameters::KeySwitching as Gadgets;
use crate::dataset::DatasetName;
use crate::experiment::ExperimentError;
use crate::experiment::host;
use crate::experiment::inference::CheckedRequest;
use crate::experiment::parameter_set::ParameterSet;
use crate::experiment::plan_view::check_memory;
use crate::experiment::setting::{Backend, Convolution, KeySwitching, Layout, MemorySettings, Security, WeightsOrigin};
use crate::experiment::settings::Settings;
use crate::experiment::trial::TrialSpec;
use crate::inference::{ConvolutionKind, DEFAULT_MEMORY_BYTES, LayoutKind, Plan, PlanOptions, Prices};
use crate::network::cluster::ClusterOptions;
use crate::network::{LowerOptions, Model, NetworkError};
use crate::ring::sampling::Seed;

/// Where a network's weights come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Files (safetensors), each with its card beside it; several are the members of an ensemble.
    Files(Vec<PathBuf>),
    /// Seeds: `seed` and those after it, one for each member.
    Random {
        /// Architecture.
        network: String,
        /// Channels of the first stage.
        width: usize,
        /// Data set whose classes it is to know.
        dataset: DatasetName,
        /// Seed of the first member.
        seed: u64,
        /// Number of members.
        members: u32,
    },
}

impl Origin {
    /// What a trial evaluates.
    fn of_trial(spec: &TrialSpec) -> Self {
        match spec.settings.weights {
            WeightsOrigin::Trained => Self::Files(spec.members.iter().map(|member| member.path.clone()).collect()),
            WeightsOrigin::Random => Self::Random {
                network: spec.network.clone(),
                width: spec.width as usize,
                dataset: spec.dataset.name,
                seed: spec.settings.weights_seed.0,
                members: spec.settings.ensemble.0,
            },
        }
    }

    /// Reads or draws the members.
    ///
    /// # Errors
    /// Those of [`Model::load`] and [`Model::random`].
    pub fn members(&self) -> Result<Vec<Model>, NetworkError> {
        match self {
            Self::Files(paths) => paths.iter().map(|path| Model::load(path)).collect(),
            Self::Random { network, width, dataset, seed, members } => {
                let seeds = (0..u64::from(*members)).map(|member| seed.wrapping_add(member));
                seeds.map(|seed| Model::random(network, *width, *dataset, seed)).collect()
            }
        }
    }
}

/// A network, how it is encrypted, and what it may use.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The weights.
    pub origin: Origin,
    /// How the network is lowered.
    pub lowering: LowerOptions,
    /// How its weights are clustered; none: not at all.
    pub clustering: Option<ClusterOptions>,
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// Whether one prime pays for a convolution and the squaring after it.
    pub tower_reuse: bool,
    /// How values are arranged in slots.
    pub layout: Layout,
    /// How convolutions are computed.
    pub convolution: Convolution,
    /// Images in an evaluation.
    pub batch: u32,
    /// Sizes of scales and primes.
    pub parameters: ParameterSet,
    /// Which security is demanded.
    pub security: Security,
    /// Seed of keys and noise; none: the operating system's entropy.
    pub seed: Option<u64>,
    /// What a fixed seed is for: two tasks with one seed share no key and no noise, unless they are the same in all.
    pub purpose: String,
    /// What evaluates.
    pub backend: Backend,
    /// Number of threads.
    pub threads: u32,
    /// Memory budget and limit.
    pub memory: MemorySettings,
}

impl From<&TrialSpec> for Task {
    fn from(spec: &TrialSpec) -> Self {
        Self {
            origin: Origin::of_trial(spec),
            lowering: LowerOptions { form: spec.settings.activation_form.into(), fuse: spec.settings.node_fusing.0 },
            clustering: clustering(&spec.settings),
            log_n: spec.settings.log_n.0,
            tower_reuse: spec.settings.tower_reuse.0,
            layout: spec.settings.layout,
            convolution: spec.settings.convolution,
            batch: spec.settings.batch.0,
            parameters: spec.parameters.clone(),
            security: spec.settings.security,
            seed: spec.settings.seed.0,
            purpose: spec.purpose(),
            backend: spec.settings.backend,
            threads: spec.settings.threads.count(),
            memory: spec.settings.memory,
        }
    }
}

impl From<&CheckedRequest> for Task {
    fn from(request: &CheckedRequest) -> Self {
        Self {
            origin: Origin::Files(vec![request.model.clone()]),
            lowering: LowerOptions::default(),
            clustering: None,
            log_n: request.log_n,
            tower_reuse: true,
            layout: Layout::default(),
            convolution: Convolution::default(),
            batch: 1,
            parameters: request.parameters.clone(),
            security: request.security,
            seed: request.seed,
            purpose: String::new(),
            backend: Backend::Encrypted,
            threads: request.threads,
            memory: MemorySettings::default(),
        }
    }
}

fn clustering(settings: &Settings) -> Option<ClusterOptions> {
    Some(ClusterOptions {
        clusters: usize::try_from(settings.clusters.0?).unwrap_or(usize::MAX),
        mode: settings.cluster_mode.into(),
        algorithm: settings.cluster_method.into(),
        seed: settings.cluster_seed.0,
        ..ClusterOptions::default()
    })
}

impl Task {
    /// The choices that the plan is made from, with these prices.
    pub fn plan_options(&self, prices: &Prices) -> PlanOptions {
        PlanOptions {
            log_n: self.log_n,
            levels: self.parameters.levels,
            scale_bits: self.parameters.scale_bits,
            weight_bits: self.parameters.weight_bits,
            tower_reuse: self.tower_reuse,
            input_bits: self.parameters.input_bits,
            input_copies: self.parameters.input_copies,
            complex_packing: self.parameters.complex_packing,
            base_bits: self.parameters.base_bits,
            layout: match self.layout {
                Layout::Packed => LayoutKind::Packed,
                Layout::Channel => LayoutKind::Channel,
            },
            convolution: match self.convolution {
                Convolution::Clustered => ConvolutionKind::Clustered,
                Convolution::Integer => ConvolutionKind::Integer,
                // Diagonals: the packed layout asks for none of these.
                Convolution::Diagonals | Convolution::Classical => ConvolutionKind::Classical,
            },
            batch: (self.batch > 1).then_some(self.batch as usize),
            tiles: None,
            memory_bytes: self.memory.limit.map_or(DEFAULT_MEMORY_BYTES, |limit| limit.0),
            working_bytes: self.memory.working.0,
            key_switching: match self.parameters.key_switching {
                KeySwitching::Auto => Gadgets::Automatic,
                KeySwitching::SpecialPrimes(count) => Gadgets::SpecialPrimes(count),
            },
            security: match self.security {
                Security::Bits128 => SecurityPolicy::Bits128,
                Security::None => SecurityPolicy::None,
            },
            prices: prices.clone(),
        }
    }

    /// Whether a plan for this task is one for the other as well: seeds, back end, threads and memory do not enter, but for
    /// the working memory.
    pub fn plans_like(&self, other: &Self) -> bool {
        let Self { seed, backend, threads, memory, .. } = *other;
        let purpose = other.purpose.clone();
        let like = Self { seed, purpose, backend, threads, memory, ..self.clone() } == *other;
        like && self.memory.working == memory.working
    }

    /// Threads to work on.
    ///
    /// # Errors
    /// [`ExperimentError::Threads`].
    pub fn pool(&self) -> Result<ThreadPool, ExperimentError> {
        let threads = self.threads;
        ThreadPoolBuilder::new()
            .num_threads(threads as usize)
            .build()
            .map_err(|error| ExperimentError::Threads { threads, reason: error.to_string() })
    }

    /// Where keys and noise come from, if they are to be reproducible.
    pub fn fixed_seed(&self) -> Option<Seed> {
        self.seed.map(|number| Seed::from_number(number).derive(&self.purpose, &[]))
    }

    /// Where simulated noise comes from.
    ///
    /// # Errors
    /// [`ExperimentError::Randomness`].
    pub fn seed(&self) -> Result<Seed, ExperimentError> {
        Ok(self.fixed_seed().map_or_else(Seed::from_entropy, Ok)?)
    }

    /// Predicted peak memory of a plan, in bytes.
    pub fn memory_bytes(&self, plan: &Plan) -> u64 {
        let (threads, diagonals) = (self.threads as usize, self.memory.diagonals.0);
        match self.backend {
            Backend::Encrypted => plan.predicted_bytes(threads, diagonals),
            Backend::Simulated => simulation::predicted_bytes(plan, threads, diagonals),
            Backend::Clear => clear::BYTES,
        }
    }

    /// What a predicted peak may not exceed: `memory.limit`, or what the machine has available; none: nothing is known.
    pub fn memory_limit_bytes(&self) -> Option<u64> {
        self.memory.limit.map(|limit| limit.0).or_else(host::available_memory_bytes)
    }

    /// Checks a predicted peak.
    ///
    /// # Errors
    /// [`ExperimentError::Memory`].
    pub fn check_memory(&self, bytes: u64) -> Result<(), ExperimentError> {
        check_memory(bytes, self.memory_limit_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::byte_size::ByteSize;
    use crate::experiment::setting::{Clusters, Seed, Threads};
    use crate::experiment::trial::tests::{sample, sample_with};

    #[test]
    fn settings_reach_the_plan() {
        let mut spec = sample();
        spec.parameters = ParameterSet {
            scale_bits: 20.5,
            weight_bits: 17.25,
            input_bits: 23.5,
            input_copies: 2,
            complex_packing: false,
            base_bits: 30,
            key_switching: KeySwitching::SpecialPrimes(3),
            levels: Some(21),
        };
        let options = Task::from(&spec).plan_options(&Prices::default());
        assert_eq!((options.scale_bits, options.weight_bits, options.base_bits), (20.5, 17.25, 30));
        assert_eq!((options.input_bits, options.input_copies, options.complex_packing), (23.5, 2, false));
        assert_eq!((options.levels, options.key_switching), (Some(21), Gadgets::SpecialPrimes(3)));
        assert_eq!(options.security, SecurityPolicy::Bits128);
    }

    #[test]
    fn what_a_plan_depends_on() {
        let task = Task::from(&sample());
        let other =
            Task { seed: Some(1), purpose: "another".into(), threads: 7, backend: Backend::Simulated, ..task.clone() };
        assert!(task.plans_like(&other) && other.plans_like(&task));
        assert!(!task.plans_like(&Task { log_n: 16, ..task.clone() }));
    }

    #[test]
    fn a_fixed_seed_gives_every_trial_a_key_of_its_own() {
        let seed_of = |clusters, threads| {
            let spec = sample_with(|settings| {
                settings.seed = Seed(Some(7));
                settings.clusters = Clusters(clusters);
                settings.threads = Threads(threads);
            });
            (Task::from(&spec).fixed_seed().unwrap(), Task::from(&spec).seed().unwrap())
        };
        let ((one, simulated), (other, _)) = (seed_of(None, Some(1)), seed_of(Some(4), Some(1)));
        assert_ne!(one, other);
        // Threads change nothing that is encrypted.
        assert_eq!((&one, &simulated), (&seed_of(None, Some(2)).0, &one));
        assert_eq!(Task::from(&sample()).fixed_seed(), None);
    }

    #[test]
    fn too_much_predicted_memory_is_refused() {
        let mut task = Task::from(&sample());
        task.memory.limit = Some(ByteSize(8 << 30));
        let error = task.check_memory(9 << 30).unwrap_err();
        assert!(error.is_user_error());
        assert!(error.to_string().contains("predicted to need 9.0 GiB of memory, more than the limit of 8.0 GiB"));
        task.memory.limit = Some(ByteSize(10 << 30));
        assert!(task.check_memory(9 << 30).is_ok());
    }
}
