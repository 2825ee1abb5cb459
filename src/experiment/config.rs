//! The experiment file: what a user writes, and the trials that it stands for.

use std::collections::HashSet;
use std::path::Path;

use super::ExperimentError;
use super::expansion::points;
use super::locate::{Step, YamlText, key_of};
use super::no_value;
use super::overrides::{Override, Overrides, set_keys};
use super::resolver::Resolver;
use super::trial::TrialSpec;

/// A point of an experiment that is the same trial as an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// Where the point stands, such as `sweep.log_n[2]`.
    pub place: String,
    /// The trial that it is.
    pub trial_id: String,
}

/// An experiment: its name, its exact text, and its trials.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Name, used for the default output directory.
    pub name: String,
    /// The file's text, kept for the provenance.
    pub text: String,
    /// The file, where it is below the current directory: from there.
    pub path: Option<String>,
    /// Values that the command line gave in place of the text's, `key=value`.
    pub set: Vec<String>,
    /// One per point; the same point stands here once.
    pub trials: Vec<TrialSpec>,
    /// The command that it is the long form of; none: it stands in a file.
    pub command: Option<String>,
    /// Points that are left out because they are the same trial as an earlier one.
    pub duplicates: Vec<Duplicate>,
}

impl Experiment {
    /// Reads, checks and expands an experiment file.
    ///
    /// # Errors
    /// [`ExperimentError::Read`] if it cannot be read; [`ExperimentError::Setting`] with file, line, column and key for every
    /// mistake in it, a missing model or data set included.
    pub fn read(file: &Path) -> Result<Self, ExperimentError> {
        Self::read_with(file, &[])
    }

    /// As [`Experiment::read`], with values in place of the file's.
    ///
    /// # Errors
    /// As [`Experiment::read`], and what is wrong with these values.
    pub fn read_with(file: &Path, set: &[Override]) -> Result<Self, ExperimentError> {
        Ok(Self { path: below_here(file), ..Self::of_with(YamlText::read(file)?, set)? })
    }

    /// As [`Experiment::read`] from a text.
    ///
    /// # Errors
    /// [`ExperimentError::Setting`].
    pub fn of(yaml: YamlText) -> Result<Self, ExperimentError> {
        Self::of_with(yaml, &[])
    }

    fn of_with(yaml: YamlText, set: &[Override]) -> Result<Self, ExperimentError> {
        no_value::check(&yaml)?;
        let file = Overrides::of(set, &yaml)?.apply(yaml.parse()?);
        let yaml = yaml.with_set(set_keys(set));
        let set = set.iter().map(|one| one.text().to_owned()).collect();
        check_name(&yaml, &file.name)?;
        let mut resolver = Resolver::new(&yaml, &file.name);
        let mut trials: Vec<TrialSpec> = Vec::new();
        let mut duplicates = Vec::new();
        let mut known = HashSet::new();
        for point in points(&yaml, &file)? {
            let spec = resolver.resolve(&point)?;
            if !known.insert(spec.id.clone()) {
                let place = point.origin().iter().map(|path| key_of(path)).collect::<Vec<_>>().join(", ");
                duplicates.push(Duplicate { place, trial_id: spec.id });
            } else {
                trials.push(spec);
            }
        }
        Ok(Self { name: file.name, text: yaml.text, path: None, set, trials, command: None, duplicates })
    }
}

/// The path of a file from the current directory, if it is below that.
fn below_here(file: &Path) -> Option<String> {
    let (file, here) = (file.canonicalize().ok()?, std::env::current_dir().ok()?.canonicalize().ok()?);
    Some(file.strip_prefix(here).ok()?.to_str()?.to_owned())
}

