//! What a trial and a single inference have in common.

use std::path::PathBuf;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::dataset::DatasetName;
use crate::experiment::ExperimentError;
use crate::experiment::combination::plan_options;
use crate::experiment::inference::CheckedRequest;
use crate::experiment::parameter_set::ParameterSet;
use crate::experiment::setting::{Threads, WeightsOrigin};
use crate::experiment::settings::Settings;
use crate::experiment::trial::TrialSpec;
use crate::inference::{PlanOptions, Prices};
use crate::network::cluster::ClusterOptions;
use crate::network::{Architecture, LowerOptions, Model, NetworkError, Pool, Shortcut};
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
        /// Shortcut where the shape changes.
        shortcut: Shortcut,
        /// Average pool before the classifier.
        pool: Pool,
        /// Data set whose classes it is to know.
        dataset: DatasetName,
        /// Seed of the first member.
        seed: u64,
        /// Number of members.
        members: u32,
    },
}

/// How often the weights of a network stand in memory until it is planned: drawn, folded, lowered, and twice as what is computed with. A little
/// less than was measured at widths 128 and 256.
const COPIES: u64 = 5;

impl Origin {
    /// What a trial evaluates.
    fn of_trial(spec: &TrialSpec) -> Self {
        match spec.settings.weights {
            WeightsOrigin::Trained => Self::Files(spec.members.iter().map(|member| member.path.clone()).collect()),
            WeightsOrigin::Random => Self::Random {
                network: spec.network.clone(),
                width: spec.width as usize,
                shortcut: spec.settings.shortcut,
                pool: spec.settings.pool,
                dataset: spec.dataset.name,
                seed: spec.settings.weights_seed.0,
                members: spec.settings.ensemble.0,
            },
        }
    }

    /// Bytes that members take at least until they are planned; of files, which are there already, it is not asked.
    ///
    /// # Errors
    /// Those of [`Architecture::named`].
    pub fn least_bytes(&self) -> Result<u64, NetworkError> {
        let Self::Random { network, width, dataset, members, .. } = self else { return Ok(0) };
        let values = Architecture::named(network, *width, dataset.classes())?.graph()?.trained_parameter_count();
        Ok((values as u64).saturating_mul(size_of::<f64>() as u64 * COPIES).saturating_mul(u64::from(*members)))
    }

    /// Reads or draws the members.
    ///
    /// # Errors
    /// Those of [`Model::load`] and [`Model::random`].
    pub fn members(&self) -> Result<Vec<Model>, NetworkError> {
        match self {
            Self::Files(paths) => paths.iter().map(|path| Model::load(path)).collect(),
            Self::Random { network, width, shortcut, pool, dataset, seed, members } => {
                let seeds = (0..u64::from(*members)).map(|member| seed.wrapping_add(member));
                seeds.map(|seed| Model::random_with(network, *width, (*shortcut, *pool), *dataset, seed)).collect()
            }
        }
    }
}

/// A network, how it is encrypted, and what it may use.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The weights.
    pub origin: Origin,
    /// Sizes of scales and primes.
    pub parameters: ParameterSet,
    /// Everything else.
    pub settings: Settings,
    /// What a fixed seed is for: two tasks with one seed share no key and no noise, unless they are the same in all.
    pub purpose: String,
}

impl From<&TrialSpec> for Task {
    fn from(spec: &TrialSpec) -> Self {
        let (parameters, settings) = (spec.parameters.clone(), spec.settings.clone());
        Self { origin: Origin::of_trial(spec), parameters, settings, purpose: spec.purpose() }
    }
}

impl From<&CheckedRequest> for Task {
    fn from(request: &CheckedRequest) -> Self {
        Self {
            origin: Origin::Files(vec![request.model.clone()]),
            parameters: request.parameters.clone(),
            settings: request.settings.clone(),
            purpose: String::new(),
        }
    }
}

impl Task {
    /// How the network is lowered.
    pub const fn lowering(&self) -> LowerOptions {
        LowerOptions { form: self.settings.activation_form, fuse: self.settings.node_fusing.0 }
    }

    /// How its weights are clustered; none: not at all.
    pub fn clustering(&self) -> Option<ClusterOptions> {
        Some(ClusterOptions {
            clusters: usize::try_from(self.settings.clusters.0?).unwrap_or(usize::MAX),
            mode: self.settings.cluster_mode,
            algorithm: self.settings.cluster_method,
            seed: self.settings.cluster_seed.0,
            ..ClusterOptions::default()
        })
    }

