//! What `leveled evaluate` asks for, and the experiment that it is short for.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::candidates::{Candidate, distinct, groups, largest_family, read_all};
use crate::experiment::ExperimentError;
use crate::experiment::config::Experiment;
use crate::experiment::images::{held_out_by, seen_problem};
use crate::experiment::locate::YamlText;
use crate::experiment::records::ImageSet;
use crate::experiment::setting::{Check, Clusters, HeldOut};
use crate::experiment::settings::MOST_COMBINATIONS;
use crate::network::NetworkError;
use crate::network::cluster::ClusterMode;

/// Name of the experiment.
const NAME: &str = "evaluate";

/// What to evaluate.
#[derive(Debug, Clone)]
pub struct AccuracyRequest {
    /// Weights files, each with its card beside it.
    pub models: Vec<PathBuf>,
    /// Directory of the data set's official binary archive; none: the shipped test images.
    pub data: Option<PathBuf>,
    /// Which images.
    pub images: ImageSet,
    /// Sizes of ensembles; the best networks of one kind, by their held out images, are the members.
    pub ensembles: Vec<usize>,
    /// Numbers of clusters; none: nothing is clustered.
    pub clusters: Vec<usize>,
    /// What shares the clusters: full and slice for single networks, joint for ensembles.
    pub modes: Vec<ClusterMode>,
    /// Seeds of the clustering: 0, 1, and so on.
    pub cluster_seeds: u64,
}

/// The experiment that a request is short for: each network as trained, lowered, and clustered; then the ensembles likewise. With notes
/// that are worth a line, such as a network that was given twice.
///
/// # Errors
/// [`ExperimentError::Argument`], [`ExperimentError::Network`], and what an experiment file would be refused for.
pub fn experiment(request: &AccuracyRequest) -> Result<(Experiment, Vec<String>), ExperimentError> {
    let (candidates, notes) = distinct(read_all(&request.models)?);
    let first = candidates.first().ok_or(NetworkError::NoMembers)?;
    check(request, &candidates)?;
    let held_out = held_out(request, &candidates)?;
    let groups = groups(&candidates, &request.ensembles);
    check_count(request, groups.len())?;
    let mut dataset = json!({ "name": first.model.card.dataset });
    if let Some(data) = &request.data {
        dataset["path"] = written(data, "--data")?.into();
    }
    if let Some(held_out) = held_out {
        dataset["held_out"] = json!(held_out);
    }
    let mut include: Vec<Value> = Vec::new();
    for group in &groups {
        include.extend(entries(request, &candidates, group)?);
    }
    let fixed = json!({ "backend": "clear", "images": "all", "dataset": dataset });
    let text = serde_yaml::to_string(&json!({ "name": NAME, "fixed": fixed, "include": include }))
        .map_err(|error| ExperimentError::Encode { what: "an experiment", reason: error.to_string() })?;
    let made = Experiment::of(YamlText::new(NAME, text)).map_err(|error| match error {
        // Nobody has the file that this would be about.
        ExperimentError::Setting { place, problem } if place.key == "fixed.dataset.path" => {
            ExperimentError::Argument { name: "--data", problem }
        }
        other => other,
    })?;
    // A path of this machine finds a file; records have its name alone.
    let mut text = made.text.clone();
    for path in &request.models {
        text = text.replace(&written(path, "MODELS")?, &name(path));
    }
    if let Some(data) = &request.data {
        text = text.replace(&written(data, "--data")?, DIRECTORY);
    }
    Ok((Experiment { text, command: Some(command(request)), ..made }, notes))
}

/// A path as it stands in the experiment, which is that of no file but of the current directory.
fn written(path: &Path, argument: &'static str) -> Result<String, ExperimentError> {
    let path = if path.is_absolute() { path.to_owned() } else { Path::new(".").join(path) };
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let problem = format!(
            "{} has bytes that are not UTF-8, which an experiment cannot name; rename it, or go to where it is and name it from there",
            path.display()
        );
        ExperimentError::Argument { name: argument, problem }
    })
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What stands in records for the directory of the data set.
const DIRECTORY: &str = "DIR";

/// All forms of one network or ensemble.
fn entries(
    request: &AccuracyRequest,
    candidates: &[Candidate],
    members: &[usize],
) -> Result<Vec<Value>, ExperimentError> {
    let paths = members.iter().map(|member| written(&candidates[*member].path, "MODELS"));
    let model = paths.collect::<Result<Vec<String>, _>>()?;
    let mut all = vec![json!({ "model": model, "network_form": "trained" })];
    // A network with ReLU has no other form.
    if candidates[members[0]].is_relu() {
        return Ok(all);
    }
    all.push(json!({ "model": model }));
    for mode in request.modes.iter().filter(|&&mode| (mode == ClusterMode::Joint) == (members.len() > 1)) {
        for clusters in &request.clusters {
            for seed in 0..request.cluster_seeds {
                let mode = mode.as_str();
                all.push(json!({ "model": model, "clusters": clusters, "cluster_mode": mode, "cluster_seed": seed }));
            }
        }
    }
    Ok(all)
}

