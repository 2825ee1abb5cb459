//! `--set key=value`: values in place of those of an experiment file.

use std::str::FromStr;

use serde::Deserialize;
use serde_yaml::{Mapping, Value};

use super::ExperimentError;
use super::experiment_file::ExperimentFile;
use super::locate::YamlText;
use super::no_value;
use super::settings::{PartialSettings, SweepAxes};

/// What stands in messages in place of the file.
const PLACE: &str = "--set";

/// One value in place of the file's, as it was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    text: String,
    /// `name`, or `fixed` or `sweep` and the setting, and the keys within its value.
    path: Vec<String>,
    value: Value,
}

impl Override {
    /// The text, `key=value`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The setting, or `name`.
    fn key(&self) -> Option<&str> {
        self.path.get(1).or_else(|| self.path.first()).map(String::as_str)
    }
}

impl FromStr for Override {
    type Err = String;

    /// Reads `key=value`. The key is a setting (`log_n`), part of one (`memory.limit`), an axis (`sweep.log_n`) or `name`; the value is YAML.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!("{text:?} {why}; write key=value, such as log_n=14, memory.limit='4 GiB' or sweep.seed='[1, 2]'")
        };
        let (key, value) = text.split_once('=').ok_or_else(|| wrong("has no `=`"))?;
        let value = serde_yaml::from_str(value).map_err(|error| wrong(&format!("has no value in YAML ({error})")))?;
        let mut path: Vec<String> = key.trim().split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err(wrong("has no key"));
        }
        let alone = path.len() == 1;
        match path[0].as_str() {
            "name" if alone => {}
            "fixed" | "sweep" if alone => return Err(wrong("names no setting")),
            "fixed" | "sweep" => {}
            _ => path.insert(0, "fixed".to_owned()),
        }
        Ok(Self { text: text.to_owned(), path, value })
    }
}

/// All values in place of the file's, checked for their types.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overrides {
    name: Option<String>,
    fixed: PartialSettings,
    sweep: SweepAxes,
}

impl Overrides {
    /// Reads the values; of part of a setting, the rest is what the file has under `fixed`.
    ///
    /// # Errors
    /// [`ExperimentError::Setting`] with the key, for a value of another type and for a key that is given twice or not known.
    pub fn of(given: &[Override], yaml: &YamlText) -> Result<Self, ExperimentError> {
        let mut all = Mapping::new();
        for (index, one) in given.iter().enumerate() {
            let key = one.path.join(".");
            let refuse = |problem: String| Err(ExperimentError::Argument { name: PLACE, problem });
            if given[..index].iter().any(|other| other.path.starts_with(&one.path) || one.path.starts_with(&other.path))
            {
                return refuse(format!("`{key}` is given twice; keep one"));
            }
            if let [_, setting, _, ..] = one.path.as_slice() {
                let file: Value = yaml.parse()?;
                let part = all.get("fixed").and_then(|fixed| fixed.get(setting));
                let rest =
                    part.or_else(|| file.get("fixed")?.get(setting)).cloned().unwrap_or(Value::Mapping(Mapping::new()));
                if !rest.is_mapping() || one.path[0] != "fixed" || stands_elsewhere(&file, setting) {
                    return refuse(format!(
                        "`{key}` is part of a setting that the file has by name, or in `sweep` or `include`; set all of `{setting}`"
                    ));
                }
                put(&mut all, &["fixed".to_owned(), setting.clone()], rest);
            }
            if one.value.is_null() && one.path == ["name"] {
                return refuse("`name` has no value; give it one".to_owned());
            }
            put(&mut all, &one.path, one.value.clone());
        }
        if all.is_empty() {
            return Ok(Self::default());
        }
        let text = serde_yaml::to_string(&all)
            .map_err(|error| ExperimentError::Encode { what: "values of --set", reason: error.to_string() })?;
        let text = YamlText::new(PLACE, text);
        no_value::check(&text).and_then(|()| text.parse::<Self>()).map_err(|error| match error {
            // Lines are not those of anything that the user has seen.
            ExperimentError::Setting { mut place, problem } => {
                place.position = None;
                ExperimentError::Setting { place, problem }
            }
            other => other,
        })
    }

