//! A plan in the words of a report.

use super::preparation::{Members, Prepared};
use super::task::Task;
use crate::ckks::RingSwitch;
use crate::ckks::evaluator::Operations;
use crate::ckks::parameters::KeyBand;
use crate::ckks::security::Table;
use crate::experiment::ExperimentError;
use crate::experiment::plan_view::{OperationCounts, PlanBand, PlanClusters, PlanLayer, PlanRing, PlanView};
use crate::experiment::prices::{KnownPrices, PriceOrigin};
use crate::experiment::trial::TrialSpec;
use crate::inference::program::Value;
use crate::inference::{Layout, Plan, PlannedLayer};
use crate::network::cluster::ClusterReport;
use crate::network::lowered::Shape;

/// Derives plans; touches no key. Keeps the last plan, for trials that differ in nothing that it depends on.
#[derive(Debug)]
pub struct Planner<'p> {
    prices: &'p KnownPrices,
    last: Option<(Task, Prepared)>,
}

impl<'p> Planner<'p> {
    /// A planner with these prices.
    #[must_use]
    pub const fn new(prices: &'p KnownPrices) -> Self {
        Self { prices, last: None }
    }

    /// Derives the plan of a trial; none: in the clear there is nothing to plan, and the networks are read to see whether they can be evaluated.
    ///
    /// # Errors
    /// A refusal: damaged weights, a chain that is too short, parameters that are not secure. That it needs too much memory is
    /// for [`PlanView::check_memory`] to say.
    pub fn plan(&mut self, spec: &TrialSpec) -> Result<Option<PlanView>, ExperimentError> {
        let task = Task::from(spec);
        if spec.is_clear() {
            Members::of_trial(spec, &task)?.check(spec, &task)?;
            return Ok(None);
        }
        let prepared = match self.last.take() {
            Some((last, prepared)) if last.plans_like(&task) && prepared.serves(spec) => prepared,
            _ => task.planning_pool()?.install(|| Prepared::of_trial(spec, &task, &self.prices.prices))?,
        };
        let plan = view(spec, &task, &prepared, self.prices.origin);
        self.last = Some((task, prepared));
        Ok(Some(plan))
    }
}

fn view(spec: &TrialSpec, task: &Task, prepared: &Prepared, origin: PriceOrigin) -> PlanView {
    let Prepared { card, plan, clusters, .. } = prepared;
    let parameters = &plan.parameters;
    let security = parameters.security();
    let limb_bytes = 8 * parameters.n() as u64;
    let Value { ciphertexts, limbs, .. } = plan.client.encrypted;
    let threads = spec.settings.threads.count() as usize;
    PlanView {
        trial_id: spec.id.clone(),
        network: card.network.clone(),
        width: card.width as u32,
        shortcut: card.shortcut,
        pool: card.pool,
        weights: spec.settings.weights.as_str().to_owned(),
        ensemble: spec.settings.ensemble.0,
        clusters: clusters.as_ref().map(|report| cluster_view(spec, report)),
        dataset: spec.dataset.name.as_str().to_owned(),
        backend: spec.settings.backend.as_str().to_owned(),
        images: spec.settings.images.count() as u32,
        log_n: spec.settings.log_n.0,
        layout: spec.settings.layout.as_str().to_owned(),
        convolution: spec.settings.convolution.as_str().to_owned(),
        batch: plan.client.batch as u32,
        levels_used: plan.levels_used() as u32,
        log2_qp: security.log2_qp,
        rings: plan.client.switches().map(ring).collect(),
        line_2018: Table::Standard2018.limit(spec.settings.log_n.0),
        line_2024: Table::Guidelines2024.limit(spec.settings.log_n.0),
        security_2018: plan.client.verdict(Table::Standard2018).into(),
        security_2024: plan.client.verdict(Table::Guidelines2024).into(),
        bands: parameters.bands().iter().map(band).collect(),
        galois_elements: plan.client.request.galois_elements() as u32,
        keys: plan.client.keys() as u32,
        key_bytes: plan.client.key_bytes(),
        ciphertext_bytes: ciphertexts as u64 * (limbs as u64 * limb_bytes + SEED_BYTES),
        diagonal_bytes: plan.diagonal_bytes(),
        memory_bytes: task.memory_bytes(plan),
        memory_limit_bytes: task.memory_limit_bytes(),
        seconds: plan.predicted_seconds(threads),
        threads: spec.settings.threads.count(),
        cores: plan.prices.cores as u32,
        kernels: plan.prices.instructions.clone(),
        prices: origin.as_str().to_owned(),
        layers: plan.layers.iter().map(|layer| layer_view(plan, layer, threads)).collect(),
        steps: plan.program.steps.clone(),
    }
}

