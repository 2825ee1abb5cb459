//! Reading YAML so that every mistake is reported with file, line, column and key.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::de::{self, DeserializeOwned, DeserializeSeed, IgnoredAny};
use serde_yaml::{Location, Value};

use super::ExperimentError;
use super::place::Place;
use super::suggest;
use crate::user_file::read_text;

/// The key of an experiment that is no setting.
const NAME: &str = "name";

/// One step from a YAML value to a value inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Into a mapping.
    Key(&'a str),
    /// Into a list.
    Index(usize),
}

impl Step<'_> {
    fn into<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Key(key) => value.get(key),
            Self::Index(index) => value.get(index),
        }
    }
}

/// An impossible value: what is wrong, and for a mapping under which of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key inside the value, if the value is a mapping.
    pub key: Option<&'static str>,
    /// What is wrong and what to change.
    pub text: String,
}

impl Problem {
    /// A problem of the value itself.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { key: None, text: text.into() }
    }

    /// A problem under a key of the value.
    #[must_use]
    pub fn at(key: &'static str, text: impl Into<String>) -> Self {
        Self { key: Some(key), text: text.into() }
    }
}

/// The key of a path, such as `sweep.log_n[2]`.
#[must_use]
pub fn key_of(path: &[Step<'_>]) -> String {
    let mut key = String::new();
    for step in path {
        match step {
            Step::Key(name) if key.is_empty() => key.push_str(name),
            Step::Key(name) => key.extend([".", name]),
            Step::Index(index) => key.push_str(&format!("[{index}]")),
        }
    }
    key
}

/// The key of a setting that the command line gives: of an entry of `include` as of all trials.
fn set_key(path: &[Step<'_>]) -> String {
    match path {
        [Step::Key("include"), Step::Index(_), rest @ ..] => key_of(&[&[Step::Key("fixed")], rest].concat()),
        path => key_of(path),
    }
}

/// A YAML file and its text.
#[derive(Debug, Clone)]
pub struct YamlText {
    /// The file as the user named it.
    pub file: PathBuf,
    /// Its content.
    pub text: String,
    /// Settings that the command line gives in place of the file, and `name`.
    set: Vec<String>,
    /// See [`YamlText::values`]; read once.
    values: OnceLock<Value>,
}

impl YamlText {
    /// A text that a file has, or could have.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into(), set: Vec::new(), values: OnceLock::new() }
    }

    /// The same file, with settings that the command line gives in place of it: what is wrong with those stands there.
    #[must_use]
    pub fn with_set(self, set: Vec<String>) -> Self {
        Self { set, ..self }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ExperimentError::Read`].
    pub fn read(file: &Path) -> Result<Self, ExperimentError> {
        let text = read_text(file).map_err(|source| ExperimentError::Read { path: file.to_owned(), source })?;
        Ok(Self::new(file, text))
    }

    /// Deserializes the text.
    ///
    /// # Errors
    /// [`ExperimentError::Setting`] at the place of the mistake; a mistyped key gets a suggestion.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ExperimentError> {
        if self.text.trim().is_empty() {
            return Err(self.error(&[], "the file is empty; see experiments/quickstart.yaml for an example"));
        }
        serde_yaml::from_str(&self.text).map_err(|error| self.explain(&error))
    }

    /// An error at the value that `path` leads to.
    #[must_use]
    pub fn error(&self, path: &[Step<'_>], problem: impl Into<String>) -> ExperimentError {
        let is_set = |step: &Step<'_>| matches!(step, Step::Key(key) if self.set.iter().any(|set| set == key));
        let stands_there = match path {
            [name @ Step::Key(NAME)] => is_set(name),
            // A value may have a `name`, too.
            [Step::Key("fixed" | "sweep" | "include"), rest @ ..] => {
                rest.iter().any(|step| *step != Step::Key(NAME) && is_set(step))
            }
            _ => false,
        };
        if stands_there {
            let place = Place { file: "--set".into(), position: None, key: set_key(path) };
            return ExperimentError::Setting { place, problem: problem.into() };
        }
        // What is wrong may be that the value is absent: then the nearest value around it is the place.
        let position = (1..=path.len()).rev().find_map(|length| self.position(&path[..length], 1));
        let place = Place { file: self.file.clone(), position, key: key_of(path) };
        ExperimentError::Setting { place, problem: problem.into() }
    }

    /// The error of a problem found in the value that `path` leads to.
    #[must_use]
    pub fn problem(&self, path: &[Step<'_>], problem: &Problem) -> ExperimentError {
        let inner = problem.key.map(Step::Key);
        let path: Vec<Step<'_>> = path.iter().copied().chain(inner).collect();
        self.error(&path, problem.text.clone())
    }

    /// Its values; nothing, if it is no YAML.
    #[must_use]
    pub fn values(&self) -> &Value {
        self.values.get_or_init(|| serde_yaml::from_str(&self.text).unwrap_or_default())
    }

    /// Whether the command line gives a setting.
    #[must_use]
    pub fn has_set(&self) -> bool {
        self.set.iter().any(|key| key != NAME)
    }

    /// The value that `path` leads to.
    fn value(&self, path: &[Step<'_>]) -> Option<&Value> {
        path.iter().try_fold(self.values(), |value, step| step.into(value))
    }

    /// Whether `path` leads to a mapping with something in it.
    #[must_use]
    pub fn has_entries(&self, path: &[Step<'_>]) -> bool {
        self.value(path).and_then(Value::as_mapping).is_some_and(|entries| !entries.is_empty())
    }

    /// Whether there is a value that `path` leads to.
    #[must_use]
    pub fn has(&self, path: &[Step<'_>]) -> bool {
        self.value(path).is_some()
    }

    /// Line and column of the value that `path` leads to; of a repeated last key, its `occurrence`, from 1.
    fn position(&self, path: &[Step<'_>], occurrence: usize) -> Option<(usize, usize)> {
        let outcome = Probe { path, occurrence }.deserialize(serde_yaml::Deserializer::from_str(&self.text));
        let location = outcome.err()?.location()?;
        Some(line_and_column(&location))
    }

    fn explain(&self, error: &serde_yaml::Error) -> ExperimentError {
        let mut position = error.location().as_ref().map(line_and_column);
        let mut message = error.to_string();
        if let Some((line, column)) = position {
            let suffix = format!(" at line {line} column {column}");
            message.truncate(message.strip_suffix(&suffix).unwrap_or(&message).len());
        }
        let (mut key, mut problem) = match message.split_once(": ") {
            Some((key, rest)) if !key.contains(' ') => (key.to_owned(), rest.to_owned()),
            _ => (String::new(), message),
        };
        if let Some((name, known)) = unknown_name(&problem, "unknown field ") {
            let separator = if key.is_empty() { "" } else { "." };
            key = format!("{key}{separator}{name}");
            problem = if name == MERGE_KEY {
                "merge keys are not read; put what entries share under `fixed`, or write it out in each".to_owned()
            } else {
                format!("unknown key; {}", suggest::advice(name, &known))
            };
        } else if let Some((name, known)) = unknown_name(&problem, "unknown variant ") {
            problem = format!("`{name}` is not known; {}", suggest::advice(name, &known));
        } else if let Some((name, _)) = unknown_name(&problem, "missing field ") {
            problem = format!("the key `{name}` is missing; add it");
        } else if let Some((name, _)) = unknown_name(&problem, "duplicate field ") {
            let path: Vec<Step<'_>> =
                key.split('.').filter(|step| !step.is_empty()).chain([name]).map(Step::Key).collect();
            position = self.position(&path, 2).or(position);
            problem = format!("the key `{name}` stands here twice; keep one");
        } else {
            problem = super::wrong_type::in_words(&problem);
        }
        ExperimentError::Setting { place: Place { file: self.file.clone(), position, key }, problem }
    }
}

fn line_and_column(location: &Location) -> (usize, usize) {
    (location.line(), location.column())
}

/// Takes serde's "unknown field `x`, expected one of `a`, `b`" apart into `x` and the known names.
fn unknown_name<'a>(message: &'a str, kind: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let mut quoted = message.strip_prefix(kind)?.split('`').skip(1).step_by(2);
    let name = quoted.next()?;
    Some((name, quoted.collect()))
}

/// YAML 1.1 took the entries of another mapping under this key.
const MERGE_KEY: &str = "<<";

/// Walks along a path and stops at its end with an error, whose location is the place that was looked for.
struct Probe<'a> {
    path: &'a [Step<'a>],
    occurrence: usize,
}

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What the probe says where it stops; never shown.
const FOUND: &str = "found";