    /// The experiment with these values in place of its own.
    #[must_use]
    pub fn apply(&self, file: ExperimentFile) -> ExperimentFile {
        let Self { name, fixed, sweep } = self;
        let everywhere = |entries: Option<Vec<PartialSettings>>| {
            entries.map(|entries| entries.into_iter().map(|entry| entry.with(fixed)).collect::<Vec<_>>())
        };
        ExperimentFile {
            name: name.clone().unwrap_or(file.name),
            fixed: Some(file.fixed.unwrap_or_default().without_axes(sweep).with(fixed)),
            sweep: Some(file.sweep.unwrap_or_default().without(fixed).with(sweep)),
            include: everywhere(file.include),
            exclude: file.exclude,
        }
    }
}

/// The keys that are given, as steps from the file.
#[must_use]
pub fn set_keys(given: &[Override]) -> Vec<String> {
    given.iter().filter_map(|one| one.key().map(str::to_owned)).collect()
}

/// The values as arguments of a command line, each with a space before it.
#[must_use]
pub fn arguments<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().map(|text| format!(" --set {}", quoted(text))).collect()
}

/// A word as a shell takes it.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "=._-/:+".contains(letter);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn stands_elsewhere(file: &Value, setting: &str) -> bool {
    let included = file.get("include").and_then(Value::as_sequence);
    let swept = file.get("sweep").is_some_and(|sweep| sweep.get(setting).is_some());
    swept || included.is_some_and(|entries| entries.iter().any(|entry| entry.get(setting).is_some()))
}