fn cluster_view(spec: &TrialSpec, report: &ClusterReport) -> PlanClusters {
    let settings = &spec.settings;
    PlanClusters {
        clusters: settings.clusters.0.unwrap_or_default(),
        mode: settings.cluster_mode.as_str().to_owned(),
        method: settings.cluster_method.as_str().to_owned(),
        groups: report.groups.len() as u64,
        kept: report.kept() as u64,
        relative_error: report.relative_error,
    }
}

/// What the client sends in place of a ciphertext's uniform half.
const SEED_BYTES: u64 = 32;

fn ring(switch: &RingSwitch) -> PlanRing {
    let log_n = switch.target().log_n();
    let line_2024 = Table::Guidelines2024.limit(log_n);
    PlanRing { log_n, level: switch.limbs() as u32 - 1, log2_qp: switch.log2_qp(), line_2024 }
}

fn band(band: &KeyBand) -> PlanBand {
    PlanBand {
        level_top: (band.band.top - 1) as u32,
        level_bottom: (band.band.bottom - 1) as u32,
        digit_limbs: band.band.shape.digit_limbs as u32,
        special_primes: band.band.shape.special as u32,
        special_bits: band.band.shape.special_bits,
    }
}

fn layer_view(plan: &Plan, layer: &PlannedLayer, threads: usize) -> PlanLayer {
    PlanLayer {
        name: layer.name.clone(),
        kind: kind(layer),
        level_in: (layer.limbs - 1) as u32,
        level_out: (layer.value.limbs - 1) as u32,
        scale_bits: layer.output.scale.log2(),
        layout: layout(&layer.layout),
        diagonals: layer.size.products,
        babies: layer.size.babies,
        giants: layer.size.giants,
        operations: counts(&layer.operations),
        log2_headroom: layer.log2_headroom,
        seconds: plan.layer_seconds(layer, threads),
    }
}

/// What a layer is, its activation included.
pub fn kind(layer: &PlannedLayer) -> String {
    let activation = match layer.activation {
        "none" => "",
        "square" => " + square",
        "monic" => " + monic quadratic",
        _ => " + quadratic",
    };
    format!("{}{activation}", layer.kind)
}

/// A layout in a few words, such as `packed 16x32x32 pitch 1, 1 ct`.
pub fn layout(layout: &Layout) -> String {
    let Shape { channels, height, width } = layout.shape();
    let ciphertexts = layout.ciphertexts();
    let (name, how) = match layout {
        Layout::Packed(packed) => ("packed", format!("pitch {}", packed.pitch())),
        Layout::Channel(channel) => ("channel", format!("pitch {}", channel.pitch())),
        Layout::Tiled(tiled) => {
            let (rows, columns) = tiled.tile();
            ("tiled", format!("in {} of {rows}x{columns}", tiled.tiles()))
        }
        Layout::Classes(_) => return format!("classes {channels}, {ciphertexts} ct"),
    };
    format!("{name} {channels}x{height}x{width} {how}, {ciphertexts} ct")
}

fn counts(operations: &Operations) -> OperationCounts {
    OperationCounts {
        rotations: operations.rotations,
        hoisting_groups: operations.hoisting_groups,
        plain_products: operations.plain_products,
        products: operations.products,
        additions: operations.additions,
        rescales: operations.rescales,
        limb_transforms: operations.limb_transforms,
        limb_products: operations.pair_products(),
        key_bytes_read: operations.key_bytes,
    }
}
