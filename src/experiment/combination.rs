//! Which settings go together, what those mean that others make idle, and what they mean for the plan.

use super::locate::Problem;
use super::parameter_set::ParameterSet;
use super::setting::{
    Backend, Batch, ClusterAlgorithm, ClusterMode, ConvolutionKind, DrawSeed, Ensemble, LayoutKind, LogN, NetworkForm,
    Probe, Processes, Setting, Tiles, WeightsOrigin,
};
use super::settings::{PartialSettings, Settings};
use crate::ckks::CkksError;
use crate::inference::{DEFAULT_MEMORY_BYTES, PlanOptions, Prices};
use crate::network::cluster::MOST_JOINT_MEMBERS;

/// Why a combination is impossible: the setting to blame, and what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The setting.
    pub setting: &'static str,
    /// What is wrong and what to change.
    pub problem: String,
}

impl Refusal {
    /// A refusal that blames `setting`.
    pub fn new(setting: &'static str, problem: impl Into<String>) -> Self {
        Self { setting, problem: problem.into() }
    }
}

/// The settings with what must be given in all cases but those where it is idle: in the clear, a ring dimension.
#[must_use]
pub fn with_idle(given: &PartialSettings) -> PartialSettings {
    let clear = given.backend == Some(Backend::Clear);
    PartialSettings { log_n: given.log_n.or(clear.then_some(LogN(LogN::MIN))), ..given.clone() }
}

/// Fills in what follows from other settings, puts settings without effect to their default (so that trials that differ
/// in nothing else are one), and refuses what does not go together.
///
/// # Errors
/// The first [`Refusal`].
pub fn settle(given: &PartialSettings, settings: &mut Settings) -> Result<(), Refusal> {
    settle_members(given, settings)?;
    settle_clusters(settings)?;
    settle_form(settings)?;
    settle_processes(given, settings)?;
    if settings.backend == Backend::Clear {
        settle_clear(settings);
        return Ok(());
    }
    settle_layout(given, settings)
}

fn settle_form(settings: &mut Settings) -> Result<(), Refusal> {
    if settings.network_form == NetworkForm::Lowered {
        return Ok(());
    }
    let refuse = |problem: &str| Err(Refusal::new("network_form", problem));
    if settings.backend != Backend::Clear {
        return refuse("only the lowered network can be encrypted; set `lowered`, or `backend: clear`");
    }
    if settings.clusters.0.is_some() {
        return refuse("the weights of the lowered network are clustered; set `lowered`, or `clusters: none`");
    }
    to_default(&mut settings.activation_form);
    to_default(&mut settings.node_fusing);
    Ok(())
}

/// Between two processes there are files of keys and ciphertexts, and neither has what is secret to the other.
fn settle_processes(given: &PartialSettings, settings: &mut Settings) -> Result<(), Refusal> {
    if settings.processes == Processes::One {
        return Ok(());
    }
    if settings.backend != Backend::Encrypted {
        let backend = settings.backend.as_str();
        let problem =
            format!("`backend: {backend}` has no keys and no ciphertexts to send; set `one`, or `backend: encrypted`");
        return Err(Refusal::new("processes", problem));
    }
    if settings.seed.0.is_some() {
        let problem =
            "keys that are sent come from the operating system's entropy; remove `seed`, or set `processes: one`";
        return Err(Refusal::new("seed", problem));
    }
    if given.probe == Some(Probe(true)) {
        let problem =
            "the process that has the layers has no secret to compare them with; set `false`, or `processes: one`";
        return Err(Refusal::new("probe", problem));
    }
    settings.probe = Probe(false);
    Ok(())
}

fn to_default<S: Setting>(setting: &mut S) {
    S::default_value().into_iter().for_each(|value| *setting = value);
}

/// Without encryption, its settings are idle.
fn settle_clear(settings: &mut Settings) {
    settings.log_n = LogN(LogN::MIN);
    to_default(&mut settings.tower_reuse);
    to_default(&mut settings.layout);
    to_default(&mut settings.convolution);
    to_default(&mut settings.batch);
    to_default(&mut settings.tiles);
    to_default(&mut settings.ring_switching);
    to_default(&mut settings.security);
    to_default(&mut settings.seed);
    to_default(&mut settings.memory);
    to_default(&mut settings.probe);
}