impl<'de> de::Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.path.split_first() else {
            return Err(de::Error::custom(FOUND));
        };
        let mut seen = 0;
        while let Some(key) = map.next_key::<String>()? {
            seen += usize::from(*step == Step::Key(&key));
            if *step == Step::Key(&key) && (!rest.is_empty() || seen == self.occurrence) {
                map.next_value_seed(Probe { path: rest, ..self })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.path.split_first() else {
            return Err(de::Error::custom(FOUND));
        };
        for index in 0.. {
            let more = if *step == Step::Index(index) {
                list.next_element_seed(Probe { path: rest, ..self })?.is_some()
            } else {
                list.next_element::<IgnoredAny>()?.is_some()
            };
            if !more {
                break;
            }
        }
        Ok(())
    }
    // Scalars fall to serde's "invalid type" error, which stops at the right place too.
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    const TEXT: &str = "name: x\nfixed:\n  log_n: 15\n  list: [3, {deep: 1}]\n";

    fn yaml(text: &str) -> YamlText {
        YamlText::new("e.yaml", text)
    }

    #[test]
    fn positions_of_values() {
        let yaml = yaml(TEXT);
        assert_eq!(yaml.position(&[Step::Key("name")], 1), Some((1, 7)));
        assert_eq!(yaml.position(&[Step::Key("fixed"), Step::Key("log_n")], 1), Some((3, 10)));
        assert_eq!(yaml.position(&[Step::Key("fixed"), Step::Key("list"), Step::Index(0)], 1), Some((4, 10)));
        let deep = [Step::Key("fixed"), Step::Key("list"), Step::Index(1), Step::Key("deep")];
        assert_eq!(yaml.position(&deep, 1), Some((4, 20)));
        assert_eq!(yaml.position(&[Step::Key("absent")], 1), None);
    }

    #[test]
    fn absent_values_are_placed_at_what_surrounds_them() {
        let error = yaml(TEXT).error(&[Step::Key("fixed"), Step::Key("model")], "missing").to_string();
        assert_eq!(error, "e.yaml, line 3, column 3, key `fixed.model`: missing");
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Sample {
        name: String,
        fixed: BTreeMap<String, u32>,
    }

    #[test]
    fn mistyped_keys_get_a_suggestion() {
        let error = yaml("nmae: x\nfixed: {}\n").parse::<Sample>().unwrap_err().to_string();
        assert_eq!(error, "e.yaml, line 1, column 1, key `nmae`: unknown key; did you mean `name`?");
    }

    #[test]
    fn missing_and_doubled_keys() {
        let error = yaml("name: x\n").parse::<Sample>().unwrap_err().to_string();
        assert!(error.contains("the key `fixed` is missing"), "{error}");
        let error = yaml("name: x\nname: y\n").parse::<Sample>().unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("`name` stands here twice"), "{error}");
    }

    #[test]
    fn wrong_types_say_where() {
        let error = yaml("name: x\nfixed: {a: b}\n").parse::<Sample>().unwrap_err().to_string();
        assert!(error.starts_with("e.yaml, line 2, column 12, key `fixed.a`: invalid type: string \"b\""), "{error}");
    }

    #[test]
    fn broken_yaml_says_where() {
        let error = yaml("name: x\nfixed: [1, 2\n").parse::<Sample>().unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        let error = yaml("").parse::<Sample>().unwrap_err().to_string();
        assert!(error.contains("empty"), "{error}");
    }
}