    /// The choices that the plan is made from, with these prices.
    pub fn plan_options(&self, prices: &Prices) -> PlanOptions {
        PlanOptions { prices: prices.clone(), ..plan_options(&self.settings, &self.parameters) }
    }

    /// Whether a plan for this task is one for the other as well: images, seeds, back end, threads and, but for
    /// [`Settings::planning_limit`], the limit of memory do not enter.
    pub fn plans_like(&self, other: &Self) -> bool {
        let Settings { images, backend, seed, threads, memory, probe, .. } = other.settings.clone();
        let settings = Settings { images, backend, seed, threads, memory, probe, ..self.settings.clone() };
        let like = Self { settings, purpose: other.purpose.clone(), ..self.clone() } == *other;
        let of = |settings: &Settings| (settings.memory.working, settings.memory.diagonals, settings.planning_limit());
        like && of(&self.settings) == of(&other.settings)
    }

    /// Threads to work on.
    ///
    /// # Errors
    /// [`ExperimentError::Threads`].
    pub fn pool(&self) -> Result<ThreadPool, ExperimentError> {
        self.settings.threads.check_here()?;
        Self::pool_of(self.settings.threads.count())
    }

    /// Threads to plan on, which may be for a machine with more cores.
    ///
    /// # Errors
    /// [`ExperimentError::Threads`].
    pub fn planning_pool(&self) -> Result<ThreadPool, ExperimentError> {
        Self::pool_of(self.settings.threads.count().min(Threads::all()))
    }

    fn pool_of(threads: u32) -> Result<ThreadPool, ExperimentError> {
        ThreadPoolBuilder::new()
            .num_threads(threads as usize)
            .build()
            .map_err(|error| ExperimentError::Threads { threads, reason: error.to_string() })
    }

    /// Where keys and noise come from, if they are to be reproducible.
    pub fn fixed_seed(&self) -> Option<Seed> {
        self.settings.seed.0.map(|number| Seed::from_number(number).derive(&self.purpose, &[]))
    }

    /// Where simulated noise comes from.
    ///
    /// # Errors
    /// [`ExperimentError::Randomness`].
    pub fn seed(&self) -> Result<Seed, ExperimentError> {
        Ok(self.fixed_seed().map_or_else(Seed::from_entropy, Ok)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::{KeySwitching, SecurityPolicy};
    use crate::experiment::byte_size::ByteSize;
    use crate::experiment::setting::{Backend, Clusters, ImageSelection, LayoutKind, LogN, Probe, Seed, Tiles};
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
        assert_eq!((options.levels, options.key_switching), (Some(21), KeySwitching::SpecialPrimes(3)));
        assert_eq!(options.security, SecurityPolicy::Bits128);
    }

    #[test]
    fn what_a_plan_depends_on() {
        let task = Task::from(&sample());
        let with = |change: fn(&mut Settings)| Task::from(&sample_with(change));
        let other = with(|settings| {
            settings.images = ImageSelection::First(1);
            settings.seed = Seed(Some(1));
            settings.threads = Threads(Some(7));
            settings.backend = Backend::Simulated;
            settings.probe = Probe(false);
        });
        assert!(task.purpose != other.purpose && task.plans_like(&other) && other.plans_like(&task));
        assert!(!task.plans_like(&with(|settings| settings.log_n = LogN(16))));
        assert!(!task.plans_like(&with(|settings| settings.memory.working = ByteSize(1 << 30))));
        // The limit decides where the number of tiles is to be the best one.
        let limited = |tiles, gib: u64| {
            Task::from(&sample_with(|settings| {
                (settings.layout, settings.tiles) = (LayoutKind::Tiled, Tiles(tiles));
                settings.memory.limit = Some(ByteSize(gib << 30));
            }))
        };
        assert!(limited(Some(4), 1).plans_like(&limited(Some(4), 2)));
        assert!(limited(None, 1).plans_like(&limited(None, 1)) && !limited(None, 1).plans_like(&limited(None, 2)));
        let purposes =
            [limited(Some(4), 1), limited(Some(4), 2), limited(None, 1), limited(None, 2)].map(|task| task.purpose);
        assert!(purposes[0] == purposes[1] && purposes[2] != purposes[3]);
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
        task.settings.memory.limit = Some(ByteSize(8 << 30));
        let error = task.check_memory(9 << 30).unwrap_err();
        assert!(error.is_user_error());
        assert!(error.to_string().contains("predicted to need 9.0 GiB of memory, more than the limit of 8.0 GiB"));
        task.settings.memory.limit = Some(ByteSize(10 << 30));
        assert!(task.check_memory(9 << 30).is_ok());
    }
}