fn settle_members(given: &PartialSettings, settings: &mut Settings) -> Result<(), Refusal> {
    if settings.weights == WeightsOrigin::Random {
        if given.model.is_some() {
            let problem = "random weights come from no file; remove `model`, or set `weights: trained`";
            return Err(Refusal::new("model", problem));
        }
        return Ok(());
    }
    settings.weights_seed = DrawSeed::default();
    let named = given.model.as_ref().map_or(1, |model| model.names().len()) as u32;
    match given.ensemble {
        Some(Ensemble(asked)) if asked != named => {
            let problem = format!(
                "{asked} members of trained weights, but `model` names {named}; name as many files in a list, or set \
                 `weights: random`"
            );
            Err(Refusal::new("ensemble", problem))
        }
        _ => {
            settings.ensemble = Ensemble(named);
            Ok(())
        }
    }
}

fn settle_clusters(settings: &mut Settings) -> Result<(), Refusal> {
    if settings.clusters.0.is_none() {
        settings.cluster_mode = ClusterMode::default();
        settings.cluster_method = ClusterAlgorithm::default();
        settings.cluster_seed = DrawSeed::default();
        return Ok(());
    }
    if settings.cluster_mode == ClusterMode::Joint && settings.ensemble.0 == 1 {
        let problem = "joint clustering is of the members of an ensemble, and there is one network; set `slice`, or give \
                       more members";
        return Err(Refusal::new("cluster_mode", problem));
    }
    if settings.cluster_mode == ClusterMode::Joint && settings.ensemble.0 as usize > MOST_JOINT_MEMBERS {
        let problem =
            format!("joint clustering takes at most {MOST_JOINT_MEMBERS} members; give fewer, or set `slice`");
        return Err(Refusal::new("cluster_mode", problem));
    }
    if settings.cluster_method == ClusterAlgorithm::Exact {
        if settings.cluster_mode == ClusterMode::Joint {
            let problem = "the exact method clusters numbers, and joint clustering vectors of them; set `lloyd`, or \
                           another `cluster_mode`";
            return Err(Refusal::new("cluster_method", problem));
        }
        settings.cluster_seed = DrawSeed::default();
    }
    Ok(())
}

fn settle_layout(given: &PartialSettings, settings: &mut Settings) -> Result<(), Refusal> {
    let packed = settings.layout == LayoutKind::Packed;
    if !packed {
        // Other layouts stay in one ring.
        to_default(&mut settings.ring_switching);
    }
    if !packed && given.convolution.is_none() {
        settings.convolution = ConvolutionKind::Classical;
    }
    if packed != (settings.convolution == ConvolutionKind::Diagonals) {
        let problem = format!(
            "the {} layout has no {} convolution; {}",
            settings.layout.as_str(),
            settings.convolution.as_str(),
            if packed { "set `layout: channel`, or `diagonals`" } else { "set `classical`, `clustered` or `integer`" }
        );
        return Err(Refusal::new("convolution", problem));
    }
    if settings.layout == LayoutKind::Tiled {
        if given.convolution.is_some_and(|convolution| convolution != ConvolutionKind::Classical) {
            let problem = "the tiled layout has one kind of convolution; remove the key, or set `classical`";
            return Err(Refusal::new("convolution", problem));
        }
        if given.batch.is_none() {
            settings.batch = Batch(None);
        }
        return Ok(());
    }
    if settings.batch == Batch(None) && !packed {
        let problem =
            "the channel layout takes a number of images; give it, such as `batch: 8`, or remove the key for one";
        return Err(Refusal::new("batch", problem));
    }
    if settings.batch == Batch(None) {
        to_default(&mut settings.batch);
    }
    if packed && Some(settings.batch) != Batch::default_value() {
        let problem =
            "the packed layout has no free slots for more images; set `batch: 1`, or `layout: channel` or `tiled`";
        return Err(Refusal::new("batch", problem));
    }
    if let (Tiles(Some(_)), LayoutKind::Packed | LayoutKind::Channel) = (settings.tiles, settings.layout) {
        let problem =
            format!("the {} layout has no tiles; set `tiles: auto`, or `layout: tiled`", settings.layout.as_str());
        return Err(Refusal::new("tiles", problem));
    }
    Ok(())
}