/// Puts a value where a path leads; mappings on the way are made.
fn put(all: &mut Mapping, path: &[String], value: Value) {
    let [step, rest @ ..] = path else { return };
    if rest.is_empty() {
        all.insert(step.as_str().into(), value);
        return;
    }
    let inner = all.entry(step.as_str().into()).or_insert_with(|| Value::Mapping(Mapping::new()));
    if !inner.is_mapping() {
        *inner = Value::Mapping(Mapping::new());
    }
    if let Value::Mapping(inner) = inner {
        put(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::expansion::points;

    const FILE: &str = "name: e\nfixed: {images: 1, memory: {diagonals: 1 GiB}}\nsweep: {log_n: [14, 15], threads: [1, 2]}\n\
                        exclude:\n  - {log_n: 14, threads: 2}\ninclude:\n  - {log_n: 16, images: 2}\n";

    fn apply(sets: &[&str]) -> Result<ExperimentFile, String> {
        let given = sets.iter().map(|text| text.parse()).collect::<Result<Vec<Override>, _>>()?;
        let yaml = YamlText::new("e.yaml", FILE);
        let overrides = Overrides::of(&given, &yaml).map_err(|error| error.to_string())?;
        Ok(overrides.apply(yaml.parse().unwrap()))
    }

    /// Images, log N and threads of every point.
    fn sizes(sets: &[&str]) -> Vec<(usize, u32, Option<u32>)> {
        sizes_of(FILE, sets)
    }

    fn sizes_of(file: &str, sets: &[&str]) -> Vec<(usize, u32, Option<u32>)> {
        let given: Vec<Override> = sets.iter().map(|text| text.parse().unwrap()).collect();
        let yaml = YamlText::new("e.yaml", file);
        let applied = Overrides::of(&given, &yaml).unwrap().apply(yaml.parse().unwrap());
        let points = points(&yaml.with_set(set_keys(&given)), &applied).unwrap();
        let settings = points.into_iter().map(|point| point.settings);
        settings
            .map(|it| (it.images.unwrap().count(), it.log_n.unwrap().0, it.threads.and_then(|threads| threads.0)))
            .collect()
    }

    #[test]
    fn what_is_no_setting_with_a_value_is_refused() {
        for (text, problem) in [
            ("log_n", "has no `=`"),
            ("log_n=[1", "has no value in YAML"),
            ("memory.=1", "has no key"),
            ("fixed=1", "names no setting"),
        ] {
            let error = text.parse::<Override>().unwrap_err();
            assert!(error.contains(problem) && error.contains("write key=value, such as log_n=14"), "{error}");
        }
    }

    #[test]
    fn a_value_takes_the_place_of_all_in_the_file() {
        assert_eq!(sizes(&[]).len(), 4);
        assert_eq!(sizes(&["images=3"]).iter().map(|size| size.0).collect::<Vec<_>>(), [3; 4]);
        // What was swept or excluded by it is one value now.
        assert_eq!(sizes(&["log_n=13"]), [(1, 13, Some(1)), (1, 13, Some(2)), (2, 13, None)]);
        assert_eq!(sizes(&["log_n=14"]), [(1, 14, Some(1)), (2, 14, None)]);
        assert_eq!(sizes(&["sweep.log_n=[15]", "name=f"]), [(1, 15, Some(1)), (1, 15, Some(2)), (2, 16, None)]);
        assert_eq!(apply(&["name=f"]).unwrap().name, "f");
        let memory = apply(&["memory.limit=4 GiB", "memory.working=1 GiB"]).unwrap().fixed.unwrap().memory.unwrap();
        assert_eq!(
            (memory.diagonals.unwrap().0, memory.limit.unwrap().0, memory.working.0),
            (1 << 30, 4 << 30, 1 << 30)
        );
    }

    #[test]
    fn one_value_of_all_axes_is_a_point_beside_what_is_included() {
        let file = "name: e\nfixed: {images: 1}\nsweep: {log_n: [14, 15]}\ninclude:\n  - {log_n: 16, images: 2}\n";
        assert_eq!(sizes_of(file, &["log_n=13"]), [(1, 13, None), (2, 13, None)]);
    }

    #[test]
    fn what_was_excluded_twice_may_be_excluded_once() {
        let file = "name: e\nfixed: {images: 1}\nsweep: {log_n: [14, 15], threads: [1, 2]}\n\
                    exclude:\n  - {log_n: 14, threads: 1}\n  - {log_n: 15, threads: 2}\n  - {threads: 2}\n";
        assert_eq!(sizes_of(file, &[]), [(1, 15, Some(1))]);
        assert_eq!(sizes_of(file, &["log_n=15"]), [(1, 15, Some(1))]);
    }

    #[test]
    fn arguments_are_quoted_for_the_shell() {
        let text = arguments(["log_n=14", "memory.limit=4 GiB", "name=it's"]);
        assert_eq!(text, " --set log_n=14 --set 'memory.limit=4 GiB' --set 'name=it'\\''s'");
    }

    #[test]
    fn mistakes_are_named() {
        let refused = |set: &str| apply(&[set]).unwrap_err();
        assert!(refused("log_n").contains("\"log_n\" has no `=`; write key=value"));
        assert_eq!(refused("lgo_n=14"), "--set, key `fixed.lgo_n`: unknown key; did you mean `log_n`?");
        assert!(
            refused("log_n=\"14\"")
                .starts_with("--set, key `fixed.log_n`: invalid type: string \"14\", expected a whole")
        );
        assert!(refused("probe=off").ends_with("write `false`"));
        assert!(
            refused("sweep.log_n=14").contains("key `sweep.log_n`: invalid type: integer `14`, expected a sequence")
        );
        assert!(refused("log_n=").contains("key `fixed.log_n`: the key has no value"));
        assert!(apply(&["log_n=14", "log_n=15"]).unwrap_err().contains("`fixed.log_n` is given twice"));
        assert!(refused("sweep.memory.limit=1").contains("set all of `memory`"));
        assert!(refused("fixed=1").contains("names no setting") && refused("=1").contains("has no key"));
    }
}