fn check_name(yaml: &YamlText, name: &str) -> Result<(), ExperimentError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && !name.starts_with('.') && name.chars().all(allowed) {
        return Ok(());
    }
    let problem = format!("{name:?} cannot name a directory; use letters, digits, `-`, `_` and `.`");
    Err(yaml.error(&[Step::Key("name")], problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with weights.
    fn weights() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("net.safetensors"), "weights").unwrap();
        std::fs::write(directory.path().join("net.yaml"), CARD).unwrap();
        directory
    }

    /// Writes a model and an experiment file with the given settings, and reads it.
    fn read(text: &str) -> Result<Experiment, ExperimentError> {
        let directory = weights();
        let file = directory.path().join("e.yaml");
        std::fs::write(&file, text).unwrap();
        Experiment::read(&file)
    }

    const CARD: &str = include_str!("../../models/resnet20_w16_cifar10_herpn_seed0.yaml");

    const FIXED: &str = "name: x\nfixed:\n  model: net.safetensors\n  dataset: cifar10\n  images: 2\n";

    #[test]
    fn defaults_fill_what_is_absent() {
        let experiment = read(&format!("{FIXED}  log_n: 15\n")).unwrap();
        let [trial] = experiment.trials.as_slice() else { panic!("one trial") };
        let settings = &trial.settings;
        assert_eq!((settings.log_n.0, settings.seed.0, settings.probe.0), (15, None, true));
        assert_eq!((trial.network.as_str(), trial.width, trial.activation.as_str()), ("resnet20", 16, "herpn"));
        assert_eq!(trial.weights_sha256(), crate::experiment::fingerprint::sha256_of_text("weights"));
        assert!(trial.members[0].path.is_absolute());
    }

    #[test]
    fn a_sweep_expands_and_equal_points_run_once() {
        let experiment = read(&format!("{FIXED}sweep:\n  log_n: [14, 15, 14]\n  threads: [1, 2]\n")).unwrap();
        let points: Vec<_> =
            experiment.trials.iter().map(|trial| (trial.settings.log_n.0, trial.settings.threads.count())).collect();
        assert_eq!(points, [(14, 1), (14, 2), (15, 1), (15, 2)]);
        let places: Vec<_> = experiment.duplicates.iter().map(|duplicate| duplicate.place.as_str()).collect();
        assert_eq!(places, ["sweep.log_n[2], sweep.threads[0]", "sweep.log_n[2], sweep.threads[1]"]);
        assert_eq!(experiment.duplicates[0].trial_id, experiment.trials[0].id);
    }

    #[test]
    fn settings_by_themselves_override_the_parameter_set() {
        let parameters = "  log_n: 15\n  parameters: {scale_bits: 20, weight_bits: 18, base_bits: 28}\n";
        let experiment = read(&format!("{FIXED}{parameters}sweep:\n  scale_bits: [21, 22.5]\n")).unwrap();
        let bits: Vec<_> = experiment.trials.iter().map(|trial| trial.parameters.scale_bits).collect();
        assert_eq!(bits, [21.0, 22.5]);
        assert!(experiment.trials.iter().all(|trial| trial.parameters.weight_bits == 18.0));
        let error = read(&format!("{FIXED}{parameters}sweep:\n  scale_bits: [21, 27]\n")).unwrap_err().to_string();
        assert!(error.contains("key `fixed.parameters.base_bits`: a base prime of 28 bits has no room"), "{error}");
        let error = read(&format!("{FIXED}{parameters}sweep:\n  scale_bits: [21, 5]\n")).unwrap_err().to_string();
        assert!(error.contains("line 9, column 20, key `sweep.scale_bits[1]`: 5 bits is outside 10 to 55"), "{error}");
    }

    #[test]
    fn what_is_set_is_part_of_the_id_and_is_blamed() {
        let directory = weights();
        let file = directory.path().join("e.yaml");
        std::fs::write(&file, format!("{FIXED}  log_n: 15\n")).unwrap();
        let with = |set: &str| Experiment::read_with(&file, &[set.parse().unwrap()]);
        let (plain, set) = (Experiment::read(&file).unwrap(), with("log_n=14").unwrap());
        assert_ne!(plain.trials[0].id, set.trials[0].id);
        assert_eq!((plain.text == set.text, set.set), (true, vec!["log_n=14".to_owned()]));
        assert_eq!(with("log_n=15").unwrap().trials, plain.trials);
        let text = with("log_n=99").unwrap_err().to_string();
        assert!(text.starts_with("--set, key `fixed.log_n`: 99 is not possible"), "{text}");
        let included = format!("{FIXED}include:\n  - {{log_n: 14, threads: 1}}\n");
        std::fs::write(&file, included).unwrap();
        let text = with("images=300").unwrap_err().to_string();
        assert!(text.starts_with("--set, key `fixed.images`: there is no image 299"), "{text}");
        let text = with("name=a/b").unwrap_err().to_string();
        assert!(text.starts_with("--set, key `name`: \"a/b\" cannot name a directory"), "{text}");
        let text = with("width=8").unwrap_err().to_string();
        assert!(text.starts_with("--set, key `fixed.width`: the card of the weights says"), "{text}");
    }

    #[test]
    fn settings_that_the_card_contradicts() {
        let error = read(&format!("{FIXED}  log_n: 15\n  width: 32\n")).unwrap_err().to_string();
        assert!(error.contains("key `fixed.width`: the card of the weights says a width of 16"), "{error}");
    }

    #[test]
    fn names_that_cannot_be_directories() {
        let text = format!("{FIXED}  log_n: 15\n").replace("name: x", "name: a/b");
        assert!(read(&text).unwrap_err().to_string().contains("cannot name a directory"));
    }
}