/// The choices that a plan is made from, with the stored prices.
#[must_use]
pub fn plan_options(settings: &Settings, parameters: &ParameterSet) -> PlanOptions {
    PlanOptions {
        log_n: settings.log_n.0,
        levels: parameters.levels,
        scale_bits: parameters.scale_bits,
        weight_bits: parameters.weight_bits,
        tower_reuse: settings.tower_reuse.0,
        input_bits: parameters.input_bits,
        input_copies: parameters.input_copies,
        complex_packing: parameters.complex_packing,
        base_bits: parameters.base_bits,
        layout: settings.layout,
        convolution: settings.convolution,
        ring_switching: settings.ring_switching,
        batch: settings.batch.0.map(|images| usize::try_from(images).unwrap_or(usize::MAX)),
        tiles: settings.tiles.0.map(|tiles| tiles as usize),
        memory_bytes: settings.memory.limit.map_or(DEFAULT_MEMORY_BYTES, |limit| limit.0),
        working_bytes: settings.memory.working.0,
        weight_bytes: settings.memory.diagonals.map(|diagonals| diagonals.0),
        key_switching: parameters.key_switching,
        security: settings.security,
        prices: Prices::default(),
        chosen: None,
    }
}

/// Checks a parameter set for a trial with these settings.
///
/// # Errors
/// The first impossible value, with the key that holds it.
pub fn check_parameters(settings: &Settings, set: &ParameterSet) -> Result<(), Problem> {
    plan_options(settings, set).check().map_err(|error| match error {
        CkksError::Parameter { name, reason, .. } => Problem::at(name, reason),
        error => Problem::new(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ckks::KeySwitching;
    use crate::experiment::block::named;
    use crate::experiment::parameter_set::tests::set;
    use crate::experiment::setting::TowerReuse;
    use crate::experiment::trial::tests::{sample, sample_with};
    use crate::inference::RingSwitching;

    #[test]
    fn what_encryption_alone_has_is_idle_in_the_clear() {
        let clear = |text: &str| {
            let text = format!("{{images: 1, model: a, backend: clear{text}}}");
            let given: PartialSettings = serde_yaml::from_str(&text).unwrap();
            let mut settings = with_idle(&given).plain().unwrap();
            settle(&given, &mut settings).map(|()| settings)
        };
        let plain = clear("").unwrap();
        for idle in
            ["log_n: 15", "layout: channel, batch: 8", "seed: 3", "tower_reuse: false", "security: none", "probe: true"]
        {
            assert_eq!(clear(&format!(", {idle}")).unwrap(), plain, "{idle}");
        }
        assert_ne!(clear(", clusters: 8").unwrap(), plain);
        assert_ne!(clear(", activation_form: full").unwrap(), plain);
        let trained = clear(", network_form: trained").unwrap();
        assert_eq!(clear(", network_form: trained, activation_form: full, node_fusing: false").unwrap(), trained);
        let Refusal { setting, problem } = clear(", network_form: trained, clusters: 8").unwrap_err();
        assert!(setting == "network_form" && problem.contains("the weights of the lowered network"), "{problem}");
        assert!(blamed("model: a, network_form: trained").1.contains("`backend: clear`"));
    }

    fn settled(text: &str) -> Result<Settings, Refusal> {
        let given: PartialSettings = serde_yaml::from_str(&format!("{{images: 1, log_n: 15, {text}}}")).unwrap();
        let mut settings = given.plain().unwrap();
        settle(&given, &mut settings).map(|()| settings)
    }

    fn blamed(text: &str) -> (&'static str, String) {
        let Refusal { setting, problem } = settled(text).unwrap_err();
        (setting, problem)
    }

    #[test]
    fn two_processes_need_something_to_send_and_share_no_secret() {
        let two = settled("model: a, processes: two").unwrap();
        assert!(!two.probe.0 && settled("model: a").unwrap().probe.0);
        assert_eq!(settled("model: a, processes: two, probe: false").unwrap(), two);
        for (text, setting, expected) in [
            ("backend: simulated", "processes", "`backend: simulated` has no keys"),
            ("backend: clear", "processes", "`backend: clear` has no keys"),
            ("seed: 3", "seed", "remove `seed`"),
            ("probe: true", "probe", "has no secret to compare them with"),
        ] {
            let (found, problem) = blamed(&format!("model: a, processes: two, {text}"));
            assert!(found == setting && problem.contains(expected), "{found}: {problem}");
        }
    }

    #[test]
    fn members_are_counted() {
        assert_eq!(settled("model: a.safetensors").unwrap().ensemble, Ensemble(1));
        assert_eq!(settled("model: [a.safetensors, b.safetensors]").unwrap().ensemble, Ensemble(2));
        assert_eq!(settled("weights: random, ensemble: 4").unwrap().ensemble, Ensemble(4));
        assert_eq!(settled("model: [a, b], ensemble: 2").unwrap().ensemble, Ensemble(2));
        assert_eq!(blamed("model: [a, b], ensemble: 3").0, "ensemble");
        assert!(blamed("ensemble: 2").1.contains("`model` names 1"));
        assert_eq!(blamed("model: a, weights: random").0, "model");
    }

    #[test]
    fn idle_settings_leave_no_trace() {
        let plain = settled("model: a").unwrap();
        assert_eq!(settled("model: a, cluster_mode: full, cluster_seed: 3, weights_seed: 2").unwrap(), plain);
        let exact = settled("model: a, clusters: 8, cluster_method: exact").unwrap();
        assert_eq!(settled("model: a, clusters: 8, cluster_method: exact, cluster_seed: 1").unwrap(), exact);
        let lloyd = |seed: u32| settled(&format!("model: a, clusters: 8, cluster_seed: {seed}")).unwrap();
        assert_ne!(lloyd(1), lloyd(2));
    }

    #[test]
    fn smaller_rings_make_other_trials_in_the_packed_layout_alone() {
        let trials = |layout: &str| {
            let with = |rings: &str| settled(&format!("model: a, layout: {layout}, ring_switching: {rings}")).unwrap();
            let mut trials = ["none", "auto"].map(with).to_vec();
            trials.dedup();
            trials.len()
        };
        assert_eq!(["packed", "channel", "tiled"].map(trials), [2, 1, 1]);
        let channel = settled("model: a, layout: channel, ring_switching: auto").unwrap();
        assert_eq!(channel.ring_switching, RingSwitching::None);
    }

    #[test]
    fn what_does_not_go_together() {
        assert_eq!(blamed("model: a, clusters: 8, cluster_mode: joint").0, "cluster_mode");
        assert_eq!(
            blamed("model: [a, b], clusters: 8, cluster_mode: joint, cluster_method: exact").0,
            "cluster_method"
        );
        assert!(settled("model: [a, b], clusters: 8, cluster_mode: joint").is_ok());
        let (setting, problem) = blamed("model: a, convolution: clustered");
        assert_eq!(setting, "convolution");
        assert!(problem.contains("the packed layout has no clustered convolution; set `layout: channel`"), "{problem}");
        for (text, setting, expected) in [
            ("layout: channel, convolution: diagonals", "convolution", "set `classical`, `clustered` or `integer`"),
            ("layout: tiled, convolution: clustered", "convolution", "the tiled layout has one kind of convolution"),
            ("layout: channel, batch: auto", "batch", "the channel layout takes a number of images"),
        ] {
            let (found, problem) = blamed(&format!("model: a, {text}"));
            assert!(found == setting && problem.contains(expected), "{found}: {problem}");
        }
        assert_eq!(blamed("model: a, batch: 2").0, "batch");
        for layout in ["packed", "channel"] {
            let (setting, problem) = blamed(&format!("model: a, layout: {layout}, tiles: 16"));
            assert_eq!(setting, "tiles");
            assert!(problem.contains(&format!("the {layout} layout has no tiles")), "{problem}");
            assert!(settled(&format!("model: a, layout: {layout}, tiles: auto")).is_ok());
        }
        assert_eq!(settled("model: a, layout: channel").unwrap().convolution, ConvolutionKind::Classical);
        assert!(settled("model: a, layout: channel, convolution: clustered, batch: 8").is_ok());
        assert!(settled("model: a, layout: channel, convolution: integer").is_ok());
        assert!(settled("model: a, activation_form: monic").is_ok());
        assert!(settled("model: a, node_fusing: false").is_ok());
        assert!(settled("model: a, tower_reuse: false").is_ok());
    }

    #[test]
    fn the_built_in_set_is_that_of_a_plan() {
        let found = named::<ParameterSet>("default", Path::new("/nonexistent")).unwrap().unwrap().block;
        let (settings, default) = (sample().settings, PlanOptions::default());
        assert_eq!(check_parameters(&settings, &found), Ok(()));
        let plan = plan_options(&settings, &found);
        let literal = |options: &PlanOptions| (options.levels, options.base_bits, options.key_switching);
        assert_eq!(literal(&plan), literal(&default));
        assert_eq!(
            (plan.scale_bits, plan.weight_bits, plan.input_bits),
            (default.scale_bits, default.weight_bits, default.input_bits)
        );
        assert_eq!((plan.input_copies, plan.complex_packing), (default.input_copies, default.complex_packing));
    }

    #[test]
    fn impossible_sizes_name_their_key() {
        let settings = sample().settings;
        let key = |set: ParameterSet| check_parameters(&settings, &set).unwrap_err().key;
        let input_bits = |input_bits| ParameterSet { input_bits, ..set(20.5, 18.25, 28) };
        for bits in [9.0, 41.5, f64::NAN] {
            assert_eq!(key(input_bits(bits)), Some("input_bits"));
        }
        let input_copies = |input_copies| ParameterSet { input_copies, ..set(20.5, 18.25, 28) };
        assert_eq!((key(input_copies(0)), key(input_copies(65))), (Some("input_copies"), Some("input_copies")));
        assert_eq!(check_parameters(&settings, &input_copies(64)), Ok(()));
        assert_eq!(key(set(5.0, 18.0, 30)), Some("scale_bits"));
        assert_eq!(key(set(35.0, 30.0, 40)), Some("weight_bits"));
        assert_eq!(key(set(20.0, 18.0, 61)), Some("base_bits"));
        let problem = check_parameters(&settings, &set(30.0, 18.0, 30)).unwrap_err();
        assert!(problem.text.contains("no room for logits"), "{}", problem.text);
        let levels = |levels| ParameterSet { levels: Some(levels), ..set(20.5, 18.25, 28) };
        assert_eq!((key(levels(0)), key(levels(201))), (Some("levels"), Some("levels")));
        assert_eq!(check_parameters(&settings, &levels(20)), Ok(()));
        let special =
            |count| ParameterSet { key_switching: KeySwitching::SpecialPrimes(count), ..set(20.5, 18.25, 28) };
        assert_eq!((key(special(0)), key(special(65))), (Some("key_switching"), Some("key_switching")));
    }

    #[test]
    fn without_tower_reuse_scale_and_weights_share_no_prime() {
        let apart = |reuse| sample_with(|settings| settings.tower_reuse = TowerReuse(reuse)).settings;
        let large = set(42.0, 19.5, 50);
        assert_eq!(check_parameters(&apart(true), &large).unwrap_err().key, Some("weight_bits"));
        assert_eq!(check_parameters(&apart(false), &large), Ok(()));
        assert_eq!(check_parameters(&apart(false), &set(17.0, 19.5, 30)).unwrap_err().key, Some("scale_bits"));
    }
}
