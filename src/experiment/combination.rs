//! Which settings go together, and what those mean that others make idle.

use super::setting::{
    Backend, Batch, ClusterMethod, ClusterMode, Convolution, DrawSeed, Ensemble, Layout, LogN, NetworkForm, Setting,
    WeightsOrigin,
};
use super::settings::{PartialSettings, Settings};

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
        settings.cluster_method = ClusterMethod::default();
        settings.cluster_seed = DrawSeed::default();
        return Ok(());
    }
    if settings.cluster_mode == ClusterMode::Joint && settings.ensemble.0 == 1 {
        let problem = "joint clustering is of the members of an ensemble, and there is one network; set `slice`, or give \
                       more members";
        return Err(Refusal::new("cluster_mode", problem));
    }
    if settings.cluster_method == ClusterMethod::Exact {
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
    let packed = settings.layout == Layout::Packed;
    if !packed && given.convolution.is_none() {
        settings.convolution = Convolution::Classical;
    }
    if packed != (settings.convolution == Convolution::Diagonals) {
        let problem = format!(
            "the {} layout has no {} convolution; {}",
            settings.layout.as_str(),
            settings.convolution.as_str(),
            if packed { "set `layout: channel`, or `diagonals`" } else { "set `classical`, `clustered` or `integer`" }
        );
        return Err(Refusal::new("convolution", problem));
    }
    if packed && Some(settings.batch) != Batch::default_value() {
        let problem = "the packed layout has no free slots for more images; set `batch: 1`, or `layout: channel`";
        return Err(Refusal::new("batch", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(clear(", network_form: trained, clusters: 8").unwrap_err().setting, "network_form");
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
        assert_eq!(blamed("model: a, layout: channel, convolution: diagonals").0, "convolution");
        assert_eq!(blamed("model: a, batch: 2").0, "batch");
        assert_eq!(settled("model: a, layout: channel").unwrap().convolution, Convolution::Classical);
        assert!(settled("model: a, layout: channel, convolution: clustered, batch: 8").is_ok());
        assert!(settled("model: a, layout: channel, convolution: integer").is_ok());
        assert!(settled("model: a, activation_form: monic").is_ok());
        assert!(settled("model: a, node_fusing: false").is_ok());
        assert!(settled("model: a, tower_reuse: false").is_ok());
    }
}