/// The images that the networks' trainings held out, the same for all, if it is these that are asked for.
fn held_out(request: &AccuracyRequest, candidates: &[Candidate]) -> Result<Option<HeldOut>, ExperimentError> {
    if request.images == ImageSet::Test {
        return Ok(None);
    }
    let refuse = |problem: String| ExperimentError::Argument { name: "--images", problem };
    if request.data.is_none() {
        return Err(refuse("the held out images need --data, the directory of the full data set".to_owned()));
    }
    let mut first = None;
    for candidate in candidates {
        let (card, file) = (&candidate.model.card, name(&candidate.path));
        let by_card = held_out_by(card).ok_or_else(|| {
            refuse(format!("the card of {file} has no record of images that every training which led to it held out"))
        })?;
        let held_out = *first.get_or_insert(by_card);
        if let Some(problem) = seen_problem(card, held_out) {
            return Err(refuse(format!("{file}: {problem}, in an evaluation of their own")));
        }
    }
    Ok(first)
}

/// Refuses more trials than an experiment may have, before any is made.
fn check_count(request: &AccuracyRequest, groups: usize) -> Result<(), ExperimentError> {
    let clustered = (request.clusters.len() * request.modes.len()) as u64;
    let trials = clustered.saturating_mul(request.cluster_seeds).saturating_add(2).saturating_mul(groups as u64);
    if trials <= MOST_COMBINATIONS as u64 {
        return Ok(());
    }
    let problem = format!("that would be up to {trials} trials, more than {MOST_COMBINATIONS}; give fewer");
    Err(ExperimentError::Argument { name: "--cluster-seeds", problem })
}

/// Refuses options that would have no effect.
fn check(request: &AccuracyRequest, candidates: &[Candidate]) -> Result<(), ExperimentError> {
    let refuse = |name, problem: String| Err(ExperimentError::Argument { name, problem });
    let most = largest_family(candidates);
    if request.ensembles.contains(&0) {
        return refuse("--ensembles", "an ensemble has at least one member; choose 1 or more".to_owned());
    }
    if let Some(size) = request.ensembles.iter().find(|&&size| size > most) {
        let there = match most {
            1 => "no two of the networks here are; name more".to_owned(),
            _ => format!("of the networks here at most {most} are; choose 1 to {most}, or name more"),
        };
        let problem = format!(
            "an ensemble of {size} is not possible: its members are different networks of one kind (architecture, width, shortcut, \
             pool, data set, normalisation, ReLU or not), and {there}"
        );
        return refuse("--ensembles", problem);
    }
    for clusters in &request.clusters {
        let checked = Clusters(Some(*clusters as u64)).check();
        checked.or_else(|problem| refuse("--clusters", problem.text))?;
    }
    if request.clusters.is_empty() {
        return Ok(());
    }
    if request.cluster_seeds == 0 {
        return refuse("--cluster-seeds", "without a seed nothing is clustered; give at least 1".to_owned());
    }
    if candidates.iter().all(Candidate::is_relu) {
        let problem =
            "networks with ReLU have no folded form, and only that is clustered; name others, or remove the option";
        return refuse("--clusters", problem.to_owned());
    }
    let has_ensembles = request.ensembles.iter().any(|&size| size > 1);
    if !request.modes.iter().any(|mode| *mode != ClusterMode::Joint || has_ensembles) {
        return refuse("--modes", "joint is for ensembles; give --ensembles, or another mode".to_owned());
    }
    Ok(())
}

/// The command line of a request.
fn command(request: &AccuracyRequest) -> String {
    let mut words = vec!["leveled evaluate".to_owned()];
    words.extend(request.models.iter().map(|path| name(path)));
    if request.data.is_some() {
        words.push(format!("--data {DIRECTORY}"));
    }
    words.push(format!("--images {}", request.images.as_str()));
    let list = |numbers: &[usize]| numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    if !request.ensembles.is_empty() {
        words.push(format!("--ensembles {}", list(&request.ensembles)));
    }
    if !request.clusters.is_empty() {
        let modes: Vec<&str> = request.modes.iter().map(|mode| mode.as_str()).collect();
        words.push(format!("--clusters {} --modes {}", list(&request.clusters), modes.join(",")));
        words.push(format!("--cluster-seeds {}", request.cluster_seeds));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::accuracy::candidates::tests::shipped;
    use crate::experiment::setting::NetworkForm;

    #[test]
    fn it_tells_the_command_and_no_paths() {
        let request = AccuracyRequest {
            models: vec![shipped("herpn_seed0"), shipped("relu_seed0"), shipped("herpn_seed0")],
            data: None,
            images: ImageSet::Test,
            ensembles: vec![1],
            clusters: vec![16, 64],
            modes: vec![ClusterMode::Full, ClusterMode::Slice],
            cluster_seeds: 3,
        };
        let (made, notes) = experiment(&request).unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        // Trained, lowered, two numbers of clusters in two modes from three seeds; ReLU as trained alone.
        assert_eq!((made.trials.len(), made.duplicates.len()), (2 + 2 * 2 * 3 + 1, 0));
        assert!(made.trials.iter().all(|spec| spec.is_clear() && spec.settings.images.count() == 200));
        assert_eq!(made.trials[0].settings.network_form, NetworkForm::Trained);
        assert_eq!(made.trials[13].settings.cluster_seed.0, 2);
        let command = made.command.unwrap();
        assert!(
            command.ends_with("--images test --ensembles 1 --clusters 16,64 --modes full,slice --cluster-seeds 3"),
            "{command}"
        );
        for text in [&command, &made.text] {
            assert!(text.contains("resnet20_w16_cifar10_relu_seed0.safetensors"), "{text}");
            assert!(!text.contains(env!("CARGO_MANIFEST_DIR")), "{text}");
        }
        let data = Some("/home/me/cifar".into());
        assert!(self::command(&AccuracyRequest { data, ..request }).contains(" --data DIR --images test"));
    }
}
